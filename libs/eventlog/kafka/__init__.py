"""The log on Apache Kafka, by aiokafka.

Defaults of aiokafka that are changed here: auto-commit, starting at the latest record, acknowledgement by one replica.
What it does not do and is added here: bound the time of an idempotent send, report an error of a rebalance listener to
the loop, get past a record that it can not decode (`decoder.py`).
"""
