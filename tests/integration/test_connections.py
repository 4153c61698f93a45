"""Every connection of a service says how long a transaction may stand idle and wait for a lock."""

from libs.eventlog.tables.database import Database
from libs.stack.databases import drop_database


async def test_a_connection_says_how_long_it_may_be_waited_for(postgres: str, unique: str) -> None:
    database = Database(postgres, unique)
    await database.open()
    try:
        async with database.connection() as connection:
            settings = {name: await connection.fetchval(f"show {name}") for name in WANTED}
            assert settings == WANTED
    finally:
        await database.close()
        await drop_database(postgres, unique)


WANTED = {"idle_in_transaction_session_timeout": "10s", "lock_timeout": "5s", "jit": "off"}
