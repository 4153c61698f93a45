"""What the server or a connection says when it is gone is waited for; a fault of ours is not."""

from collections.abc import Iterator

import asyncpg
import pytest

from libs.eventlog.errors import NotAdmitted, Unavailable
from libs.eventlog.tables.database import reachable

WAITED_FOR = (
    *("08", "40", "53", "55", "57", "58", "72", "XX"),  # whole classes: the connection, the server, its disks and locks
    *("25P03", "25P04"),  # a transaction that took too long
    *("3D000", "3F000", "42P01"),  # the database, a schema or a table was dropped
)
NOT_LET_IN = ("28", "42501", "25006")


def said_by_the_server(kind: type[asyncpg.PostgresError] = asyncpg.PostgresError) -> Iterator[asyncpg.PostgresError]:
    """One of every kind that has a code."""
    for one in kind.__subclasses__():
        if one.sqlstate:
            yield one("said")
        yield from said_by_the_server(one)


def expected(code: str) -> type[Exception] | None:
    return NotAdmitted if code.startswith(NOT_LET_IN) else Unavailable if code.startswith(WAITED_FOR) else None


@pytest.mark.parametrize("error", [*said_by_the_server()], ids=lambda error: f"{error.sqlstate}-{type(error).__name__}")
async def test_every_code_of_the_server_is_either_waited_for_or_a_fault_of_ours(error: asyncpg.PostgresError) -> None:
    with pytest.raises(expected(error.sqlstate) or type(error)) as raised:
        async with reachable("database test"):
            raise error
    assert type(raised.value) is (expected(error.sqlstate) or type(error))


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.ConnectionDoesNotExistError("closed"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
        asyncpg.InvalidCatalogNameError("dropped"),
        asyncpg.AdminShutdownError("stopped"),
        asyncpg.TooManyConnectionsError("full"),
        asyncpg.LockNotAvailableError("locked"),
        asyncpg.DeadlockDetectedError("each other"),
        asyncpg.UndefinedTableError("dropped"),
        asyncpg.InvalidSchemaNameError("dropped"),
        ConnectionRefusedError("nobody listens"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_is_gone_is_waited_for(error: Exception) -> None:
    with pytest.raises(Unavailable, match=type(error).__name__):
        async with reachable("database test"):
            raise error


@pytest.mark.parametrize("error", [ValueError("ours"), asyncpg.UniqueViolationError("ours")])
async def test_a_fault_of_ours_is_not_waited_for(error: Exception) -> None:
    with pytest.raises(type(error)):
        async with reachable("database test"):
            raise error
