"""Cycles for which the plan gives a target: reckoned whenever more is known, an event each, and missed once each.

The target is the one in force when the cycle began, the calendar the newest. What has ended stays as it was reckoned.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, assert_never

from libs.decider import Decider
from libs.messages.cycles import (
    CycleBegun,
    CyclePause,
    CycleReckoned,
    CyclesEvent,
    CyclesReckoned,
    CycleTargetMissed,
    Measure,
    TargetedCycle,
)
from libs.messages.facts import resting_on
from libs.plan import working_calendar
from libs.workcal import CalendarEnds, TooFarAhead, WorkingCalendar, tz_version
from services.sla_timer.cycles.model import Cycle, TicketHistory, cycles_of
from services.sla_timer.cycles.working_time import used, used_up_at
from services.sla_timer.published.publications import PublishedCalendar, PublishedTargets, in_force, of_centre


@dataclass(frozen=True)
class ReckonCycles:
    """Reckon the cycles of a ticket on all that is known of it, and published for its centre, by `occurred_at`."""

    occurred_at: datetime
    story: TicketHistory
    known: int
    """How many facts that is."""
    calendars: tuple[PublishedCalendar, ...]
    targets: tuple[PublishedTargets, ...]


@dataclass(frozen=True)
class MissTarget:
    """The earliest deadline of a ticket's cycles, `occurred_at`, has passed by `detected_at`."""

    occurred_at: datetime
    detected_at: datetime


Command = ReckonCycles | MissTarget
"""Both are duties, so they may produce no event."""


class Begun(NamedTuple):
    """The identity of a cycle: what stays when more becomes known, unlike its instance."""

    measure: Measure
    started_at: datetime


@dataclass(frozen=True)
class Unreckoned:
    """Nothing was reckoned yet."""

    state: Literal["unreckoned"] = "unreckoned"


@dataclass(frozen=True)
class Reckoned:
    """The cycles that have a target, and those of them that were missed."""

    ticket: str
    centre: str
    facts: int
    """On how many all cycles are reckoned; 0, like the versions, as long as not all were."""
    cycles: tuple[TargetedCycle, ...]
    calendar_version: int
    targets_version: int
    missed: tuple[Begun, ...] = ()
    state: Literal["reckoned"] = "reckoned"


State = Unreckoned | Reckoned


def decide(state: State, command: Command) -> CyclesEvent | None:
    """Answer a duty; None where it has nothing to do."""
    match command:
        case ReckonCycles():
            return _reckon(state, command)
        case MissTarget():
            return _miss(state, command)
        case _:
            assert_never(command)


def evolve(state: State, event: CyclesEvent) -> State:
    """Fold an event into the state; raises ValueError where something is missed that was not reckoned."""
    match event:
        case CyclesReckoned():
            return _reckoned(event, state.missed if isinstance(state, Reckoned) else ())
        case CycleReckoned():
            return _with_one(state, event)
        case CycleTargetMissed() if isinstance(state, Reckoned):
            return replace(state, missed=(*state.missed, Begun(event.measure, event.started_at)))
        case CycleTargetMissed():
            raise ValueError("only what was reckoned is missed")
        case _:
            assert_never(event)


DECIDER: Decider[State, Command, CyclesEvent] = Decider(Unreckoned(), decide, evolve)


def _reckoned(event: CyclesReckoned, missed: tuple[Begun, ...]) -> Reckoned:
    return Reckoned(
        ticket=event.ticket,
        centre=event.centre,
        facts=event.facts,
        cycles=event.cycles,
        calendar_version=event.calendar_version,
        targets_version=event.targets_version,
        missed=missed,
    )


def _with_one(state: State, event: CycleReckoned) -> Reckoned:
    """The cycles with one of them as the event says; they rest on its grounds once it is the last."""
    before = state if isinstance(state, Reckoned) else Reckoned(event.ticket, event.centre, 0, (), 0, 0)
    named = [begun_of(one) for one in (event.cycle, event.gone) if one]
    others = [cycle for cycle in before.cycles if begun_of(cycle) not in named]
    cycles = tuple(sorted([*others, *([event.cycle] if event.cycle else [])], key=_place))
    if not event.is_last:
        return replace(before, centre=event.centre, cycles=cycles)
    return replace(
        before,
        centre=event.centre,
        facts=event.facts,
        cycles=cycles,
        calendar_version=event.calendar_version,
        targets_version=event.targets_version,
    )


def begun_of(cycle: TargetedCycle | CycleBegun) -> Begun:
    """The identity of a cycle."""
    return Begun(cycle.measure, cycle.started_at)


def _place(cycle: TargetedCycle) -> tuple[datetime, str, int]:
    return cycle.started_at, cycle.measure, cycle.instance


