"""The way to the broker: records under way, acknowledgements that get lost, groups whose partitions change hands."""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from libs.eventlog.ports import ACKNOWLEDGED, UNKNOWN, OnAssigned
from libs.eventlog.testing import MemoryLog, MemorySubscription
from libs.eventlog.wire.record import Outgoing, Record
from tests.model.schedule import Park, Schedule, chance
from tests.model.story import PARTITIONS

PATIENCE = 15.0  # machine seconds until a producer gives up what is not acknowledged
IDLE = 10.0  # machine seconds: what comes wakes a member, and looking more often makes runs longer, not harder
SURVIVES = 0.7  # of what is under way at a crash, the share that arrives


@dataclass(eq=False)
class Sent:
    out: Outgoing
    answer: int | None = None


class Broker:
    """What is written, what is under way, and who owns which partition in a group."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule, self.rng = schedule, schedule.rng
        self.records: dict[tuple[str, int], list[Record]] = defaultdict(list)
        self.committed: dict[tuple[str, str, int], int] = {}
        self.wires: list[deque[Sent]] = []
        self.seen: Counter[str] = Counter()
        self.deaths = 0
        self.groups: dict[tuple[str, str], Group] = defaultdict(lambda: Group(self.rng))
        self.readers: dict[str, list[WireSubscription]] = defaultdict(list)

    def loaded(self) -> list[deque[Sent]]:
        self.wires = [wire for wire in self.wires if wire]
        return self.wires

    def deliver(self, wire: deque[Sent]) -> None:
        """Take one record off a wire: written or not, acknowledged or not, sometimes written again."""
        sent = wire.popleft()
        nowhere, unheard, late, lost = chance(self.rng, 0.03, 0.02, 0.02, 0.02)
        if late:
            self.wires.append(deque([Sent(sent.out)]))
        if late or lost:
            sent.answer = UNKNOWN
            return
        offset = self.write(sent.out)
        sent.answer = UNKNOWN if unheard else ACKNOWLEDGED if nowhere else offset
        if self.rng.random() < 0.05:
            self.write_again(sent.out)

    def write(self, out: Outgoing) -> int:
        records = self.records[out.topic, out.partition]
        records.append(Record(out.topic, out.partition, len(records), out.key, out.value, tuple(out.headers), 0))
        for reader in self.readers[out.topic]:
            reader.wake()
        return len(records) - 1

    def write_again(self, out: Outgoing) -> None:
        """Repeat this record, or an old one of its partition."""
        old = self.rng.choice(self.records[out.topic, out.partition])
        self.write(out if self.rng.random() < 0.5 else Outgoing(old.topic, old.partition, old.key, old.value))

    def ends(self, topic: str) -> dict[int, int]:
        return {p: len(self.records[topic, p]) for p in range(PARTITIONS)}


class Line(MemoryLog):
    """One process' way to the broker."""

    def __init__(self, broker: Broker) -> None:
        super().__init__(PARTITIONS, broker.schedule.turn)
        self.broker = broker
        self.kept, self.committed = broker.records, broker.committed
        self.appenders: list[WireAppender] = []
        self.subscriptions: list[WireSubscription] = []

    def appender(self) -> "WireAppender":  # type: ignore[override] # it keeps the interface, not the class
        self.appenders.append(WireAppender(self.broker))
        return self.appenders[-1]

    async def subscribe(self, topic: str, group: str, on_assigned: OnAssigned) -> "WireSubscription":
        await self.turn()
        subscription = WireSubscription(self, topic, group, on_assigned)
        self.subscriptions.append(subscription)
        self.broker.groups[group, topic].join(subscription)
        self.broker.readers[topic].append(subscription)
        return subscription

    def cut(self) -> None:
        """End with the process: what is under way arrives or not."""
        for appender in self.appenders:
            appender.abandon()
        for subscription in self.subscriptions:
            subscription.leave()


