"""Facts of a first-response promise (stream `promise/<source>/<number>`), written by sla_timer."""

from enum import StrEnum

from libs.messages.base import (
    Code,
    CustomerId,
    Event,
    FactVersion,
    Instant,
    Language,
    Microseconds,
    OpenCode,
    PersonId,
    PlanVersion,
    PrivateKey,
    Seconds,
    TicketId,
    TzVersion,
    Value,
)
from libs.messages.certificates import Certificate
from libs.messages.plan import Percent
from libs.messages.tickets import Channel


class NoPromise(OpenCode):
    """Why a ticket has no promise (never silent: somebody is told, and it is listed)."""

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
    """The call that opened the ticket, or one told before as the customer's, counts only if help was given in it."""
    NO_PROMISE = "no-promise"
    BEFORE_OPENING = "before-opening"
    """Given on a ticket that was absorbed, before the survivor was opened."""


class NotChanged(OpenCode):
    """Why something that was said of a ticket did not touch its promise."""

    NO_PROMISE = "no-promise"
    NOT_EARLIER = "not-earlier"
    """It would make the deadline no earlier, and our own acts make none later."""
    OVER = "over"
    """The deadline had passed by then, or the promise had its end."""
    NOT_CANCELLED = "not-cancelled"
    NO_CALENDAR = "no-calendar"
    CALENDAR_ENDS = "calendar-ends"
    NO_OPENING_IN_A_YEAR = "no-opening-in-a-year"
    NOT_PROMISED = "not-promised"
    """Nothing could be promised to the ticket, so that it takes nothing over."""
    ABSORBED = "absorbed"
    """Its ticket was absorbed in another one itself, whose promise it is passed on to."""
    UNDONE = "undone"
    """The merge was undone."""
    NOT_RECKONED = "not-reckoned"
    """What was at hand of the plan was of another centre, or older than the certificate: it is reckoned by a duty."""


class CancellationCause(OpenCode):
    """Why a promise ends without a verdict; counted apart."""

    WITHDRAWN = "withdrawn"
    """By the customer."""
    MERGED = "merged"
    """The ticket was absorbed; the survivor keeps the earlier deadline."""


class AbsorbedPromise(Value):
    """The promise of an absorbed ticket, which the survivor's stands for as well."""

    ticket: TicketId
    merged_at: Instant
    certificate: Certificate


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
    responded_at: Instant | None = None
    """The earliest answer that was told before the ticket was: on one that was absorbed in it."""
    own: Certificate | None = None
    """The ticket's own promise, where that of an absorbed one is the earlier."""
    absorbed: tuple[AbsorbedPromise, ...] = ()
    rests_on: tuple[FactVersion, ...] = ()


class FirstResponseNotPromised(Event):
    """No deadline could be given, at the opening or when it was tried again."""

    ticket: TicketId
    customer: CustomerId | None = None
    private: PrivateKey | None = None
    """Where the requester's address stands, who is told that the ticket came; None in what was written before."""
    language: Language | None = None
    centre: Code
    channel: Channel
    opened_at: Instant
    reason: NoPromise
    calendar_version: PlanVersion | None = None
    """The newest calendar on which none could be given."""
    responded_at: Instant | None = None
    """The earliest answer that was told before the ticket was: on one that was absorbed in it."""
    handed_back: tuple[TicketId, ...] = ()
    """Tickets that were absorbed in it: their promises go on by themselves."""
    rests_on: tuple[FactVersion, ...] = ()


class FirstResponseAtRisk(Event):
    """A share of the target is used up and nobody has answered."""

    ticket: TicketId
    customer: CustomerId
    centre: Code
    channel: Channel
    percent: Percent
    at_risk_at: Instant
    next_at_risk_at: Instant | None = None
    """When the next share will be used up; None where this is the last."""
    due_at: Instant
    transferred_to: Code | None = None
    """The centre that has the ticket, where that is not the one that promised."""


class FirstResponseRetargeted(Event):
    """A promise that runs has other grounds, for a cause that its certificate names; what is over by then stays."""

    ticket: TicketId
    customer: CustomerId
    centre: Code
    channel: Channel
    private: PrivateKey
    """Where the requester's address stands; who has been told the deadline of before is told the new one."""
    language: Language
    certificate: Certificate
    was_due_at: Instant
    restated_due_at: Instant | None = None
    """The deadline as it would be if all had been known from the opening on, where it is another one."""
    called_at: Instant | None = None
    """The telephone call that led to it, if one did."""
    own: Certificate | None = None
    """The ticket's own promise, where others were absorbed: `certificate` is the earliest of all."""
    absorbed: tuple[AbsorbedPromise, ...] = ()
    rests_on: tuple[FactVersion, ...] = ()


class FirstResponseNotRetargeted(Event):
    """On what was published since no deadline could be given: the promise stands as it was, and somebody must look."""

    ticket: TicketId
    customer: CustomerId | None = None
    centre: Code
    channel: Channel
    due_at: Instant
    reason: NoPromise
    calendar_version: PlanVersion
    """The calendar on which none could be given."""
    tz_version: TzVersion | None = None
    """The version of the tz database by which none could be given, where the calendar was reckoned on before."""
    of: TicketId | None = None
    """The absorbed ticket, or this one, whose promise it is among those that this one stands for."""
    rests_on: tuple[FactVersion, ...] = ()


class FirstResponseMet(Event):
    """Answered at `due_at` or before."""

    ticket: TicketId
    centre: Code
    channel: Channel
    responded_at: Instant
    due_at: Instant
    handed_back: tuple[TicketId, ...] = ()
    """Tickets that were absorbed after the answer: their promises go on by themselves until somebody answers."""


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
    transferred_to: Code | None = None
    """The centre that has the ticket, where that is not the one that promised."""


