"""A compacted topic kept as a table: read on where it is the topic that was read, and halted with a sentence if not."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from libs.eventlog.errors import Unavailable
from libs.eventlog.loops.state_topic import StateTopic
from libs.eventlog.tables.database import Database
from libs.eventlog.testing import MemoryLog
from libs.eventlog.wire.record import Outgoing
from libs.stack.databases import drop_database
from tests.support import eventually

TOPIC = "olcare.private.v1"
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


class Scene:
    """A topic of two partitions, of which the first has two records, and its table."""

    def __init__(self, database: Database) -> None:
        self.log, self.database = MemoryLog(2), database
        for key in (b"person/x/1", b"person/x/2"):
            self.say(key)

    def say(self, key: bytes, value: bytes | None = b'{"name": "x"}') -> None:
        self.log.write(Outgoing(TOPIC, 0, key, value))

    async def read(self, at: datetime = MONDAY) -> StateTopic:
        """Begin a process, and read what is there."""
        state = StateTopic(self.log, self.database, "private", TOPIC, "group")
        await state.open(2, at)
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


async def test_the_last_value_of_a_key_is_its_row_and_a_tombstone_leaves_none(scene: Scene) -> None:
    await scene.read()
    scene.say(b"person/x/1", None)
    scene.say(b"person/x/2", b'{"name": "y"}')
    scene.say(b"person/x/3")
    scene.say(b"person/x/3", None)
    scene.say(b"person/x/4", None)
    scene.say(b"person/x/4")
    await scene.read()
    async with scene.database.connection() as connection:
        rows = await connection.fetch("select key, partition, value ->> 'name' from private order by key")
    assert [tuple(row) for row in rows] == [("person/x/2", 0, "y"), ("person/x/4", 0, "x")]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"person/\xff/1", b"{}"),
        (b"person/\xff/1", None),
        (b"person/\0/1", b"{}"),
        (b"person/x/1", b"\xff"),
        (b"person/x/1", b"no JSON"),
        (b"person/x/1", b'{"name": "\\u0000"}'),
        (b"person/x/1", b'{"name": "\\ud800"}'),
        (b"person/x/1", b"[" * 100_000),
        (b"person/x/" + Random(1).randbytes(5000).hex().encode(), b"{}"),
    ],
)
async def test_a_record_that_can_not_be_a_row_is_skipped_and_counted(
    scene: Scene, key: bytes, value: bytes | None
) -> None:
    scene.say(key, value)
    scene.say(b"person/x/3")
    state = await scene.read()
    assert (await scene.keys(), state.skipped) == (["person/x/1", "person/x/2", "person/x/3"], 1)
    assert (await state.positions(), (await scene.read()).skipped) == ({0: 4, 1: 0}, 0)


async def test_a_topic_in_which_nothing_is_said_for_long_is_not_read_anew(scene: Scene) -> None:
    state = await scene.read()
    await state.read_through(MONDAY + timedelta(days=29))
    scene.log.kept[TOPIC, 0][0] = scene.log.kept[TOPIC, 0][0]._replace(key=b"person/z/1")
    await scene.read(MONDAY + timedelta(days=31))
    assert await scene.keys() == ["person/x/1", "person/x/2"]
    await scene.read(MONDAY + timedelta(days=60))
    assert await scene.keys() == ["person/x/2", "person/z/1"]


async def test_only_who_has_read_to_the_end_notes_that_it_has(scene: Scene) -> None:
    state = await scene.read()
    scene.say(b"person/x/1", None)
    await state.read_through(MONDAY + timedelta(days=29))
    async with scene.database.connection() as connection:
        read = await connection.fetch("select read_at from position_private order by partition")
    assert [row["read_at"] for row in read] == [MONDAY, MONDAY + timedelta(days=29)]


async def test_who_had_a_partition_before_writes_nothing_of_it_any_more(scene: Scene) -> None:
    former = await scene.read()
    owner = await scene.read()
    scene.say(b"person/x/1", b'{"name": "y"}')
    scene.say(b"person/x/1", None)
    old, new = scene.log.kept[TOPIC, 0][-2:]
    await owner.apply(0, [old, new])
    with pytest.raises(Unavailable, match="another owner"):
        await former.apply(0, [old])
    await former.read_through(MONDAY + timedelta(days=31))
    assert (await scene.keys(), await owner.positions()) == (["person/x/2"], {0: 4, 1: 0})


async def test_what_compaction_removed_at_the_end_is_gone_past(scene: Scene) -> None:
    state = StateTopic(scene.log, scene.database, "private", TOPIC, "group")
    await state.open(2, MONDAY)
    subscription = await scene.log.subscribe(TOPIC, "group", state.assigned)
    await state.round(subscription)
    subscription._next[0] = 7
    await state.round(subscription)
    assert await state.positions() == {0: 7, 1: 0}


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


async def test_what_is_personal_stands_in_no_statistics_and_an_erasure_is_vacuumed(scene: Scene) -> None:
    await scene.read()
    assert await vacuumed(scene) is None
    async with scene.database.connection() as connection:
        await connection.execute("analyze private.private")
        assert await connection.fetchval("select count(*) from pg_stats where attname = 'key'") == 1
        assert await connection.fetchval("select count(*) from pg_stats where attname = 'value'") == 0
    scene.say(b"person/x/1", None)
    await scene.read()
    assert await eventually(lambda: vacuumed(scene))


async def test_statistics_from_before_are_dropped(scene: Scene) -> None:
    state = await scene.read()
    async with scene.database.connection() as connection:
        await connection.execute("alter table private.private alter column value set statistics -1")
        await connection.execute("analyze private.private")
        assert await connection.fetchval("select count(*) from pg_stats where attname = 'value'") == 1
        await state.open(2, MONDAY)
        assert await connection.fetchval("select count(*) from pg_stats where attname = 'value'") == 0
    assert await scene.keys() == ["person/x/1", "person/x/2"]


async def vacuumed(scene: Scene) -> object:
    async with scene.database.connection() as connection:
        await connection.execute("select pg_stat_force_next_flush()")
        return await connection.fetchval("select last_vacuum from pg_stat_user_tables where relname = 'private'")