class WireAppender:
    """A producer whose records arrive one by one."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._wires: dict[tuple[str, int], deque[Sent]] = {}

    async def append(self, batch: Sequence[Outgoing]) -> Sequence[int]:
        sent = [Sent(out) for out in batch]
        for one in sent:
            self._wire(one.out.topic, one.out.partition).append(one)
        await self._broker.schedule.until(lambda: all(one.answer is not None for one in sent), PATIENCE)
        answers = [UNKNOWN if one.answer is None else one.answer for one in sent]
        if UNKNOWN in answers:
            self.abandon()
        return answers

    def abandon(self) -> None:
        """Let go of the producer: of what it still holds any part may arrive, in order, with nobody to hear of it."""
        for wire in self._wires.values():
            orphans = [Sent(one.out) for one in wire if self._broker.rng.random() < SURVIVES]
            for one in wire:
                one.answer = UNKNOWN
            wire.clear()
            self._broker.wires.append(deque(orphans))
        self._wires.clear()

    async def close(self) -> None:
        self.abandon()

    def _wire(self, topic: str, partition: int) -> deque[Sent]:
        wire = self._wires.setdefault((topic, partition), deque())
        if not wire:
            self._broker.wires.append(wire)
        return wire


@dataclass(eq=False)
class Group:
    """A consumer group on one topic; whoever lost a partition may not know it yet."""

    rng: Random
    members: list["WireSubscription"] = field(default_factory=list)
    owner: dict[int, "WireSubscription"] = field(default_factory=dict)

    def join(self, member: "WireSubscription") -> None:
        self.members.append(member)
        for partition in range(PARTITIONS):
            if partition not in self.owner:
                self.give(partition, self.rng.choice(self.members))

    def leave(self, member: "WireSubscription") -> None:
        if member in self.members:
            self.members.remove(member)
        for partition in [p for p, owner in self.owner.items() if owner is member]:
            del self.owner[partition]
            if self.members:
                self.give(partition, self.rng.choice(self.members))

    def move(self) -> None:
        """Give a partition to any member, without asking its owner."""
        if self.members:
            self.give(self.rng.randrange(PARTITIONS), self.rng.choice(self.members))

    def give(self, partition: int, member: "WireSubscription") -> None:
        self.owner[partition] = member
        member.handed |= {partition}
        member.wake()


class WireSubscription(MemorySubscription):
    def __init__(self, line: Line, topic: str, group: str, on_assigned: OnAssigned) -> None:
        super().__init__(line, topic, group, on_assigned)
        self._broker, self._group_of = line.broker, line.broker.groups[group, topic]
        self._all = [line.kept[topic, p] for p in range(PARTITIONS)]
        self._park = Park()
        self.handed: frozenset[int] = frozenset()

    async def batch(self, most: int, wait: float) -> Mapping[int, Sequence[Record]]:
        if not self._has_something():
            self._park = Park(self._broker.schedule.machine + max(wait, IDLE))
            await self._park
        self._hear()
        while self.handed:
            handed, self.handed = self.handed, frozenset()
            await self.give(handed)
        return await super().batch(self._broker.rng.choice([1, 2, most]), wait)

    def owned(self) -> frozenset[int]:
        return super().owned() & {p for p, owner in self._group_of.owner.items() if owner is self}

    def assigned(self) -> frozenset[int]:
        self._hear()
        return super().assigned()

    def leave(self) -> None:
        self._broker.readers[self._topic].remove(self)
        self._group_of.leave(self)

    def wake(self) -> None:
        """Go on if it waits: there is something."""
        self._park.until = 0.0

    def _hear(self) -> None:
        """Hear what was given to others, sooner or later."""
        if self._broker.rng.random() < 0.4:
            self.take(frozenset(p for p in self._next if self._group_of.owner.get(p) is not self))

    def _has_something(self) -> bool:
        return bool(self.handed) or any(at < len(self._all[partition]) for partition, at in self._next.items())