class Verdict(StrEnum):
    """The ends of a promise."""

    MET = "met"
    BREACHED = "breached"
    CANCELLED = "cancelled"
    """No verdict: it ended before it came to one."""


class RestatementCause(OpenCode):
    """What became known after the verdict, or too late for it."""

    LATE_ANSWER = "late-answer"
    """An answer in time that could not be read before the deadline fired."""
    LATE_CANCELLATION = "late-cancellation"
    """A withdrawal or a merge before the end that could not be read before it."""
    CALL = "call"
    """A telephone call by which the deadline would have been earlier."""
    CLOSURE = "closure"
    """A calendar by which the deadline would have been later."""
    OPENING = "opening"
    """A calendar by which the deadline would have been earlier."""
    CALENDAR = "calendar"
    """A calendar by which the deadline would have been the same."""
    MERGE = "merge"
    """What happened to tickets that were merged, told in another order than it happened."""


class FirstResponseRestated(Event):
    """What the verdict would be if all that is known now had been known in time; the verdict itself stays."""

    ticket: TicketId
    customer: CustomerId | None = None
    centre: Code
    transferred_to: Code | None = None
    """The centre that had the ticket at the verdict, where that is not the one that promised."""
    channel: Channel
    cause: RestatementCause
    promised: Verdict
    stated: Verdict | None = None
    """What was held until now: the verdict, or what it was last restated as; None in what was written before."""
    restated: Verdict
    due_at: Instant
    """The deadline that was promised."""
    restated_due_at: Instant
    responded_at: Instant | None = None
    """The earliest response that is known."""
    cancelled_at: Instant | None = None
    calendar_version: PlanVersion
    rests_on: tuple[FactVersion, ...] = ()


class LaterResponseNoted(Event):
    """A response after the deadline, fired yet or not, or after the verdict; it meets no promise."""

    ticket: TicketId
    responded_at: Instant
    absorbed: tuple[TicketId, ...] = ()
    """Tickets absorbed in this one whose promises go on by themselves: it is an answer to them."""
    into: TicketId | None = None
    """The survivor of a merge before the answer, to whose requester it is one as well."""


class ResponseNotApplied(Event):
    """A response that is no first response."""

    ticket: TicketId
    responded_at: Instant
    reason: NotAResponse


class CallNoted(Event):
    """A telephone call about the ticket that left the deadline where it was."""

    ticket: TicketId
    called_at: Instant
    reason: NotChanged
    restated_due_at: Instant | None = None
    """The deadline as it would be if the call had been known in time, where it is another one."""


class FirstResponseCancelled(Event):
    """The promise ends without a verdict."""

    ticket: TicketId
    customer: CustomerId
    centre: Code
    channel: Channel
    cause: CancellationCause
    cancelled_at: Instant
    into: TicketId | None = None
    """The survivor of a merge."""
    certificate: Certificate
    own: Certificate | None = None
    """The ticket's own promise, where others were absorbed in it: all of them are passed on."""
    absorbed: tuple[AbsorbedPromise, ...] = ()


class CancellationNoted(Event):
    """A withdrawal or a merge that came too late for the promise, or was told too late."""

    ticket: TicketId
    cause: CancellationCause
    cancelled_at: Instant
    reason: NotChanged
    into: TicketId | None = None
    """The survivor of a merge."""


class FirstResponseReinstated(Event):
    """A merge was undone: the promise runs again as if nothing had been."""

    ticket: TicketId
    customer: CustomerId
    centre: Code
    channel: Channel
    reinstated_at: Instant
    certificate: Certificate


class ReinstatementNotApplied(Event):
    """A merge was undone, and the promise of the ticket had not been ended by it: nothing changes."""

    ticket: TicketId
    undone_at: Instant
    reason: NotChanged
    absorbed: TicketId | None = None
    """The ticket that the merge was undone of, where that is another."""


class MergeNoted(Event):
    """Another ticket was absorbed in this one, and the deadline stays: it is no later, or there is no promise yet."""

    ticket: TicketId
    absorbed: TicketId
    merged_at: Instant
    certificate: Certificate
    """The promise of the absorbed ticket."""
    reason: NotChanged
    into: TicketId | None = None
    """Where it was absorbed itself: the survivor, which takes the promise over."""
    through: tuple[TicketId, ...] = ()
    """The tickets that the promise was passed on by before."""
    held_by: TicketId | None = None
    """The ticket whose promise stood for it, and is passed on beside it; it does so again if nothing is taken."""
    responded_at: Instant | None = None
    """Where it has its end: the first answer after the merge that is known."""


class InternalTargetSet(Event):
    """The centre that a ticket was transferred to should answer by `due_at`, the promise's at the latest.

    The promise stays where it was made.
    """

    ticket: TicketId
    centre: Code
    transferred_at: Instant
    used_microseconds: Microseconds
    """Working time that the promise had used by then."""
    target_seconds: Seconds
    due_at: Instant
    calendar_version: PlanVersion
    rests_on: tuple[FactVersion, ...] = ()


class InternalTargetNotSet(Event):
    """A transfer that gives the receiving centre no target."""

    ticket: TicketId
    centre: Code
    transferred_at: Instant
    reason: NotChanged


PromiseEvent = (
    FirstResponseClockStarted
    | FirstResponseNotPromised
    | FirstResponseAtRisk
    | FirstResponseRetargeted
    | FirstResponseNotRetargeted
    | FirstResponseMet
    | FirstResponseCancelled
    | FirstResponseReinstated
    | FirstResponseBreached
    | FirstResponseRestated
    | LaterResponseNoted
    | ResponseNotApplied
    | CallNoted
    | CancellationNoted
    | ReinstatementNotApplied
    | MergeNoted
    | InternalTargetSet
    | InternalTargetNotSet
)
