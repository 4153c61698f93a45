"""Other processes that take part in a rebuild, each with a log, a connection and partitions of its own."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe

import asyncpg

from libs.eventlog.errors import Unavailable
from libs.eventlog.fold import Projector
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.topics import Card
from libs.eventlog.rebuild.build import Count, PartitionBuilder, Partitions
from libs.eventlog.rule import Judge
from libs.eventlog.tables.database import SAFETY
from libs.eventlog.tables.generations import Generation
from libs.eventlog.wire.codec import Codec
from libs.messages.catalogue import EVENTS


@dataclass(frozen=True)
class WorkOrder:
    """What a worker needs to know; all of it can be pickled."""

    kafka: KafkaSettings
    postgres: str
    """The address of the database, its name included."""
    projector: Callable[[], Projector]
    into: Generation


def projector_of(module: str, reader: str, card: Card) -> Projector:
    """Make the projector of a reader that stands in the `READERS` of a module."""
    found = next(each for each in import_module(module).READERS if each.name == reader)
    return Projector(found, Judge(Codec(found.topic, EVENTS[found.topic], card.partitions), card.set_aside))


@contextmanager
def workers(order: WorkOrder, processes: int) -> Iterator[list["Worker"]]:
    """Lend so many workers; none outlives the block."""
    lent = [Worker(order) for _ in range(processes)]
    try:
        yield lent
    finally:
        for worker in lent:
            worker.end()


class Worker:
    """One other process. It tells how many records it has folded, asks for partitions, and ends when none is left."""

    def __init__(self, order: WorkOrder) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(order, theirs), daemon=True)
        self._process.start()
        theirs.close()

    async def take(self, partitions: Partitions, count: Count) -> None:
        """Hand out partitions as long as there are any; raises Unavailable where the process fails."""
        with suppress(EOFError, ConnectionError):  # it has closed its end of the pipe
            while True:
                folded: int | None = await asyncio.to_thread(self._pipe.recv)
                if folded is None:
                    self._pipe.send(next(partitions, None))
                else:
                    count(folded)
        await asyncio.to_thread(self._process.join)
        if code := self._process.exitcode:
            raise Unavailable(f"a worker of the rebuild ended with code {code}")

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.join()
        self._pipe.close()


def _work(order: WorkOrder, pipe: Pipe) -> None:
    asyncio.run(_take(order, pipe))


async def _take(order: WorkOrder, pipe: Pipe) -> None:
    log = KafkaLog(order.kafka)
    await log.open()
    connection = await asyncpg.connect(order.postgres, server_settings=SAFETY)
    try:
        given: Iterator[tuple[int, int]] = iter(partial(_ask, pipe), None)
        await PartitionBuilder(connection, log, order.projector(), order.into).take(given, pipe.send)
    finally:
        await connection.close()
        await log.close()


def _ask(pipe: Pipe) -> tuple[int, int] | None:
    pipe.send(None)
    given: tuple[int, int] | None = pipe.recv()
    return given
