"""The log on Apache Kafka, by aiokafka.

What aiokafka does by default and is turned off here: committing by itself, starting at the latest record, acknowledging
by one replica. What it does not do: bound the time of an idempotent send, tell the loop of a failed rebalance listener,
get past a record that it can not decode (`decoder.py`).
"""