def to_miss(reckoned: Reckoned) -> TargetedCycle | None:
    """The earliest cycle whose target is used up before it ends and that was not missed yet."""
    missed = frozenset(reckoned.missed)
    open_ = [cycle for cycle in reckoned.cycles if begun_of(cycle) not in missed]
    late = [cycle for cycle in open_ if cycle.due_at and (cycle.ended_at is None or cycle.due_at < cycle.ended_at)]
    return min(late, key=lambda cycle: (cycle.due_at, cycle.measure), default=None)


def is_running(reckoned: Reckoned) -> bool:
    """Whether another calendar could still move a deadline."""
    missed = frozenset(reckoned.missed)
    return any(c.ended_at is None and begun_of(c) not in missed for c in reckoned.cycles)


def target_of(measure: Measure, started_at: datetime, targets: Sequence[PublishedTargets]) -> timedelta | None:
    """The target of a cycle: that of the last publication by its beginning, if there is one."""
    published = in_force([one for one in targets if one.published_at <= started_at], started_at)
    given = published.content.cycles if published else None
    if given is None:
        return None
    seconds = {
        Measure.NEXT_RESPONSE: given.next_response_seconds,
        Measure.RESOLUTION: given.resolution_seconds,
        Measure.PERIODIC_UPDATE: given.periodic_update_seconds,
    }[measure]
    return timedelta(seconds=seconds) if seconds else None


def targeted(
    cycle: Cycle, calendar: WorkingCalendar, target: timedelta, before: TargetedCycle | None = None
) -> TargetedCycle:
    """Reckon a cycle; one that has ended, and was reckoned so before, stays as it was."""
    spent: timedelta | None
    try:
        spent, due_at = used(cycle, calendar), used_up_at(cycle, calendar, target)
    except (CalendarEnds, TooFarAhead):
        spent, due_at = None, None
    made = TargetedCycle(
        measure=cycle.measure,
        instance=cycle.instance,
        started_at=cycle.started_at,
        ended_at=cycle.ended_at,
        ended_by=cycle.ended_by,
        pauses=tuple(CyclePause(paused_at=pause.paused_at, resumed_at=pause.resumed_at) for pause in cycle.pauses),
        target_seconds=target // timedelta(seconds=1),
        used_microseconds=None if spent is None else spent // timedelta.resolution,
        due_at=due_at,
    )
    known = before if before and _is_the_same(before, made) else made
    return known.model_copy(update={"instance": made.instance})


def _is_the_same(one: TargetedCycle, other: TargetedCycle) -> bool:
    what = [(c.measure, c.started_at, c.ended_at, c.ended_by, c.pauses) for c in (one, other)]
    return one.ended_at is not None and what[0] == what[1]


def _reckon(state: State, command: ReckonCycles) -> CycleReckoned | None:
    """The first cycle that comes out otherwise: each is an event of its own, so that none grows with the ticket."""
    now, story = command.occurred_at, command.story
    calendar, targets = in_force(of_centre(command.calendars, story.centre), now), in_force(command.targets, now)
    if calendar is None or targets is None:
        return None
    grounds = (command.known, calendar.content.version, targets.content.version)
    if isinstance(state, Reckoned) and grounds == (state.facts, state.calendar_version, state.targets_version):
        return None
    before = {begun_of(cycle): cycle for cycle in state.cycles} if isinstance(state, Reckoned) else {}
    cycles = {begun_of(cycle): cycle for cycle in _all_targeted(story, calendar, command.targets, before)}
    gone = before.keys() - cycles.keys()
    changed = [cycle for begun, cycle in cycles.items() if before.get(begun) != cycle]
    first = min(gone, key=lambda one: (one.started_at, one.measure), default=None)
    return CycleReckoned(
        ticket=story.ticket,
        centre=story.centre,
        facts=command.known,
        cycle=changed[0] if changed and not first else None,
        gone=CycleBegun(measure=first.measure, started_at=first.started_at) if first else None,
        is_last=len(gone) + len(changed) <= 1,
        calendar_version=calendar.content.version,
        targets_version=targets.content.version,
        tz_version=tz_version(),
        rests_on=resting_on(calendar, targets),
    )


def _all_targeted(
    story: TicketHistory,
    calendar: PublishedCalendar,
    targets: Sequence[PublishedTargets],
    before: Mapping[Begun, TargetedCycle],
) -> Iterator[TargetedCycle]:
    on = working_calendar(calendar.content)
    for cycle in cycles_of(story):
        if target := target_of(cycle.measure, cycle.started_at, targets):
            yield targeted(cycle, on, target, before.get(Begun(cycle.measure, cycle.started_at)))


def _miss(state: State, command: MissTarget) -> CycleTargetMissed | None:
    if not isinstance(state, Reckoned) or command.detected_at <= command.occurred_at:
        return None
    late = to_miss(state)
    if late is None or late.due_at != command.occurred_at:
        return None
    return CycleTargetMissed(
        ticket=state.ticket,
        centre=state.centre,
        measure=late.measure,
        instance=late.instance,
        started_at=late.started_at,
        due_at=command.occurred_at,
        missed_at=command.occurred_at,
        detected_at=command.detected_at,
    )
