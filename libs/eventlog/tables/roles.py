"""A role for each service, which may use its own database and nothing else, and one that may read them all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from libs.eventlog.tables.address import database_at
from libs.eventlog.tables.database import reachable

READER = "olcare_read"
"""May read every database of ours: for commands that only read."""
_LOGIN = "login nosuperuser nocreatedb nocreaterole noreplication nobypassrls"


async def make_role(server: str, role: str, password: str) -> bool:
    """Make a role that may log in, or set its password; returns whether it was made; raises Unavailable."""
    async with _connected(server, "postgres") as connection:
        known = await connection.fetchval("select 1 from pg_roles where rolname = $1", role)
        verb = "alter role %I with password %L" if known else f"create role %I {_LOGIN} password %L"
        statement = await connection.fetchval("select format($1, $2::text, $3::text)", verb, role, password)
        await connection.execute(statement)
        return not known


async def make_database(server: str, name: str, role: str) -> bool:
    """Make a database where it is missing, for a role to make its tables in and for READER to read them.

    Returns whether it was made. The roles must be there; raises Unavailable.
    """
    async with _connected(server, "postgres") as connection:
        known = await connection.fetchval("select 1 from pg_database where datname = $1", name)
        if not known:
            await connection.execute(f'create database "{name}"')
    async with _connected(server, name) as connection:
        for statement in _grants(name, role):
            await connection.execute(statement)
        for schema in await _schemas_of(connection, role):
            await connection.execute(f'grant usage on schema "{schema}" to {READER}')
            await connection.execute(f'grant select on all tables in schema "{schema}" to {READER}')
    return not known


def _grants(name: str, role: str) -> tuple[str, ...]:
    return (
        f'revoke all on database "{name}" from public',
        f'grant connect, create on database "{name}" to "{role}"',
        f'grant connect on database "{name}" to {READER}',
        "revoke create on schema public from public",
        f'grant "{role}" to current_user',  # whoever is no superuser sets defaults of his own roles alone
        f'alter default privileges for role "{role}" grant usage on schemas to {READER}',
        f'alter default privileges for role "{role}" grant select on tables to {READER}',
    )


async def _schemas_of(connection: asyncpg.Connection, role: str) -> list[str]:
    rows = await connection.fetch("select nspname from pg_namespace where nspowner = $1::regrole", role)
    return [row["nspname"] for row in rows]


@asynccontextmanager
async def _connected(server: str, database: str) -> AsyncIterator[asyncpg.Connection]:
    async with reachable(f"database {database}"):
        connection = await asyncpg.connect(database_at(server, database), timeout=10)
        try:
            yield connection
        finally:
            await connection.close()
