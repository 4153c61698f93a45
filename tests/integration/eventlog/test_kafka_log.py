"""What only a real broker shows of the log: records it refuses, and appends that begin together."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from libs.chassis.clock import Clock
from libs.decider import Decider
from libs.eventlog.commands import IssuedCommand
from libs.eventlog.errors import TooLarge
from libs.eventlog.fold import Projector
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.loops.stuck import apart
from libs.eventlog.loops.writer import Writer
from libs.eventlog.ports import UNKNOWN
from libs.eventlog.rule import Judge
from libs.eventlog.wire.record import Outgoing
from libs.messages.ids import name_id
from tests.model.story import (
    CODECS,
    DESK_TICKETS,
    MONDAY,
    PARTITIONS,
    TICKET,
    TICKETS,
    Ask,
    Noted,
    Ticket,
    TicketEvent,
    decide_ticket,
)
from tests.unit.eventlog.environment import Environment, MovableClock, running, soon
from tests.unit.eventlog.history import stream_in
from tests.unit.eventlog.suite_writer import is_open

SMALL = 4000  # bytes: the largest batch that the broker of these tests takes


@pytest.fixture
async def narrow(kafka: str, unique: str) -> AsyncIterator[str]:
    """A topic that takes small records only."""
    topic = f"{unique}.narrow"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1, topic_configs={"max.message.bytes": str(SMALL)})])
    yield topic
    await admin.delete_topics([topic])
    await admin.close()


@pytest.fixture
async def log(kafka: str) -> AsyncIterator[KafkaLog]:
    log = KafkaLog(KafkaSettings(kafka, "test"))
    await log.open()
    yield log
    await log.close()


async def test_a_record_that_is_too_large_is_not_known_to_be_written_and_the_appender_goes_on(
    log: KafkaLog, narrow: str
) -> None:
    appender = log.appender()
    batch = [Outgoing(narrow, 0, b"key", b"x" * size) for size in (10, 2 * SMALL, 10)]
    first = list(await appender.append(batch))
    assert first[1] == UNKNOWN
    again = await appender.append(batch[:1])
    assert again[0] >= 0
    await appender.close()


async def test_appends_that_begin_together_are_all_written(log: KafkaLog, narrow: str) -> None:
    appender = log.appender()
    done = await asyncio.gather(*(appender.append([Outgoing(narrow, 0, b"key", b"x")]) for _ in range(10)))
    assert sorted(offsets[0] for offsets in done) == list(range(10))
    await appender.close()


async def test_a_member_knows_that_nothing_is_its_own(log: KafkaLog, kafka: str, narrow: str) -> None:
    async def from_the_start(partitions: frozenset[int]) -> Mapping[int, int]:
        return dict.fromkeys(partitions, 0)

    other = KafkaLog(KafkaSettings(kafka, "other"))
    await other.open()
    members = [await each.subscribe(narrow, f"{narrow}-group", from_the_start) for each in (log, other)]

    async def shared() -> bool:
        for member in members:
            await member.batch(1, 0.1)
        return all(m.joined() for m in members) and sorted(map(sorted, (m.assigned() for m in members))) == [[], [0]]

    assert not any(member.joined() for member in members)
    assert await soon(shared)
    for member in members:
        await member.close()
    await other.close()


def decide_at_length(state: Ticket, command: Ask) -> TicketEvent:
    """Decide like anybody else, but with a note comes more than a broker takes."""
    if command.wish == "note":
        return Noted(at=MONDAY, fact=1, basis=("x" * 2_000_000,))
    return decide_ticket(state, command)


AT_LENGTH: Decider[Ticket, Ask, TicketEvent] = Decider(TICKET.initial, decide_at_length, TICKET.evolve)


async def test_a_record_too_large_in_a_batch_keeps_none_of_the_others_from_counting(env: Environment) -> None:
    streams = [stream_in(0, which) for which in range(5)]
    wishes = ["open", "open", "note", "open", "open"]
    opened = [stream for stream, wish in zip(streams, wishes, strict=True) if wish == "open"]
    commands = [
        IssuedCommand(str(name_id(stream)), stream, Ask(MONDAY, wish, 1), "correlation")
        for stream, wish in zip(streams, wishes, strict=True)
    ]
    failed: list[tuple[str, Exception]] = []
    async with env.log() as log, env.tables(DESK_TICKETS) as tables:
        store = tables.stores[DESK_TICKETS.name]
        writer = Writer(
            topic=TICKETS,
            source="desk",
            deciders={"ticket": AT_LENGTH},
            codec=CODECS[TICKETS],
            log=log,
            store=store,
            clock=MovableClock(),
            gate=is_open,
            partitions=PARTITIONS,
        )
        async with running(ReaderLoop(log, store, Projector(DESK_TICKETS, Judge(CODECS[TICKETS])), "reader").run):
            answers = await apart(commands, writer.handle, lambda issued, error: failed.append((issued.stream, error)))
        await writer.close()
        assert sorted((await tables.contents(DESK_TICKETS)).heads) == sorted(opened)
    assert sorted(answer.issued.stream for answer in answers) == sorted(opened)
    assert [(stream, type(error)) for stream, error in failed] == [(streams[2], TooLarge)]


async def test_the_broker_says_what_time_it_is_by_its_stamp_within_two_bounds(
    log: KafkaLog, kafka: str, unique: str
) -> None:
    topic, real = f"{unique}.stamped", Clock()
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1, topic_configs={"message.timestamp.type": "LogAppendTime"})])
    assert log.broker_time() is None
    before = real.wall().timestamp()
    appender = log.appender()
    await appender.append([Outgoing(topic, 0, b"key", b"value")])
    await appender.close()
    told = log.broker_time()
    assert told is not None
    assert told.earliest <= told.latest
    assert abs(told.off(real.wall().timestamp())) < 0.01  # the stamp is in whole milliseconds
    assert before - 0.01 <= told.latest
    assert told.off(before - 3600) < -3590
    assert told.off(before + 3600) > 0
    await admin.delete_topics([topic])
    await admin.close()
