"""A member of a consumer group: offsets are only explicit, and errors during a rebalance reach the caller."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError
from aiokafka.structs import OffsetAndMetadata

from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.commits import metadata_of
from libs.eventlog.kafka.connection import LARGEST_REQUEST, MOMENT, KafkaSettings, begun, ended, within
from libs.eventlog.kafka.long_polls import WAIT, LongPolls
from libs.eventlog.ports import NO_REMARKS, Identity, OnAssigned
from libs.eventlog.wire.record import Record

GetMany = Callable[..., Awaitable[Mapping[TopicPartition, Sequence[Any]]]]


def record_of(message: Any) -> Record:
    """Convert aiokafka's record to ours."""
    return Record(
        message.topic,
        message.partition,
        message.offset,
        message.key,
        message.value,
        message.headers,
        message.timestamp,
    )


class KafkaSubscription(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka ships no types
    """One topic of a group. A rebalance is completed inside `batch`, so that its errors reach the caller."""

    def __init__(
        self,
        settings: KafkaSettings,
        topic: str,
        group: str,
        on_assigned: OnAssigned,
        identity: Callable[[], Awaitable[Identity]],
    ) -> None:
        """Make it; with each commit goes the id that `identity` gives the topic when partitions are taken over."""
        self._settings, self._topic, self._group, self._on_assigned = settings, topic, group, on_assigned
        self._identity = identity
        self._noted = ""
        self._handed: set[TopicPartition] | None = None
        self._joined = False
        self._idle = asyncio.Event()
        self._consumer: Any = None
        self._polls: LongPolls | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Connect and join; raises Unavailable."""
        self._idle.set()
        self._prepare()
        await within(self._settings.patience, partial(begun, self._join), f"joining {self._group}")

    def _membership(self) -> dict[str, Any]:
        """What makes a static member of a consumer."""
        member, session = f"{self._settings.instance}-{self._group}", int(self._settings.session * 1000)
        return {
            "group_id": self._group,
            "group_instance_id": member,
            "isolation_level": "read_committed",  # upstream systems may write in transactions; we do not
            "session_timeout_ms": session,
            "heartbeat_interval_ms": session // 5,
            "rebalance_timeout_ms": session,
            "max_poll_interval_ms": 300_000,
            "fetch_max_wait_ms": int(WAIT * 1000),
            "consumer_timeout_ms": int(WAIT * 1000),
            "max_partition_fetch_bytes": LARGEST_REQUEST,
        }

    def _prepare(self) -> None:
        self._consumer = AIOKafkaConsumer(
            client_id=f"{self._settings.instance}-{self._group}",
            enable_auto_commit=False,
            auto_offset_reset="none",
            **self._membership(),
            **self._settings.connection(),
        )

    async def _join(self) -> None:
        await self._consumer.start()
        self._polls = LongPolls(self._consumer)
        self._consumer.subscribe([self._topic], listener=self)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Pause new partitions until their start offsets are known."""
        self._consumer.pause(*assigned)
        self._handed = set(assigned)
        self._joined = True
        self._wake()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002 - all of them
        """Wait for the batch in progress, at most a third of the session timeout."""
        self._joined = False
        try:
            async with asyncio.timeout(self._settings.session / 3):
                await self._idle.wait()
        except TimeoutError:
            return  # the next owner's epoch fences our batch

    async def batch(self, most: int, wait: float) -> Mapping[int, Sequence[Record]]:
        """The records available, by partition; empty during a rebalance, and at the ends of transactions.

        Raises Unavailable.
        """
        self._idle.set()
        try:
            await self._take_over()
            got = await self._fetch(most, wait)
        except NoOffsetForPartitionError:
            return {}  # a newly assigned partition: `_take_over` sets its offset
        except KafkaError as error:
            raise Unavailable(f"{self._group}: {type(error).__name__} {error}") from error
        if self._handed is not None:
            return {}
        if got:
            self._idle.clear()
        return {partition: [record_of(m) for m in messages] for partition, messages in got.items()}

    async def _fetch(self, most: int, wait: float) -> Mapping[int, Sequence[Any]]:
        got = await self._fetched(self._consumer.getmany, most, lambda: wait if self._handed is None else 0)
        return {tp.partition: messages for tp, messages in got.items()}

    async def _fetched(
        self, getmany: GetMany, most: int | None, patience: Callable[[], float]
    ) -> Mapping[TopicPartition, Sequence[Any]]:
        """What is there, or comes within so many seconds; where the end of a transaction comes or `_wake`, nothing."""
        got = await getmany(timeout_ms=0, max_records=most)
        if got or not (wait := patience()):  # asked for now: partitions may have been handed over meanwhile
            return got
        self._waiter = waiter = self._consumer._fetcher._create_fetch_waiter()  # noqa: SLF001 - as getmany waits itself
        await asyncio.wait([waiter], timeout=wait)
        if not waiter.cancel():
            waiter.result()  # raises what the coordinator has against us
        return await getmany(timeout_ms=0, max_records=most)

    def _wake(self) -> None:
        """Have `_fetch` return: there is a hand-over to be made."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _forget(self) -> None:
        """Forget what was fetched and not returned: it is read again from where `on_assigned` said."""

    async def commit(self, offsets: Mapping[int, int], remarks: Mapping[int, str] = NO_REMARKS) -> None:
        """Commit the next offset of each partition for the group, with a remark and the topic; raises Unavailable."""
        committed = {
            TopicPartition(self._topic, p): OffsetAndMetadata(at, metadata_of(self._noted, remarks.get(p, "")))
            for p, at in offsets.items()
        }
        await within(self._settings.patience, lambda: self._consumer.commit(committed), f"offsets of {self._group}")

    async def passed(self) -> Mapping[int, int]:
        """The next offset of each partition, after the ends of transactions and their aborted records."""
        if self._handed is not None:
            return {}
        try:
            async with asyncio.timeout(MOMENT):  # what is handed over meanwhile has no position before the next batch
                return {tp.partition: await self._consumer.position(tp) for tp in self._consumer.assignment()}
        except (KafkaError, TimeoutError):
            return {}  # a rebalance is under way

    def assigned(self) -> frozenset[int]:
        """Name the partitions that are ours now."""
        return frozenset(tp.partition for tp in self._consumer.assignment())

    def joined(self) -> bool:
        """Whether the group has told us what is ours, though it may be nothing; not during a rebalance."""
        return self._joined

    def again(self) -> None:
        """Call `on_assigned` again for all our partitions before the next batch."""
        ours = self._consumer.assignment()
        self._consumer.pause(*ours)
        self._handed = set(ours)  # a new set each time, by which `_take_over` notices a change while it waited
        self._wake()

    async def close(self) -> None:
        """Stop without leaving the group: a static member that returns before its session ends keeps its partitions."""
        self._idle.set()
        if self._polls:
            self._polls.hang_up()
        if self._consumer:
            await ended(self._consumer.stop)

    async def _take_over(self) -> None:
        while (handed := self._handed) is not None:
            self._noted = (await self._identity()).topic
            offsets = await self._on_assigned(frozenset(tp.partition for tp in handed))
            if self._handed is not handed:
                continue
            readable = [tp for tp in handed if tp.partition in offsets]
            for tp in handed:  # a partition without a position would block the fetches of the others
                self._consumer.seek(tp, offsets.get(tp.partition, 0))
            self._forget()
            if self._polls:
                self._polls.give_up()
            self._consumer.resume(*readable)
            self._handed = None
