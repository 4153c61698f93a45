"""The log on Apache Kafka, by aiokafka.

What aiokafka does by default and is turned off here: committing by itself, starting at the latest record, acknowledging
by one replica. What it does not do: bound the time of an idempotent send, tell the loop of a failed rebalance listener,
get past a record that it can not decode (`tolerant.py`).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, zip_longest
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, NoOffsetForPartitionError
from aiokafka.structs import OffsetAndMetadata

from libs.eventlog.errors import Unavailable, unavailable
from libs.eventlog.ports import ACKNOWLEDGED, UNKNOWN, Appender, Identity, OnAssigned, Place
from libs.eventlog.record import Outgoing, Record
from libs.eventlog.scan import scan
from libs.eventlog.tolerant import read_everything
from libs.eventlog.topic_id import TopicIdRequest, topic_ids

T = TypeVar("T")
BATCH_BYTES = 1 << 18
RETRY = 0.05  # machine seconds
MOMENT = 1.0  # machine seconds
NEAR = 1000  # records; a fetch holds about so many
LARGEST_REQUEST = 4 << 20  # bytes; a dead letter holds a whole record in base64


@dataclass(frozen=True)
class KafkaSettings:
    """How to reach the broker; times in machine seconds."""

    bootstrap: str
    instance: str
    session: float = 10.0
    patience: float = 15.0
    """How long one call may take before the broker counts as unreachable."""


async def within(seconds: float, call: Callable[[], Awaitable[T]], what: str) -> T:
    """Call the broker, again while it asks for that (a coordinator moves, a leader is elected); else Unavailable."""
    try:
        async with asyncio.timeout(seconds):
            return await _while_retriable(call)
    except TimeoutError as error:
        raise Unavailable(f"{what}: no answer from Kafka within {seconds:.0f} s") from error
    except (KafkaError, OSError) as error:
        raise unavailable(what, error) from error


async def begun(start: Callable[[], Awaitable[None]]) -> None:
    """Start a client of aiokafka: cancelled in its midst it leaves a connection open, so it gets a moment to end."""
    starting = asyncio.ensure_future(start())
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait([starting], timeout=MOMENT)
        starting.cancel()
        await asyncio.wait([starting])
        _look(starting)
        raise


async def ended(stop: Callable[[], Awaitable[None]]) -> None:
    """Stop a client of aiokafka: a task of it that has not begun yet would let its own cancelling out to us."""
    await asyncio.sleep(0)
    await stop()


async def _while_retriable(call: Callable[[], Awaitable[T]]) -> T:
    while True:
        try:
            return await call()
        except KafkaError as error:
            if not error.retriable:
                raise
            await asyncio.sleep(RETRY)


class KafkaLog:
    """The topics of one cluster; `open` before use, `close` after."""

    def __init__(self, settings: KafkaSettings) -> None:
        read_everything()
        self._settings = settings
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.bootstrap,
            client_id=f"{settings.instance}-look",
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=LARGEST_REQUEST,
        )
        self._admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap, client_id=f"{settings.instance}-ask")
        self._coordinators: dict[str, int] = {}
        self._heard: tuple[float, float] | None = None

    async def open(self) -> None:
        """Connect; raises Unavailable."""
        await within(self._settings.patience, partial(begun, self._consumer.start), "connecting")
        await within(self._settings.patience, partial(begun, self._admin.start), "connecting")

    async def close(self) -> None:
        """Disconnect."""
        await ended(self._consumer.stop)
        await self._admin.close()

    async def partitions(self, topic: str) -> list[int]:
        """Name the partitions of a topic; raises Unavailable where there is no such topic."""
        client = self._consumer._client  # noqa: SLF001 - its public face does not fetch
        await within(self._settings.patience, lambda: client._wait_on_metadata(topic), topic)  # noqa: SLF001
        return sorted(self._consumer.partitions_for_topic(topic) or ())

    async def ends(self, topic: str) -> Mapping[int, int]:
        """Give the offset after the last record of each partition."""
        return (await self.ends_of([topic]))[topic]

    async def ends_of(self, topics: Iterable[str]) -> Mapping[str, Mapping[int, int]]:
        """Give the ends of several topics, in one request."""
        return await self._offsets(topics, self._consumer.end_offsets)

    async def starts(self, topic: str) -> Mapping[int, int]:
        """Give the offset of the first record that is still there."""
        return (await self._offsets([topic], self._consumer.beginning_offsets))[topic]

    async def _offsets(self, topics: Iterable[str], ask: Any) -> Mapping[str, Mapping[int, int]]:
        wanted = [TopicPartition(topic, p) for topic in topics for p in await self.partitions(topic)]
        found = await within(self._settings.patience, lambda: ask(wanted), "offsets")
        by_topic: dict[str, dict[int, int]] = {}
        for place, offset in found.items():
            by_topic.setdefault(place.topic, {})[place.partition] = offset
        return by_topic

    async def places(self, group: str, topic: str) -> Mapping[int, int]:
        """Give the committed offsets of a group."""
        found = await within(self._settings.patience, lambda: self._places(group), f"places of {group}")
        return {tp.partition: at.offset for tp, at in found.items() if tp.topic == topic and at.offset >= 0}

    async def _places(self, group: str) -> Mapping[TopicPartition, Any]:
        """Ask the group's coordinator, whose name is kept until it turns out to be another broker."""
        if group not in self._coordinators:
            self._coordinators[group] = await self._admin.find_coordinator(group)
        try:
            found: Mapping[TopicPartition, Any] = await self._admin.list_consumer_group_offsets(
                group, self._coordinators[group]
            )
        except (KafkaError, ValueError):
            del self._coordinators[group]
            raise
        return found

    async def records(self, topic: str, places: Iterable[Place]) -> Mapping[Place, Record]:
        """Read records back, those that stand near each other at once; raises Unavailable where one is not there."""
        wanted, found = set(places), dict[Place, Record]()
        for first, last in _near(sorted(wanted)):
            async for records in self.scan(topic, first.partition, last.offset + 1, first.offset):
                found.update({at: r for r in records if (at := Place(r.partition, r.offset)) in wanted})
        if missing := wanted - found.keys():
            raise Unavailable(f"{topic} has no record at {min(missing)}")
        return found

    async def identity(self, topic: str) -> Identity:
        """Name the cluster and the topic's incarnation."""
        client = self._admin._client  # noqa: SLF001 - the admin client has no call for topic ids
        request = TopicIdRequest([topic])
        ask = partial(client.send, client.get_random_node(), request)
        response = await within(self._settings.patience, ask, f"id of {topic}")
        ids = topic_ids(response)
        if topic not in ids:
            raise Unavailable(f"{topic} does not exist; `olcare topics create` makes it")
        return Identity(response.cluster_id, str(ids[topic]))

    def scan(self, topic: str, partition: int, until: int, start: int = 0) -> AsyncIterator[Sequence[Record]]:
        """Give the records with offsets from `start` to below `until`, in order."""
        place = TopicPartition(topic, partition)
        ask = partial(within, self._settings.patience, what=f"reading {place}")
        return scan(self._consumer._client, place, start, until, ask)  # noqa: SLF001 - its public face is slower

    def appender(self) -> Appender:
        """Give a producer of one's own."""
        return KafkaAppender(self._settings, self._hear)

    def _hear(self, broker: float) -> None:
        self._heard = (broker, asyncio.get_running_loop().time())

    def broker_time(self) -> float | None:
        """Give the broker's time in seconds of the epoch, by its last acknowledgement; None before the first."""
        if self._heard is None:
            return None
        broker, at = self._heard
        return broker + asyncio.get_running_loop().time() - at

    async def subscribe(self, topic: str, group: str, on_assigned: OnAssigned) -> "KafkaSubscription":
        """Join a group as a static member."""
        subscription = KafkaSubscription(self._settings, topic, group, on_assigned)
        try:
            await subscription.open()
        except BaseException:  # whatever ends us while we join: nobody else will let go of the broker
            await subscription.close()
            raise
        return subscription


