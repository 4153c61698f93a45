"""Fills empty partitions with records at the offsets that they had elsewhere.

A broker gives out offsets one after the other, so those that nothing stands at have to be used up: by records of a
transaction that is aborted, and by its end. No reader is given them, as none is given what compaction removed.

What was written before a restart stays: one begins at the end of the partition, wherever that is. A transaction that
was under way then is ended first; its end lies within the gap that it was to fill.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple, Self

from aiokafka import TopicPartition
from aiokafka.errors import ConcurrentTransactions, KafkaError
from aiokafka.protocol.admin import DeleteRecordsRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import AddPartitionsToTxnRequest, EndTxnRequest, InitProducerIdRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder, _DefaultRecordBatchBuilderPy

from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.appender import BATCH_BYTES
from libs.eventlog.kafka.brokers import Address
from libs.eventlog.kafka.client import TRANSACTIONS, KafkaClient
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.stored import StoredRecord

PATIENCE = 120.0  # machine seconds that one call may take: the first transaction has a broker make a topic for it
LOOK = 0.005  # machine seconds between two looks at the end of a partition
ALL_REPLICAS = -1
SENDERS_TIME = -1  # in place of a broker's stamp
TRANSACTION = "olcare-restore"
"""The name under which transactions are made: two that fill partitions at a time would end each other's."""
TRANSACTION_MS = 60_000
FILLERS = 100_000  # records of a transaction; each takes nine bytes, before they are compressed
NOTHING, ZSTD = 0, 4  # codecs
V2 = 2  # of the format of batches
SEQUENCES = 1 << 31  # after which they begin at 0 again


class _StillEnding(KafkaError):  # type: ignore[misc] # noqa: N818 - it says what is; aiokafka ships no types
    """The transaction before is still being ended: asked again."""

    retriable = True


class _Producer(NamedTuple):
    id: int
    epoch: int


