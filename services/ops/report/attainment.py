"""How well promises were kept: counted by centre and channel from one row for each, in one of two ledgers."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from libs.plan.certificates import MICROSECOND
from services.ops.report.accounts import Days, Ledger, PromiseAccount
from services.ops.sla.response_times import NOTHING, Length, Times, seconds

PERCENT = 100
RUNNING, NOT_PROMISED = "waiting", "not-promised"


class Spread(NamedTuple):
    """The number, median, p95 and maximum of some lengths, by nearest rank."""

    number: int
    median: timedelta | None
    p95: timedelta | None
    most: timedelta | None

    def data(self) -> dict[str, Any]:
        """Data for other programs."""
        lengths = {"median": self.median, "p95": self.p95, "max": self.most}
        return {"number": self.number, **{f"{name}_seconds": seconds(length) for name, length in lengths.items()}}


class Lengths(NamedTuple):
    """Working time and wall time of the same answers; the working time of `unknown` is not known, and is left out."""

    working: Spread
    wall: Spread

    @property
    def unknown(self) -> int:
        """How many have a calendar that ends before the answer."""
        return self.wall.number - self.working.number

    def data(self) -> dict[str, Any]:
        """Data for other programs."""
        return {"working": self.working.data(), "wall": self.wall.data(), "working_unknown": self.unknown}


class PromiseGroup(NamedTuple):
    """Promises of a centre by a channel, or of all; `promised` are those with a deadline, whatever became of them."""

    centre: str | None
    channel: str | None
    promised: int
    met: int
    breached: int
    running: int
    cancelled: int
    not_promised: int
    unanswered: int
    """Breached, and nobody has answered yet."""
    to_first_response: Lengths
    """From the opening, of the met and the breached ones that were answered."""
    late_by: Lengths
    """From the deadline to the answer, of the breached ones answered after it."""
    early_by: Lengths
    """From the answer to the deadline, of the met ones."""

    @property
    def attainment(self) -> float | None:
        """The share of the verdicts that are met, from 0 to 1; None where there is none."""
        judged = self.met + self.breached
        return self.met / judged if judged else None

    def data(self) -> dict[str, Any]:
        """Data for other programs."""
        lengths = {name: value.data() for name, value in self._asdict().items() if isinstance(value, Lengths)}
        return {**self._asdict(), "attainment": self.attainment, **lengths}


class Miss(NamedTuple):
    """A promise that was not kept; `late` is None where nobody has answered, negative where the answer was in time."""

    account: PromiseAccount
    due_at: datetime
    late: Length | None


class Attainment(NamedTuple):
    """Groups in order of their names, all of them together, what was missed in order of deadlines."""

    groups: tuple[PromiseGroup, ...]
    total: PromiseGroup
    misses: tuple[Miss, ...]
    differing: int
    """Promises whose verdict is another one in the other ledger."""


@dataclass
class PromiseTally:
    """What is counted so far of one group, lengths in microseconds."""

    states: Counter[str] = field(default_factory=Counter)
    unanswered: int = 0
    lengths: defaultdict[str, "array[int]"] = field(default_factory=lambda: defaultdict(lambda: array("q")))

    def add(self, verdict: str, times: Times | None) -> None:
        """Count one promise."""
        self.states[verdict] += 1
        if verdict not in {"met", "breached"}:
            return
        if times is None:
            self.unanswered += 1
            return
        self._add("taken", times.taken, 1)
        if verdict == "met":
            self._add("early", times.late, -1)
        elif times.late.wall > NOTHING:
            self._add("late", times.late, 1)

    def group(self, centre: str | None, channel: str | None) -> PromiseGroup:
        """What was counted."""
        states = self.states
        return PromiseGroup(
            centre=centre,
            channel=channel,
            promised=states.total() - states[NOT_PROMISED],
            met=states["met"],
            breached=states["breached"],
            running=states[RUNNING],
            cancelled=states["cancelled"],
            not_promised=states[NOT_PROMISED],
            unanswered=self.unanswered,
            to_first_response=self._lengths("taken"),
            late_by=self._lengths("late"),
            early_by=self._lengths("early"),
        )

    def _add(self, what: str, length: Length, sign: int) -> None:
        for name, one in zip(Length._fields, length, strict=True):
            if one is not None:
                self.lengths[f"{what} {name}"].append(sign * (one // MICROSECOND))

    def _lengths(self, what: str) -> Lengths:
        return Lengths(spread(self.lengths[f"{what} working"]), spread(self.lengths[f"{what} wall"]))


def together(tallies: Iterable[PromiseTally]) -> PromiseTally:
    """Add some groups up."""
    total = PromiseTally()
    for tally in tallies:
        total.states += tally.states
        total.unanswered += tally.unanswered
        for name, lengths in tally.lengths.items():
            total.lengths[name].extend(lengths)
    return total


class AttainmentCount:
    """Counts promises one by one; it keeps some numbers of each, so that a million fit, and only misses whole."""

    def __init__(self, days: Days, ledger: Ledger) -> None:
        self._days, self._ledger = days, ledger
        self._groups: defaultdict[tuple[str, str], PromiseTally] = defaultdict(PromiseTally)
        self._misses: list[Miss] = []
        self._differing = 0

    def add(self, account: PromiseAccount) -> None:
        """Count a promise if it was due on these days; one without a deadline, if its ticket was opened on them."""
        due_at, verdict = account.due(self._ledger), account.verdict(self._ledger)
        if not self._days.hold(account.centre, due_at or account.opened_at):
            return
        times = account.times(self._ledger, self._days.grounds)
        self._groups[account.centre, account.channel].add(verdict, times)
        self._differing += account.verdict(Ledger.PROMISED) != account.verdict(Ledger.RESTATED)
        if verdict == "breached" and due_at is not None:
            self._misses.append(Miss(account, due_at, times.late if times else None))

    def found(self) -> Attainment:
        """What was counted."""
        return Attainment(
            groups=tuple(tally.group(*names) for names, tally in sorted(self._groups.items())),
            total=together(self._groups.values()).group(None, None),
            misses=tuple(sorted(self._misses, key=lambda miss: (miss.due_at, miss.account.ticket))),
            differing=self._differing,
        )


def attainment(accounts: Iterable[PromiseAccount], days: Days, ledger: Ledger) -> Attainment:
    """Count some promises."""
    count = AttainmentCount(days, ledger)
    for account in accounts:
        count.add(account)
    return count.found()


def spread(lengths: Iterable[int]) -> Spread:
    """The spread of some lengths, in microseconds."""
    ordered = sorted(lengths)
    if not ordered:
        return Spread(0, None, None, None)
    ranks = (nearest_rank(len(ordered), 50), nearest_rank(len(ordered), 95), len(ordered))
    median, p95, most = (ordered[rank - 1] * MICROSECOND for rank in ranks)
    return Spread(len(ordered), median, p95, most)


def nearest_rank(number: int, percent: int) -> int:
    """Which of so many values in order, from 1, is the first that so many percent do not exceed."""
    return -(-number * percent // PERCENT)
