"""Read one partition from an offset on, as fast as the broker delivers, without a consumer's own bookkeeping.

The next fetch is sent before the records of this one are handed out. A fetch is small enough to stay in the
processor's cache: with larger ones reading takes half as long again.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.memory_records import MemoryRecords

from libs.eventlog.kafka.client import KafkaClient
from libs.eventlog.kafka.decoder import MAX_HEADERS, UNREADABLE, DecodedBatches
from libs.eventlog.wire.record import Record

FETCH_BYTES = 1 << 20
WAIT = 500  # machine milliseconds that the broker may wait for a record to come
UNCOMMITTED = 0  # there are no transactions


async def scan(
    client: KafkaClient, tp: TopicPartition, start: int, until: int, size: int = FETCH_BYTES
) -> AsyncIterator[Sequence[Record]]:
    """The records with offsets from `start` to below `until`, in order, fetched so many bytes at once."""
    ahead: asyncio.Task[_Fetched] | None = None
    try:
        while start < until:
            records, start = await (ahead or _asked(client, tp, start, size))
            if start < until:
                ahead = asyncio.create_task(_asked(client, tp, start, size))
                await asyncio.sleep(0)  # so that the request is on its way
            if mine := records if start <= until else [record for record in records if record.offset < until]:
                yield mine
    finally:
        if ahead:
            ahead.cancel()


class _Fetched(NamedTuple):
    """Records, and the offset after them and after the ends of transactions, of which there is no record."""

    records: list[Record]
    next_offset: int


async def first_at(client: KafkaClient, tp: TopicPartition, offset: int) -> Record | None:
    """The first record with an offset of at least `offset`, in a fetch of one batch; None where none is there now."""

    async def fetched() -> Record | None:
        request = FetchRequest(0, 0, 1, UNCOMMITTED, [(tp.topic, [(tp.partition, offset, 1)])])
        response = await client.ask(await client.leader(tp), request)
        ((_, ((*_, found),)),) = response.topics
        return next((record for record in _records(tp, found).records if record.offset >= offset), None)

    return await client.within(fetched, f"reading {tp}")


async def _asked(client: KafkaClient, tp: TopicPartition, offset: int, size: int) -> _Fetched:
    return await client.within(partial(_fetch, client, tp, offset, size), f"reading {tp}")


async def _fetch(client: KafkaClient, tp: TopicPartition, offset: int, size: int) -> _Fetched:
    """Fetch what stands from an offset on, at least one batch; raises KafkaError."""
    wanted = [(tp.topic, [(tp.partition, offset, size)])]
    request = FetchRequest(WAIT, 1, size, UNCOMMITTED, wanted)
    while True:
        response = await client.ask(await client.leader(tp), request)
        ((_, ((*_, fetched),)),) = response.topics
        records, end = _records(tp, fetched)
        if end > offset:
            return _Fetched([record for record in records if record.offset >= offset], end)


def _records(tp: TopicPartition, fetched: bytes) -> _Fetched:
    """Decode fetched bytes with aiokafka's decoder or, where that is not enough, with ours, as our consumers do."""
    with suppress(*UNREADABLE):
        if (records := _as_usual(tp, fetched)) is not None:
            return _Fetched(records, records[-1].offset + 1 if records else 0)
    records, end = list[Record](), 0
    for batch in _batches(DecodedBatches(fetched)):
        end = batch.next_offset
        if not batch.is_control_batch:
            records += [_record(tp, record) for record in batch]
    return _Fetched(records, end)


def _as_usual(tp: TopicPartition, fetched: bytes) -> list[Record] | None:
    """The records by aiokafka's decoder; None at an offset gap, compression, a control batch or too many headers."""
    (topic, partition), records = tp, list[Record]()
    for batch in _batches(MemoryRecords(fetched)):
        at = batch.base_offset
        if batch.is_control_batch or batch.compression_type:
            return None
        for record in batch:
            headers = record.headers
            if record.offset != at or len(headers) > MAX_HEADERS:
                return None
            records.append(Record(topic, partition, at, record.key, record.value, headers, record.timestamp))
            at += 1
        if at != batch.next_offset:
            return None
    return records


def _record(tp: TopicPartition, r: Any) -> Record:
    return Record(tp.topic, tp.partition, r.offset, r.key, r.value, r.headers, r.timestamp)


def _batches(read: Any) -> Iterator[Any]:
    while read.has_next():
        batch = read.next_batch()
        if not batch.validate_crc():
            raise CorruptRecordException("a batch does not have its checksum")
        yield batch
