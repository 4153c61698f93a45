"""A door that accepts whatever it can read, with a client that writes to it what no library would."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from msgspec import Raw

from libs.chassis.clock import Clock
from libs.eventlog.commands import IssuedCommand
from libs.eventlog.errors import Unreadable
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.topics import TopicAdmin, load_cards
from libs.eventlog.loops.door import Door, DoorLoop
from libs.eventlog.loops.writer import Answer
from libs.eventlog.wire.cloudevents import Message, parse
from libs.eventlog.wire.receipts import dead_letters_of, receipt, receipts_of, unreadable
from libs.eventlog.wire.record import Outgoing, Record, RecordedEvent
from libs.messages.catalogue import TICKETS_DOOR, UPSTREAM
from libs.messages.receipts import DeadLetter, Outcome, Receipt
from tests.support import eventually

CARDS = load_cards(Path(__file__).parents[3] / "contracts" / "topics")
OPENED = RecordedEvent(
    id="0a0f6c5e-6d0e-5a64-9a43-5f1f7b6f1c55",
    type="olcare.TicketOpened.v1",
    stream="ticket/crm-eu/4711",
    time=datetime(2026, 11, 24, 8, 30, tzinfo=UTC),
    sequence_text="0000000001",
    recordedtime=datetime(2026, 11, 24, 8, 30, tzinfo=UTC),
    causationid="7c2f1d7e-1f64-5a0e-8f3a-2f1f7b6f1c55",
    correlationid="crm-70",
    source="olcare/intake",
    raw=Raw(b"{}"),
)

NOT_YET = {3, 6}  # says a broker that has not heard of its new topic


class OpenDoor:
    """One door and its topics, of one partition each."""

    def __init__(self, kafka: str, name: str) -> None:
        self.topic, self.group = f"{name}.in.v1", f"{name}.door"
        self.log = KafkaLog(KafkaSettings(kafka, name))
        self.client = AIOKafkaClient(bootstrap_servers=kafka)

    async def send(self, raw: bytes) -> int:
        """Ask the broker to take a batch as it is; gives its error code, 0 for none."""

        async def answered() -> tuple[int]:
            leader = self.client.cluster.leader_for_partition(TopicPartition(self.topic, 0))
            request = ProduceRequest(None, -1, 10_000, [(self.topic, [(0, raw)])])
            [(_, [(_, code, *_)])] = (await self.client.send(leader, request)).topics
            assert code not in NOT_YET
            return (code,)

        answer: tuple[int] = await eventually(answered)
        return answer[0]

    async def receipts(self, count: int) -> list[Receipt]:
        """Wait for so many, at least one."""
        written = await self._written(receipts_of(self.topic), count)
        return [Receipt.model_validate_json(record.value or b"") for record in written]

    async def letters(self, count: int) -> list[DeadLetter]:
        """Wait for so many, at least one."""
        written = await self._written(dead_letters_of(self.topic), count)
        return [DeadLetter.model_validate_json(record.value or b"") for record in written]

    async def committed(self, count: int) -> int:
        """Wait for the committed offset to be after so many records."""

        async def there() -> int:
            offset = (await self.log.committed_offsets(self.group, self.topic)).get(0, 0)
            assert offset >= count
            return offset

        offset: int = await eventually(there)
        return offset

    async def _written(self, topic: str, count: int) -> list[Record]:
        async def there() -> list[Record]:
            until = (await self.log.ends(topic))[0]
            assert until >= count
            return [record async for records in self.log.scan(topic, 0, until) for record in records]

        found: list[Record] = await eventually(there)
        return found


@asynccontextmanager
async def open_door(kafka: str, name: str) -> AsyncIterator[OpenDoor]:
    """Make the topics and serve the door; a loop that ended by itself fails the test."""
    door = OpenDoor(kafka, name)
    names = {TICKETS_DOOR: door.topic}
    names |= {of(TICKETS_DOOR): of(door.topic) for of in (receipts_of, dead_letters_of)}
    async with TopicAdmin(kafka) as admin:
        await admin.create(replace(CARDS[card], topic=topic, partitions=1) for card, topic in names.items())
    await door.log.open()
    await door.client.bootstrap()
    await door.client._wait_on_metadata(door.topic)
    loop = DoorLoop(
        *(door.log, Clock(), _nothing, _Opening(door.topic), door.group), subscribe=door.log.subscribe_by_faststream
    )
    serving = asyncio.create_task(loop.run())
    try:
        yield door
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
        await door.client.close()
        await door.log.close()


class _Opening(Door[Message]):
    """Takes whatever can be read for a ticket that was opened."""

    def __init__(self, topic: str) -> None:
        self.topic = topic

    def read(self, record: Record) -> Message:
        return parse(record.value, record.headers, UPSTREAM[TICKETS_DOOR])

    async def issue(self, read: Sequence[tuple[Record, Message]]) -> Sequence[IssuedCommand]:
        return [IssuedCommand(message.id, message.subject, None, message.id) for _, message in read]

    async def answer(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        return [Answer(issued, OPENED) for issued in commands]

    def receipt(self, record: Record, message: Message, answer: Answer) -> Outgoing:
        assert answer.event is not None, message
        return receipt(record, Outcome.ACCEPTED, answer.event)

    def dead(self, record: Record, why: Unreadable) -> Sequence[Outgoing]:
        return unreadable(record, why, 1)


async def _nothing() -> None: ...
