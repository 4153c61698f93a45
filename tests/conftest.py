"""The real stack for tests that ask for it, and closed sockets for those that must not."""

import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_socket import disable_socket, enable_socket

from libs.stack.catcher import MailCatcher
from libs.stack.databases import create_database, drop_database
from libs.stack.resolve import Stack
from libs.stack.run import DATA, MEMORY, Run
from tests.longest_first import LongestFirst, longest_first
from tests.tz import Installed, installed

UNIT = Path(__file__).parent / "unit"
ROOMY = 8 << 30  # bytes
_used = pytest.StashKey[Stack]()


def pytest_configure() -> None:
    """Servers keep their data in memory where there is room: each has thousands of small files that soon go again."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOMY:
        os.environ.setdefault(DATA, str(MEMORY))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LongestFirst | None:
    """With `--dist=loadfile`, each process has servers of its own, and the longest files are begun first."""
    if config.getoption("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return LongestFirst(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    longest_first(items)


@pytest.fixture(autouse=True)
def _sockets(request: pytest.FixtureRequest) -> Iterator[None]:
    """Unit tests reach nobody; the pair that an event loop wakes itself with is no address."""
    if UNIT in request.path.parents:
        disable_socket(allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture
def tz(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Installed]:
    """The tz database of this process, to be replaced by another release until the end of the test."""
    with installed(monkeypatch, tmp_path) as found:
        yield found


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """The session's own folder; its logs stay for a look where a test failed."""
    run = Run.create(name="tests")
    yield run
    run.close(keep_logs=request.session.testsfailed > 0)


@pytest.fixture(scope="session")
def stack(run: Run, request: pytest.FixtureRequest) -> Stack:
    """Kafka and PostgreSQL, each begun when first asked for and shared by the session."""
    stack = Stack(run, durable=False)
    request.config.stash[_used] = stack
    return stack


@pytest.fixture(scope="session")
def kafka(stack: Stack) -> str:
    """The bootstrap servers."""
    return stack.kafka.address


@pytest.fixture(scope="session")
def postgres(stack: Stack) -> str:
    """The server's address, without a database."""
    return stack.postgres.address


@pytest.fixture(scope="session")
def mail(stack: Stack) -> MailCatcher:
    """The session's mail catcher; a test that sends keeps to addresses of its own."""
    return stack.mail_catcher


@pytest.fixture
def unique() -> str:
    """A prefix of this test's own, for topics, groups and whatever else outlives a test: `t1a2b3c4d`."""
    return f"t{secrets.token_hex(4)}"


@pytest.fixture
async def database(postgres: str, unique: str) -> AsyncIterator[str]:
    """The full address of an empty database, dropped afterwards."""
    yield await create_database(postgres, unique)
    await drop_database(postgres, unique)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which servers were used."""
    if stack := config.stash.get(_used, None):
        terminalreporter.write_line(f"stack: {stack}")
