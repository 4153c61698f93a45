"""What the services share in their composition: one clock, one engine, and the loops that use it.

A service says which doors, reactions and duties it has; what they wait for shows in `/readyz`, what is left to do in
`/quiet`. Everything runs in one task group: any failure ends the process, and a restart finds all it needs in the log.
"""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import Histogram

from libs.chassis.app import Loop, Service, run, watched
from libs.chassis.broker_clock import BrokerClock
from libs.chassis.clock import Clock
from libs.chassis.collector import collect_seldom
from libs.chassis.health import Busy, Health, Quiet
from libs.chassis.levels import Look, keep_looking
from libs.chassis.logging import configure
from libs.chassis.measuring import BuildMeasures, TimedSafeTime, safe_time_waits
from libs.chassis.metrics import LogMetrics, Metrics
from libs.chassis.pages import Route
from libs.chassis.service_door import ServiceDoor
from libs.chassis.settings import ServiceSettings
from libs.chassis.source_policy import in_words
from libs.chassis.start import clock_of
from libs.chassis.stuck import StuckList
from libs.chassis.wakeup import Pulse, Waiter
from libs.chassis.watchdog import Watchdog, Watched
from libs.eventlog.commands import IssuedCommand
from libs.eventlog.engine import Engine, EngineSettings
from libs.eventlog.errors import Unavailable
from libs.eventlog.failures import Failure
from libs.eventlog.kafka.topics import TopicAdmin, load_cards, with_own_doors
from libs.eventlog.loops.door import Door, DoorLoop
from libs.eventlog.loops.duty import Duty, DutyLoop, Rest
from libs.eventlog.loops.followers import Follower, SafeTime, behind, group_follower
from libs.eventlog.loops.held_back import Source
from libs.eventlog.loops.input_check import check_input
from libs.eventlog.loops.reaction import React, ReactionLoop
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.loops.state_topic import StateTopic
from libs.eventlog.loops.writer import Answer
from libs.eventlog.projection import Reader
from libs.eventlog.rebuild.build import Progress
from libs.eventlog.tables.queries import Queries, expressions_of
from libs.messages.base import Event
from libs.messages.catalogue import CLOCK, doors_of, group_at
from libs.messages.receipts import Outcome

AnswerAll = Callable[[Sequence[IssuedCommand]], Awaitable[Sequence[Answer]]]

_log = structlog.get_logger("olcare.host")

DOOR = "door"
"""The group of a service at its door is `<service>.door`."""

NAME_PATIENCE = 15.0  # machine seconds for a process of the same name to be gone
OFFSETS_KEPT = 60 * 24 * 60  # minutes: two months


class Drifted(Exception):  # noqa: N818 - it says what happened
    """The topics differ from their cards: nothing may be read or written until that is fixed."""


