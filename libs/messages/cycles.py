"""Facts of a ticket's measured cycles (stream `cycles/<source>/<number>`), written by sla_timer.

Only cycles for which the plan gives a target have any; all others are measured from the ticket itself.
"""

from enum import StrEnum

from libs.messages.base import (
    Code,
    Count,
    Event,
    FactVersion,
    Instant,
    Microseconds,
    OpenCode,
    PlanVersion,
    Seconds,
    TicketId,
    Value,
)


class Measure(StrEnum):
    """What is measured of a ticket beside its first response, cycle by cycle."""

    NEXT_RESPONSE = "next-response"
    """From the customer's word, once the first response was given, to the next answer by a person."""
    RESOLUTION = "resolution"
    """From opening or reopening to « résolution complète du problème »."""
    PERIODIC_UPDATE = "periodic-update"
    """From an answer by a person to the next one, while the ticket is open."""


class CycleEnd(OpenCode):
    """What ended a cycle. One that came to something else than what it waits for is abandoned: it has no figure."""

    ANSWERED = "answered"
    RESOLVED = "resolved"
    EXCLUDED = "excluded"
    """The plan does not help with the cause."""
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


class CyclePause(Value):
    """A time in which a cycle stood still: half-open, `[paused_at, resumed_at)`."""

    paused_at: Instant
    resumed_at: Instant | None = None
    """None while it still does."""


class TargetedCycle(Value):
    """A cycle with a target, as it was reckoned."""

    measure: Measure
    instance: Count
    """Which of its measure on this ticket it is."""
    started_at: Instant
    ended_at: Instant | None = None
    ended_by: CycleEnd | None = None
    pauses: tuple[CyclePause, ...] = ()
    target_seconds: Seconds
    used_microseconds: Microseconds | None
    """Working time used before it ended, else before it was paused or went on last; None where the calendar ends."""
    due_at: Instant | None = None
    """When the target is used up; None while it is paused before that, or where no such instant can be given."""


class CyclesReckoned(Event):
    """All cycles of a ticket that have a target, reckoned anew on what is known; what has ended stays as it was.

    Written no more, since it grew with the ticket: `CycleReckoned` is about one.
    """

    ticket: TicketId
    centre: Code
    facts: Count
    """How many facts of the ticket they rest on."""
    cycles: tuple[TargetedCycle, ...]
    calendar_version: PlanVersion
    targets_version: PlanVersion
    tz_version: Code
    rests_on: tuple[FactVersion, ...] = ()


class CycleBegun(Value):
    """Names a cycle: what stays when more becomes known, unlike its instance."""

    measure: Measure
    started_at: Instant


class CycleReckoned(Event):
    """One cycle of a ticket that has a target, reckoned on what is known; the others stay as they were reckoned."""

    ticket: TicketId
    centre: Code
    facts: Count
    """How many facts of the ticket it rests on."""
    cycle: TargetedCycle | None = None
    """None where another one is gone, or where none came out otherwise on more facts or other grounds."""
    gone: CycleBegun | None = None
    """A cycle that there is none of any more, now that more is known."""
    is_last: bool
    """Whether all cycles are reckoned on these facts now; else the next one follows."""
    calendar_version: PlanVersion
    targets_version: PlanVersion
    tz_version: Code
    rests_on: tuple[FactVersion, ...] = ()


class CycleTargetMissed(Event):
    """The target of a cycle was used up before the cycle ended; said once of each."""

    ticket: TicketId
    centre: Code
    measure: Measure
    instance: Count
    started_at: Instant
    due_at: Instant
    missed_at: Instant
    """Equal to `due_at`."""
    detected_at: Instant
    """When it was noticed."""


CyclesEvent = CyclesReckoned | CycleReckoned | CycleTargetMissed
