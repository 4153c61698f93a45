"""A reader's tables come back from the log, are proven equal to it, and are exchanged while everybody goes on."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import NamedTuple

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from libs.chassis.clock import Clock
from libs.decider import Decider
from libs.eventlog.commands import IssuedCommand
from libs.eventlog.engine import Engine, EngineSettings
from libs.eventlog.errors import Halted, Unavailable
from libs.eventlog.kafka.topics import Card
from libs.eventlog.loops.advisory import advisory_group
from libs.eventlog.loops.writer import Answer, Writer
from libs.eventlog.ports import PartitionOffset
from libs.eventlog.projection import Projection, Reader, Register, state_of
from libs.eventlog.rebuild import build as rebuild
from libs.eventlog.rebuild.proof import Difference
from libs.eventlog.rule import MISSING, SetAside
from libs.eventlog.tables.generations import begin, clear, finished, generations, only_builder
from libs.eventlog.wire.record import Outgoing, RecordedEvent
from libs.messages.base import Event, Instant
from libs.messages.ids import door_command_id
from libs.stack.databases import drop_database
from tests.support import eventually

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
PARTITIONS = 3


class Said(Event):
    said_at: Instant


@dataclass(frozen=True)
class Say:
    occurred_at: datetime


@dataclass(frozen=True)
class Count:
    times: int = 0


class Row(NamedTuple):
    stream: str
    times: int
    last: datetime


def _row(row: Row | None, event: RecordedEvent) -> Row:
    return Row(event.stream, row.times + 1 if row else 1, event.data.said_at)


DECIDER: Decider[Count, Say, Said] = Decider(
    Count(), lambda _, command: Said(said_at=command.occurred_at), lambda state, _: Count(state.times + 1)
)
TABLE = Projection(
    table="sayings",
    row=Row,
    columns="stream text not null, times int not null, last timestamptz not null",
    events=(Said,),
    evolve=_row,
    indexes=("(last)",),
)


class DaysLater(Clock):
    """A clock so many days ahead."""

    def __init__(self, days: int) -> None:
        super().__init__()
        self._ahead = timedelta(days=days)

    def now(self) -> datetime:
        return super().now() + self._ahead


class House:
    """A topic of its own, and as many processes on it as a test wants, all in one."""

    def __init__(self, kafka: str, postgres: str, unique: str) -> None:
        self.kafka, self.postgres, self.unique = kafka, postgres, unique
        self.topic = f"{unique}.sayings"
        card = Card(self.topic, "log", PARTITIONS, {}, 1, {}, ("test",), ("test",), ())
        self.cards = {self.topic: card}
        states = state_of("saying_states", {"saying": DECIDER}, Count, (Said,))
        self.reader = Reader("sayings", self.topic, 1, (states, TABLE), writes=True, reacts=True)
        self.more: list[Reader] = []

    @asynccontextmanager
    async def process(
        self, instance: str = "one", *, live: bool = True, by_our_card: bool = True, day: int = 0
    ) -> AsyncIterator[Engine]:
        settings = EngineSettings("test", f"{self.unique}-{instance}", self.kafka, self.postgres, self.unique, 6.0)
        engine = Engine(settings, DaysLater(day), dict(self.cards), [self.reader, *self.more], {self.topic: (Said,)})
        try:
            await engine.open(by_our_card=by_our_card)
        except ValueError:
            await engine.close()
            raise
        tasks = [asyncio.create_task(_run(run)) for _, run in engine.tasks()] if live else []
        try:
            yield engine
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await engine.close()

    def writer(self, engine: Engine) -> Writer:
        return engine.writer(self.topic, {"saying": DECIDER})

    async def create(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
        await admin.start()
        await admin.create_topics([NewTopic(self.topic, PARTITIONS, 1)])
        await admin.close()

    async def made(self) -> bool:
        """Say whether the topic was made just now: while the old one is being deleted it is refused."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
        await admin.start()
        response = await admin.create_topics([NewTopic(self.topic, PARTITIONS, 1)])
        await admin.close()
        return all(error[1] == 0 for error in response.topic_errors)

    async def delete(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
        await admin.start()
        await admin.delete_topics([self.topic])
        await admin.close()


async def _run(loop: Callable[[], object]) -> None:
    await loop()  # type: ignore[misc] # the loops are coroutine functions


@pytest.fixture
async def house(kafka: str, postgres: str, unique: str) -> AsyncIterator[House]:
    house = House(kafka, postgres, unique)
    await house.create()
    yield house
    await house.delete()
    await drop_database(postgres, unique)


def said(*numbers: int) -> list[IssuedCommand]:
    """Ask for something to be said on one of twenty streams, under a command of its own."""
    streams = [f"saying/test/{number % 20}" for number in numbers]
    ids = [door_command_id("test", str(n), s) for n, s in zip(numbers, streams, strict=True)]
    return [IssuedCommand(i, s, Say(AT), i) for i, s in zip(ids, streams, strict=True)]


def events(answers: Sequence[Answer]) -> list[str]:
    return [answer.event.id for answer in answers if answer.event]


async def test_a_dropped_database_comes_back_from_the_log_and_the_answers_stay_the_same(house: House) -> None:
    async with house.process() as engine:
        before = events(await house.writer(engine).handle(said(*range(100))))
        proven, found = await engine.verify("sayings")
    await drop_database(house.postgres, house.unique)
    async with house.process() as engine:
        assert events(await house.writer(engine).handle(said(*range(100)))) == before
        again, _ = await engine.verify("sayings")
    assert proven is not None
    assert again == proven
    assert proven.tables["sayings"].rows == 20
    assert found == []
    assert sum(proven.positions.values()) == 100


async def test_in_a_year_streams_are_put_away_and_what_is_said_of_one_brings_it_back(house: House) -> None:
    async with house.process() as engine:
        first = events(await house.writer(engine).handle(said(*range(20))))
        assert await _put_away(engine) == 0
    async with house.process(day=200) as engine:
        writer = house.writer(engine)
        await writer.handle(said(*range(20, 29)))  # of nine streams, in every partition
        proven, found = await engine.verify("sayings")
        assert (found, await _put_away(engine), engine.stores["sayings"].put_away) == ([], 11, 11)
        assert events(await writer.handle(said(*range(20)))) == first
        again, _ = await engine.verify("sayings")
        assert again == proven
    await drop_database(house.postgres, house.unique)
    async with house.process(day=200) as engine:
        again, found = await engine.verify("sayings")
        assert (again, found) == (proven, [])
        late = await house.writer(engine).handle(said(39))
        assert late[0].event is not None
        assert late[0].event.previousid == first[19]
        _, found = await engine.verify("sayings")
        assert (found, await _put_away(engine), engine.stores["sayings"].came_back) == ([], 10, 1)
        await engine.rebuild("sayings")
        assert (await _put_away(engine), await _times(engine)) == (10, 30)


async def test_whoever_loses_the_connection_on_which_changes_are_told_begins_again(house: House) -> None:
    async with house.process(live=False) as engine:
        listening = asyncio.ensure_future(dict(engine.tasks())["bell"]())
        await engine.standby.bell.wait(10)  # both bells ring once they are told of changes, this one last
        async with engine.database.connection() as connection:

            async def listeners_ended() -> bool:
                ended = "select pg_terminate_backend(pid) from pg_stat_activity"
                return bool(
                    await connection.fetch(f"{ended} where query ilike 'listen %' and datname = current_database()")
                )

            await eventually(listeners_ended)
        with pytest.raises(Unavailable, match="has ended our connection"):
            await listening


async def test_a_state_is_not_read_again_by_whoever_has_just_written_it(house: House) -> None:
    async with house.process() as engine:
        writer = house.writer(engine)
        await writer.handle(said(1))
        async with engine.database.connection() as connection:
            await connection.execute("update saying_states set state = 'nothing that could be read'")
        [answer] = await writer.handle(said(21))
        _, found = await engine.verify("sayings")
    assert (answer.event and answer.event.sequence, found) == (2, [])


async def test_a_state_that_is_forgotten_while_its_stream_is_read_is_decided_on_all_the_same(house: House) -> None:
    async with house.process() as engine:
        writer, store = house.writer(engine), engine.stores["sayings"]
        await writer.handle(said(1, 21))
        loading = asyncio.create_task(store.load(["saying/test/1"]))
        await asyncio.sleep(0)  # it is asked, and not answered yet
        store.forget()
        known = (await loading)["saying/test/1"]
        assert known.state == (await store.load(["saying/test/1"]))["saying/test/1"].state is not None


async def test_a_command_is_not_looked_for_again_by_whoever_has_counted_it(house: House) -> None:
    async with house.process() as engine:
        writer = house.writer(engine)
        [answer] = await writer.handle(said(1))
        async with engine.database.connection() as connection:
            await connection.execute("update heads_sayings set journal = ''")
        assert events([answer]) == [event.id for event in await writer.counted(said(1)) if event]
        assert await writer.counted(said(21)) == [None]


async def test_whoever_knows_a_state_that_another_one_has_moved_reads_it_again(house: House) -> None:
    async with house.process() as one, house.process("two") as two:
        writers = house.writer(one), house.writer(two)
        for turn in range(6):
            answers = await writers[turn % 2].handle(said(*range(turn * 20, turn * 20 + 20)))
            assert {answer.event.sequence for answer in answers if answer.event} == {turn + 1}
        assert sum((await one.log.ends(house.topic)).values()) == 6 * 20  # none was decided on what had been
        assert await _times(one) == 6 * 20


async def test_a_state_that_somebody_changed_where_it_is_put_away_is_found(house: House) -> None:
    async with house.process() as engine:
        await house.writer(engine).handle(said(*range(20)))
    async with house.process(day=200) as engine:
        await house.writer(engine).handle(said(*range(20, 29)))
        async with engine.database.connection() as connection:
            packed = house.reader.put_away.packed(b'{"times": 7}')
            await connection.execute("update away_sayings set state = $1 where stream = 'saying/test/19'", packed)
        _, found = await engine.verify("sayings")
        assert [difference.table for difference in found] == ["away_sayings"]


async def test_a_row_that_somebody_changed_is_found(house: House) -> None:
    async with house.process() as engine:
        await house.writer(engine).handle(said(*range(40)))
        async with engine.database.connection() as connection:
            await connection.execute("update sayings set times = 7 where stream = 'saying/test/3'")
        _, found = await engine.verify("sayings")
        assert [difference.table for difference in found] == ["sayings"]
        assert isinstance(found[0], Difference)
        with pytest.raises(ValueError, match="sayings: the rebuilt tables differ: sayings"):
            await engine.rebuild("sayings")


async def test_tables_are_exchanged_under_a_writer_and_can_be_taken_back(house: House) -> None:
    async with house.process() as engine:
        writer, done = house.writer(engine), asyncio.Event()

        async def go_on() -> int:
            number = 1000
            while not done.is_set():
                await writer.handle(said(*range(number, number + 10)))
                number += 10
            return number

        await writer.handle(said(*range(60)))
        writing = asyncio.create_task(go_on())
        first = engine.database.schema_of("sayings")
        await engine.rebuild("sayings")
        second = engine.database.schema_of("sayings")
        await writer.handle(said(*range(100, 120)))
        back = await engine.roll_back("sayings")
        await writer.handle(said(*range(120, 140)))
        done.set()
        last = await writing
        proven, found = await engine.verify("sayings")
        assert found == []
        assert proven is not None
        assert proven.tables["heads_sayings"].rows == 20
        assert await _times(engine) == 60 + 20 + 20 + (last - 1000)
        assert first != second
        assert back.schema == first


async def test_another_process_goes_over_to_the_new_tables(house: House) -> None:
    async with AsyncExitStack() as stack:
        watching = await stack.enter_async_context(house.process("one"))
        writer = house.writer(watching)
        await writer.handle(said(*range(30)))
        ops = await stack.enter_async_context(house.process("ops", live=False))
        await ops.rebuild("sayings")
        wanted = ops.database.schema_of("sayings")
        await eventually(lambda: watching.database.schema_of("sayings") == wanted)
        assert await watching.goes_over() is None
        await writer.handle(said(*range(30, 60)))
        assert await _times(watching) == 60


async def test_who_is_fenced_by_the_keeper_of_the_old_tables_goes_over(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def later(_: Engine) -> None:
        await asyncio.Event().wait()  # the look at the pointer has not come yet

    monkeypatch.setattr(Engine, "_follow_pointer", later)
    async with house.process("one") as watching, house.process("ops", live=False) as ops:
        writer = house.writer(watching)
        await writer.handle(said(*range(30)))
        first = watching.database.schema_of("sayings")
        assert await watching.goes_over() is None
        await ops.rebuild("sayings")
        wanted = ops.database.schema_of("sayings")
        assert await watching.goes_over() == "going over to other tables of sayings"

        async def taken() -> bool:
            async with ops.database.connection() as connection:
                query = f"select min(epoch) > 1 from {first}.position_sayings"  # noqa: S608 - ours
                return bool(await connection.fetchval(query))

        await eventually(taken)
        await writer.handle(said(*range(30, 60)))
        assert watching.database.schema_of("sayings") == wanted
        assert await _times(watching) == 60


async def test_what_is_kept_to_go_back_to_is_read_on(house: House) -> None:
    async with house.process("one") as watching, house.process("ops", live=False) as ops:
        writer, first = house.writer(watching), watching.database.schema_of("sayings")
        await writer.handle(said(*range(30)))
        await ops.rebuild("sayings")
        await eventually(lambda: "sayings" in watching.standby.followers)
        await writer.handle(said(*range(30, 60)))

        async def read_on() -> bool:
            return sum((await watching.standby.followers["sayings"].offsets()).values()) == 60

        await eventually(read_on)
        await ops.roll_back("sayings")
        assert ops.database.schema_of("sayings") == first
        assert await _times(ops) == 60
        await eventually(lambda: watching.database.schema_of("sayings") == first)
        await writer.handle(said(*range(60, 90)))
        _, found = await watching.verify("sayings")
        assert found == []


async def test_only_the_last_generation_is_kept_until_it_is_dropped(house: House) -> None:
    async with house.process() as engine:
        await house.writer(engine).handle(said(*range(30)))
        await engine.rebuild("sayings")
        await engine.rebuild("sayings")
        assert await _states(engine) == ["kept", "live"]
        assert [dropped.generation for dropped in await engine.discard("sayings")] == [2]
        assert await _states(engine) == ["live"]
        with pytest.raises(ValueError, match="no generation to go back to"):
            await engine.roll_back("sayings")


async def test_what_a_dead_builder_left_is_cleared_and_what_a_living_one_builds_is_left_alone(house: House) -> None:
    async with house.process(live=False) as engine, engine.database.connection() as connection:
        await begin(connection, house.reader, await engine.log.identity(house.topic), "none")
    async with (
        house.process(live=False) as engine,
        engine.database.connection() as connection,
        engine.database.connection() as other,
    ):
        assert await _states(engine) == ["live"]
        building = await begin(connection, house.reader, await engine.log.identity(house.topic), "none")
        await clear(other, house.reader)
        assert await _states(engine) == ["building", "live"]
        await finished(connection, building)


async def test_of_two_builders_at_once_the_second_is_told_and_the_live_tables_stay(house: House) -> None:
    async with (
        house.process("one") as engine,
        house.process("ops", live=False) as ops,
        house.process("also", live=False) as also,
    ):
        await house.writer(engine).handle(said(*range(60)))
        outcomes = await asyncio.gather(
            *(ops.rebuild("sayings"), also.verify("sayings"), also.rebuild("sayings")), return_exceptions=True
        )
        refused = [str(outcome) for outcome in outcomes if isinstance(outcome, Unavailable)]
        assert refused
        assert all("the tables of sayings are being built already" in sentence for sentence in refused)
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception) and str(outcome) not in refused]
        assert await _times(ops) == 60
        _, found = await ops.verify("sayings")
        assert found == []
    async with house.process("later") as engine:
        assert await _times(engine) == 60


