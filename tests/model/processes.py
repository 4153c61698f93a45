"""The processes: what each one runs until it is killed, told to end by the protocol, or stands still."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import chain
from math import inf
from typing import Any

from libs.decider import Decider
from libs.eventlog.door import DoorKeeper, DoorLoop
from libs.eventlog.duty import Duty, DutyLoop
from libs.eventlog.errors import Fenced, Halted, Unavailable, Unreadable
from libs.eventlog.fold import Folder
from libs.eventlog.followers import Follower, Gate, SafeTime, group_follower, reader_follower
from libs.eventlog.ports import Identity
from libs.eventlog.projection import Reader
from libs.eventlog.reaction import ReactionLoop
from libs.eventlog.reader import ReaderLoop
from libs.eventlog.record import Outgoing, Record, RecordedEvent
from libs.eventlog.request import Reaction, Request
from libs.eventlog.rule import Judge
from libs.eventlog.watch import LogCheck
from libs.eventlog.writer import Answer, Writer
from libs.messages.ids import door_command_id, duty_command_id
from libs.messages.streams import stream_id
from tests.model.schedule import Schedule
from tests.model.story import (
    CODECS,
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
from tests.model.tables import Database, Tables
from tests.model.wire import Broker, Line

DOOR_GROUP, REACTION_GROUP = "desk.door", "timer.react-to-tickets"
POINTER = 1.0  # machine seconds between two looks whether the database is still the one that was opened
LAG, EVERY = 8.0, 1.0  # machine seconds; looking more often makes runs longer, not harder
ENDS = (Fenced, Unavailable)  # what may end a process: the next one finds all it needs in the log

Stages = Sequence[Sequence[Follower]]


@dataclass(frozen=True)
class Protocol:
    """The parts under test; a weakened protocol has another one of them."""

    writer: type[Writer] = Writer
    judge: type[Judge] = Judge
    reaction: type[ReactionLoop] = ReactionLoop
    door: type[DoorLoop] = DoorLoop
    tables: type[Tables] = Tables
    ticket: Decider[Any, Any, Any] = TICKET
    stages: Callable[[Stages], Stages] = lambda stages: stages
    a_refusal_leaves_no_event: bool = False


@dataclass
class Said:
    """What was told to anybody outside: command → ids of events (None: that nothing came of it)."""

    answers: dict[str, set[str | None]] = field(default_factory=dict)

    def note(self, answers: Iterable[Answer]) -> None:
        for answer in answers:
            told = self.answers.setdefault(answer.request.id, set())
            told.add(answer.event.id if answer.event else None)


class Process:
    """One life of a process; what it knows ends with it."""

    def __init__(self, name: str, schedule: Schedule, broker: Broker, database: Database, protocol: Protocol) -> None:
        self.name, self.schedule, self.protocol = name, schedule, protocol
        self.database, self.tables = database, database.tables
        self.line = Line(broker)
        self.frozen_until, self.dead = 0.0, False
        self.errors: list[BaseException] = []
        self.seen: Counter[str] = broker.seen
        self.loops: list[ReaderLoop] = []
        self.gate = Gate(self.line, schedule, [self.follower(tables.reader) for tables in self.tables.values()], LAG)
        self.tasks: list[Callable[[], Awaitable[None]]] = [self.gate.run, self._pointer]

    def start(self) -> None:
        for task in chain(self.tasks, (loop.run for loop in self.loops)):
            self.schedule.spawn(task(), self)  # type: ignore[arg-type] # a coroutine, as Task wants it

    def kill(self) -> None:
        self.dead, self.frozen_until = True, inf
        self.schedule.remove(self)
        self.line.cut()

    def ended(self, error: BaseException | None) -> None:
        """Tasks run for ever, so one that ends takes the process with it."""
        self.seen[type(error).__name__] += 1
        if not isinstance(error, ENDS):
            self.errors.append(error or RuntimeError("a loop came to its end"))
        self.kill()

    def halted(self) -> list[Halted]:
        return [halted for loop in self.loops for halted in loop.halted.values()]

    def follower(self, reader: Reader) -> Follower:
        return reader_follower(reader.name, reader.topic, self.tables[reader.name])

    def read(self, reader: Reader) -> None:
        tables, topic = self.tables[reader.name], reader.topic
        folder = Folder(reader, self.protocol.judge(CODECS[topic]))
        check = LogCheck(self.line, topic, Identity("memory", topic))
        self.loops.append(ReaderLoop(self.line, tables, folder, f"{self.name.split('-')[0]}.{reader.name}", check))

    def write(self, reader: Reader, decider: Decider[Any, Any, Any]) -> Writer:
        return self.protocol.writer(
            topic=reader.topic,
            source=self.name,
            decider_of=lambda _: decider,
            codec=CODECS[reader.topic],
            log=self.line,
            store=self.tables[reader.name],
            clock=self.schedule,
            gate=self.gate.passed,
            partitions=PARTITIONS,
        )

    async def _pointer(self) -> None:
        while self.tables is self.database.tables:
            await self.schedule.sleep(POINTER)
        raise Unavailable("the database was dropped")


class Desk(Process):
    """Takes what comes in at the door: the tickets' owner."""

    def __init__(self, said: Said, *process: Any) -> None:
        super().__init__(*process)
        self.said = said
        self.read(DESK_TICKETS)
        self.read(DESK_FACTS)
        self.writer = self.write(DESK_TICKETS, self.protocol.ticket)
        keeper = DoorKeeper(
            topic=DOOR,
            group=DOOR_GROUP,
            read=taken,
            private=lambda _, __: (),
            ask=self.ask,
            answer=self.answer,
            settle=self.settle,
            receipt=receipt,
            dead=dead,
        )
        self.tasks.append(self.protocol.door(self.line, self.schedule, self.gate.passed, keeper).run)

    async def ask(self, read: Sequence[tuple[Record, Mapping[str, str]]]) -> Sequence[Request]:
        await self.schedule.turn()
        row = self.tables["facts"].rows["fact"].get((FACT_STREAM,))
        return [request_of(message, row[1] if row else 0) for _, message in read]

    async def answer(self, requests: Sequence[Request]) -> Sequence[Answer]:
        answers = await self.writer.handle(requests)
        self.said.note(answers)
        return answers

    async def settle(self, answers: Sequence[Answer]) -> None:
        """Nothing was held."""