class Refill:
    """Fills partitions that nobody else writes to; every call raises Unavailable where the brokers do not do it."""

    def __init__(self, kafka: Address) -> None:
        settings = KafkaSettings(kafka, "olcare", patience=PATIENCE)
        self._client, self._log = KafkaClient(settings, "refill"), KafkaLog(settings)
        self._plain = self._aborting = _Producer(-1, -1)
        self._sequences: dict[tuple[_Producer, TopicPartition], int] = {}

    async def __aenter__(self) -> Self:
        """Connect, and end a transaction that was under way; raises Unavailable."""
        try:
            await self._client.open_now()
            await self._log.open()
            self._plain = _producer(await self._client.ask_any(InitProducerIdRequest(None, TRANSACTION_MS), "writing"))
            begin = InitProducerIdRequest(TRANSACTION, TRANSACTION_MS)
            self._aborting = _producer(await self._of_transaction(begin))
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._log.close()
        await self._client.close()

    async def fill(
        self,
        tp: TopicPartition,
        records: Iterable[StoredRecord],
        end: int,
        bare_from: int,
        tell: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Write those records that are not there yet, at their offsets, and use up all others below `end`.

        From `bare_from` on, gaps are made of ends of transactions alone, one for each offset: for topics of which some
        readers are given what transactions took back. `tell` is told the offset that follows what is written. Raises
        ValueError where somebody else writes there.
        """
        at = (await self._log.high_watermarks(tp.topic))[tp.partition]
        for batch in _batches(record for record in records if record.offset >= at):
            await self._use_up(tp, at, batch[0].offset, bare_from)
            await self._write(tp, self._plain, batch, batch[0].offset)
            tell(at := batch[-1].offset + 1)
        await self._use_up(tp, at, end, bare_from)

    async def trim(self, tp: TopicPartition, start: int) -> None:
        """Let a partition begin at an offset."""
        request = DeleteRecordsRequest([(tp.topic, [(tp.partition, start)])], int(PATIENCE * 1000))
        await self._client.ask_leader(tp, request, f"trimming {tp}")

    async def _use_up(self, tp: TopicPartition, at: int, until: int, bare_from: int) -> None:
        while at < until:
            number = min(max(bare_from, at + 1), until) - at
            fillers = 0 if at >= bare_from else min(number - 1, FILLERS)
            at = await self._abort(tp, at, fillers)

    async def _abort(self, tp: TopicPartition, at: int, fillers: int) -> int:
        """Write so many records and take them back; gives the offset after the transaction's end."""
        who, topics = self._aborting, [(tp.topic, [tp.partition])]
        await self._of_transaction(AddPartitionsToTxnRequest(TRANSACTION, *who, topics))
        if fillers:
            await self._write(tp, who, [_FILLER] * fillers, at)
        await self._of_transaction(EndTxnRequest(TRANSACTION, *who, False))  # noqa: FBT003 - the order of the protocol
        await self._ends_at(tp, at + fillers + 1)
        return at + fillers + 1

    async def _ends_at(self, tp: TopicPartition, wanted: int) -> None:
        """Return once the end of a transaction is written, which is some time after it was promised."""
        try:
            async with asyncio.timeout(PATIENCE):
                while (end := (await self._log.high_watermarks(tp.topic))[tp.partition]) < wanted:  # noqa: ASYNC110
                    await asyncio.sleep(LOOK)  # the broker tells nobody
        except TimeoutError as error:
            raise Unavailable(f"{tp}: a transaction is not ended within {PATIENCE:.0f} s") from error
        _expect(tp, end, wanted)

    async def _write(self, tp: TopicPartition, who: _Producer, records: list[StoredRecord], at: int) -> None:
        sequence = self._sequences.get((who, tp), 0)
        in_transaction = who == self._aborting
        batch = _batch(records, who, sequence, in_transaction=in_transaction)
        request = ProduceRequest(
            TRANSACTION if in_transaction else None,
            ALL_REPLICAS,
            int(PATIENCE * 1000),
            [(tp.topic, [(tp.partition, batch)])],
        )
        answer = await self._client.ask_leader(tp, request, f"writing {tp}")
        ((_, ((_, _, offset, stamped, *_),)),) = answer.topics
        _expect(tp, offset, at)
        if stamped != SENDERS_TIME:
            raise ValueError(f"the broker stamps what is written to {tp.topic}: it was set otherwise meanwhile")
        self._sequences[who, tp] = (sequence + len(records)) % SEQUENCES

    async def _of_transaction(self, request: Any) -> Any:
        """Ask the coordinator of our transactions, again while it ends the one before."""
        return await self._client.within(partial(self._asked, request), "a transaction")

    async def _asked(self, request: Any) -> Any:
        try:
            return await self._client.ask_coordinator_now(TRANSACTION, request, TRANSACTIONS)
        except ConcurrentTransactions as error:
            raise _StillEnding(str(error)) from error


_FILLER = StoredRecord(0, 0, False, b"", None, ())  # noqa: FBT003 - a compacted topic wants a key


class _RawName(str):
    """A header's name whose bytes are not UTF-8."""

    __slots__ = ()

    def encode(self, *_: str) -> bytes:
        """The bytes as they were."""
        return str.encode(self, errors="surrogateescape")


def _batches(records: Iterable[StoredRecord]) -> Iterator[list[StoredRecord]]:
    """Records whose offsets follow each other, as many as a batch takes."""
    batch: list[StoredRecord] = []
    room = BATCH_BYTES
    for record in records:
        room -= _size(record)
        if batch and (room < 0 or record.offset != batch[-1].offset + 1):
            yield batch
            batch, room = [], BATCH_BYTES - _size(record)
        batch.append(record)
    if batch:
        yield batch


def _size(record: StoredRecord) -> int:
    headers = sum(4 + len(name) + len(value or b"") for name, value in record.headers)
    return 32 + len(record.key or b"") + len(record.value or b"") + headers


def _batch(records: list[StoredRecord], who: _Producer, sequence: int, *, in_transaction: bool) -> bytes:
    """A batch as brokers take it; names of headers that are not UTF-8 are for the builder in Python alone."""
    named = any(not name.isascii() for record in records for name, _ in record.headers)
    kind: Any = _DefaultRecordBatchBuilderPy if named else DefaultRecordBatchBuilder
    builder = kind(V2, ZSTD if in_transaction else NOTHING, in_transaction, *who, sequence, 1 << 30)
    for at, record in enumerate(records):
        headers = [(_RawName(name) if named else name, value) for name, value in record.headers]
        builder.append(at, record.timestamp, record.key, record.value, headers)
    return bytes(builder.build())


def _producer(answer: Any) -> _Producer:
    return _Producer(answer.producer_id, answer.producer_epoch)


def _expect(tp: TopicPartition, found: int, wanted: int) -> None:
    if found != wanted:
        raise ValueError(f"{tp.topic}[{tp.partition}] is at {found} in place of {wanted}: somebody else writes there")