class ServiceHost:
    """One service's process, put together in its `__main__`."""

    def __init__(self, settings: ServiceSettings, readers: Sequence[Reader], folder: Path) -> None:
        self.settings = settings
        self.clock = clock_of(settings)
        configure(settings.service, settings.instance, settings.log, self.clock)
        self.metrics = Metrics(settings.service, settings.instance)
        self._measures = LogMetrics(self.metrics.registry)
        self.policy = settings.source_policy
        self.cards = with_own_doors(load_cards(settings.contracts / "topics"), self.policy)
        _log.info("sources", **in_words(self.policy))
        self.engine = Engine(_engine(settings), self.clock, self.cards, readers)
        files = sorted(folder.glob("*.sql"))
        self.queries = Queries(self.engine.database, *files, expressions=expressions_of(readers))
        self.stuck = StuckList(self.clock)
        self._forgotten: str | None = None
        self._unknown: list[str] = []
        """Sentences for clients' own doors that were made since the start."""
        self.health = Health(
            self.clock, degraded=self._degraded, sources=self.policy.fingerprint() if self.policy else None
        )
        self.routes: list[Route] = [*self.stuck.routes()]
        """HTTP routes of the service, beside the pages about the process."""
        self._loops: list[Loop] = []
        self._busy: list[Busy] = []
        self._groups: list[tuple[str, str]] = []
        self._doors: dict[str, DoorLoop] = {}
        self._followers: list[Follower] = list(self.engine.followers.values())
        self._watched = [
            Watched(follower, partial(self._reader_waits, name), partial(self._partitions_of, name))
            for name, follower in self.engine.followers.items()
        ]
        self._next_due: list[Callable[[], Awaitable[datetime | None]]] = []
        self._duties: list[DutyLoop] = []
        self._states: list[StateTopic] = []
        self._opened = False
        self._builds = BuildMeasures(self.engine, self.metrics.registry)
        self._looks: list[Look] = [self._builds.look]
        self._pulse = Pulse()
        for store in self.engine.stores.values():
            store.on_move = self._pulse
        self._broker_clock = BrokerClock(self.engine.log, self.clock, settings.instance, self.cards[CLOCK].partitions)
        self.engine.wrong_clock = self._broker_clock.problem
        self.health.checks["start"] = lambda: None if self._opened else "the tables are being made ready"
        self.health.checks["gate"] = lambda: self.engine.gate.closed_because
        self.health.checks["log"] = self.engine.halted
        self.health.checks["clock"] = self._broker_clock.problem

    def door(self, door: ServiceDoor[Any]) -> None:
        """Serve a door: that of all, and those of its own of each client."""
        door.count = self.count_receipt
        for topic in doors_of(self.cards, door.topic):
            self._serve(door.at(topic, self.policy), group_at(self.engine.group(DOOR), topic))

    def own_doors(self, door: Source) -> list[Source]:
        """The input at a door of all, and the same at each client's own."""
        return [
            door._replace(group=group_at(door.group, topic), topic=topic) for topic in doors_of(self.cards, door.topic)
        ]

    def answered(self, doors: Iterable[Source]) -> list[Follower]:
        """Follow how far what is said at some doors has been answered."""
        return [group_follower(door.group, door.topic, self.engine.log) for door in doors]

    def _serve(self, door: Door[Any], group: str) -> None:
        log = self.engine.log
        secret = self.settings.fingerprint_key
        key, gate = secret.get_secret_value() if secret else None, self.engine.gate.passed
        loop = DoorLoop(log, self.clock, gate, door, group, self.report, log.subscribe_by_faststream, key=key)
        self._groups.append((group, door.topic))
        self._measures.door(door.topic)
        self._doors[door.topic] = loop
        self._loops.append((f"door {door.topic}", loop.run))
        self._follow(group_follower(group, door.topic, self.engine.log), loop)
        self.health.checks[f"door {door.topic}"] = lambda: loop.waiting

    def reaction(self, reader: str, react: React, answer: AnswerAll, about: Sequence[type[Event]] = ()) -> ReactionLoop:
        """React to the records that one of our readers has passed; `about` limits the events.

        Raises ValueError where the reader does not keep which of them are void: these would be reacted to as well.
        """
        if not self.engine.readers[reader].reacts:
            raise ValueError(f"the reader {reader} keeps no voids: it says `reacts=True` where a reaction follows it")
        topic, group = self.engine.readers[reader].topic, self.engine.group(f"react-to-{reader}")
        store, codec = self.engine.stores[reader], self.engine.codec(topic)
        gate = self.engine.gate.passed
        loop = ReactionLoop(
            *(self.engine.log, self.clock, gate, topic, group, store, codec, react, answer, about), report=self.report
        )
        self._groups.append((group, topic))
        self.stuck.add(lambda: [loop.stuck])
        self._loops.append((f"reaction to {topic}", loop.run))
        self._follow(group_follower(group, topic, self.engine.log), loop)
        self.health.checks[f"reaction to {topic}"] = lambda: loop.waiting
        return loop

    def duties(
        self,
        duties: Sequence[Duty],
        answer: AnswerAll,
        next_due: Callable[[], Awaitable[datetime | None]],
        values: Callable[[], Mapping[str, object]] = dict,
    ) -> DutyLoop:
        """Run the duties; `next_due` returns the next instant of plan time at which something becomes due.

        `values` are those that the queries name that the duties ask, beside `now` and `most`.
        """

        async def question(queries: AbstractSet[str], now: datetime) -> AbstractSet[str]:
            return await self.queries.finding(queries, now=now, most=1, **values()) if queries else queries

        gate = self.engine.gate.passed
        loop = DutyLoop(self.clock, gate, duties, answer, self.waiter(), self.report, self.engine.owns, question)
        self.stuck.add(lambda: loop.stuck)
        self._loops.append(("duties", loop.run))
        self._duties.append(loop)
        self._next_due.append(partial(_next_due, loop, self.clock, next_due))
        self._busy.append(partial(_due, loop))
        self.health.checks["duties"] = lambda: _waiting(loop)
        return loop

    def state(self, name: str, topic: str) -> StateTopic:
        """Keep a compacted topic as a table."""
        state = StateTopic(self.engine.log, self.engine.database, name, topic, self.engine.group(f"{name}.v1"))
        self._states.append(state)
        state.on_move = self._pulse
        self.health.checks[f"state {name}"] = state.problem
        follower = Follower(f"{self.settings.service}.{name}", topic, state.positions)
        self._followers.append(follower)
        self._watched.append(Watched(follower, state.problem))
        return state

    def _follow(self, follower: Follower, loop: DoorLoop | ReactionLoop) -> None:
        self._followers.append(follower)
        self._watched.append(Watched(follower, lambda: loop.waiting, loop.watched))

    def _partitions_of(self, reader: str) -> frozenset[int] | None:
        loop = self.engine.loops.get(reader)
        return loop.watched() if loop else None

    def _reader_waits(self, name: str) -> str | None:
        """What a reader waits for: somebody who decides about a partition that is halted."""
        loop = self.engine.loops.get(name)
        return "; ".join(map(str, loop.halted.values())) or None if loop else "it has not begun"

    def waiter(self) -> Rest:
        """Make a wait for one loop: it returns once something may be due."""
        return Waiter(self.clock, self, self._pulse).wait

    @property
    def movable(self) -> bool:
        """Whether plan time is stepped by somebody else."""
        return self.clock.movable

    def here(self) -> object:
        """A value to compare with an earlier one.

        It differs once plan time was stepped, or our tables or partitions have moved in this process.
        """
        plan_time = self.clock.now() if self.clock.movable else None
        moves = [store.moves for store in self.engine.stores.values()] + [state.moves for state in self._states]
        return plan_time, *moves, *(loop.partitions() for loop in self._moving)

    def alone(self) -> bool:
        """Whether no other instance can move our tables: all partitions are ours."""
        return all(len(loop.partitions()) == self.cards[loop.topic].partitions for loop in self._moving)

    @property
    def _moving(self) -> list[ReaderLoop | StateTopic]:
        """What moves our tables."""
        return [*self.engine.loops.values(), *self._states]

    async def anywhere(self) -> object:
        """A value to compare with an earlier one: it differs once the tables have moved, in whichever instance.

        Raises Unavailable.
        """
        return await self.engine.moved([state.name for state in self._states])

    def busy(self, ask: Busy) -> None:
        """Add a check to those that must find nothing left to do before the service is quiet."""
        self._busy.append(ask)

    def loop(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Add a loop to those that run."""
        self._loops.append((name, run))

    def safe_time(self, *stages: Sequence[Follower], inputs: Sequence[Source]) -> SafeTime:
        """Make a safe time that waits for the followers of one stage after the other.

        What one of the `inputs` has left aside holds back whatever has the same number.
        """
        return TimedSafeTime(self._safe_time_waits.observe, self.engine.log, self.clock, stages, inputs=inputs)

    @cached_property
    def _safe_time_waits(self) -> Histogram:
        return safe_time_waits(self.metrics.registry)

    def measure(self, look: Look) -> None:
        """Have something set metrics from the tables now and then."""
        self._looks.append(look)

    def count_receipt(self, door: str, outcome: Outcome) -> None:
        """Count a receipt."""
        self._measures.receipt(door, outcome)

    def report(self, failure: Failure) -> None:
        """Log what failed, without what it was told, and count it."""
        self._measures.failed(failure.loop)
        _log.error("failed", **failure._asdict())

    async def serve(self) -> int:
        """Run until told to stop; gives the exit code."""
        quiet = Quiet(self.clock, busy=[self._unquiet], next_due=[self.soonest])
        loops: list[Loop] = [("work", self._work)]
        return await run(Service(self.settings, self.clock, self.metrics, self.health, quiet, loops, self.routes))

    async def _work(self) -> None:
        try:
            await self._check_topics()
            await self.engine.open(self._tell)
            for state in self._states:
                await state.open(self.cards[state.topic].partitions, self.clock.wall())
            async with self.engine.database.only_one_named(self.settings.instance, NAME_PATIENCE):
                await self._run_all()
        finally:
            await self.engine.close()

    async def _run_all(self) -> None:
        self._opened = True
        for reader in self.engine.loops.values():
            reader.on_assigned = self._pulse
        collect_seldom()
        watchdog = Watchdog(self.engine.log, self.clock, self._watched)
        self.metrics.before.append(partial(self._measure, watchdog))
        runs: list[Loop] = [
            *self.engine.tasks(),
            *self._loops,
            ("watchdog", watchdog.run),
            ("clock", self._broker_clock.run),
            ("levels", partial(keep_looking, self.clock, self._looks, self.report)),
            ("topics", self._keep_checking),
        ]
        runs += [(f"state {state.name}", state.run) for state in self._states]
        async with asyncio.TaskGroup() as group:
            for name, loop in runs:
                group.create_task(watched(name, loop), name=name)

    async def _check_topics(self) -> None:
        """Refuse to run on topics that are not as their cards say; raises Drifted."""
        ours = {*(r.topic for r in self.engine.readers.values()), *self._doors}
        cards = [card for card in self.cards.values() if card.topic in ours or self.settings.service in card.written_by]
        async with TopicAdmin(self.settings.brokers(self.settings.kafka)) as admin:
            found = await admin.check(cards)
            kept = await admin.offsets_kept()
            self._unknown = await admin.unknown_doors(self.cards)
        self._warn_of_forgetting(kept)
        if found or (self._unknown and not self._opened):
            raise Drifted("; ".join([*found, *self._unknown]))

    def _warn_of_forgetting(self, kept: int) -> None:
        """Say what follows where the brokers soon forget committed offsets; it is no reason to stop."""
        before, self._forgotten = self._forgotten, forgetting(kept)
        if self._forgotten and self._forgotten != before:
            _log.warning("offsets are kept too short", why=self._forgotten)

    def _degraded(self) -> list[str]:
        return [*self.stuck.sentences(), *([self._forgotten] if self._forgotten else []), *self._unknown]

    async def _keep_checking(self) -> None:
        while True:
            await self.clock.sleep(60)
            with suppress(Unavailable):  # asked again in a minute
                await self._check_topics()
                await self._check_input()

    async def _check_input(self) -> None:
        """Look whether the topics are still those that were read; raises LostInput and Unavailable."""
        for group, topic in self._groups:
            await check_input(self.engine.log, topic, await self.engine.log.commits(group, topic))
        for state in self._states:
            await state.check()
            await state.read_through(self.clock.wall())

    async def _unquiet(self) -> str | None:
        """What is still to be read, answered or done now; all checks run concurrently."""
        if not self._opened or self.engine.gate.closed_because:
            return self.engine.gate.closed_because or "starting"
        try:
            followers = [*self._followers, *self.engine.standby.followers.values()]
            ends = await self.engine.log.ends_of({follower.topic for follower in followers})
            late = (self._behind(follower, ends[follower.topic]) for follower in followers)
            asked = await asyncio.gather(self.engine.goes_over(), *(ask() for ask in self._busy), *late)
        except Unavailable as error:
            return str(error)
        return "; ".join(sentence for sentence in asked if sentence) or None

    async def soonest(self) -> datetime | None:
        """The next instant at which something becomes due; None without any, and during the start."""
        if not self._opened:
            return None
        return min([at for ask in self._next_due if (at := await ask())], default=None)

    async def _behind(self, follower: Follower, ends: Mapping[int, int]) -> str | None:
        late = await behind(self.engine.log, follower, ends)
        return f"{follower.name} is {sum(late.values())} records behind on {follower.topic}" if late else None

    def _measure(self, watchdog: Watchdog) -> None:
        """Copy the state of the gate, the readers, the door and the duties to the metrics."""
        self._measures.gate(is_open=self.engine.gate.closed_because is None)
        self._measures.left_aside(len(self.stuck.rows()))
        for name, loop in self.engine.loops.items():
            topic = self.engine.readers[name].topic
            self._measures.read(topic, *loop.take_counts())
            self._measures.partitions(topic, {p: p in loop.halted for p in range(self.cards[topic].partitions)})
            store = self.engine.stores[name]
            if self.engine.readers[name].writes:
                self._measures.put_away(topic, store.put_away, store.came_back)
        for topic, door in self._doors.items():
            self._measures.answered(topic, dataclasses.asdict(door.counts))
        for state in self._states:
            self._measures.skipped(state.topic, state.skipped)
        for follower, lag in watchdog.lag.items():
            self._measures.behind(follower.name, follower.topic, lag)
        for duties in self._duties:
            for name in duties.that_wait:
                self._measures.waits(name, duties.waiting_since.get(name), self.clock.now())

    def _tell(self, progress: Progress) -> None:
        self._builds.tell(progress)
        if progress.done == progress.total:
            _log.info("tables folded from the log", records=progress.total)


def forgetting(kept: int) -> str | None:
    """What follows where brokers keep the committed offsets so many minutes; None where that is long enough."""
    if kept >= OFFSETS_KEPT:
        return None
    return (
        f"offsets.retention.minutes is {kept}: a door or a reaction that is away for longer begins at the oldest record"
        " again, writes receipts again, does not notice input that was deleted unread, and forgets what it has left"
        f" aside; set it to {OFFSETS_KEPT} at least"
    )


async def _next_due(loop: DutyLoop, clock: Clock, ask: Callable[[], Awaitable[datetime | None]]) -> datetime | None:
    """When something becomes due; None where that has passed and is kept back: time goes on without it."""
    at = await ask()
    return None if at is not None and at <= clock.now() and loop.keeps_back else at


async def _due(loop: DutyLoop) -> str | None:
    names = await loop.due()
    return f"due: {', '.join(names)}" if names else None


def _waiting(loop: DutyLoop) -> str | None:
    since = loop.waiting_since.values()
    sentences = [f"{name}: {sentence}" for name, sentence in loop.waiting.items()]
    return "; ".join([*sentences, *(f"due deadlines wait since {at.isoformat()}" for at in since if sentences)]) or None


def _engine(settings: ServiceSettings) -> EngineSettings:
    return EngineSettings(
        service=settings.service,
        instance=settings.instance,
        kafka=settings.brokers(settings.kafka),
        postgres=settings.postgres.get_secret_value(),
        database=settings.database,
    )
