"""The books: what the log says by the rule, read without the code under test, against all that anybody did or said."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

from libs.eventlog.fold import Folder, View
from libs.eventlog.memory import MemoryLog
from libs.eventlog.reader import ReaderLoop
from libs.eventlog.record import Record
from libs.eventlog.rule import Judge
from libs.messages.ids import duty_command_id, reaction_command_id
from tests.model.processes import command_of
from tests.model.schedule import Park
from tests.model.story import CODECS, DOOR, PARTITIONS, PROMISES, RECEIPTS, TICKETS
from tests.model.tables import Tables
from tests.model.world import World

Fact = dict[str, Any]


class Books:
    """Everything that counts, by stream, and what it must add up to."""

    def __init__(self, world: World) -> None:
        self.world, self.log = world, world.broker.records
        self.alarms = 0
        self.tickets, self.promises = self._counting(TICKETS), self._counting(PROMISES)
        self.messages = [json.loads(r.value or b"") for r in self._records(DOOR) if r.value != b"?"]

    def _records(self, topic: str) -> Iterator[Record]:
        for partition in range(PARTITIONS):
            yield from self.log[topic, partition]

    def _counting(self, topic: str) -> dict[str, list[Fact]]:
        """Apply the rule: what is next in its stream counts."""
        streams: dict[str, list[Fact]] = {}
        for record in self._records(topic):
            event = json.loads(record.value or b"")
            history = streams.setdefault(event["subject"], [])
            if int(event["sequence"]) == len(history) + 1:
                self.alarms += event.get("previousid") != (history[-1]["id"] if history else None)
                history.append(event)
            self.alarms += int(event["sequence"]) > len(history)
        return streams

    def events(self) -> Iterator[Fact]:
        for streams in (self.tickets, self.promises):
            for history in streams.values():
                yield from history

    def by_command(self) -> dict[str, str]:
        return {event["causationid"]: event["id"] for event in self.events()}

    def seen(self) -> Counter[str]:
        """Count what this history holds."""
        seen = Counter(event["type"].split(".")[1] for event in self.events())
        ids = {event["id"] for event in self.events()}
        written = [json.loads(r.value or b"")["id"] for topic in (TICKETS, PROMISES) for r in self._records(topic)]
        seen["void"] = len(written) - len(ids)
        seen["loser of a race"] = len(set(written) - ids)
        seen["unreadable"] = sum(record.value == b"?" for record in self._records(DOOR))
        return seen

    def fault(self) -> str:
        """Give the first thing that is wrong, or nothing."""
        return next((sentence for sentence in self._faults() if sentence), "")

    def _faults(self) -> Iterator[str]:
        yield self.nobody_stopped()
        yield self.every_command_has_one_event()
        yield self.decided_on_their_history()
        yield self.answers_are_what_counts()
        yield self.every_place_has_one_receipt()
        yield self.deadlines_are_fair()
        yield self.facts_are_fresh()
        yield self.readers_agree()

    def nobody_stopped(self) -> str:
        world = self.world
        halted = world.halted + [h for p in world.processes for h in p.halted()]
        if halted or self.alarms:
            return "false alarm of loss"
        return f"an error ended a process: {world.errors[0]!r}" if world.errors else ""

    def every_command_has_one_event(self) -> str:
        asked = {command_of(message) for message in self.messages}
        reactions, duties = self._reactions(), self._duties()
        caused = Counter(event["causationid"] for event in self.events())
        if max(caused.values(), default=0) > 1:
            return "a command counted twice"
        if caused.keys() - asked - reactions - duties:
            return "an event counts that nobody asked for"
        if (asked | reactions) - caused.keys() and not self.world.protocol.a_refusal_leaves_no_event:
            return "a command has no event"
        return ""

    def _reactions(self) -> set[str]:
        named = {"olcare.Opened.v1": "start", "olcare.Closed.v1": "respond"}
        return {
            str(reaction_command_id(event["id"], named[event["type"]], stream.replace("ticket/", "promise/")))
            for stream, history in self.tickets.items()
            for event in history
            if event["type"] in named
        }

    def _duties(self) -> set[str]:
        """Name what may be caused by a state of a promise: one expiry for each head it had."""
        return {str(duty_command_id(event["id"], "expire")) for history in self.promises.values() for event in history}

    def decided_on_their_history(self) -> str:
        for streams in (self.tickets, self.promises):
            for history in streams.values():
                contents = [_content(event) for event in history]
                for place, event in enumerate(history):
                    if [json.loads(text) for text in event["data"]["basis"]] != contents[:place]:
                        return "an event counts that was decided on a history that never was"
        return ""

    def answers_are_what_counts(self) -> str:
        counted, told, duties = self.by_command(), self.world.said.answers, self._duties()
        for command, answers in told.items():
            if len(answers - {None}) > 1 or any(a not in (None, counted.get(command)) for a in answers):
                return "an answer is not what counts"
            if None in answers and (command in counted or command in self._asked_for()) and command not in duties:
                return "an answer says that nothing came of a command"
        return "a command was never answered" if self._asked_for() - told.keys() else ""

    def _asked_for(self) -> set[str]:
        if self.world.protocol.a_refusal_leaves_no_event:
            return set()
        return {command_of(message) for message in self.messages} | self._reactions()

    def every_place_has_one_receipt(self) -> str:
        counted = self.by_command()
        receipts: dict[bytes | None, set[bytes | None]] = {}
        for record in self._records(RECEIPTS):
            receipts.setdefault(record.key, set()).add(record.value)
        for record in self._records(DOOR):
            expected = _receipt(record, counted)
            if receipts.get(f"{record.partition}/{record.offset}".encode()) != {expected}:
                return "a place of the door has no receipt, or two different ones, or a wrong one"
        return ""

    def deadlines_are_fair(self) -> str:
        for stream, history in self.promises.items():
            ends = [
                event for event in history if event["type"] in {"olcare.PromiseMet.v1", "olcare.PromiseBreached.v1"}
            ]
            started = [event for event in history if event["type"] == "olcare.PromiseStarted.v1"]
            if len(ends) != len(started) or len(started) > 1:
                return "a promise has no end, or two"
            if ends and ends[0]["type"] == "olcare.PromiseBreached.v1":
                due_at = datetime.fromisoformat(ends[0]["data"]["due_at"])
                if datetime.fromisoformat(ends[0]["recordedtime"]) <= due_at:
                    return "a deadline fired before its time"
                if self._answered_in_time(stream.replace("promise/", "ticket/"), due_at):
                    return "a deadline fired although the answer was in the door in time"
        return ""

    def _answered_in_time(self, ticket: str, due_at: datetime) -> bool:
        """Say whether a close that counts was at the door by then: its instant is when it came in first."""
        came: dict[str, datetime] = {}
        for message in self.messages:
            at, command = datetime.fromisoformat(message["at"]), command_of(message)
            came[command] = min(at, came.get(command, at))
        return any(
            event["type"] == "olcare.Closed.v1"
            and came[event["causationid"]] <= due_at
            and datetime.fromisoformat(event["time"]) <= due_at
            for event in self.tickets[ticket]
        )

    def facts_are_fresh(self) -> str:
        for history in self.tickets.values():
            for event in history:
                if event["data"]["fact"] < self.world.facts_at_start[event["source"]]:
                    return "a decision rests on a fact that was old when its process began"
        return ""

    def readers_agree(self) -> str:
        databases = self.world.databases.values()
        tables = {(kind, name): t for kind, d in enumerate(databases) for name, t in d.tables.items()}
        folded = {key: fresh(t, self.log) for key, t in tables.items()}
        if any(t.contents() != folded[key] for key, t in tables.items()):
            return "a reader's tables are not what the log says"
        for old in self.world.older:
            again = next(t for t in tables.values() if t.reader is old.reader)
            read_on(old, self.log, self.world.protocol.judge)
            if old.contents() != again.contents():
                return "a reader that went on from an older state does not agree"
        if any(
            t.heads != self._heads(t.reader.topic) for t in tables.values() if t.reader.topic in {TICKETS, PROMISES}
        ):
            return "a reader's heads are not what the rule says"
        return ""

    def _heads(self, topic: str) -> dict[str, tuple[int, str]]:
        streams = self.tickets if topic == TICKETS else self.promises
        return {stream: (len(history), history[-1]["id"]) for stream, history in streams.items()}


def _content(event: Fact) -> Fact:
    return {name: value for name, value in event["data"].items() if name != "basis"}


def _receipt(record: Record, counted: Mapping[str, str]) -> bytes:
    if record.value == b"?":
        return b"unreadable not-json"
    command = command_of(json.loads(record.value or b""))
    return f"{command} {counted.get(command, 'none')}".encode()


def fresh(tables: Tables, log: Mapping[tuple[str, int], list[Record]]) -> dict[str, Any]:
    """Fold a topic from its beginning as a rebuild does, partition by partition, and give what the tables must hold."""
    reader, folder = tables.reader, Folder(tables.reader, Judge(CODECS[tables.reader.topic]))
    built = Tables(reader, tables._schedule)
    for partition in range(PARTITIONS):
        records = log[reader.topic, partition]
        view = View(rows={p.table: {} for p in reader.projections})
        folder.fold(folder.judge.envelopes(records), view)
        built.fill(partition, records, view)
    return built.contents()


def read_on(tables: Tables, log: Mapping[tuple[str, int], list[Record]], judge: type[Judge]) -> None:
    """Let a reader go on from where some tables stand, in small batches."""
    loop = ReaderLoop(MemoryLog(), tables, Folder(tables.reader, judge(CODECS[tables.reader.topic])), "older")
    _finish(loop.assigned(frozenset(range(PARTITIONS))))
    for partition in range(PARTITIONS):
        records = log[tables.reader.topic, partition][tables.position[partition].next_offset :]
        for start, end in pairwise([*range(0, len(records), 3), len(records)]):
            _finish(loop.apply(partition, records[start:end]))


def _finish(coroutine: Any) -> None:
    """Drive a coroutine that nobody disturbs."""
    try:
        while isinstance(coroutine.send(None), Park):
            pass
    except StopIteration:
        return
