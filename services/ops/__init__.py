"""ops is for people who watch and act: the command line `olcare`.

Owns   no stream
Reads  every topic, every service's tables, and the services' pages
Writes olcare.contracts.in.v1 and olcare.notices.in.v1 as their users would, markers in <door topic>.dlq
"""
