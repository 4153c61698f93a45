"""ops is for people who watch and act: the command line `olcare`, and the process that records what they do.

Owns   no stream; its wing `audit` is a service of its own and owns olcare.ops.v1
Reads  every topic, every service's tables, and the services' pages
Writes the doors (samples, the plan, orders, dead letters that go in again), and markers in <door topic>.dlq
"""
