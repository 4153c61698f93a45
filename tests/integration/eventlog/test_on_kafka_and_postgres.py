"""The log on Kafka and the tables in PostgreSQL pass what those in memory pass."""

import gc
from collections.abc import Iterator

import pytest

from tests.unit.eventlog.suite_log import LogSuite
from tests.unit.eventlog.suite_reader import ReaderSuite
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


@pytest.mark.filterwarnings("ignore::ResourceWarning")
class TestStoryOnKafkaAndPostgres(StorySuite):
    @pytest.fixture(autouse=True)
    def _litter(self) -> Iterator[None]:
        """Sweep: of a life that is killed while it connects, aiokafka leaves half a connection behind."""
        yield
        gc.collect()
