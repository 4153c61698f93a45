"""intake takes tickets in, checks their cover, and owns the ticket streams.

Owns   ticket/<source>/<number>, on olcare.tickets.v1
Reads  olcare.tickets.in.v1 (its door), olcare.contracts.v1 and olcare.plan.v1 (facts for cover and centre)
Writes olcare.tickets.v1, olcare.tickets.receipts.v1, olcare.tickets.in.v1.dlq, olcare.private.v1
"""
