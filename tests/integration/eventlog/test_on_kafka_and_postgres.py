"""The log on Kafka and the tables in PostgreSQL pass what those in memory pass."""

from tests.unit.eventlog.suite_log import LogSuite
from tests.unit.eventlog.suite_put_away import PutAwaySuite
from tests.unit.eventlog.suite_reader import ReaderSuite
from tests.unit.eventlog.suite_registers import RegisterSuite
from tests.unit.eventlog.suite_story import StorySuite
from tests.unit.eventlog.suite_tables import TablesSuite
from tests.unit.eventlog.suite_writer import WriterSuite


class TestLogOnKafka(LogSuite):
    pass


class TestTablesInPostgres(TablesSuite):
    pass


class TestReaderOnKafkaAndPostgres(ReaderSuite):
    pass


class TestWriterOnKafkaAndPostgres(WriterSuite):
    pass


class TestStoryOnKafkaAndPostgres(StorySuite):
    pass


class TestPutAwayInPostgres(PutAwaySuite):
    pass


class TestRegistersInPostgres(RegisterSuite):
    pass