async def test_the_second_builder_is_told_who_builds_since_when(house: House) -> None:
    async with house.process(live=False) as engine, engine.database.connection() as connection:
        async with only_builder(connection, house.reader):
            await begin(connection, house.reader, await engine.log.identity(house.topic), "none")
            with pytest.raises(Unavailable, match=r"being built already, by the backend \d+ since 20\d\d-"):
                await engine.verify("sayings")
        _, found = await engine.verify("sayings")
        assert found == []


async def test_of_two_processes_of_one_name_the_second_is_refused_until_the_first_is_gone(house: House) -> None:
    async with house.process("a", live=False) as one, house.process("b", live=False) as other:
        async with one.database.only_one_named("intake-1", 0.0), other.database.only_one_named("intake-2", 0.0):
            with pytest.raises(Unavailable, match="another process runs as intake-1: give each a name of its own"):
                async with other.database.only_one_named("intake-1", 0.3):
                    pass
        async with other.database.only_one_named("intake-1", 5.0):
            pass


@pytest.mark.parametrize("harm", ["drop schema {} cascade", "truncate {}.position_sayings"])
async def test_a_pointer_to_tables_that_are_gone_is_not_believed(house: House, harm: str) -> None:
    async with house.process() as engine:
        await house.writer(engine).handle(said(*range(30)))
        async with engine.database.connection() as connection:
            await connection.execute(harm.format(engine.database.schema_of("sayings")))
    async with house.process() as engine:
        assert await _times(engine) == 30
        assert events(await house.writer(engine).handle(said(*range(30))))


