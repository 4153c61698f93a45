"""Facts of a first-response promise (stream `promise/<source>/<number>`), written by sla_timer."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from libs.messages.base import (
    Code,
    CustomerId,
    Event,
    FactVersion,
    Instant,
    Language,
    OpenCode,
    PersonId,
    PlanVersion,
    PrivateKey,
    Seconds,
    TicketId,
    Value,
    Zone,
)
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
    TZ_VERSION = "tz-version"
    """The same calendar, its local hours converted with another version of the IANA database."""


class CertificateChange(Value):
    """Grounds that hold for a promise from `changed_at` on; working time already used stays used, except by a call."""

    changed_at: Instant
    cause: RetargetCause
    used_microseconds: Annotated[int, Field(ge=0)]
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


class Certificate(Value):
    """Everything needed to recompute a promise without asking anybody.

    Target and versions are those of the opening, and each change says which ones hold from it on; `due_at`,
    `at_risk_at` and the intervals are those of the promise as it stands after the last change.
    """

    centre: Code
    zone: Zone
    channel: Channel
    opened_at: Instant
    clock_started_at: Instant
    """`opened_at`, or the next opening where the centre was closed."""
    target_seconds: Seconds
    """Working time promised: 7 200 by telephone, 14 400 by e-mail or web in the first plan."""
    at_risk_at: Instant
    """When the warning share of the target is used up; an instant that a change found passed stays."""
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


class NoPromise(OpenCode):
    """Why a ticket has no promise (never silent: it goes to a queue of its own)."""

    NO_CALENDAR = "no-calendar"
    NO_TARGETS = "no-targets"
    NO_TARGET_FOR_CHANNEL = "no-target-for-channel"
    CALENDAR_ENDS = "calendar-ends"
    NO_OPENING_IN_A_YEAR = "no-opening-in-a-year"
    ALREADY_PROMISED = "already-promised"
    """A first response is promised once per ticket; the promise that runs stays as it is."""


class NotAResponse(OpenCode):
    """Why a response did not touch the promise."""

    AUTOMATIC = "automatic"
    """An automatic receipt is no first response."""
    CALL_WITHOUT_HELP = "call-without-help"
    """The call that opened the ticket counts only if help was given in it."""
    NO_PROMISE = "no-promise"


class FirstResponseClockStarted(Event):
    """A first response is promised by `certificate.due_at`."""

    ticket: TicketId
    customer: CustomerId
    requester: PersonId
    private: PrivateKey
    language: Language
    centre: Code
    channel: Channel
    certificate: Certificate
    rests_on: tuple[FactVersion, ...] = ()


class FirstResponseNotPromised(Event):
    """No deadline could be given, or none again."""

    ticket: TicketId
    centre: Code
    channel: Channel
    opened_at: Instant
    reason: NoPromise
    rests_on: tuple[FactVersion, ...] = ()


class FirstResponseAtRisk(Event):
    """The warning share of the target is used up and nobody has answered."""

    ticket: TicketId
    customer: CustomerId
    centre: Code
    channel: Channel
    at_risk_at: Instant
    due_at: Instant


class FirstResponseRetargeted(Event):
    """A promise that runs has other grounds, for a cause that its certificate names; what is over by then stays."""

    ticket: TicketId
    customer: CustomerId
    centre: Code
    channel: Channel
    certificate: Certificate
    was_due_at: Instant
    restated_due_at: Instant | None = None
    """The deadline as it would be if all had been known from the opening on, where it is another one."""
    rests_on: tuple[FactVersion, ...] = ()


class FirstResponseNotRetargeted(Event):
    """On what was published since no deadline could be given: the promise stands as it was, and somebody must look."""

    ticket: TicketId
    centre: Code
    channel: Channel
    due_at: Instant
    reason: NoPromise
    calendar_version: PlanVersion
    """The calendar on which none could be given."""
    rests_on: tuple[FactVersion, ...] = ()


class FirstResponseMet(Event):
    """Answered at `due_at` or before."""

    ticket: TicketId
    centre: Code
    channel: Channel
    responded_at: Instant
    due_at: Instant


class FirstResponseBreached(Event):
    """The deadline passed without a response; the verdict stays, whatever comes later."""

    ticket: TicketId
    customer: CustomerId
    centre: Code
    channel: Channel
    due_at: Instant
    breached_at: Instant
    """Equal to `due_at`."""
    detected_at: Instant
    """When it was noticed."""
    responded_at: Instant | None = None
    """A response that was late, where one was known by then."""


class Verdict(StrEnum):
    """The two ends of a promise."""

    MET = "met"
    BREACHED = "breached"


class RestatementCause(OpenCode):
    """What became known after the verdict, or too late for it."""

    LATE_ANSWER = "late-answer"
    """An answer in time that could not be read before the deadline fired."""
    CLOSURE = "closure"
    """A calendar by which the deadline would have been later."""
    OPENING = "opening"
    """A calendar by which the deadline would have been earlier."""
    CALENDAR = "calendar"
    """A calendar by which the deadline would have been the same."""


class FirstResponseRestated(Event):
    """What the verdict would be if all that is known now had been known in time; the verdict itself stays."""

    ticket: TicketId
    centre: Code
    channel: Channel
    cause: RestatementCause
    promised: Verdict
    restated: Verdict
    due_at: Instant
    """The deadline that was promised."""
    restated_due_at: Instant
    responded_at: Instant | None = None
    """The earliest response that is known."""
    calendar_version: PlanVersion
    rests_on: tuple[FactVersion, ...] = ()


class LaterResponseNoted(Event):
    """A response after the deadline, fired yet or not, or after the verdict; it meets no promise."""

    ticket: TicketId
    responded_at: Instant


class ResponseNotApplied(Event):
    """A response that is no first response."""

    ticket: TicketId
    responded_at: Instant
    reason: NotAResponse


PromiseEvent = (
    FirstResponseClockStarted
    | FirstResponseNotPromised
    | FirstResponseAtRisk
    | FirstResponseRetargeted
    | FirstResponseNotRetargeted
    | FirstResponseMet
    | FirstResponseBreached
    | FirstResponseRestated
    | LaterResponseNoted
    | ResponseNotApplied
)
