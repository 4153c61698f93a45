"""Two small services put together from the parts under test, over whatever log, clock and tables they are given."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

from libs.decider import Decider
from libs.eventlog.commands import IssuedCommand, Reaction
from libs.eventlog.errors import Halted, Unreadable
from libs.eventlog.fold import Projector
from libs.eventlog.loops.door import Door, DoorLoop
from libs.eventlog.loops.duty import Duty, DutyLoop
from libs.eventlog.loops.fact_waves import Resting
from libs.eventlog.loops.followers import Follower, Gate, SafeTime, group_follower, reader_follower
from libs.eventlog.loops.log_check import LogCheck
from libs.eventlog.loops.reaction import ReactionLoop
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.loops.writer import Answer, Writer
from libs.eventlog.ports import Clock, Identity, Log, Store
from libs.eventlog.projection import Reader
from libs.eventlog.put_away import PutAway
from libs.eventlog.rule import Judge
from libs.eventlog.wire.record import Outgoing, Record, RecordedEvent
from libs.messages.ids import door_command_id, duty_command_id
from libs.messages.streams import stream_id
from tests.model.story import (
    DEAD,
    DESK_FACTS,
    DESK_TICKETS,
    DOOR,
    FACT_STREAM,
    PARTITIONS,
    PROMISE,
    RECEIPTS,
    TICKET,
    TICKETS,
    TIMER_PROMISES,
    TIMER_TICKETS,
    Ask,
    Expire,
    reactions_to,
)
from tests.model.terms import CODECS, CONTRACT

DOOR_GROUP, REACTION_GROUP = "desk.door", "timer.react-to-tickets"
FOLLOWED: Sequence[tuple[str, str]] = ((DOOR_GROUP, DOOR), (REACTION_GROUP, TICKETS))
DEPTH = 2  # messages of one stream in a batch, so few that others often go by
SIGN = "sign"
LAG, EVERY = 8.0, 1.0  # machine seconds; looking more often makes runs longer, not harder

Stages = Sequence[Sequence[Follower]]
Loop = Callable[[], Awaitable[None]]
Rows = Callable[[str, str], Awaitable[Iterable[tuple[Any, ...]]]]


@dataclass(frozen=True)
class Protocol:
    """The parts under test; a weakened protocol has another one of them."""

    writer: type[Writer] = Writer
    judge: type[Judge] = Judge
    reaction: type[ReactionLoop] = ReactionLoop
    door: type[DoorLoop] = DoorLoop
    ticket: Decider[Any, Any, Any] = TICKET
    contract: Decider[Any, Any, Any] = CONTRACT
    stages: Callable[[Stages], Stages] = lambda stages: stages
    """Of what a deadline waits for."""
    stages_of_a_lapse: Callable[[Stages], Stages] = lambda stages: stages
    put_away: PutAway = field(default_factory=PutAway)
    a_refusal_leaves_no_event: bool = False
    nobody_is_fenced: bool = False
    nothing_is_restated: bool = False

    def readers(self, readers: Sequence[Reader]) -> Sequence[Reader]:
        """Some readers of the story, as this protocol has them."""
        return [replace(reader, put_away=self.put_away) for reader in readers]


WHOLE = Protocol()


@dataclass
class Said:
    """What was told to anybody outside: command → ids of events (None: that nothing came of it)."""

    answers: dict[str, set[str | None]] = field(default_factory=dict)

    def note(self, answers: Iterable[Answer]) -> None:
        for answer in answers:
            told = self.answers.setdefault(answer.issued.id, set())
            told.add(answer.event.id if answer.event else None)


@dataclass(frozen=True)
class Ground:
    """What a process stands on; `rows` reads a table of one of its readers."""

    name: str
    log: Log
    clock: Clock
    stores: Mapping[str, Store]
    rows: Rows
    identities: Mapping[str, Identity]
    said: Said
    protocol: Protocol = WHOLE


class Service:
    """A gate, a reader for each topic it reads, and a writer of its own topic."""

    writer: Writer

    def __init__(self, ground: Ground, readers: Sequence[Reader]) -> None:
        self.ground, self.protocol = ground, ground.protocol
        self.gate = Gate(ground.log, ground.clock, [self.follower(reader) for reader in readers], LAG)
        self.readers = [self._read(reader) for reader in self.protocol.readers(readers)]
        self.loops: list[Loop] = [self.gate.run, *(reader.run for reader in self.readers)]

    def halted(self) -> list[Halted]:
        return [halted for reader in self.readers for halted in reader.halted.values()]

    def follower(self, reader: Reader) -> Follower:
        return reader_follower(reader.name, reader.topic, self.ground.stores[reader.name])

    def _read(self, reader: Reader) -> ReaderLoop:
        projector = Projector(reader, self.protocol.judge(CODECS[reader.topic]))
        check = LogCheck(self.ground.log, reader.topic, self.ground.identities[reader.topic])
        return ReaderLoop(self.ground.log, self.ground.stores[reader.name], projector, reader.name, check)

    def write(self, reader: Reader, kind: str, decider: Decider[Any, Any, Any]) -> Writer:
        return self.protocol.writer(
            topic=reader.topic,
            source=self.ground.name,
            deciders={kind: decider},
            codec=CODECS[reader.topic],
            log=self.ground.log,
            store=self.ground.stores[reader.name],
            clock=self.ground.clock,
            gate=self.gate.passed,
            partitions=PARTITIONS,
        )

    async def rest(self, *, soon: bool) -> None:  # noqa: ARG002 - in either case
        """Wait until a duty looks again."""
        await self.ground.clock.sleep(EVERY)

    async def told(self, writer: Writer, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        answers = await writer.handle(commands)
        self.ground.said.note(answers)
        return answers


class Desk(Service):
    """Takes what comes in at the door: the tickets' owner."""

    READERS: Sequence[Reader] = (DESK_TICKETS, DESK_FACTS)

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground, self.READERS)
        self.writer = self.write(DESK_TICKETS, "ticket", self.protocol.ticket)
        gate = self.gate.passed
        self.loops.append(self.protocol.door(ground.log, ground.clock, gate, self.door(), DOOR_GROUP, depth=DEPTH).run)

    def door(self) -> "StoryDoor":
        return DeskDoor(self)


