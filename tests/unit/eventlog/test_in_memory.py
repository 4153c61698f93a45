"""The log and the tables in memory pass what Kafka and PostgreSQL pass."""

import pytest

from tests.unit.eventlog.environment import Environment, InMemory
from tests.unit.eventlog.suite_log import LogSuite
from tests.unit.eventlog.suite_put_away import PutAwaySuite
from tests.unit.eventlog.suite_reader import ReaderSuite
from tests.unit.eventlog.suite_registers import RegisterSuite
from tests.unit.eventlog.suite_story import StorySuite
from tests.unit.eventlog.suite_tables import TablesSuite
from tests.unit.eventlog.suite_writer import WriterSuite


@pytest.fixture
def env() -> Environment:
    return InMemory()


class TestLogInMemory(LogSuite):
    pass


class TestTablesInMemory(TablesSuite):
    pass


class TestReaderInMemory(ReaderSuite):
    pass


class TestWriterInMemory(WriterSuite):
    pass


class TestStoryInMemory(StorySuite):
    pass


class TestPutAwayInMemory(PutAwaySuite):
    pass


class TestRegistersInMemory(RegisterSuite):
    pass
