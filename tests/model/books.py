"""The books: what the log says by the rule, read without the code under test, against all that was asked and said."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from libs.eventlog.wire.record import Record
from libs.messages.ids import duty_command_id, reaction_command_id
from tests.model.services import Protocol, Said, command_id_of
from tests.model.story import DOOR, PARTITIONS, PROMISES, RECEIPTS, TICKETS

Fact = dict[str, Any]
Records = Mapping[tuple[str, int], Sequence[Record]]
OPENED, CLOSED = "olcare.Opened.v1", "olcare.Closed.v1"
STARTED, MET, BREACHED = "olcare.PromiseStarted.v1", "olcare.PromiseMet.v1", "olcare.PromiseBreached.v1"
ASKED_OF_PROMISES = {OPENED: "start", CLOSED: "respond"}


class Books:
    """Everything that counts, by stream, and what it must add up to."""

    def __init__(self, records: Records, said: Said, protocol: Protocol) -> None:
        self.log, self.said, self.protocol = records, said, protocol
        self.alarms = 0
        self.tickets, self.promises = self._counting(TICKETS), self._counting(PROMISES)
        self.messages = [json.loads(r.value or b"") for r in self.records(DOOR) if r.value != b"?"]

    def records(self, topic: str) -> Iterator[Record]:
        for partition in range(PARTITIONS):
            yield from self.log[topic, partition]

    def _counting(self, topic: str) -> dict[str, list[Fact]]:
        """Apply the rule: what is next in its stream counts."""
        streams: dict[str, list[Fact]] = {}
        for record in self.records(topic):
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
        written = [json.loads(r.value or b"")["id"] for topic in (TICKETS, PROMISES) for r in self.records(topic)]
        seen["void"] = len(written) - len(ids)
        seen["loser of a race"] = len(set(written) - ids)
        seen["unreadable"] = sum(record.value == b"?" for record in self.records(DOOR))
        return seen

    def fault(self) -> str:
        """Give the first thing that is wrong, or nothing."""
        return next((sentence for sentence in self.faults() if sentence), "")

    def faults(self) -> Iterator[str]:
        yield "an event stands after one that is not there" if self.alarms else ""
        yield self.every_command_has_one_event()
        yield self.decided_on_their_history()
        yield self.answers_are_what_counts()
        yield self.every_place_has_one_receipt()
        yield self.deadlines_are_fair()

    def every_command_has_one_event(self) -> str:
        asked = {command_id_of(message) for message in self.messages}
        reactions, duties = self._reactions(), self._duties()
        caused = Counter(event["causationid"] for event in self.events())
        if max(caused.values(), default=0) > 1:
            return "a command counted twice"
        if caused.keys() - asked - reactions - duties:
            return "an event counts that nobody asked for"
        if (asked | reactions) - caused.keys() and not self.protocol.a_refusal_leaves_no_event:
            return "a command has no event"
        return ""

    def _reactions(self) -> set[str]:
        """Name what the tickets ask of the promises."""
        return {
            str(reaction_command_id(event["id"], name, stream.replace("ticket/", "promise/")))
            for stream, history in self.tickets.items()
            for event in history
            if (name := ASKED_OF_PROMISES.get(event["type"]))
        }

    def _duties(self) -> set[str]:
        """Name what the state of a promise may ask: one expiry for each head it had."""
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
        counted, told, duties, asked = self.by_command(), self.said.answers, self._duties(), self._must_be_answered()
        for command, answers in told.items():
            if answers - {None, counted.get(command)}:
                return "an answer is not what counts"
            if None in answers and (command in counted or command in asked) and command not in duties:
                return "an answer says that nothing came of a command"
        return "a command was never answered" if asked - told.keys() else ""

    def _must_be_answered(self) -> set[str]:
        if self.protocol.a_refusal_leaves_no_event:
            return set()
        return {command_id_of(message) for message in self.messages} | self._reactions()

    def every_place_has_one_receipt(self) -> str:
        counted = self.by_command()
        receipts: dict[bytes | None, set[bytes | None]] = {}
        for record in self.records(RECEIPTS):
            receipts.setdefault(record.key, set()).add(record.value)
        for record in self.records(DOOR):
            if receipts.get(f"{record.partition}/{record.offset}".encode()) != {_receipt(record, counted)}:
                return "a place of the door has no receipt, or two different ones, or a wrong one"
        return ""

    def deadlines_are_fair(self) -> str:
        for stream, history in self.promises.items():
            started = [event for event in history if event["type"] == STARTED]
            ends = [event for event in history if event["type"] in {MET, BREACHED}]
            if len(ends) != len(started) or len(started) > 1:
                return "a promise has no end, or two"
            for end in ends:
                if end["type"] == BREACHED and (fault := self._unfair(stream, end)):
                    return fault
        return ""

    def _unfair(self, promise: str, breach: Fact) -> str:
        due_at = datetime.fromisoformat(breach["data"]["due_at"])
        if datetime.fromisoformat(breach["recordedtime"]) <= due_at:
            return "a deadline fired before its time"
        if self._answered_by(promise.replace("promise/", "ticket/"), due_at):
            return "a deadline fired although the answer was in the door in time"
        return ""

    def _answered_by(self, ticket: str, due_at: datetime) -> bool:
        """Say whether a close that counts was at the door by then: its instant is when it came in first."""
        came: dict[str, datetime] = {}
        for message in self.messages:
            at, command = datetime.fromisoformat(message["at"]), command_id_of(message)
            came[command] = min(at, came.get(command, at))
        closes = [event for event in self.tickets[ticket] if event["type"] == CLOSED]
        return any(
            came[close["causationid"]] <= due_at and datetime.fromisoformat(close["time"]) <= due_at for close in closes
        )


def _content(event: Fact) -> Fact:
    return {name: value for name, value in event["data"].items() if name != "basis"}


def _receipt(record: Record, counted: Mapping[str, str]) -> bytes:
    if record.value == b"?":
        return b"unreadable not-json"
    command = command_id_of(json.loads(record.value or b""))
    return f"{command} {counted.get(command, 'none')}".encode()
