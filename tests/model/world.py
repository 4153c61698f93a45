"""One seed: commands come in, processes work, and everything that can go wrong goes wrong, until all is quiet."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from libs.eventlog.errors import Halted
from libs.eventlog.wire.record import Cause, Head, Outgoing, encode
from libs.messages.streams import partition_of
from tests.model.office import ALL_FOLLOWED, CoveredDesk, Office, covering
from tests.model.processes import Kind, Process
from tests.model.schedule import Schedule
from tests.model.services import FOLLOWED, SIGN, Desk, Protocol, Said, Timer, contract_of
from tests.model.story import (
    DOOR,
    FACT_STREAM,
    FACTS,
    MONDAY,
    PARTITIONS,
    TARGET,
    TIMER_PROMISES,
    FactStated,
)
from tests.model.tables import Database, Tables
from tests.model.terms import (
    COVERED_TICKETS,
    DESK_CONTRACTS,
    OFFICE_CONTRACTS,
    SIGNATURES,
    TERM,
    refused_in,
    terms_in,
)
from tests.model.wire import Broker

STEPS = 20_000  # turns after which a seed counts as standing still
COMMANDS = 14
WISHES = ("open", "open", "close", "close", "note")
FAULTS = 0.012  # of all turns
KINDS: tuple[Kind, ...] = (Desk, Timer)
WITH_CONTRACTS: tuple[Kind, ...] = (CoveredDesk, Timer, Office)
"""In every other history a ticket is opened under a term that is signed for."""
SIGNATURES_SAID = 8
LAST_DAY = timedelta(seconds=1)
SIGNED_BEFORE = (timedelta(), timedelta(), TERM / 3, None)
"""How long before a signature is told of it was signed; None: on the last day of a term that has lapsed, if one has."""
MOMENT = 0.004  # machine seconds a turn takes, about


@dataclass(frozen=True)
class Wish:
    """What an upstream system says, once or more often, here and there."""

    id: str
    number: str
    wish: str


def what_will_be_said(rng: Random) -> list[Wish | None]:
    """Give what comes in at the door, in order: repeats of some wishes, and what cannot be read (None)."""
    said = list[Wish | None]()
    for n in range(COMMANDS):
        wish = Wish(f"c{n}", rng.choice("AB"), rng.choice(WISHES))
        said += [wish] * rng.choice([1, 1, 2, 3])
    for at in range(len(said) - 1):  # a little out of order
        if rng.random() < 0.3:
            said[at], said[at + 1] = said[at + 1], said[at]
    if rng.random() < 0.5:
        said.insert(rng.randrange(len(said)), None)
    return said


@dataclass(frozen=True)
class Signature:
    """A signature for a term, told of at once, some time after it, or after the lapse."""

    id: str
    number: str
    before: timedelta | None


def with_signatures(rng: Random, said: list[Wish | Signature | None]) -> list[Wish | Signature | None]:
    """Tell of signatures between what is said of tickets: of a first one of each contract early."""
    between = list(said)
    for n in range(SIGNATURES_SAID):
        signature = Signature(f"s{n}", "AB"[n % 2] if n < 2 else rng.choice("AB"), rng.choice(SIGNED_BEFORE))
        for _ in range(rng.choice([1, 1, 2])):
            between.insert(rng.randrange(3 if n < 2 else len(between)), signature)
    return between


class World:
    def __init__(self, seed: int, protocol: Protocol) -> None:
        self.rng, self.protocol = Random(seed), protocol
        self.has_contracts = seed % 2 == 0
        self.kinds = WITH_CONTRACTS if self.has_contracts else KINDS
        self.schedule = Schedule(self.rng, MONDAY)
        self.broker = Broker(self.schedule)
        self.databases = {
            kind: Database(protocol.readers(kind.READERS), self.schedule, fenced=not protocol.nobody_is_fenced)
            for kind in self.kinds
        }
        self.said = Said()
        self.processes: list[Process] = []
        self.facts_at_start: dict[str, int] = {}
        self.signed_at: dict[str, datetime] = {}
        self.errors: list[BaseException] = []
        self.halted: list[Halted] = []
        self.older: list[Tables] = []
        self.fact_head: Head | None = None
        self.faults_left = self.rng.choice([0, 4, 8, 12])
        self.to_say: list[Wish | Signature | None] = [*what_will_be_said(self.rng)]
        if self.has_contracts:
            self.to_say = with_signatures(self.rng, self.to_say)
        for kind in self.kinds:
            for _ in range(self.rng.choice([1, 2, 2, 3])):
                self.start(kind)

    def start(self, kind: Kind) -> None:
        name = f"{kind.__name__.lower()}-{len(self.facts_at_start)}"
        self.facts_at_start[name] = self.fact_head.sequence if self.fact_head else 0
        self.processes.append(Process(kind, name, self.broker, self.databases[kind], self.said, self.protocol))

    def bury(self) -> None:
        """Keep what the dead leave for the verdict, and start the next ones."""
        self.broker.deaths = 0
        for process in [p for p in self.processes if p.dead]:
            self.processes.remove(process)
            self.errors += process.errors
            self.halted += process.halted()
            self.start(process.kind)

    def until_quiet(self) -> bool:
        for _ in range(STEPS):
            self.schedule.machine += self.rng.random() * 2 * MOMENT
            self.something_happens()
            tasks, wires = self.schedule.runnable(), self.broker.loaded()
            if tasks or wires:
                chosen = int(self.rng.random() * (len(tasks) + len(wires)))
                if chosen < len(tasks):
                    self.schedule.resume(tasks[chosen])
                    if self.broker.deaths:
                        self.bury()
                else:
                    self.broker.deliver(wires[chosen - len(tasks)])
            elif self.is_quiet():
                return True
            else:
                self.schedule.skip()
        return False

    def something_happens(self) -> None:
        draw = self.rng.random()
        if draw < FAULTS:
            if self.faults_left > 0:
                self.faults_left -= 1
                fault = self.rng.choice(self.faults())
                self.broker.seen[fault.__name__] += 1
                fault()
        elif draw < 0.05:
            if self.to_say:
                self.say(self.to_say.pop(0))
        elif draw < 0.06:
            self.schedule.plan += timedelta(seconds=self.rng.choice([1, 5, 20, 61]))
        elif draw < 0.065 and self.to_say:
            self.state_fact()

    def say(self, said: Wish | Signature | None) -> None:
        """Write to a door; where a key belongs does not matter to it."""
        topic, now, value = DOOR, self.schedule.plan, b"?"
        if isinstance(said, Signature):
            topic, signed_at = SIGNATURES, self.signed_at.setdefault(said.id, self.signed(said)).isoformat()
            message = {"id": said.id, "number": said.number, "wish": SIGN, "at": signed_at, "told": now.isoformat()}
            value = json.dumps(message).encode()
        elif said:
            value = json.dumps({**vars(said), "at": now.isoformat()}).encode()
        self.broker.write(Outgoing(topic, self.rng.randrange(PARTITIONS), b"any", value))

    def signed(self, signature: Signature) -> datetime:
        """When it was signed, as whoever tells of it now says."""
        if signature.before is not None:
            return self.schedule.plan - signature.before
        rows = self.databases[Office].tables[OFFICE_CONTRACTS.name].rows["running"]
        _, until, runs, _ = rows.get((contract_of(signature.number),), (None, None, True, None))
        return self.schedule.plan if runs else datetime.fromisoformat(until) - LAST_DAY

    def state_fact(self) -> None:
        """Let another service state a fact."""
        value = (self.fact_head.sequence if self.fact_head else 0) + 1
        cause = Cause("00000000-0000-0000-0000-000000000000", "fact", self.schedule.plan)
        written = encode("elsewhere", FACT_STREAM, self.fact_head, FactStated(value=value), cause, self.schedule.plan)
        partition = partition_of(FACT_STREAM, PARTITIONS)
        self.broker.write(Outgoing(FACTS, partition, FACT_STREAM.encode(), written.value))
        self.fact_head = written.head

    def faults(self) -> list[Callable[[], Any]]:
        often = [self.crash, self.freeze, self.hand_over, self.hand_over]
        return [*often, *often, self.drop, self.keep]

    def crash(self) -> None:
        self.rng.choice(self.processes).kill()
        self.bury()

    def freeze(self) -> None:
        self.rng.choice(self.processes).frozen_until = self.schedule.machine + self.rng.choice([0.05, 0.5, 3, 20])

    def hand_over(self) -> None:
        if self.broker.groups:
            self.rng.choice(list(self.broker.groups.values())).move()

    def drop(self) -> None:
        self.rng.choice(list(self.databases.values())).drop()

    def keep(self) -> None:
        """Put a copy of some tables by, to read on from one day."""
        tables = [tables for database in self.databases.values() for tables in database.tables.values()]
        self.older.append(self.rng.choice(tables).copied())

    def read_again(self) -> None:
        """Lose every place in every group, and perhaps every table."""
        self.broker.committed.clear()
        for kind, database in self.databases.items():
            if self.rng.random() < 0.5:
                database.drop()
            for process in [p for p in self.processes if p.kind is kind]:
                process.kill()
        self.bury()

    def let_deadlines_pass(self) -> None:
        self.schedule.plan += 2 * TARGET

    def is_quiet(self) -> bool:
        """Say whether everything said has been read and answered, and nobody stands still."""
        if self.to_say or any(p.frozen_until > self.schedule.machine for p in self.processes):
            return False
        followed = ALL_FOLLOWED if self.has_contracts else FOLLOWED
        if any(self._place(group, topic) != self.broker.ends(topic) for group, topic in followed):
            return False
        tables = [tables for database in self.databases.values() for tables in database.tables.values()]
        if any({p: at.next_offset for p, at in t.position.items()} != self.broker.ends(t.reader.topic) for t in tables):
            return False
        return not (self._due() or (self.has_contracts and (self._over() or self._restatable())))

    def _due(self) -> bool:
        """Say whether a promise waits beyond its deadline."""
        rows = self.databases[Timer].tables[TIMER_PROMISES.name].rows["deadline"].values()
        return any(waiting and datetime.fromisoformat(due_at) < self.schedule.plan for _, due_at, waiting, _ in rows)

    def _over(self) -> bool:
        """Say whether a term goes on beyond its end."""
        rows = self.databases[Office].tables[OFFICE_CONTRACTS.name].rows["running"].values()
        return any(runs and datetime.fromisoformat(until) < self.schedule.plan for _, until, runs, _ in rows)

    def _restatable(self) -> bool:
        """Say whether a refusal is known to have been under cover, and nothing says so."""
        tables = self.databases[CoveredDesk].tables
        terms = {stream: terms_in(row) for stream, row in tables[DESK_CONTRACTS.name].rows["terms"].values()}
        return not self.protocol.nothing_is_restated and any(
            covering(terms, stream.replace("ticket/", "contract/"), at)
            for stream, refused, _ in tables[COVERED_TICKETS.name].rows["lacking"].values()
            for at in refused_in(refused).values()
        )

    def _place(self, group: str, topic: str) -> dict[int, int]:
        return {p: self.broker.committed.get((group, topic, p), 0) for p in range(PARTITIONS)}
