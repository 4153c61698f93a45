"""A PostgreSQL that takes TLS and passwords alone, and roles that may do what they need and nothing else."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import asyncpg
import pytest

from libs.eventlog.errors import NotAdmitted, Unavailable
from libs.eventlog.tables.address import address_as, database_at
from libs.eventlog.tables.database import Database
from libs.stack.certificates import Authority
from libs.stack.postgres import Postgres, PostgresGuard
from libs.stack.run import Run
from tests.acceptance.olcare import done
from tests.support import eventually

READ = "olcare_read"


class Guarded(NamedTuple):
    server: Postgres
    other: Path
    """Who vouches for nobody here."""
    secrets: Path

    def of(self, role: str) -> str:
        return (self.secrets / role).read_text().strip()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    authority, other = Authority(folder), Authority(folder / "other", "somebody else")
    identity = authority.server("server", "IP:127.0.0.1")
    with Run.create(name="guarded") as run:
        server = Postgres(run, durable=False, guard=PostgresGuard(identity, authority.certificate, "first"))
        server.start()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("OLCARE_POSTGRES", server.dsn)
            made = done("databases", "create", "--secrets", str(folder / "secrets"))
            assert [row["made"] for row in made] == [True] * len(made)
            again = done("databases", "create", "--secrets", str(folder / "secrets"))
            assert [row["made"] for row in again] == [False] * len(made)
        yield Guarded(server, other.certificate, folder / "secrets")


@pytest.fixture(autouse=True)
async def _taken_leave() -> AsyncIterator[None]:
    """A connection by TLS that failed is closed once the server has taken leave too: the loop runs until then."""
    yield
    await eventually(lambda: not open_connections(asyncio.get_running_loop()))


def open_connections(loop: asyncio.AbstractEventLoop) -> list[asyncio.Transport]:
    transports = (one for one in gc.get_objects() if type(one).__name__ == "_SelectorSocketTransport")
    return [one for one in transports if one.get_extra_info("socket") and one._loop is loop and not one.is_closing()]


async def test_an_address_keeps_its_query(guarded: Guarded, unique: str) -> None:
    database = Database(guarded.server.dsn, unique)
    await database.open(connections=1)
    async with database.connection() as connection:
        assert await connection.fetchval("select ssl from pg_stat_ssl where pid = pg_backend_pid()")
    async with database.only_one_named("test-1", 1):
        pass
    await database.close()


async def test_a_service_uses_its_own_database_and_makes_none(guarded: Guarded) -> None:
    database = Database(guarded.of("olcare_intake"), "olcare_intake")
    await database.open(connections=1)
    async with database.connection() as connection:
        await connection.execute("create schema made; create table made.rows (a int); insert into made.rows values (1)")
    await database.close()
    reading = Database(guarded.of(READ), "olcare_intake")
    await reading.open_to_read()
    async with reading.connection() as connection:
        assert await connection.fetchval("select a from made.rows") == 1
    await reading.close()


FORBIDDEN = {
    "another database": "create database more",
    "a role": "create role more",
    "a table in public": "create table public.more (a int)",
    "a file of the server": "select pg_read_file('postgresql.conf')",
    "what another role has": "alter role olcare_contract password 'mine'",
}


@pytest.mark.parametrize("what", FORBIDDEN)
async def test_a_service_may_do_no_more_than_it_needs(guarded: Guarded, what: str) -> None:
    connection = await asyncpg.connect(database_at(guarded.of("olcare_intake"), "olcare_intake"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(FORBIDDEN[what])
    await connection.close()


@pytest.mark.parametrize("role", ["olcare_intake", "olcare_sla_timer"])
async def test_a_service_does_not_see_the_tables_of_another(guarded: Guarded, role: str) -> None:
    database = Database(guarded.of(role), "olcare_contract")
    with pytest.raises(NotAdmitted, match="a right is missing"):
        await database.open()
    await database.close()


async def test_a_service_without_a_database_says_who_makes_it(guarded: Guarded, unique: str) -> None:
    database = Database(guarded.of("olcare_intake"), unique)
    with pytest.raises(NotAdmitted, match="olcare databases create"):
        await database.open()
    await database.close()


async def test_where_nothing_can_be_written_the_server_that_takes_writes_is_asked_for(
    guarded: Guarded, unique: str
) -> None:
    database = Database(guarded.server.dsn, unique)
    await database.open()
    async with database.connection() as connection:
        await connection.execute(f"alter database {unique} set default_transaction_read_only = on")
    await database.close()
    with pytest.raises(NotAdmitted, match="name the server that takes writes"):
        await database.open()
    await database.close()


WRITES = ("create schema more", "create temp table more (a int)", "create table more (a int)")


@pytest.mark.parametrize("statement", WRITES)
async def test_whoever_reads_changes_nothing(guarded: Guarded, statement: str) -> None:
    for address in (guarded.of(READ), guarded.server.dsn):
        database = Database(address, "olcare_contract")
        await database.open_to_read()
        with pytest.raises(NotAdmitted, match="nothing can be written there"):
            async with database.connection() as connection:
                await connection.execute(statement)
        await database.close()


async def test_reading_makes_no_database(guarded: Guarded, unique: str) -> None:
    database = Database(guarded.server.dsn, unique)
    with pytest.raises(Unavailable, match="does not exist"):
        await database.open_to_read()
    await database.close()


def refused(at: Guarded) -> dict[str, tuple[str, str]]:
    dsn = at.server.dsn
    return {
        "wrong password": (address_as(dsn, "postgres", "wr/ng"), "refuses the login"),
        "nobody": (address_as(dsn, "nobody", "first"), "refuses the login"),
        "in clear": (dsn.partition("?")[0] + "?sslmode=disable", "refuses the login"),
        "another name": (dsn.replace("127.0.0.1", "localhost"), "certificate is not good"),
        "another vouches": (dsn.partition("sslrootcert")[0] + f"sslrootcert={at.other}", "certificate is not good"),
        "no such file": (dsn.partition("sslrootcert")[0] + "sslrootcert=/nowhere/ca.pem", "is not there"),
        "no such mode": (dsn.partition("?")[0] + "?sslmode=always", "look at the query"),
    }


REFUSED = ["wrong password", "nobody", "in clear", "another name", "another vouches", "no such file", "no such mode"]


@pytest.mark.parametrize("way", REFUSED)
async def test_whoever_is_not_let_in_is_told_why(guarded: Guarded, way: str) -> None:
    address, fault = refused(guarded)[way]
    database = Database(address, "postgres")
    with pytest.raises(NotAdmitted, match=fault) as told:
        await database.open()
    assert "OLCARE_POSTGRES" in str(told.value)
    assert "wr/ng" not in str(told.value)
    await database.close()


async def test_a_server_without_tls_is_named(postgres: str) -> None:
    database = Database(f"{postgres}?sslmode=require", "postgres")
    with pytest.raises(NotAdmitted, match="speaks no TLS"):
        await database.open()
    await database.close()
