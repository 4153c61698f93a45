"""The certificate of a promise: what it rests on, so that anybody can recompute it."""

from libs.messages.base import Code, Instant, Microseconds, OpenCode, PlanVersion, Seconds, Value, Zone
from libs.messages.plan import Percent
from libs.messages.tickets import Channel


class WorkingInterval(Value):
    """Opening hours that a promise used: half-open, `[opens_at, closes_at)`."""

    opens_at: Instant
    closes_at: Instant


class RetargetCause(OpenCode):
    """Why a promise that runs has other grounds from some instant on."""

    CALL = "call"
    """A later telephone call about the ticket: its own target runs from the call, and ends earlier."""
    CLOSURE = "closure"
    """Another calendar, by which the deadline is later."""
    OPENING = "opening"
    """Another calendar, by which the deadline is earlier: a closure withdrawn, hours added."""
    CALENDAR = "calendar"
    """Another calendar, by which the deadline stays where it was."""
    SHORTER_TARGET = "shorter-target"
    MERGE = "merge"
    """The promise of an absorbed ticket goes on as that of the survivor, for it was the earlier one."""
    MERGE_UNDONE = "merge-undone"
    """The ticket's own promise goes on as if no other had been absorbed."""
    TZ_VERSION = "tz-version"
    """The same calendar, its local hours converted with another version of the IANA database."""


class CertificateChange(Value):
    """Grounds that hold for a promise from `changed_at` on; working time already used stays used, except by a call."""

    changed_at: Instant
    cause: RetargetCause
    used_microseconds: Microseconds
    """Working time until `changed_at`, since the clock started, on the grounds before."""
    target_seconds: Seconds
    """The target from here on; after a call it is counted from `changed_at`, else from where it was counted before."""
    calendar_version: PlanVersion
    targets_version: PlanVersion
    tz_version: Code
    was_due_at: Instant
    """The deadline until then; before a merge, the survivor's."""
    due_at: Instant
    """The deadline that this led to; the last one's is the certificate's."""


class AtRisk(Value):
    """A share of the target, and when it is used up."""

    percent: Percent
    at_risk_at: Instant


class Certificate(Value):
    """Everything needed to recompute a promise without asking anybody.

    Target and versions are those of the opening, and each change says which ones hold from it on; `zone`,
    `due_at`, `at_risk` and the intervals are those of the promise as it stands after the last change.
    """

    centre: Code
    zone: Zone
    channel: Channel
    opened_at: Instant
    clock_started_at: Instant
    """`opened_at`, or the next opening where the centre was closed."""
    target_seconds: Seconds
    """Working time promised: 7 200 by telephone, 14 400 by e-mail or web in the first plan."""
    at_risk: tuple[AtRisk, ...]
    """The warnings, in order; one that a change found passed stays."""
    due_at: Instant
    """The earliest instant at which the target is used up; met if and only if answered by then."""
    calendar_version: PlanVersion
    targets_version: PlanVersion
    tz_version: Code
    """The version of the IANA database that local hours were converted with."""
    intervals: tuple[WorkingInterval, ...]
    """Working time from the start of the clock to `due_at`, cut at both ends and at each change: before a change on
    the grounds before it, after it on its own."""
    closed_since: Instant | None = None
    """Since when the centre was closed at `opened_at`, so that the clock had to wait; None where it was open."""
    changes: tuple[CertificateChange, ...] = ()
    """In order of `changed_at`; after a merge all is that of the absorbed ticket, whose promise goes on."""