def taken(record: Record) -> Mapping[str, str]:
    if record.value == b"?":
        raise Unreadable("not-json", "data", "this is not JSON")
    message: dict[str, str] = json.loads(record.value or b"")
    return message


@cache
def ticket_of(number: str) -> str:
    return stream_id("ticket", "upstream", number)


@cache
def _command(id_: str, number: str) -> str:
    return str(door_command_id("upstream", id_, ticket_of(number)))


def command_of(message: Mapping[str, str]) -> str:
    return _command(message["id"], message["number"])


def request_of(message: Mapping[str, str], fact: int) -> Request:
    command = Ask(datetime.fromisoformat(message["at"]), message["wish"], fact)
    return Request(command_of(message), ticket_of(message["number"]), command, message["id"])


def receipt(record: Record, message: Mapping[str, str], answer: Answer) -> Outgoing:
    place = f"{record.partition}/{record.offset}"
    event = answer.event.id if answer.event else "none"
    return Outgoing(RECEIPTS, record.partition, place.encode(), f"{command_of(message)} {event}".encode())


def dead(record: Record, why: Unreadable) -> Sequence[Outgoing]:
    place = f"{record.partition}/{record.offset}".encode()
    return [
        Outgoing(DEAD, record.partition, place, record.value),
        Outgoing(RECEIPTS, record.partition, place, f"unreadable {why.reason}".encode()),
    ]


class Timer(Process):
    """Reacts to the tickets and lets promises expire: the promises' owner."""

    def __init__(self, said: Said, *process: Any) -> None:
        super().__init__(*process)
        self.said = said
        self.read(TIMER_TICKETS)
        self.read(TIMER_PROMISES)
        self.writer = self.write(TIMER_PROMISES, PROMISE)
        self.tasks.append(
            self.protocol.reaction(
                self.line,
                self.schedule,
                self.gate.passed,
                TICKETS,
                REACTION_GROUP,
                self.tables["tickets"],
                CODECS[TICKETS],
                self.react,
                self.answer,
            ).run
        )
        stages: Stages = (
            [group_follower(DOOR_GROUP, DOOR, self.line)],
            [group_follower(REACTION_GROUP, TICKETS, self.line)],
            [self.follower(TIMER_PROMISES)],
        )
        safe = SafeTime(self.line, self.schedule, self.protocol.stages(stages))
        expire = Duty("expire", self.find_due, safe)
        self.tasks.append(DutyLoop(self.schedule, self.gate.passed, [expire], self.answer, EVERY).run)

    async def react(self, events: Sequence[RecordedEvent]) -> Sequence[Sequence[Reaction]]:
        await self.schedule.turn()
        return [reactions_to(event) for event in events]

    async def answer(self, requests: Sequence[Request]) -> Sequence[Answer]:
        answers = await self.writer.handle(requests)
        self.said.note(answers)
        return answers

    async def find_due(self, now: datetime, most: int) -> Sequence[Request]:
        await self.schedule.turn()
        return [
            Request(str(duty_command_id(head, "expire")), stream, Expire(now), head)
            for stream, due_at, waiting, head in self.tables["promises"].rows["deadline"].values()
            if waiting and datetime.fromisoformat(due_at) < now
        ][:most]


def due(database: Database, now: datetime) -> bool:
    """Say whether a promise waits beyond its deadline."""
    rows = database.tables["promises"].rows[TIMER_PROMISES.projections[1].table].values()
    return any(waiting and datetime.fromisoformat(due_at) < now for _, due_at, waiting, _ in rows)