async def test_a_schema_that_is_there_without_being_listed_is_left_alone(house: House) -> None:
    async with house.process(live=False) as engine:
        async with engine.database.connection() as connection:
            number = engine.database.schema_of("sayings").replace("_g1_", "_g2_")
            await connection.execute(f"create schema {number}; create table {number}.somebodys (it text)")
        await engine.rebuild("sayings")
        async with engine.database.connection() as connection:
            assert await connection.fetchval("select to_regclass($1)", f"{number}.somebodys")


async def test_no_query_is_compiled_on_any_connection(house: House) -> None:
    async with house.process(live=False) as engine:
        for _ in range(3):
            async with engine.database.connection() as connection:
                assert await connection.fetchval("show jit") == "off"


async def _states(engine: Engine) -> list[str]:
    async with engine.database.connection() as connection:
        return sorted(generation.state for generation in await generations(connection))


async def test_slices_of_a_long_partition_give_the_same_tables(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async with house.process() as engine:
        await house.writer(engine).handle(said(*range(200)))
        monkeypatch.setattr(rebuild, "SLICE", 7)
        _, found = await engine.verify("sayings")
    assert found == []


async def test_a_card_that_changes_what_counted_is_not_gone_over_to_without_a_person(house: House) -> None:
    async with house.process() as engine:
        answers = await house.writer(engine).handle(said(*range(20)))
        event = answers[7].event
        assert event is not None
        place = PartitionOffset(event.partition, event.offset)
        record = (await engine.log.records(house.topic, [place]))[place]
        before = engine.database.schema_of("sayings")
    digest = sha256(record.value or b"").hexdigest()
    aside = SetAside(event.partition, event.offset, digest, "said by mistake", "the owner")
    house.cards[house.topic] = replace(house.cards[house.topic], set_aside=(aside,))
    with pytest.raises(ValueError, match=r"sets aside other records, and differ .* in heads_sayings, .*--accept"):
        await anext(aiter(_opened(house)))
    tables = ["heads_sayings", "voids_sayings", "saying_states", "sayings"]
    async with house.process("ops", live=False, by_our_card=False) as ops:
        _, found = await ops.verify("sayings")
        assert {difference.table for difference in found} <= set(tables)
        assert ops.database.schema_of("sayings") == before
        assert await _states(ops) == ["live"]
        with pytest.raises(ValueError, match="differ: sayings"):
            await ops.rebuild("sayings", accept=tables[:-1])
        await ops.rebuild("sayings", accept=tables)
        with pytest.raises(ValueError, match="a card that sets aside other records"):
            await ops.roll_back("sayings")
    async with house.process() as engine:
        assert engine.database.schema_of("sayings") != before
        assert await _times(engine) == 19
    house.cards[house.topic] = replace(house.cards[house.topic], set_aside=())
    with pytest.raises(ValueError, match="give every process the same card"):  # a process that has the card of before
        await anext(aiter(_opened(house)))


async def test_the_end_of_a_transaction_is_passed_where_the_card_says_that_nothing_stands_there(house: House) -> None:
    async with house.process() as engine:
        await house.writer(engine).handle(said(*range(20)))
        producer = AIOKafkaProducer(bootstrap_servers=house.kafka, transactional_id=house.unique)
        await producer.start()
        async with producer.transaction():
            told = await producer.send_and_wait(house.topic, b"in a transaction", b"nobody", partition=1)
        await producer.stop()
        await eventually(lambda: 1 in engine.loops["sayings"].halted)
    by_hand = SetAside(1, told.offset, sha256(b"in a transaction").hexdigest(), "written by hand", "the owner")
    house.cards[house.topic] = replace(house.cards[house.topic], set_aside=(by_hand,))
    async with house.process() as engine:
        await eventually(lambda: 1 in engine.loops["sayings"].halted)
        assert f"offset {told.offset + 1} was to come, the broker gives none" in str(engine.halted())
    its_end = SetAside(1, told.offset + 1, MISSING, "the end of that transaction", "the owner")
    house.cards[house.topic] = replace(house.cards[house.topic], set_aside=(by_hand, its_end))
    async with house.process() as engine:
        await eventually(lambda: engine.gate.closed_because is None)
        assert await engine.stores["sayings"].positions() == await engine.log.ends(house.topic)
        await house.writer(engine).handle(said(*range(20, 40)))
        assert (await _times(engine), engine.halted()) == (40, None)
        assert (await engine.verify("sayings"))[1] == []
    async with house.process("another") as engine:
        assert await _times(engine) == 40
        assert engine.halted() is None


async def _opened(house: House) -> AsyncIterator[Engine]:
    async with house.process() as engine:
        yield engine


async def test_a_card_that_passes_a_stop_is_gone_over_to_with_a_proof_and_back_by_nobody(house: House) -> None:
    async with house.process() as engine:
        await house.writer(engine).handle(said(*range(20)))
        appender = engine.log.appender()
        [offset] = await appender.append([Outgoing(house.topic, 1, b"nobody", b"by hand")])
        await appender.close()
        await eventually(lambda: 1 in engine.loops["sayings"].halted)
        before = engine.database.schema_of("sayings")
    aside = SetAside(1, offset, sha256(b"by hand").hexdigest(), "written by hand", "the owner")
    plain, mended = house.cards[house.topic], replace(house.cards[house.topic], set_aside=(aside,))
    house.cards[house.topic] = mended
    async with house.process() as engine:
        assert engine.database.schema_of("sayings") != before
        await house.writer(engine).handle(said(*range(20, 40)))
        assert (await _times(engine), engine.halted()) == (40, None)
        async with engine.database.connection() as connection:
            proof = json.loads(await connection.fetchval("select proof from olcare.generation where state = 'live'"))
        assert (proof["equal"], set(proof["positions"])) == (True, {"0", "1", "2"})
        house.cards[house.topic] = plain
        with pytest.raises(ValueError, match="the live tables have passed what this card does not"):
            await anext(aiter(_opened(house)))
        house.cards[house.topic] = mended
        assert (await engine.verify("sayings"))[1] == []


@pytest.mark.parametrize("gates", [True, False])
async def test_a_halted_reader_stops_decisions_where_they_rest_on_it(house: House, *, gates: bool) -> None:
    rows = Register("rows", "number int not null", ("number",), lambda event: [(1 // (event.sequence - 1),)])
    house.more = [Reader("beside", house.topic, 1, (), registers=(rows,), gates=gates)]
    async with house.process() as engine:
        [answer] = await house.writer(engine).handle(said(1))
        assert answer.event
        await eventually(engine.halted)
        assert "rows can not fold" in (engine.halted() or "")
        await eventually(lambda: engine.gate.closed_because == (engine.halted() if gates else None))


async def test_a_topic_made_anew_stops_the_reader_and_says_so(house: House) -> None:
    async with house.process() as engine:
        await house.writer(engine).handle(said(*range(20)))
    await house.delete()
    made: bool = await eventually(house.made)
    assert made
    async with house.process() as engine:
        sentence = await eventually(engine.halted)
        assert "the topic was made anew" in str(sentence)
        assert all(isinstance(halted, Halted) for halted in engine.loops["sayings"].halted.values())


async def _put_away(engine: Engine) -> int:
    async with engine.database.connection() as connection:
        return int(await connection.fetchval("select count(*) from away_sayings"))


async def _times(engine: Engine) -> int:
    async with engine.database.connection() as connection:
        return int(await connection.fetchval("select coalesce(sum(times), 0) from sayings"))


async def test_two_processes_writing_at_once_leave_one_event_for_each_command(house: House) -> None:
    async with house.process("one") as one, house.process("two") as two:
        commands = said(*range(60))
        shuffled = random.Random(7).sample(commands, len(commands))
        first, second = await asyncio.gather(house.writer(one).handle(commands), house.writer(two).handle(shuffled))
        by_command = {answer.issued.id: answer.event for answer in first}
        assert all(by_command[a.issued.id] == a.event for a in second)
        assert await _times(one) == 60


async def test_how_far_a_reader_is_stands_under_a_group_without_members_and_nobody_reads_it_back(house: House) -> None:
    group = f"{house.unique}.none"

    async def told(engine: Engine) -> int:
        return sum((await engine.log.committed_offsets(group, house.topic)).values())

    async with house.process() as engine:
        group = advisory_group(engine.loops["sayings"].group)
        before = events(await house.writer(engine).handle(said(*range(100))))
        await eventually(async_equal(partial(told, engine), 100))
        assert await engine.log.members([group]) == {group: 0}
    for wild in (0, 7, 1_000_000):
        async with house.process() as engine:
            await engine.log.advise(group, house.topic, dict.fromkeys(range(PARTITIONS), wild))
        async with house.process() as engine:
            assert events(await house.writer(engine).handle(said(*range(100)))) == before
            proven, found = await engine.verify("sayings")
            assert proven is not None
            assert (sum(proven.positions.values()), found) == (100, [])
            await eventually(async_equal(partial(told, engine), 100))


def async_equal(ask: Callable[[], Awaitable[int]], expected: int) -> Callable[[], Awaitable[bool]]:
    async def equal() -> bool:
        assert await ask() == expected
        return True

    return equal
