"""How far tables are is another number once any instance has moved them, or owns them anew."""

from libs.eventlog.tables.database import Database
from libs.eventlog.tables.store import how_far

POSITION = "(partition int, epoch bigint, next_offset bigint)"


async def test_each_move_and_each_new_owner_gives_another_number(postgres: str, unique: str) -> None:
    database = Database(postgres, unique)
    await database.open(connections=1)
    async with database.connection() as connection:
        for name in ("first", "second"):
            await connection.execute(f"create table position_{name} {POSITION}")
        seen = [await how_far(connection, ["first", "second"])]
        for step in (
            "insert into position_first values (0, 0, 0), (1, 0, 0)",
            "update position_first set next_offset = 5 where partition = 1",
            "update position_first set epoch = epoch + 1 where partition = 0",
            "insert into position_second values (0, 1, 7)",
        ):
            await connection.execute(step)
            seen.append(await how_far(connection, ["first", "second"]))
        assert seen == [[None, None], [0, None], [5, None], [6, None], [6, 8]]
        assert await how_far(connection, []) == []
    await database.close()
