"""The verdict over a world: its books, and whether all its readers agree with a rebuild."""

from collections.abc import Coroutine, Iterator
from itertools import pairwise
from typing import Any

from libs.eventlog.fold import Projector, View
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.rule import Judge
from libs.eventlog.testing import MemoryLog
from tests.model.books import Books, Records
from tests.model.schedule import Park
from tests.model.story import PARTITIONS
from tests.model.tables import Tables
from tests.model.terms import CODECS
from tests.model.world import World


class Verdict(Books):
    """The books, and what only a world knows."""

    def __init__(self, world: World) -> None:
        super().__init__(world.broker.records, world.said, world.protocol)
        self.world = world

    def faults(self) -> Iterator[str]:
        yield self.nobody_stopped()
        yield from super().faults()
        yield self.facts_are_fresh()
        yield self.readers_agree()

    def nobody_stopped(self) -> str:
        world = self.world
        if world.halted or any(process.halted() for process in world.processes):
            return "false alarm of loss"
        return f"an error ended a process: {world.errors[0]!r}" if world.errors else ""

    def facts_are_fresh(self) -> str:
        for history in self.tickets.values():
            for event in history:
                if "fact" in event["data"] and event["data"]["fact"] < self.world.facts_at_start[event["source"]]:
                    return "a decision rests on a fact that was old when its process began"
        return ""

    def readers_agree(self) -> str:
        live = {name: t for database in self.world.databases.values() for name, t in database.tables.items()}
        if any(tables.contents() != rebuilt(tables, self.log).contents() for tables in live.values()):
            return "a reader's tables are not what a rebuild gives"
        for older in self.world.older:
            read_on(older, self.log, self.protocol.judge)
            if older.contents() != live[older.reader.name].contents():
                return "a reader that went on from an older state does not agree"
        return ""


def rebuilt(tables: Tables, log: Records) -> Tables:
    """Fold a topic from its beginning as a rebuild does, partition by partition."""
    reader, projector = tables.reader, Projector(tables.reader, Judge(CODECS[tables.reader.topic]))
    built = tables.empty()
    for partition in range(PARTITIONS):
        records = log[reader.topic, partition]
        view = View(rows={p.table: {} for p in reader.projections})
        projector.fold(projector.judge.envelopes(records), view)
        built.fill(partition, records, view)
    return built


def read_on(tables: Tables, log: Records, judge: type[Judge]) -> None:
    """Let a reader go on from where some tables stand, in small batches."""
    loop = ReaderLoop(MemoryLog(), tables, Projector(tables.reader, judge(CODECS[tables.reader.topic])), "older")
    undisturbed(loop.assigned(frozenset(range(PARTITIONS))))
    for partition in range(PARTITIONS):
        records = log[tables.reader.topic, partition][tables.position[partition].next_offset :]
        for start, end in pairwise([*range(0, len(records), 3), len(records)]):
            undisturbed(loop.apply(partition, list(records[start:end])))


def undisturbed(coroutine: Coroutine[Park, None, Any]) -> None:
    """Drive a coroutine to its end with nobody else at work."""
    try:
        while True:
            coroutine.send(None)
    except StopIteration:
        return
