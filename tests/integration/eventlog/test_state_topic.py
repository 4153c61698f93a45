"""A compacted topic kept as a table: read on where it is the topic that was read, and halted with a sentence if not."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from libs.eventlog.loops.state_topic import StateTopic
from libs.eventlog.tables.database import Database
from libs.eventlog.testing import MemoryLog
from libs.eventlog.wire.record import Outgoing
from libs.stack.databases import drop_database

TOPIC = "olcare.private.v1"
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


class Scene:
    """A topic of two partitions, of which the first has two records, and its table."""

    def __init__(self, database: Database) -> None:
        self.log, self.database = MemoryLog(2), database
        for key in (b"person/x/1", b"person/x/2"):
            self.say(key)

    def say(self, key: bytes) -> None:
        self.log.write(Outgoing(TOPIC, 0, key, b'{"name": "x"}'))

    async def read(self) -> StateTopic:
        """Begin a process, and read what is there."""
        state = StateTopic(self.log, self.database, "private", TOPIC, "group")
        await state.open(2, MONDAY)
        await state.round(await self.log.subscribe(TOPIC, "group", state.assigned))
        return state

    async def keys(self) -> list[str]:
        async with self.database.connection() as connection:
            return [row["key"] for row in await connection.fetch("select key from private order by key")]


@pytest.fixture
async def scene(postgres: str, unique: str) -> AsyncIterator[Scene]:
    database = Database(postgres, unique)
    await database.open()
    yield Scene(database)
    await database.close()
    await drop_database(postgres, unique)


async def test_a_state_is_read_on_where_it_was_left(scene: Scene) -> None:
    await scene.read()
    scene.say(b"person/x/3")
    state = await scene.read()
    assert (await scene.keys(), state.problem()) == (["person/x/1", "person/x/2", "person/x/3"], None)


async def test_a_topic_that_was_cut_halts_the_partition_with_a_sentence(scene: Scene) -> None:
    await scene.read()
    scene.log.kept[TOPIC, 0].pop()
    state = await scene.read()
    assert state.problem() == f"{TOPIC}[0] stops at offset 2: the topic was cut: it ends at 1, 2 were read"


async def test_a_topic_made_anew_is_not_read_on_however_long_it_is(scene: Scene) -> None:
    await scene.read()
    scene.log.recreate(TOPIC)
    for key in (b"person/y/1", b"person/y/2", b"person/y/3"):
        scene.say(key)
    state = await scene.read()
    assert f"it is {TOPIC}/1, {TOPIC}/0 was read" in (state.problem() or "")
    assert (sorted(state.halted), await scene.keys()) == ([0, 1], ["person/x/1", "person/x/2"])


async def test_a_topic_made_anew_while_it_is_read_is_noticed_and_read_no_further(scene: Scene) -> None:
    state = StateTopic(scene.log, scene.database, "private", TOPIC, "group")
    await state.open(2, MONDAY)
    subscription = await scene.log.subscribe(TOPIC, "group", state.assigned)
    await state.round(subscription)
    scene.log.recreate(TOPIC)
    await state.check()
    for key in (b"person/y/1", b"person/y/2", b"person/y/3"):
        scene.say(key)
    assert (await state.round(subscription), sorted(state.halted)) == (1, [0, 1])
    assert await scene.keys() == ["person/x/1", "person/x/2"]


async def test_a_table_of_before_topics_were_noted_takes_the_topic_that_is_there(scene: Scene) -> None:
    await scene.read()
    async with scene.database.connection() as connection:
        await connection.execute("alter table position_private drop column topic")
    state = await scene.read()
    assert state.problem() is None
    scene.log.recreate(TOPIC)
    assert (await scene.read()).problem() is not None


async def test_a_table_that_is_dropped_is_filled_from_the_topic_that_is_there(scene: Scene) -> None:
    await scene.read()
    scene.log.recreate(TOPIC)
    scene.say(b"person/y/1")
    async with scene.database.connection() as connection:
        await connection.execute("drop schema private cascade")
    state = await scene.read()
    assert (await scene.keys(), state.problem()) == (["person/y/1"], None)
