"""`up` leaves an installation running, `status` says where, `down` ends every process of it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from libs.stack.errors import StackError
from libs.stack.identity import start_time
from libs.stack.ports import free_port
from libs.stack.service import ServiceSpec
from libs.stack.up import StackOrder, Up, down, status, up
from libs.stack.wait import until


@pytest.fixture
def order() -> StackOrder:
    return StackOrder([ServiceSpec("intake", "tests.integration.stack_service", free_port())])


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    down(tmp_path)


@pytest.fixture
def _servers_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that nobody asks anything, so that a test of the supervisor alone is quick."""
    for name in ("KAFKA", "POSTGRES", "SMTP"):
        monkeypatch.setenv(f"OLCARE_{name}", f"{name.lower()}.invalid")


async def test_everything_answers_when_up_and_is_gone_when_down(order: StackOrder, root: Path) -> None:
    heard: list[str] = []
    found = up(order, heard.append, root)
    assert found.services[0].ready()
    assert "ready: intake" in heard
    connection = await asyncpg.connect(f"{found.postgres}/postgres")
    await connection.close()
    everybody = _family(found.supervisor)
    assert len(everybody) >= 5  # supervisor, broker, database, mail, service
    assert down(root)
    assert [pid for pid in everybody if start_time(pid) is not None] == []
    assert status(root) is None
    assert not found.folder.exists()


@pytest.mark.usefixtures("_servers_given")
def test_up_twice_is_refused(order: StackOrder, root: Path) -> None:
    up(order, list, root)
    with pytest.raises(StackError, match="up already"):
        up(order, list, root)


@pytest.mark.usefixtures("_servers_given")
def test_a_killed_supervisor_takes_everything_with_it_and_up_works_again(order: StackOrder, root: Path) -> None:
    killed = up(order, list, root)
    service = killed.services[0].pid
    assert service is not None
    os.kill(killed.supervisor, signal.SIGKILL)
    until(lambda: status(root) is None, 5, "the death of the supervisor")
    until(lambda: start_time(service) is None, 5, "the death of the service")
    assert up(order, list, root).alive


@pytest.mark.usefixtures("_servers_given")
def test_a_killed_service_is_back_with_another_pid_in_the_status(order: StackOrder, root: Path) -> None:
    before = up(order, list, root)
    killed = before.services[0].pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)

    def back() -> bool:
        now: Up | None = status(root)
        return now is not None and now.services[0].pid not in {None, killed} and now.services[0].ready()

    until(back, 10, "the return of the service")
    now = status(root)
    assert now is not None
    assert [(s.revived, s.steady) for s in (before.services[0], now.services[0])] == [(0, True), (1, False)]


@pytest.mark.usefixtures("_servers_given")
def test_up_fails_with_the_reason_and_leaves_nothing(root: Path) -> None:
    heard: list[str] = []
    broken = StackOrder([ServiceSpec("intake", "tests.integration.no_such_service", free_port())])
    with pytest.raises(StackError):
        up(broken, heard.append, root)
    assert "No module named" in heard[-1]
    assert not down(root)


def _family(pid: int) -> list[int]:
    """A process and all that it started, directly or not."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return [pid, *(member for child in children for member in _family(child))]
