"""ops is for people who watch and act: the command line `olcare`, and the process that records what they do.

Owns   no stream; its wing `audit` is a service of its own and owns olcare.ops.v1
Reads  every topic, every service's tables, and the services' pages
Writes olcare.contracts.in.v1, olcare.notices.in.v1 and olcare.ops.in.v1, markers in <door topic>.dlq
"""
