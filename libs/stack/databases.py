"""Databases of a PostgreSQL server: made, listed and dropped at any moment, whoever is connected."""

import asyncpg

_MAINTENANCE = "postgres"


async def create_database(dsn: str, name: str) -> str:
    """A fresh, empty database; its full address."""
    await _execute(dsn, f'CREATE DATABASE "{name}" TEMPLATE template0')
    return f"{dsn}/{name}"


async def drop_database(dsn: str, name: str) -> None:
    """Drop it if it is there, and cut off everybody who uses it."""
    await _execute(dsn, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def databases(dsn: str) -> list[str]:
    """The names of all but the server's own."""
    connection = await asyncpg.connect(f"{dsn}/{_MAINTENANCE}")
    try:
        rows = await connection.fetch(
            "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> $1", _MAINTENANCE
        )
    finally:
        await connection.close()
    return sorted(row["datname"] for row in rows)


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(f"{dsn}/{_MAINTENANCE}")
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
