"""The books: what the log says by the rule, read without the code under test, against all that was asked and said."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from libs.eventlog.wire.record import Record
from libs.messages.ids import duty_command_id, reaction_command_id
from tests.model.services import Protocol, Said, command_id_of, contract_of
from tests.model.story import DOOR, PARTITIONS, PROMISES, RECEIPTS, TICKETS
from tests.model.terms import CONTRACTS, SIGNATURES, SIGNED

Fact = dict[str, Any]
Records = Mapping[tuple[str, int], Sequence[Record]]
OPENED, CLOSED = "olcare.Opened.v1", "olcare.Closed.v1"
STARTED, MET, BREACHED = "olcare.PromiseStarted.v1", "olcare.PromiseMet.v1", "olcare.PromiseBreached.v1"
RESTATED = "olcare.CoverRestated.v1"
BEGAN, RENEWED, LAPSED = "olcare.TermBegan.v1", "olcare.TermRenewed.v1", "olcare.TermLapsed.v1"
NOT_TAKEN = "olcare.SignatureRefused.v1"
ASKED_OF_PROMISES = {OPENED: "start", CLOSED: "respond"}


class Books:
    """Everything that counts, by stream, and what it must add up to."""

    def __init__(self, records: Records, said: Said, protocol: Protocol) -> None:
        self.log, self.said, self.protocol = records, said, protocol
        self.alarms = 0
        self.tickets, self.promises = self._counting(TICKETS), self._counting(PROMISES)
        self.contracts = self._counting(CONTRACTS)
        self.messages = [json.loads(r.value or b"") for r in self.records(DOOR) if r.value != b"?"]
        self.signatures = [json.loads(r.value or b"") for r in self.records(SIGNATURES)]

    def records(self, topic: str) -> Iterator[Record]:
        for partition in range(PARTITIONS):
            yield from self.log.get((topic, partition), ())

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
        for streams in (self.tickets, self.promises, self.contracts):
            for history in streams.values():
                yield from history

    def by_command(self) -> dict[str, str]:
        return {event["causationid"]: event["id"] for event in self.events()}

    def seen(self) -> Counter[str]:
        """Count what this history holds."""
        seen = Counter(event["type"].split(".")[1] for event in self.events())
        ids = {event["id"] for event in self.events()}
        written = [
            json.loads(r.value or b"")["id"] for topic in (TICKETS, PROMISES, CONTRACTS) for r in self.records(topic)
        ]
        seen["void"] = len(written) - len(ids)
        seen["loser of a race"] = len(set(written) - ids)
        seen["unreadable"] = sum(record.value == b"?" for record in self.records(DOOR))
        seen += Counter(self._about_cover())
        return seen

    def _about_cover(self) -> Iterator[str]:
        """What happened to terms between the openings of a ticket."""
        for stream, history in self.tickets.items():
            events = self.contracts.get(stream.replace("ticket/", "contract/"), [])
            asked = [_at(event["data"], "at") for event in history if _is_opening(event)]
            between = [event for event in events if any(first < _when(event) < max(asked) for first in asked)]
            yield from (f"{event['type'].split('.')[1]} between openings" for event in between)
            yield from ("late signature between openings" for e in between if e["data"].get("reverses_lapse"))

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
        yield self.terms_are_what_was_signed()
        yield self.lapses_are_fair()
        yield self.cover_is_what_terms_say()

    def every_command_has_one_event(self) -> str:
        asked = {command_id_of(message) for message in (*self.messages, *self.signatures)}
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
            reaction_command_id(event["id"], name, stream.replace("ticket/", "promise/"))
            for stream, history in self.tickets.items()
            for event in history
            if (name := ASKED_OF_PROMISES.get(event["type"]))
        }

    def _duties(self) -> set[str]:
        """Name what a state may ask, once for each head it had: an expiry, a lapse, a restatement."""
        asked = [(self.promises, ["expire"]), (self.contracts, ["lapse"])]
        asked += [({s: h}, [f"restate {place}" for place in _lacking(h)]) for s, h in self.tickets.items()]
        return {
            duty_command_id(event["id"], name)
            for streams, names in asked
            for history in streams.values()
            for event in history
            for name in names
        }

    def decided_on_their_history(self) -> str:
        for streams in (self.tickets, self.promises, self.contracts):
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
        return {command_id_of(message) for message in (*self.messages, *self.signatures)} | self._reactions()

    def every_place_has_one_receipt(self) -> str:
        counted = self.by_command()
        for door, told in ((DOOR, RECEIPTS), (SIGNATURES, SIGNED)):
            receipts: dict[bytes | None, set[bytes | None]] = {}
            for record in self.records(told):
                receipts.setdefault(record.key, set()).add(record.value)
            for record in self.records(door):
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

    def terms_are_what_was_signed(self) -> str:
        """A term is renewed if and only if it was signed for in its days, and no other one began after it."""
        signed_at = {command_id_of(m): datetime.fromisoformat(m["at"]) for m in self.signatures}
        for history in self.contracts.values():
            first = last = None
            lapsed = False
            for event in history:
                data, kind, at = event["data"], event["type"], signed_at.get(event["causationid"])
                if kind == LAPSED:
                    if lapsed or _at(data, "lapsed_at") != last:
                        return "a term lapsed twice, or at an instant that is not its end"
                    lapsed = True
                    continue
                if at is None:
                    return "a term goes on that nobody signed for"
                in_time = first is not None and last is not None and first <= at < last
                anew = last is None or (lapsed and last <= at)
                if kind != (RENEWED if in_time else BEGAN if anew else NOT_TAKEN):
                    return "a signature did not come to what its instant says"
                if kind == RENEWED and (_at(data, "covered_from") != last or data["reverses_lapse"] != lapsed):
                    return "a renewal leaves a gap, or does not say that it reverses a lapse"
                if kind in {RENEWED, BEGAN}:
                    first, last, lapsed = _at(data, "covered_from"), _at(data, "until"), False
            if not lapsed and first is not None:
                return "a term has no end"
        return ""

    def lapses_are_fair(self) -> str:
        """No term lapses before its end, or while a signature for it waits at the door that was told in its days."""
        for stream, history in self.contracts.items():
            for place, event in enumerate(history):
                if event["type"] != LAPSED:
                    continue
                end = _at(event["data"], "lapsed_at")
                if datetime.fromisoformat(event["recordedtime"]) <= end:
                    return "a term lapsed before its end"
                begun = next(e for e in reversed(history[:place]) if e["type"] in {BEGAN, RENEWED})
                answered = {e["causationid"] for e in history[:place]}
                if self._signed_in_time(stream, _at(begun["data"], "covered_from"), end) - answered:
                    return "a term lapsed although a signature for it was at the door in time"
        return ""

    def _signed_in_time(self, contract: str, first: datetime, end: datetime) -> set[str]:
        """The commands of signatures in the days of a term that somebody told of in these days."""
        return {
            command_id_of(m)
            for m in self.signatures
            if contract_of(m["number"]) == contract
            and first <= datetime.fromisoformat(m["at"])
            and datetime.fromisoformat(m["told"]) < end
        }

    def cover_is_what_terms_say(self) -> str:
        """Who opened was under the term that it names; who was refused was not, or that is restated, once."""
        for stream, history in self.tickets.items():
            terms = self._terms(stream.replace("ticket/", "contract/"))
            restated = Counter(event["data"]["refused"] for event in history if event["type"] == RESTATED)
            if restated.keys() - _lacking(history).keys() or max(restated.values(), default=0) > 1:
                return "something was restated twice, or that was no refusal"
            for event in history:
                term = event["data"]["term"] if event["type"] == OPENED else 0
                if term and not _holds(terms, term, _at(event["data"], "at")):
                    return "a ticket was opened under a term that does not hold its instant"
            for place, at in _lacking(history).items():
                if any(_holds(terms, term, at) for term in terms) != (place in restated):
                    return "a refusal under cover was never restated, or one without cover was"
        return ""

    def _terms(self, contract: str) -> dict[int, tuple[datetime, datetime]]:
        return {
            place: (_at(event["data"], "covered_from"), _at(event["data"], "until"))
            for place, event in enumerate(self.contracts.get(contract, ()), start=1)
            if event["type"] in {BEGAN, RENEWED}
        }


def _at(data: Fact, name: str) -> datetime:
    return datetime.fromisoformat(data[name])


def _when(event: Fact) -> datetime:
    """When something happened to a term: it began, was signed for, or ended."""
    return _at(event["data"], next(n for n in ("signed_at", "lapsed_at", "covered_from") if n in event["data"]))


def _is_opening(event: Fact) -> bool:
    return event["type"] == OPENED or bool(event["data"].get("lacks_cover"))


def _lacking(history: Sequence[Fact]) -> dict[int, datetime]:
    """The refusals of a ticket for want of cover: place → the instant asked about."""
    return {n: _at(e["data"], "at") for n, e in enumerate(history, start=1) if e["data"].get("lacks_cover")}


def _holds(terms: Mapping[int, tuple[datetime, datetime]], term: int, at: datetime) -> bool:
    return term in terms and terms[term][0] <= at < terms[term][1]


def _content(event: Fact) -> Fact:
    return {name: value for name, value in event["data"].items() if name != "basis"}


def _receipt(record: Record, counted: Mapping[str, str]) -> bytes:
    if record.value == b"?":
        return b"unreadable not-json"
    command = command_id_of(json.loads(record.value or b""))
    return f"{command} {counted.get(command, 'none')}".encode()
