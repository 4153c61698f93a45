"""The cycles of a ticket as the tables know them, with what became of each and how long it took."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from libs.messages.cycles import TargetedCycle
from libs.workcal import CalendarEnds
from services.ops.sla.grounds import Grounds
from services.ops.sla.response_times import Length, seconds
from services.sla_timer.cycles.decider import Begun
from services.sla_timer.cycles.model import Cycle, TicketHistory, cycles_of
from services.sla_timer.cycles.working_time import is_met, wall_time, working_time


class KnownCycles(NamedTuple):
    """What the tables say of a ticket: what happened, and of its cycles with a target what was reckoned last."""

    story: TicketHistory
    reckoned: Mapping[Begun, TargetedCycle]
    missed: frozenset[Begun]


class Measured(NamedTuple):
    """A cycle, with its target where it has one."""

    cycle: Cycle
    targeted: TargetedCycle | None
    is_missed: bool

    @property
    def is_met(self) -> bool:
        """Whether it came to its end within its target, as far as the calendar reaches."""
        if self.targeted is None or self.targeted.used_microseconds is None or self.is_missed:
            return False
        return bool(is_met(self.cycle, self.targeted.due_at))

    @property
    def stage(self) -> str:
        """Running, paused, ended or abandoned, whatever its target."""
        if self.cycle.ended_at is not None:
            return "abandoned" if self.cycle.is_abandoned else "ended"
        return "paused" if self.cycle.is_paused else "running"

    @property
    def state(self) -> str:
        """Met or missed where that is known, else the stage."""
        if self.is_missed:
            return "missed"
        return "met" if self.is_met else self.stage


def measured(known: KnownCycles) -> Iterator[Measured]:
    """All cycles of a ticket, in the order of their beginning."""
    for cycle in cycles_of(known.story):
        begun = Begun(cycle.measure, cycle.started_at)
        yield Measured(cycle, known.reckoned.get(begun), begun in known.missed)


def length(cycle: Cycle, centre: str, grounds: Grounds, now: datetime) -> Length:
    """How long a cycle took, or has run until now, on the newest calendar published by then."""
    try:
        working = working_time(cycle, grounds.calendar_at(centre, cycle.ended_at or now), now)
    except (CalendarEnds, LookupError):
        working = None
    return Length(working, wall_time(cycle, now))


def data(one: Measured, centre: str, grounds: Grounds, now: datetime) -> dict[str, Any]:
    """A cycle for other programs, lengths in seconds; an abandoned one has none, nor a paused one a deadline."""
    cycle, targeted = one.cycle, one.targeted
    took = None if cycle.is_abandoned else length(cycle, centre, grounds, now)
    return {
        "measure": cycle.measure,
        "instance": cycle.instance,
        "state": one.state,
        "started_at": cycle.started_at,
        "ended_at": cycle.ended_at,
        "ended_by": cycle.ended_by,
        "working_seconds": seconds(took.working) if took else None,
        "wall_seconds": seconds(took.wall) if took else None,
        "pauses": [pause._asdict() for pause in cycle.pauses],
        "target_seconds": targeted.target_seconds if targeted else None,
        "due_at": targeted.due_at if targeted else None,
    }
