"""What the server or a connection says when it is gone is waited for; a fault of ours is not."""

import asyncpg
import pytest

from libs.eventlog.errors import Unavailable
from libs.eventlog.tables.database import reachable


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
