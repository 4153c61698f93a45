"""An idempotent producer that is replaced after any failure, and gives up after a time."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.connection import LARGEST_REQUEST, KafkaSettings, begun, ended, look
from libs.eventlog.ports import ACKNOWLEDGED, UNKNOWN
from libs.eventlog.wire.record import Outgoing

BATCH_BYTES = 1 << 18


class Stamp(NamedTuple):
    """A broker's time, in seconds of the epoch, and when we had sent and when we heard it, in seconds of the loop."""

    broker: float
    sent: float
    heard: float


class KafkaAppender:
    """An idempotent producer; after any failed or unknown result it is closed and replaced."""

    def __init__(self, settings: KafkaSettings, hear: Callable[[Stamp], None] = lambda _: None) -> None:
        self._settings, self._hear = settings, hear
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def append(self, batch: Sequence[Outgoing]) -> Sequence[int]:
        """Write in shared batches, in order within a partition; give each record's offset, ACKNOWLEDGED or UNKNOWN."""
        offsets = [UNKNOWN] * len(batch)
        if not batch:
            return offsets
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._settings.patience):
                sent = await self._send(batch)
        except (KafkaError, TimeoutError, ValueError, Unavailable):
            await self._renew()
            return offsets
        await asyncio.wait([future for future, _ in sent], timeout=self._settings.patience)
        for future, indexes in sent:
            if future.done() and not future.cancelled() and future.exception() is None:
                base = future.result().offset
                self._hear(Stamp(future.result().timestamp / 1000, began, asyncio.get_running_loop().time()))
                for at, index in enumerate(indexes):
                    offsets[index] = base + at if base >= 0 else ACKNOWLEDGED
        if UNKNOWN in offsets:
            await self._renew()
        return offsets

    async def close(self) -> None:
        """Disconnect from the broker."""
        await self._renew()

    async def _send(self, batch: Sequence[Outgoing]) -> list[tuple[asyncio.Future[Any], list[int]]]:
        async with self._starting:
            producer = await self._started()
        by_partition: dict[tuple[str, int], list[int]] = {}
        for at, out in enumerate(batch):
            by_partition.setdefault((out.topic, out.partition), []).append(at)
        sent: list[tuple[asyncio.Future[Any], list[int]]] = []
        for (topic, partition), indexes in by_partition.items():
            for builder, chunk in _builders(producer, batch, indexes):
                future = await producer.send_batch(builder, topic, partition=partition)
                future.add_done_callback(look)
                sent.append((future, chunk))
        return sent

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                client_id=f"{self._settings.instance}-write",
                enable_idempotence=True,
                max_batch_size=BATCH_BYTES,
                max_request_size=LARGEST_REQUEST,
                request_timeout_ms=int(self._settings.patience * 1000),
                **self._settings.connection(),
            )
            try:
                await begun(producer.start)
            except BaseException:  # cancellation included: nobody else would close this producer
                await _let_go(producer)
                raise
            self._producer = producer
        return self._producer

    async def _renew(self) -> None:
        """Drop the producer without waiting for its batches: commands without a counted event are decided again."""
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
    """Fail every pending batch, so that whoever waits for one, or for room in the queue, gets the error at once."""
    batches = {*accumulator._pending_batches, *chain.from_iterable(accumulator._batches.values())}  # noqa: SLF001
    accumulator._pending_batches.update(batches)  # noqa: SLF001 - each batch removes itself from it
    accumulator.fail_all(KafkaError("the producer is closed"))
    for batch in batches:
        look(batch._drain_waiter)  # noqa: SLF001


def _builders(
    producer: AIOKafkaProducer, batch: Sequence[Outgoing], indexes: list[int]
) -> Iterable[tuple[Any, list[int]]]:
    """Fill shared batches of one partition; raises ValueError for a record that is too large for a batch of its own."""
    builder, chunk = producer.create_batch(), list[int]()
    for index in indexes:
        out = batch[index]
        headers = list(out.headers)
        if builder.append(key=out.key, value=out.value, timestamp=None, headers=headers) is None:
            if not chunk:
                raise ValueError(f"a record of {len(out.value or b'')} bytes fits in no batch")
            yield builder, chunk
            builder, chunk = producer.create_batch(), []
            if builder.append(key=out.key, value=out.value, timestamp=None, headers=headers) is None:
                raise ValueError(f"a record of {len(out.value or b'')} bytes fits in no batch")
        chunk.append(index)
    yield builder, chunk
