"""Writing: checked events, enveloped and acknowledged, at most 1,000 under way.

Against `send_and_wait` of bytes that are ready, by as many tasks; and how many commands a second are decided, appended,
read back and known to count. Costs are seconds an event.
"""

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaProducer

from libs.chassis.clock import Clock
from libs.decider import Decider
from libs.eventlog.commands import IssuedCommand
from libs.eventlog.kafka.appender import BATCH_BYTES
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.loops.writer import Writer
from libs.eventlog.ports import Appender, Store
from libs.eventlog.tables.database import Database
from libs.eventlog.wire.record import Head, Outgoing
from libs.messages.base import Event
from libs.messages.catalogue import STREAMS
from libs.messages.streams import partition_of
from tests.bench.history import WAVE, Said, waves
from tests.bench.rounds import Bar, Part, alternate, compare, seconds
from tests.bench.rows import projector
from tests.bench.stage import PARTITIONS, SOURCE, Stage, empty_store, outgoing

APPENDER, BARE, COUNTS = "append path", "bare send_and_wait", "command to counting event"
BARS = (Bar("checked events through the append path against bare send_and_wait", APPENDER, BARE, 1.0, 1.2),)
LANES = 2
SHARE = 10  # of the events asked for, one in so many is enough here


async def measure(stage: Stage) -> Part:
    """Write the same events again and again, each time to a topic of its own."""
    async with stage.log() as log:
        writing = Writing(stage, log, max(stage.events // SHARE, WAVE))
        race = {APPENDER: writing.append, BARE: writing.bare, COUNTS: writing.until_it_counts}
        costs = await alternate(stage.rounds, race)
    rates = {name: f"{1 / max(of):,.0f} to {1 / min(of):,.0f} events/s" for name, of in costs.items()}
    return Part("writing", compare(costs, BARS), {"events": f"{writing.events:,}", **rates})


class Writing:
    """The competitors."""

    def __init__(self, stage: Stage, log: KafkaLog, events: int) -> None:
        self._stage, self._log, self._waves = stage, log, list(waves(events))
        self._lanes = [[_in_lane(number, wave) for wave in self._waves] for number in range(LANES)]
        self.events = sum(map(len, self._waves))

    async def append(self) -> float:
        """Check, envelope and append; half a wave is made ready while the other half is under way."""
        return await self._into_a_topic(self._append)

    async def bare(self) -> float:
        """Send keys and values that were made ready before."""
        heads = dict[str, Head]()
        ready = [outgoing("", PARTITIONS, said, heads) for wave in self._waves for said in wave]
        return await self._into_a_topic(lambda topic: self._send_all(topic, ready))

    async def until_it_counts(self) -> float:
        """Have a writer handle commands, with its own reader on the same topic in this process."""
        return await self._into_a_topic(self._handle_all)

    async def _into_a_topic(self, write: Callable[[str], Coroutine[Any, Any, float]]) -> float:
        topic = await self._stage.topic()
        cost = await write(topic)
        written = sum((await self._log.ends(topic)).values())
        if written != self.events:
            raise ValueError(f"{written} of {self.events} were written")
        return cost / self.events

    async def _append(self, topic: str) -> float:
        appender = self._log.appender()
        cost = await seconds(asyncio.gather(*(_append_all(appender, topic, lane) for lane in self._lanes)))
        await appender.close()
        return cost

    async def _send_all(self, topic: str, ready: list[Outgoing]) -> float:
        producer = AIOKafkaProducer(bootstrap_servers=self._stage.kafka, acks="all", max_batch_size=BATCH_BYTES)
        await producer.start()
        left = iter(ready)
        cost = await seconds(asyncio.gather(*(_send(producer, topic, left) for _ in range(WAVE))))
        await producer.stop()
        return cost

    async def _handle_all(self, topic: str) -> float:
        async with self._stage.database() as name:
            database = Database(self._stage.postgres, name)
            await database.open()
            store = await empty_store(database, projector(topic, PARTITIONS).reader)
            loop = ReaderLoop(self._log, store, projector(topic, PARTITIONS), f"bench-{secrets.token_hex(4)}")
            reading, writer = asyncio.create_task(loop.run()), self._writer(topic, store)
            cost = await seconds(self._handle(writer))
            reading.cancel()
            await asyncio.wait([reading])
            await writer.close()
            await database.close()
        return cost

    def _writer(self, topic: str, store: Store) -> Writer:
        return Writer(
            topic=topic,
            source=SOURCE,
            deciders=dict.fromkeys(STREAMS, _SAYS),
            codec=projector(topic, PARTITIONS).judge.codec,
            log=self._log,
            store=store,
            clock=Clock(),
            gate=_open,
            partitions=PARTITIONS,
        )

    async def _handle(self, writer: Writer) -> None:
        for wave in self._waves:
            answers = await writer.handle([_request(said) for said in wave])
            if any(answer.event is None or answer.event.causationid != answer.issued.id for answer in answers):
                raise ValueError("an answer is not the command's own event")


def _in_lane(number: int, wave: list[Said]) -> list[Said]:
    return [said for said in wave if partition_of(said.stream, PARTITIONS) % LANES == number]


async def _append_all(appender: Appender, topic: str, lane: list[list[Said]]) -> None:
    heads = dict[str, Head]()
    for part in lane:
        await appender.append([outgoing(topic, PARTITIONS, said, heads) for said in part])


async def _send(producer: AIOKafkaProducer, topic: str, left: Iterator[Outgoing]) -> None:
    for out in left:
        await producer.send_and_wait(topic, out.value, key=out.key, headers=list(out.headers))


@dataclass(frozen=True)
class Say:
    """Leave this event."""

    occurred_at: datetime
    event: Event


def _request(said: Said) -> IssuedCommand:
    command = Say(said.at, said.model.model_validate(said.fields))
    return IssuedCommand(said.command, said.stream, command, said.command)


_SAYS: Decider[None, Say, Event] = Decider(None, lambda _, say: say.event, lambda _, __: None)


async def _open() -> None:
    """Be a gate that is open."""
