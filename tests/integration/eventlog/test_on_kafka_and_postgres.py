"""The log on Kafka and the tables in PostgreSQL pass what those in memory pass."""

from tests.unit.eventlog.suite_log import LogSuite


class TestLogOnKafka(LogSuite):
    pass