class StoryDoor(Door[Mapping[str, str]]):
    """A door of the story: what it reads, and how it answers."""

    topic = DOOR

    def read(self, record: Record) -> Mapping[str, str]:
        return taken(record)

    def resting(self, message: Mapping[str, str]) -> Resting:
        return Resting(frozenset({stream_of(message)}))

    def receipt(self, record: Record, message: Mapping[str, str], answer: Answer) -> Outgoing:
        return receipt(record, message, answer)

    def dead(self, record: Record, why: Unreadable) -> Sequence[Outgoing]:
        return dead(record, why)


class DeskDoor(StoryDoor):
    """The door of the desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def issue(self, read: Sequence[tuple[Record, Mapping[str, str]]]) -> Sequence[IssuedCommand]:
        facts: dict[str, int] = dict(await self._desk.ground.rows(DESK_FACTS.name, "fact"))
        return [command_of(message, facts.get(FACT_STREAM, 0)) for _, message in read]

    async def answer(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        return await self._desk.told(self._desk.writer, commands)


def taken(record: Record) -> Mapping[str, str]:
    if record.value == b"?":
        raise Unreadable("not-json", "data", "this is not JSON")
    message: dict[str, str] = json.loads(record.value or b"")
    return message


@cache
def ticket_of(number: str) -> str:
    return stream_id("ticket", "upstream", number)


@cache
def contract_of(number: str) -> str:
    return stream_id("contract", "upstream", number)


def stream_of(message: Mapping[str, str]) -> str:
    """What a message is about: the contract of a number, or its ticket."""
    return (contract_of if message.get("wish") == SIGN else ticket_of)(message["number"])


@cache
def _command(message_id: str, stream: str) -> str:
    return door_command_id("upstream", message_id, stream)


def command_id_of(message: Mapping[str, str]) -> str:
    return _command(message["id"], stream_of(message))


def command_of(message: Mapping[str, str], fact: int) -> IssuedCommand:
    command = Ask(datetime.fromisoformat(message["at"]), message["wish"], fact)
    return IssuedCommand(command_id_of(message), ticket_of(message["number"]), command, message["id"])


def receipt(record: Record, message: Mapping[str, str], answer: Answer) -> Outgoing:
    place = f"{record.partition}/{record.offset}"
    event = answer.event.id if answer.event else "none"
    return Outgoing(RECEIPTS, record.partition, place.encode(), f"{command_id_of(message)} {event}".encode())


def dead(record: Record, why: Unreadable) -> Sequence[Outgoing]:
    place = f"{record.partition}/{record.offset}".encode()
    return [
        Outgoing(DEAD, record.partition, place, record.value),
        Outgoing(RECEIPTS, record.partition, place, f"unreadable {why.reason}".encode()),
    ]


class Timer(Service):
    """Reacts to the tickets and lets promises expire: the promises' owner."""

    READERS = (TIMER_TICKETS, TIMER_PROMISES)

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground, self.READERS)
        self.writer = self.write(TIMER_PROMISES, "promise", PROMISE)
        self.loops.append(
            self.protocol.reaction(
                ground.log,
                ground.clock,
                self.gate.passed,
                TICKETS,
                REACTION_GROUP,
                ground.stores[TIMER_TICKETS.name],
                CODECS[TICKETS],
                self.react,
                self.answer,
            ).run
        )
        expire = Duty("expire", self.find_due, self._safe_time())
        self.loops.append(DutyLoop(ground.clock, self.gate.passed, [expire], self.answer, self.rest).run)

    def _safe_time(self) -> SafeTime:
        log = self.ground.log
        stages: Stages = (
            [group_follower(DOOR_GROUP, DOOR, log)],
            [group_follower(REACTION_GROUP, TICKETS, log)],
            [self.follower(TIMER_PROMISES)],
        )
        return SafeTime(log, self.ground.clock, self.protocol.stages(stages))

    async def react(self, events: Sequence[RecordedEvent]) -> Sequence[Sequence[Reaction]]:
        return [reactions_to(event) for event in events]

    async def answer(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        return await self.told(self.writer, commands)

    async def find_due(self, now: datetime, most: int) -> Sequence[IssuedCommand]:
        rows = await self.ground.rows(TIMER_PROMISES.name, "deadline")
        return [
            IssuedCommand(duty_command_id(head, "expire"), stream, Expire(now), head)
            for stream, due_at, waiting, head in rows
            if waiting and datetime.fromisoformat(due_at) < now
        ][:most]