def _near(places: Sequence[Place]) -> Iterator[tuple[Place, Place]]:
    """Give the first and the last of those that stand near each other in a partition."""
    first: Place | None = None
    for place, after in zip_longest(places, places[1:]):
        first = first or place
        if after is None or after.partition != place.partition or after.offset - place.offset > NEAR:
            yield first, place
            first = None


def record_of(message: Any) -> Record:
    """Take aiokafka's record as ours."""
    return Record(
        message.topic,
        message.partition,
        message.offset,
        message.key,
        message.value,
        message.headers,
        message.timestamp,
    )


class KafkaAppender:
    """An idempotent producer; after anything that failed or is not known it is closed and another one made."""

    def __init__(self, settings: KafkaSettings, hear: Callable[[float], None] = lambda _: None) -> None:
        self._settings, self._hear = settings, hear
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def append(self, batch: Sequence[Outgoing]) -> Sequence[int]:
        """Write in shared batches, in order within a partition; give each record's offset, ACKNOWLEDGED or UNKNOWN."""
        offsets = [UNKNOWN] * len(batch)
        if not batch:
            return offsets
        try:
            async with asyncio.timeout(self._settings.patience):
                sent = await self._send(batch)
        except (KafkaError, TimeoutError, ValueError):
            await self._renew()
            return offsets
        await asyncio.wait([future for future, _ in sent], timeout=self._settings.patience)
        for future, places in sent:
            if future.done() and not future.cancelled() and future.exception() is None:
                base = future.result().offset
                self._hear(future.result().timestamp / 1000)
                for at, place in enumerate(places):
                    offsets[place] = base + at if base >= 0 else ACKNOWLEDGED
        if UNKNOWN in offsets:
            await self._renew()
        return offsets

    async def close(self) -> None:
        """Let go of the broker."""
        await self._renew()

    async def _send(self, batch: Sequence[Outgoing]) -> list[tuple[asyncio.Future[Any], list[int]]]:
        async with self._starting:
            producer = await self._started()
        by_partition: dict[tuple[str, int], list[int]] = {}
        for at, out in enumerate(batch):
            by_partition.setdefault((out.topic, out.partition), []).append(at)
        sent: list[tuple[asyncio.Future[Any], list[int]]] = []
        for (topic, partition), places in by_partition.items():
            for builder, chunk in _builders(producer, batch, places):
                future = await producer.send_batch(builder, topic, partition=partition)
                future.add_done_callback(_look)
                sent.append((future, chunk))
        return sent

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._settings.bootstrap,
                client_id=f"{self._settings.instance}-write",
                enable_idempotence=True,
                max_batch_size=BATCH_BYTES,
                max_request_size=LARGEST_REQUEST,
                request_timeout_ms=int(self._settings.patience * 1000),
            )
            try:
                await begun(producer.start)
            except BaseException:  # whatever ends it, cancellation included: nobody else knows this one
                await _let_go(producer)
                raise
            self._producer = producer
        return self._producer

    async def _renew(self) -> None:
        """Drop the producer without waiting for what it still holds: what is not known to count is decided again."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.patience):
                    await _let_go(producer)


async def _let_go(producer: AIOKafkaProducer) -> None:
    """Close a producer; its stop() would wait for the broker to take what is pending."""
    producer._closed = True  # noqa: SLF001
    for connection in tuple(producer.client._conns.values()):  # noqa: SLF001
        connection.close()  # ends the requests under way, which the sender waits for
    if producer._sender.sender_task is not None:  # noqa: SLF001
        await ended(producer._sender.close)  # noqa: SLF001
    _fail_all(producer._message_accumulator)  # noqa: SLF001
    await producer.client.close()


def _fail_all(accumulator: Any) -> None:
    """Let go of every batch; whoever waits for one, or for room behind it, learns that at once."""
    batches = {*accumulator._pending_batches, *chain.from_iterable(accumulator._batches.values())}  # noqa: SLF001
    accumulator._pending_batches.update(batches)  # noqa: SLF001 - each takes itself out of there
    accumulator.fail_all(KafkaError("the producer is closed"))
    for batch in batches:
        _look(batch._drain_waiter)  # noqa: SLF001


def _look(future: asyncio.Future[Any]) -> None:
    """Take note of what became of a batch: nobody may be waiting for it any more."""
    if not future.cancelled():
        future.exception()


def _builders(
    producer: AIOKafkaProducer, batch: Sequence[Outgoing], places: list[int]
) -> Iterable[tuple[Any, list[int]]]:
    """Fill shared batches of one partition; a record that fits in none of its own raises ValueError."""
    builder, chunk = producer.create_batch(), list[int]()
    for place in places:
        out = batch[place]
        headers = list(out.headers)
        if builder.append(key=out.key, value=out.value, timestamp=None, headers=headers) is None:
            if not chunk:
                raise ValueError(f"a record of {len(out.value or b'')} bytes fits in no batch")
            yield builder, chunk
            builder, chunk = producer.create_batch(), []
            if builder.append(key=out.key, value=out.value, timestamp=None, headers=headers) is None:
                raise ValueError(f"a record of {len(out.value or b'')} bytes fits in no batch")
        chunk.append(place)
    yield builder, chunk


class KafkaSubscription(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka ships no types
    """One topic of a group. A change of hands is settled inside `batch`, so that its failures reach the caller."""

    def __init__(self, settings: KafkaSettings, topic: str, group: str, on_assigned: OnAssigned) -> None:
        self._settings, self._topic, self._group, self._on_assigned = settings, topic, group, on_assigned
        self._handed: set[TopicPartition] | None = None
        self._idle = asyncio.Event()
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.bootstrap,
            group_id=group,
            group_instance_id=f"{settings.instance}-{group}",
            client_id=f"{settings.instance}-{group}",
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",  # upstream systems may write in transactions; we do not
            session_timeout_ms=int(settings.session * 1000),
            heartbeat_interval_ms=int(settings.session * 1000 / 5),
            rebalance_timeout_ms=int(settings.session * 1000),
            max_poll_interval_ms=300_000,
            fetch_max_wait_ms=500,
            max_partition_fetch_bytes=LARGEST_REQUEST,
        )

    async def open(self) -> None:
        """Connect and join; raises Unavailable."""
        await within(self._settings.patience, partial(begun, self._consumer.start), f"joining {self._group}")
        self._consumer.subscribe([self._topic], listener=self)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Hold what is new until the place to start from is known."""
        self._consumer.pause(*assigned)
        self._handed = set(assigned)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002 - all of them
        """Let the batch in hand be finished, for a while."""
        try:
            async with asyncio.timeout(self._settings.session / 3):
                await self._idle.wait()
        except TimeoutError:
            return  # the next owner's epoch keeps our batch out

    async def batch(self, most: int, wait: float) -> Mapping[int, Sequence[Record]]:
        """Give what is there, by partition; empty while partitions change hands."""
        self._idle.set()
        try:
            await self._settle()
            got = await self._consumer.getmany(timeout_ms=int(wait * 1000), max_records=most)
        except NoOffsetForPartitionError:
            return {}  # a partition that has just been handed to us: its place is set when we settle
        except KafkaError as error:
            raise Unavailable(f"{self._group}: {type(error).__name__} {error}") from error
        if self._handed is not None:
            return {}
        if got:
            self._idle.clear()
        return {tp.partition: [record_of(m) for m in messages] for tp, messages in got.items()}

    async def commit(self, places: Mapping[int, int]) -> None:
        """Keep the next offsets as the group's places; raises Unavailable."""
        offsets = {TopicPartition(self._topic, p): OffsetAndMetadata(at, "") for p, at in places.items()}
        await within(self._settings.patience, lambda: self._consumer.commit(offsets), f"place of {self._group}")

    async def passed(self) -> Mapping[int, int]:
        """Give the next offset of each partition, behind the ends of transactions and what was aborted in them."""
        if self._handed is not None:
            return {}
        try:
            return {tp.partition: await self._consumer.position(tp) for tp in self._consumer.assignment()}
        except KafkaError:
            return {}  # partitions change hands

    def assigned(self) -> frozenset[int]:
        """Name the partitions that are ours now."""
        return frozenset(tp.partition for tp in self._consumer.assignment())

    def again(self) -> None:
        """Ask `on_assigned` anew for all our partitions before the next batch."""
        ours = self._consumer.assignment()
        self._consumer.pause(*ours)
        self._handed = set(ours)  # another object each time: `_settle` notices what came while it waited

    async def close(self) -> None:
        """Leave without telling: a static member that comes back in time gets its partitions again."""
        self._idle.set()
        await ended(self._consumer.stop)

    async def _settle(self) -> None:
        while (handed := self._handed) is not None:
            offsets = await self._on_assigned(frozenset(tp.partition for tp in handed))
            if self._handed is not handed:
                continue
            readable = [place for place in handed if place.partition in offsets]
            for place in handed:  # one without a place would keep the others from being read
                self._consumer.seek(place, offsets.get(place.partition, 0))
            self._consumer.resume(*readable)
            self._handed = None
