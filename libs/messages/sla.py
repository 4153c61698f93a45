"""Facts of a first-response promise (stream `promise/<source>/<number>`), written by sla_timer."""

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


class Certificate(Value):
    """Everything needed to recompute a promise without asking anybody."""

    centre: Code
    zone: Zone
    channel: Channel
    opened_at: Instant
    clock_started_at: Instant
    """`opened_at`, or the next opening where the centre was closed."""
    target_seconds: Seconds
    """Working time promised: 7 200 by telephone, 14 400 by e-mail or web in the first plan."""
    at_risk_at: Instant
    """When the warning share of the target is used up."""
    due_at: Instant
    """The earliest instant at which the target is used up; met if and only if answered by then."""
    calendar_version: PlanVersion
    targets_version: PlanVersion
    tz_version: Code
    """The version of the IANA database that local hours were converted with."""
    intervals: tuple[WorkingInterval, ...]
    """From the start of the clock to `due_at`, cut at both ends."""


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
    | FirstResponseMet
    | FirstResponseBreached
    | LaterResponseNoted
    | ResponseNotApplied
)
