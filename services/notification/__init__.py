"""Decides who must be told what, in whose language, and sends it by e-mail, once.

owns    olcare.notices.v1 (streams notice), the door olcare.notices.in.v1 and its receipts
reads   olcare.tickets.v1, olcare.sla.v1, olcare.contracts.v1, olcare.plan.v1, olcare.private.v1
writes  nothing else; mail leaves by SMTP
"""
