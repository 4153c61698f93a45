"""The log on Kafka and the tables in PostgreSQL pass what those in memory pass."""

from tests.unit.eventlog.suite_log import LogSuite
from tests.unit.eventlog.suite_reader import ReaderSuite
from tests.unit.eventlog.suite_tables import TablesSuite


class TestLogOnKafka(LogSuite):
    pass


class TestTablesInPostgres(TablesSuite):
    pass


class TestReaderOnKafkaAndPostgres(ReaderSuite):
    pass
