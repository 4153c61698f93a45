"""Small books that balance, written with the project's own writers: something for the checker's tests to break."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from libs.eventlog.errors import Unreadable
from libs.eventlog.wire.receipts import place_of, receipt, second_receipt, unreadable
from libs.eventlog.wire.record import Cause, Head, Outgoing, RecordedEvent, encode
from libs.eventlog.wire.record import Record as Written
from libs.messages.catalogue import EVENT_OF_TYPE
from libs.messages.ids import door_command_id, duty_command_id, reaction_command_id
from libs.messages.places import DoorRecord
from libs.messages.receipts import Outcome
from libs.messages.streams import partition_of
from libs.stack.run import PROJECT
from tests.faults.checked.books import Books, Generation, HeadRow, Record, Timeline, Topic, Turn
from tests.faults.checked.log import CONTRACTS, NOTICES, PROMISES, TICKETS
from tests.faults.script import BEGIN, DIRT, TICKETS_DOOR, Message, contracts, response, said, ticket

PARTITIONS, SECOND = 12, "ticket/crm/2"
DUE = BEGIN + timedelta(hours=4)
WARNING = BEGIN + timedelta(hours=3)
EPOCH = 1_800_000_000_000.0  # ms: when plan time began to run, as fast as the machine's
_EXAMPLES = PROJECT / "contracts" / "examples" / "log"


class Pen:
    """Writes records one after the other, and remembers the heads."""

    def __init__(self) -> None:
        self.records: dict[str, list[Record]] = defaultdict(list)
        self.acknowledged: dict[str, float] = {}
        self.mails: list[str] = []
        self._heads: dict[str, Head] = {}

    def say(self, message: Message) -> Record:
        """Put a message to the door."""
        partition = partition_of((message.key or b"").decode(), PARTITIONS)
        out = Outgoing(message.topic, partition, message.key, message.value, message.headers)
        record = self._append(out)
        self.acknowledged[record.place] = EPOCH + (message.at - BEGIN).total_seconds() * 1000
        return record

    def event(self, topic: str, stream: str, name: str, cause: str, first: str, at: datetime, **data: Any) -> str:
        """Write the example of an event, with other data where they are given; gives its id."""
        kind = f"olcare.{name}.v1"
        example = json.loads((_EXAMPLES / f"{name}.json").read_text())["data"]
        model = EVENT_OF_TYPE[kind].model_validate(example | data)
        written = encode("olcare/test", stream, self._heads.get(stream), model, Cause(cause, first, at), at)
        self._heads[stream] = written.head
        self._append(Outgoing(topic, partition_of(stream, PARTITIONS), stream.encode(), written.value))
        return written.head.id

    def answer(self, record: Record, stream: str, event: str, name: str, outcome: Outcome, cause: str) -> None:
        """Write the receipt of a door record for the example of an event."""
        kind = f"olcare.{name}.v1"
        data = EVENT_OF_TYPE[kind].model_validate(json.loads((_EXAMPLES / f"{name}.json").read_text())["data"])
        counted = RecordedEvent(event, kind, stream, BEGIN, "1", BEGIN, cause, cause, "", raw=b"", data=data)  # type: ignore[arg-type] # nobody looks at it
        self._append(receipt(_written(record), outcome, counted))

    def decide(self, record: Record, stream: str, event: str, name: str, outcome: Outcome, command: str) -> None:
        """Write the second receipt of a message that was held, for the example of an event."""
        kind = f"olcare.{name}.v1"
        data = EVENT_OF_TYPE[kind].model_validate(json.loads((_EXAMPLES / f"{name}.json").read_text())["data"])
        counted = RecordedEvent(event, kind, stream, BEGIN, "1", BEGIN, command, command, "", raw=b"", data=data)  # type: ignore[arg-type] # nobody looks at it
        written = _written(record)
        self._append(second_receipt(DoorRecord(place=place_of(written), command=command), written, outcome, counted))

    def bury(self, record: Record) -> None:
        """Write dead letter and receipt of a record that cannot be read."""
        for out in unreadable(_written(record), Unreadable("not-json", "envelope", "this is not JSON"), PARTITIONS):
            self._append(out)

    def _append(self, out: Outgoing) -> Record:
        offset = sum(1 for record in self.records[out.topic] if record.partition == out.partition)
        record = Record(out.topic, out.partition, offset, out.key, out.value, tuple(out.headers))
        self.records[out.topic].append(record)
        return record

    def opened(self, number: str, outcome: Outcome = Outcome.ACCEPTED, name: str = "TicketOpened") -> tuple[str, str]:
        """Let a ticket be asked for, twice, and be answered; gives the event and the command."""
        message, stream = ticket(number, BEGIN), f"ticket/crm/{number}"
        command = door_command_id("crm", f"open-{number}", stream)
        event = self.event(TICKETS, stream, name, command, command, BEGIN, opened_at=BEGIN)
        for record in (self.say(message), self.say(message)):
            self.answer(record, stream, event, name, outcome, command)
        return event, command

    def promised(self, number: str, opened: str, first: str) -> str:
        """Start the clock of a ticket."""
        stream = f"promise/crm/{number}"
        example = json.loads((_EXAMPLES / "FirstResponseClockStarted.json").read_text())["data"]["certificate"]
        certificate = example | {
            "opened_at": str(BEGIN),
            "at_risk": [{"percent": 75, "at_risk_at": WARNING}],
            "due_at": DUE,
        }
        cause = reaction_command_id(opened, "StartClock", stream)
        return self.event(PROMISES, stream, "FirstResponseClockStarted", cause, first, BEGIN, certificate=certificate)

    def told(self, event: str, role: str, kind: str, first: str, results: Sequence[str] = ("NoticeSent",)) -> None:
        """Send a notice, with these results one attempt after the other; those that arrive are in the journal."""
        stream, identity = f"notice/{event}/{role}", f"<{event}.{role}@olcare.example>"
        cause = reaction_command_id(event, "RequestNotice", stream)
        about = {"about_event": event, "role": role, "notice_class": kind, "message_id": identity}
        head = self.event(NOTICES, stream, "NoticeRequested", cause, first, BEGIN, **about)
        for attempt, result in enumerate(results, start=1):
            claim = duty_command_id(head, "ClaimHandOver", str(attempt))
            head = self.event(NOTICES, stream, "NoticeHandingOver", claim, first, BEGIN, attempt=attempt)
            done = duty_command_id(head, "conclude")
            more = {"will_resend": True} if result == "NoticeAmbiguous" else {}
            head = self.event(NOTICES, stream, result, done, first, BEGIN, attempt=attempt, **more)
            if result in {"NoticeSent", "NoticeAmbiguous"}:
                self.mails.append(identity)


def balanced() -> Books:
    """One ticket answered in time, one never (its mail was in doubt), one refused; a contract that lapsed; and dirt."""
    pen = Pen()
    _answered(pen)
    _answered_early(pen)
    _lapsed(pen)
    _forgotten(pen)
    _waited_for(pen)
    refused, command = pen.opened("3", Outcome.REFUSED, "TicketRefused")
    pen.told(refused, "requester", "refusal", command)
    pen.bury(pen.say(DIRT[2](ticket("4", BEGIN))))
    return Books(
        topics={name: Topic(name, PARTITIONS, records) for name, records in pen.records.items()},
        mails=pen.mails,
        now=DUE + timedelta(days=1),
        timeline=Timeline([Turn(EPOCH, BEGIN, 1.0)]),
        acknowledged=pen.acknowledged,
        live=[_generation(name, pen.records[name]) for name in (TICKETS,)],
        rebuilt=[_generation(name, pen.records[name]) for name in (TICKETS,)],
    )


def _answered(pen: Pen) -> None:
    event, first = pen.opened("1")
    at, ticket_stream, stream = BEGIN + timedelta(hours=1), "ticket/crm/1", "promise/crm/1"
    command = door_command_id("crm", "first-response-1", ticket_stream)
    record = pen.say(response("1", at))
    said = pen.event(TICKETS, ticket_stream, "ResponseRecorded", command, command, at, responded_at=at)
    pen.answer(record, ticket_stream, said, "ResponseRecorded", Outcome.ACCEPTED, command)
    started = pen.promised("1", event, first)
    cause = reaction_command_id(said, "RecordResponse", stream)
    pen.event(PROMISES, stream, "FirstResponseMet", cause, command, at, responded_at=at, due_at=DUE)
    pen.told(started, "requester", "acknowledgement", first)


def _answered_early(pen: Pen) -> None:
    """A ticket was answered before it was asked for, and then refused."""
    stream = "ticket/crm/5"
    command = door_command_id("crm", "first-response-5", stream)
    record = pen.say(response("5", BEGIN))
    place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    early = {"door_record": {"place": place, "command": command}}
    held = pen.event(TICKETS, stream, "MessageHeld", command, command, BEGIN, **early)
    pen.answer(record, stream, held, "MessageHeld", Outcome.HELD, command)
    refused, first = pen.opened("5", Outcome.REFUSED, "TicketRefused")
    cause = duty_command_id(stream, "apply-held-1")
    decided = pen.event(TICKETS, stream, "ResponseRefused", cause, first, BEGIN, **early)
    pen.decide(record, stream, decided, "ResponseRefused", Outcome.REFUSED, command)
    pen.told(refused, "requester", "refusal", first)


def _forgotten(pen: Pen) -> None:
    event, first = pen.opened("2")
    started, stream = pen.promised("2", event, first), "promise/crm/2"
    later = DUE + timedelta(seconds=1)
    cause = duty_command_id(started, "WarnAtRisk")
    warning = {"percent": 75, "at_risk_at": WARNING, "due_at": DUE, "transferred_to": None}
    warned = pen.event(PROMISES, stream, "FirstResponseAtRisk", cause, first, WARNING, **warning)
    cause = duty_command_id(warned, "FireDeadline")
    verdict = {"due_at": DUE, "breached_at": DUE, "detected_at": later, "transferred_to": None}
    breached = pen.event(PROMISES, stream, "FirstResponseBreached", cause, first, later, **verdict)
    pen.told(started, "requester", "acknowledgement", first)
    pen.told(warned, "centre", "warning", first, ("NoticeDeferred", "NoticeSent"))
    pen.told(breached, "centre", "breach", first, ("NoticeAmbiguous", "NoticeSent"))


def _waited_for(pen: Pen) -> None:
    """The forgotten ticket waited for its customer, went on, and was not resolved in time."""
    command, stream, waiting = door_command_id("crm", "open-2", SECOND), "cycles/crm/2", SECOND
    for kind, at in (("TicketPaused", BEGIN), ("TicketResumed", BEGIN + timedelta(hours=1))):
        message = said(TICKETS_DOOR, at, "crm", f"{kind}-2", "2", kind, {"by": "person/faults/agent"})
        cause = door_command_id("crm", f"{kind}-2", waiting)
        event = pen.event(TICKETS, waiting, kind, cause, cause, at)
        pen.answer(pen.say(message), waiting, event, kind, Outcome.ACCEPTED, cause)
    example = json.loads((_EXAMPLES / "CycleReckoned.json").read_text())["data"]["cycle"]
    cycle = example | {"started_at": BEGIN, "due_at": DUE}
    about = {"ticket": waiting, "cycle": cycle, "facts": 3}
    cause = duty_command_id(stream, "ReckonCycles")
    reckoned = pen.event(PROMISES, stream, "CycleReckoned", cause, command, BEGIN, **about)
    later, cause = DUE + timedelta(seconds=1), duty_command_id(reckoned, "MissTarget")
    verdict = {"ticket": waiting, "started_at": BEGIN, "due_at": DUE, "missed_at": DUE, "detected_at": later}
    pen.event(PROMISES, stream, "CycleTargetMissed", cause, command, later, **verdict)


def _lapsed(pen: Pen) -> None:
    message, stream = contracts()[-1], "contract/erp/K-16"
    command = door_command_id("erp", "contract-16", stream)
    activated = pen.event(CONTRACTS, stream, "ContractActivated", command, command, BEGIN, covered_until=DUE)
    pen.answer(pen.say(message), stream, activated, "ContractActivated", Outcome.ACCEPTED, command)
    cause = duty_command_id(activated, "EndTerm")
    lapsed = pen.event(CONTRACTS, stream, "ContractLapsed", cause, command, DUE, lapsed_at=DUE, detected_at=DUE)
    pen.told(lapsed, "customer", "lapse", command)


def _generation(topic: str, records: Sequence[Record]) -> Generation:
    heads: dict[str, HeadRow] = {}
    ends = dict.fromkeys(range(PARTITIONS), 0)
    for record in records:
        event = json.loads(record.value or b"")
        entry = bytes.fromhex(event["causationid"].replace("-", "")) + record.offset.to_bytes(8, "big")
        before = heads.get(event["subject"])
        journal = (before.journal if before else b"") + entry
        row = HeadRow(event["subject"], record.partition, int(event["sequence"]), event["id"], journal)
        heads[event["subject"]] = row
        ends[record.partition] = record.offset + 1
    rows = {"tickets": ("(ticket/crm/1,open)", "(ticket/crm/2,open)", "(ticket/crm/3,refused)")}
    return Generation("olcare_intake", topic.split(".")[1], rows, ends, list(heads.values()), frozenset())


def _written(record: Record) -> Written:
    return Written(record.topic, record.partition, record.offset, record.key, record.value, record.headers, 0)  # type: ignore[arg-type] # no header of these is None
