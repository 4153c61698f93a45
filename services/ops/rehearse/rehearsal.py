"""A rehearsal: what of a history would be otherwise, had a draft of the plan been published at its beginning."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from libs.eventlog.wire.record import RecordedEvent
from libs.messages.plan import CentreCalendar, ResponseTargets
from libs.messages.tickets import TicketEvent
from services.ops.rehearse.findings import KeptCounts, KeptGroup
from services.ops.rehearse.outcome import BREACHED, CANCELLED, MET, NOT_PROMISED, RUNNING, PromiseOutcome
from services.ops.rehearse.replay import outcome_of, replayed
from services.ops.rehearse.stories import Reckoner, ShortStory
from services.ops.rehearse.timeline import DraftPlan, PlanTimeline
from services.ops.report.accounts import Days


class RehearsedSpan(NamedTuple):
    """Local days of every centre, from one to another, which is excluded, and up to when they are known."""

    from_day: date
    to_day: date
    begins_at: datetime
    """When the first of these days begins anywhere: then the draft is published."""
    ends_at: datetime
    """When the last of them has ended everywhere."""
    now: datetime


class StandingPromise(NamedTuple):
    """How a promise stands by the tables."""

    centre: str
    channel: str
    opened_at: datetime
    verdict: str
    due_at: datetime | None


class Pair(NamedTuple):
    """How the promise of a ticket stands, and how it would stand."""

    ticket: str
    before: PromiseOutcome
    after: PromiseOutcome


@dataclass
class Rehearsal:
    """Takes a history in, the short stories first, and says what would be otherwise."""

    timeline: PlanTimeline
    draft: DraftPlan
    span: RehearsedSpan
    standing: Mapping[str, StandingPromise]
    before: dict[str, PromiseOutcome] = field(default_factory=dict)
    after: dict[str, PromiseOutcome] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Lay the draft over what was published."""
        self.drafted = self.timeline.with_draft(self.draft)
        self._centres = {one.centre for one in self.draft.contents if isinstance(one, CentreCalendar)}
        self._every_centre = any(isinstance(one, ResponseTargets) for one in self.draft.contents)
        self._was = Reckoner(self.timeline, self.span.now)
        self._would = Reckoner(self.drafted, self.span.now)

    def concerns(self, centres: Iterable[str]) -> bool:
        """Whether the draft may say anything of promises at some centres."""
        return self._every_centre or not self._centres.isdisjoint(centres)

    def tell(self, story: ShortStory) -> bool:
        """Reckon a short story; whether that says how it stands and would stand, else its events are wanted."""
        was = self._was.outcome(story)
        known = self.standing.get(story.ticket)
        if was is None or (known and (known.verdict, known.due_at) != (was.verdict, was.due_at)):
            return False
        would = self._would.outcome(story) if story.opened_at >= self.span.begins_at else None
        if would is None:
            return False
        self.before[story.ticket], self.after[story.ticket] = was, would
        return True

    def replay(self, events: Sequence[RecordedEvent[TicketEvent]]) -> None:
        """Replay tickets that were ever merged, or one alone, on both."""
        was = replayed(self.timeline, events, self.span.now)
        would = replayed(self.drafted, events, self.span.now)
        for ticket in was.keys() & would.keys():
            before, after, known = outcome_of(was[ticket]), outcome_of(would[ticket]), self.standing.get(ticket)
            if known is None or before is None or after is None:
                continue
            if (known.verdict, known.due_at) != (before.verdict, before.due_at):
                self.doubtful.add(ticket)
            else:
                self.before[ticket], self.after[ticket] = before, after

    def pairs(self) -> list[Pair]:
        """How each promise that the draft may concern stands and would stand, in order of tickets."""
        return [Pair(ticket, self.before[ticket], self.after[ticket]) for ticket in sorted(self.before)]

    def attainment(self) -> list[KeptGroup]:
        """How many promises were kept and would be, of each centre and channel; all of them together last."""
        return list(self._attainment())

    def _attainment(self) -> Iterable[KeptGroup]:
        was, would = self._counted(self.timeline, self.before), self._counted(self.drafted, self.after)
        for centre, channel in sorted(was.keys() | would.keys()):
            both = _kept(was[centre, channel]), _kept(would[centre, channel])
            yield KeptGroup(centre=centre, channel=channel, before=both[0], after=both[1])
        all_of_them = _kept(_sum(was.values())), _kept(_sum(would.values()))
        yield KeptGroup(centre=None, channel=None, before=all_of_them[0], after=all_of_them[1])

    def _counted(
        self, timeline: PlanTimeline, outcomes: Mapping[str, PromiseOutcome]
    ) -> defaultdict[tuple[str, str], Counter[str]]:
        days = Days(self.span.from_day, self.span.to_day, timeline.grounds)
        found: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for ticket, known in self.standing.items():
            one = outcomes.get(ticket, known)
            if days.hold(one.centre, one.due_at or one.opened_at):
                found[one.centre, str(one.channel)][one.verdict] += 1
        return found


def _sum(counts: Iterable[Counter[str]]) -> Counter[str]:
    total = Counter[str]()
    for one in counts:
        total.update(one)
    return total


def _kept(states: Counter[str]) -> KeptCounts:
    judged = states[MET] + states[BREACHED]
    return KeptCounts(
        promised=states.total() - states[NOT_PROMISED],
        met=states[MET],
        breached=states[BREACHED],
        running=states[RUNNING],
        cancelled=states[CANCELLED],
        not_promised=states[NOT_PROMISED],
        attainment=states[MET] / judged if judged else None,
    )
