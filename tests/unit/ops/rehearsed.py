"""Generated histories, played on the plan as it was and once more with a draft in force, beside their rehearsal."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import NamedTuple

import msgspec

from libs.eventlog.wire.record import RecordedEvent
from libs.messages.plan import (
    CentreCalendar,
    CentreCalendarPublished,
    PlanPartRefused,
    ResponseTargets,
    TargetsPublished,
)
from libs.messages.sla import PromiseEvent
from libs.messages.tickets import (
    Channel,
    MergeUndone,
    Side,
    TicketEvent,
    TicketPaused,
    TicketResolved,
    TicketResumed,
    TicketsMerged,
    TicketTransferred,
    TicketWithdrawn,
)
from libs.messages.upstream import CalendarContent, TargetsContent
from services.contract.plan_parts import DECIDER, PublishPart, State
from services.notification.reactions import NO_FACTS, react
from services.ops.rehearse.outcome import PromiseOutcome
from services.ops.rehearse.rehearsal import Rehearsal, RehearsedSpan, StandingPromise
from services.ops.rehearse.replay import groups
from services.ops.rehearse.stories import SOON, ShortStory, short_story
from services.ops.rehearse.timeline import Content, DatedPart, DraftPlan, PlanTimeline, stream_of
from services.sla_timer.promise.histories import PromiseHistory
from services.sla_timer.promise.history_rows import HISTORIES, HistoryRow
from services.sla_timer.published.publications import PublishedCalendar, PublishedTargets
from services.sla_timer.reactions import promise_of
from tests.unit.recorded import recorded_event
from tests.unit.sla_timer.examples import CALENDARS, paris
from tests.unit.sla_timer.merged import System
from tests.unit.sla_timer.test_merged_histories import (
    CENTRES,
    END,
    FIRST,
    OPENED_AT,
    PERSON,
    Told,
    World,
    happened,
    told,
)
from tests.unit.sla_timer.test_publications import FIRST_TARGETS, at, closed, targets_at

BEGINNINGS = (
    OPENED_AT - timedelta(hours=1),
    OPENED_AT,
    OPENED_AT + timedelta(minutes=90),
    OPENED_AT + timedelta(hours=4),
)
DAYS = date(2026, 11, 20), date(2026, 12, 10)
Stand = tuple[str, datetime | None, str, Counter[tuple[str, str]]]
"""Verdict, deadline, the verdict as it would be if all had been known in time, and the mails."""


class HistoryTold(NamedTuple):
    """What was told and published, in order, and a draft with the instant at which it is published."""

    world: World
    telling: Sequence[Told]
    draft: DraftPlan

    def play(self, *, drafted: bool) -> System:
        """Play it, on the plan as it was or with the draft; what contract would refuse is not published."""
        system = System(FIRST, [FIRST_TARGETS], self.world.tickets)
        parts: dict[str, State] = {}
        begun: list[PublishedCalendar | PublishedTargets] = [*FIRST.values(), FIRST_TARGETS]
        for one in begun:
            _publishes(parts, one)
        begins = {
            said.published_at for *_, said in self.telling if isinstance(said, PublishedCalendar | PublishedTargets)
        }
        for now in sorted({each[0] for each in self.telling} | begins | {self.draft.published_at}):
            _pass_before(system, now)
            if drafted and now == self.draft.published_at:
                for content in self.draft.contents:
                    _publish(system, parts, _published(content, now))
            for _, _, about, said in (each for each in self.telling if each[0] == now):
                if isinstance(said, PublishedCalendar | PublishedTargets):
                    _publish(system, parts, said)
                else:
                    system.tell(about, said, now)
            system._do(now)
        _pass_before(system, END)
        system._do(END)
        return system

    def events(self) -> list[RecordedEvent[TicketEvent]]:
        """What was told of tickets, as intake has it in the log."""
        found, sequences, into = list[RecordedEvent[TicketEvent]](), Counter[str](), dict[str, tuple[str, datetime]]()
        for now, _, about, said in self.telling:
            if isinstance(said, PublishedCalendar | PublishedTargets):
                continue
            sequences[about] += 1
            event = recorded_event(about, sequences[about], _told_as_merged(said, into.get(about)), now)
            found.append(msgspec.structs.replace(event, recordedtime=now))
            if isinstance(said, TicketsMerged):
                into[about] = said.into, said.merged_at
            elif isinstance(said, MergeUndone):
                into.pop(about, None)
        return found

    def groups(self) -> Sequence[list[RecordedEvent[TicketEvent]]]:
        """Together what was ever merged."""
        events = self.events()
        together = [(one.stream, one.data.into) for one in events if isinstance(one.data, TicketsMerged)]
        return groups(events, together)

    def timeline(self) -> PlanTimeline:
        """The plan as it was."""
        first: list[PublishedCalendar | PublishedTargets] = [*FIRST.values(), FIRST_TARGETS]
        begun = [(one.published_at, one) for one in first]
        every = [*begun, *((now, said) for now, _, _, said in self.telling)]
        return PlanTimeline(
            tuple(
                DatedPart(one.stream, one.sequence, now, one.published_at, one.content)
                for now, one in every
                if isinstance(one, PublishedCalendar | PublishedTargets)
            )
        )

    def rehearsal(self, standing: Mapping[str, StandingPromise]) -> Rehearsal:
        """Rehearse the draft on it."""
        span = RehearsedSpan(*DAYS, self.draft.published_at, END, END)
        found = Rehearsal(self.timeline(), self.draft, span, standing)
        for group in self.groups():
            story = story_in(group)
            if story is None or not found.tell(story):
                found.replay(group)
        return found


def history(seed: int) -> HistoryTold:
    """Generate one: every other one without merges, some told late."""
    rng = Random(seed)
    world = happened(rng)
    if rng.random() < 0.5:
        world = world._replace(lives=())
    if rng.random() < 0.5:
        world = world._replace(lives=(*world.lives, *_more(rng, world)))
    telling = told(rng, world, late=rng.random() < 0.4)
    if rng.random() < 0.3:
        telling = _a_little_late(rng, telling)
    if rng.random() < 0.3:
        telling = _announced(rng, telling)
    return HistoryTold(world, telling, DraftPlan(rng.choice(BEGINNINGS), tuple(_contents(rng))))


def _a_little_late(rng: Random, telling: Sequence[Told]) -> list[Told]:
    """Tell of some answers up to a minute later."""
    found = list[Told]()
    for now, place, about, said in telling:
        late = rng.choice([0, 1, 30, 59]) if hasattr(said, "responded_at") else 0
        found.append((now + timedelta(seconds=late), place, about, said))
    return sorted(found, key=lambda each: each[:2])


def _announced(rng: Random, telling: Sequence[Told]) -> list[Told]:
    """Publish some parts before they are in force."""
    found = list[Told]()
    for now, place, about, said in telling:
        early = rng.choice([0, 30, 200]) if isinstance(said, PublishedCalendar | PublishedTargets) else 0
        found.append((now - timedelta(minutes=early), place, about, said))
    return sorted(found, key=lambda each: each[:2])


def _more(rng: Random, world: World) -> Iterator[tuple[str, TicketEvent, datetime]]:
    """Pauses, closures and withdrawals of tickets."""
    for one, opened in world.opened:
        moment = opened.opened_at + timedelta(minutes=rng.choice([15, 200, 500]))
        match rng.randrange(4):
            case 0:
                yield one, TicketPaused(paused_at=moment, by=PERSON), moment
                yield one, TicketResumed(resumed_at=moment, by=PERSON), moment
            case 1:
                yield one, TicketResolved(resolved_at=moment, by=PERSON), moment
            case 2:
                yield one, TicketWithdrawn(withdrawn_at=moment, by=rng.choice([*Side])), moment
            case _:
                pass


def _contents(rng: Random) -> Iterator[Content]:
    """A closure of some centres, other targets, or both."""
    what = rng.choice(["calendar", "calendars", "targets", "both"])
    if what != "targets":
        for centre in rng.sample(CENTRES, 1 if what == "calendar" else 3):
            hours = rng.choice([("09:00", "12:00"), ("12:00", "15:00"), ("10:30", "17:00")])
            day = date(2026, 11, rng.choice([24, 24, 25]))
            yield closed(hours, day=day, version=9, of=CALENDARS[centre])
    if what in {"targets", "both"}:
        seconds = {f"{one}_seconds": rng.choice([1800, 5400, 10800, 20000]) for one in ("email", "phone", "web")}
        content = targets_at(OPENED_AT, 9, **seconds).content
        yield content.model_copy(update={"at_risk_percents": rng.choice([(75,), (50, 90), ()])})


def _told_as_merged(said: TicketEvent, into: tuple[str, datetime] | None) -> TicketEvent:
    """With the survivor, where it is about the time after the merge."""
    moment = getattr(said, "responded_at", None) or getattr(said, "called_at", None)
    if not hasattr(said, "merged_into") or moment is None:
        return said
    return said.model_copy(update={"merged_into": into[0] if into and moment > into[1] else None})


def _published(content: Content, now: datetime) -> PublishedCalendar | PublishedTargets:
    if isinstance(content, CentreCalendar):
        return at(now, content)
    assert isinstance(content, ResponseTargets)
    return PublishedTargets(stream_of(content), content.version, now, content)


def _publish(system: System, parts: dict[str, State], one: PublishedCalendar | PublishedTargets) -> None:
    if _publishes(parts, one):
        system.publish(one)


def _publishes(parts: dict[str, State], one: PublishedCalendar | PublishedTargets) -> bool:
    """Whether contract publishes a part, after those before it."""
    publication = (
        CalendarContent(part="calendar", content=one.content)
        if isinstance(one, PublishedCalendar)
        else TargetsContent(part="targets", content=one.content)
    )
    before = parts.get(one.stream, DECIDER.initial)
    event = DECIDER.decide(before, PublishPart(one.published_at, publication))
    assert isinstance(event, CentreCalendarPublished | TargetsPublished | PlanPartRefused)
    parts[one.stream] = DECIDER.evolve(before, event)
    return not isinstance(event, PlanPartRefused)


def _pass_before(system: System, now: datetime) -> None:
    """Let what comes due before an instant be done, each at its own instant, warnings too."""
    for _ in range(1000):
        if (due := min(_dues(system), default=now)) >= now:
            return
        system._do(due)
    raise AssertionError("something is due for ever")


def _dues(system: System) -> Iterator[datetime]:
    for timer in system.promises.values():
        row = timer.row
        if row and row.state == "waiting" and row.due_at:
            yield row.due_at + timedelta.resolution
            if row.at_risk_at and row.at_risk_at <= row.due_at:
                yield row.at_risk_at


def story_in(group: Sequence[RecordedEvent[TicketEvent]]) -> ShortStory | None:
    """A short story of one ticket that was told of in time, as the tables would give it."""
    row: HistoryRow | None = None
    for event in group:
        if isinstance(event.data, TicketTransferred) or event.recordedtime - _instant(event.data) > SOON:
            return None
        if type(event.data) in HISTORIES.events:
            row = HISTORIES.evolve(row, event)
    if row is None or len({event.stream for event in group}) > 1:
        return None
    return short_story(PromiseHistory(row.stream, row.centre, Channel(row.channel), row.opened_at, row.facts))


def _instant(said: TicketEvent) -> datetime:
    names = (name for name in type(said).model_fields if name.endswith("_at"))
    return max(value for name in names if isinstance(value := getattr(said, name), datetime))


def standing(system: System, world: World) -> dict[str, StandingPromise]:
    """How the promises stand, as the tables have them."""
    rows = [(one, system.promises[promise_of(one)].row) for one in world.tickets]
    return {one: StandingPromise(r.centre, r.channel, r.opened_at, r.state, r.due_at) for one, r in rows if r}


def stands(system: System, ticket: str) -> Stand:
    """How one stands after it was played."""
    timer = system.of(ticket)
    row = timer.row
    assert row is not None
    return row.state, row.due_at, row.restated or row.state, _mails(timer.events)


def rehearsed(outcome: PromiseOutcome) -> Stand:
    """How one stands by the rehearsal."""
    mails = Counter((str(mail.template), str(mail.role)) for mail in outcome.mails)
    return outcome.verdict, outcome.due_at, outcome.restated or outcome.verdict, mails


def _mails(events: Sequence[PromiseEvent]) -> Counter[tuple[str, str]]:
    found = Counter[tuple[str, str]]()
    for number, event in enumerate(events, 1):
        recorded = recorded_event("promise/crm-eu/0", number, event, paris("08:00"))
        commands = (reaction.command for reaction in react(recorded, NO_FACTS, "olcare.example"))
        found.update((command.template, str(command.role)) for command in commands)  # type: ignore[attr-defined]
    return found
