"""Duties: what follows from our own state, found by a query until its event counts. No other state is kept."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

from libs.eventlog.commands import IssuedCommand
from libs.eventlog.errors import Unavailable
from libs.eventlog.failures import EXPECTED, Report, unreported
from libs.eventlog.loops.followers import SafeTime
from libs.eventlog.loops.held_back import Numbered, numbered
from libs.eventlog.loops.stuck import StuckStreams, apart
from libs.eventlog.loops.writer import Answer
from libs.eventlog.ports import Clock

FOR_ALL = "the question for all"
"""How it is named where it is left aside."""
SPARED = 9.0
"""So many times as long as a look took a duty rests that can wait: it takes a tenth of the time at most."""
BATCH = 5000  # large, so that the cost of a round, above all the wait for safe time, is shared by many commands


class Rest(Protocol):
    """Waits until something may be due; `soon` where something waits to be tried again."""

    async def __call__(self, *, soon: bool) -> None:
        """Wait."""
        ...


class NotMade(NamedTuple):
    """A row of a duty of which no command could be made: its stream is left aside, and the others go on."""

    stream: str
    error: Exception


Found = IssuedCommand | NotMade
R = TypeVar("R")


def found_by(rows: Iterable[R], stream: Callable[[R], str], make: Callable[[R], IssuedCommand | None]) -> list[Found]:
    """The commands of the rows that a duty found, each made apart; None where a row asks for nothing.

    What is expected is raised: the whole duty waits where `make` raises Unavailable.
    """
    found: list[Found] = []
    for row in rows:
        try:
            command = make(row)
        except EXPECTED:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of the program, of whatever kind: the loop reports it
            found.append(NotMade(stream(row), error))
        else:
            found += [command] if command else []
    return found


@dataclass(frozen=True)
class Duty:
    """One named query: `find` returns the commands for the rows that match at an instant of plan time, up to a limit.

    With `safe`, a duty that finds something waits for safe time, then runs the query again and acts on its result.
    `asks` is a query without whose rows it finds nothing: those of all duties are asked in one question. What is
    `sparing` goes through what has piled up, and can wait: it looks by itself, and rests when it has found nothing.
    """

    name: str
    find: Callable[[datetime, int], Awaitable[Sequence[Found]]]
    safe: SafeTime | None = None
    asks: str | None = None
    sparing: bool = False


Question = Callable[[AbstractSet[str], datetime], Awaitable[AbstractSet[str]]]
"""Tells which of some queries have a row at an instant of plan time; raises Unavailable."""


async def every_one(queries: AbstractSet[str], now: datetime) -> AbstractSet[str]:  # noqa: ARG001 - a Question
    """Have every duty look for itself."""
    return queries


class DutyLoop:
    """Runs the queries again whenever plan time or our own state may have changed.

    A stream of whose row no command can be made, or whose command fails, is left aside; so is a duty whose query does.
    Nothing needs to be kept of it: the query finds what is due until its event counts.
    """

    def __init__(
        self,
        clock: Clock,
        gate: Callable[[], Awaitable[None]],
        duties: Sequence[Duty],
        answer: Callable[[Sequence[IssuedCommand]], Awaitable[Sequence[Answer]]],
        rest: Rest,
        report: Report = unreported,
        owns: Callable[[str], bool] = lambda _: True,
        question: Question = every_one,
    ) -> None:
        """Make it; `owns` tells the streams whose partitions this process has, so that each duty is done by one."""
        self._clock, self._gate, self._duties, self._answer, self._rest = clock, gate, duties, answer, rest
        self._owns, self._question = owns, question
        self.waiting: dict[str, str] = {}
        self.waiting_since: dict[str, datetime] = {}
        """By the name of a duty that waits for safe time, since when something of it is due."""
        self.stuck_duties = StuckStreams("duties", clock, report)
        self._held: set[str] = set()
        self._rested_at: dict[str, float] = {}
        """By the name of a sparing duty, when it has rested."""
        self._spared = False
        """Whether one of them rested when the others looked the last time."""
        self.stuck_streams = {duty.name: StuckStreams(f"duty {duty.name}", clock, report) for duty in duties}

    @property
    def stuck(self) -> Sequence[StuckStreams]:
        """The duties and the streams that are left aside."""
        return (self.stuck_duties, *self.stuck_streams.values())

    @property
    def that_wait(self) -> Sequence[str]:
        """The duties that wait for safe time before they do anything."""
        return [duty.name for duty in self._duties if duty.safe]

    @property
    def keeps_back(self) -> bool:
        """Whether something is due that is not done, since it, or an input of it, is left aside."""
        return bool(self._held) or any(len(each) for each in self.stuck)

    async def run(self) -> None:
        """Do what is due until cancelled; after a round without events, `rest` waits until something may be due."""
        while True:
            if not await self.look():
                await self._rest(soon=bool(self.waiting) or self.keeps_back or self._spared)

    async def look(self) -> int:
        """Do what the duties find now; gives the number of events that it led to."""
        done, idle = 0, await self._idle()
        self._spared = False
        for duty in self._duties:
            if duty.asks in idle:
                self._nothing_is_due(duty)
            elif duty.sparing:
                done += await self._sparingly(duty)
            else:
                done += await self.round(duty)
        return done

    async def _sparingly(self, duty: Duty) -> int:
        began = self._clock.monotonic()
        if began < self._rested_at.get(duty.name, began):
            self._spared = True
            return 0
        done = await self.round(duty)
        now = self._clock.monotonic()
        self._rested_at[duty.name] = now if done else now + SPARED * (now - began)
        return done

    async def _idle(self) -> AbstractSet[str]:
        """Those of the queries that the duties ask that have no row now; none of them where that can not be told."""
        queries = {duty.asks for duty in self._duties if duty.asks and not self.stuck_duties.waits(duty.name)}
        if self.stuck_duties.waits(FOR_ALL):
            return frozenset()
        try:
            found = await self._question(queries, self._clock.now())
        except Unavailable:
            return frozenset()  # each duty meets it itself, and says what it waits for
        except Exception as error:  # noqa: BLE001 - of whatever kind: each duty looks for itself, and it is reported
            self.stuck_duties.put(FOR_ALL, error)
            return frozenset()
        self.stuck_duties.back(FOR_ALL)
        return queries - found

    def _nothing_is_due(self, duty: Duty) -> None:
        self.waiting.pop(duty.name, None)
        self.waiting_since.pop(duty.name, None)
        self._held.discard(duty.name)
        self.stuck_duties.back(duty.name)

    async def round(self, duty: Duty) -> int:
        """Do what one duty finds now; gives the number of events that it led to."""
        if self.stuck_duties.waits(duty.name):
            return 0
        try:
            done = await self._do(duty)
        except Unavailable as error:
            self.waiting[duty.name] = str(error)
            return 0
        except EXPECTED:
            raise
        except Exception as error:  # noqa: BLE001 - of whatever kind: the duty is left aside and it is reported
            self.stuck_duties.put(duty.name, error)
            return 0
        self.waiting.pop(duty.name, None)
        self.stuck_duties.back(duty.name)
        return done

    async def due(self) -> list[str]:
        """Name the duties that have something to do now."""
        now = self._clock.now()
        return [duty.name for duty in self._duties if await self._find(duty, now, 1)]

    async def _do(self, duty: Duty) -> int:
        await self._gate()  # so that the rows found and their facts are not older than the gate allows
        now = self._clock.now()
        if duty.safe and not await self._reach_safe_time(duty, duty.safe, now):
            return 0
        commands = await self._find(duty, now, BATCH)
        stuck = self.stuck_streams[duty.name]
        answers = await apart(commands, self._answer, lambda issued, error: stuck.put(issued.stream, error))
        for answer in answers:
            stuck.back(answer.issued.stream)
        return sum(1 for answer in answers if answer.event is not None)

    async def _reach_safe_time(self, duty: Duty, safe: SafeTime, now: datetime) -> bool:
        """Wait for safe time where anything is due; False where nothing is. Raises Unavailable."""
        is_due = bool(await self._find(duty, now, 1))
        if is_due:
            self.waiting_since.setdefault(duty.name, now)
            await safe.reached()
        self.waiting_since.pop(duty.name, None)
        return is_due

    def _made(self, duty: Duty, found: Sequence[Found]) -> Sequence[IssuedCommand]:
        """The commands that could be made; of the other rows the streams are left aside, each a while longer."""
        stuck = self.stuck_streams[duty.name]
        for one in found:
            if isinstance(one, NotMade) and self._owns(one.stream) and not stuck.waits(one.stream):
                stuck.put(one.stream, one.error)
        return [one for one in found if not isinstance(one, NotMade)]

    async def _find(self, duty: Duty, now: datetime, most: int) -> Sequence[IssuedCommand]:
        """What the duty finds of our own, but for the streams that are left aside, and those with an input that is."""
        stuck = self.stuck_streams[duty.name]
        more = len(stuck)
        self._held.discard(duty.name)
        while found := await duty.find(now, most + more):
            held = await duty.safe.held() if duty.safe else frozenset[Numbered]()
            ours = [c for c in self._made(duty, found) if self._owns(c.stream)]
            mine = [
                c for c in ours if not stuck.waits(c.stream) and held.isdisjoint(map(numbered, (c.stream, *c.rests_on)))
            ]
            if len(mine) < len(ours):
                self._held.add(duty.name)
            if len(mine) >= most or len(found) < most + more:
                return mine[:most]
            more += most + more  # twice as many: of what others own or what is left aside there may be any number
        return ()
