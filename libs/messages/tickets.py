"""Facts of a ticket (stream `ticket/<source>/<number>`), written by intake."""

from enum import StrEnum

from libs.messages.base import (
    Code,
    ContractId,
    CustomerId,
    Day,
    Event,
    FactVersion,
    Instant,
    Language,
    MessageType,
    OpenCode,
    PersonId,
    PhoneNumber,
    PrivateKey,
    ProductVersion,
    TicketId,
    Value,
)
from libs.messages.clauses import Clause
from libs.messages.doubts import Doubt
from libs.messages.exclusions import Exclusion
from libs.messages.money import Price
from libs.messages.places import DoorRecord
from libs.messages.refusals import Contact, MessageRefusal, ResponseRefusal, TicketRefusal


class Channel(StrEnum):
    """How a ticket was opened; the target depends on it alone (« OUVERT PAR »)."""

    PHONE = "phone"
    EMAIL = "email"
    WEB = "web"


class CentreReason(OpenCode):
    """Why a centre counts as the local one (« soutien local »)."""

    NUMBER_DIALLED = "number-dialled"
    HOME_CENTRE = "home-centre"


class RequestKind(OpenCode):
    """What is asked for, as the plan lists it (« Que comprend OL Care ? »)."""

    QUESTION = "question"
    """« de l'aide et des conseils »"""
    SOLUTION_FAILURE = "solution-failure"
    """« défaillances de solution »"""
    UNEXPECTED_BEHAVIOUR = "unexpected-behaviour"
    """« comportement inattendu »"""
    UPDATE = "update"
    """« Mises à jour et mises à niveau »"""
    PROFESSIONAL_SERVICE = "professional-service"
    """Not included."""


class Medium(StrEnum):
    """« une réponse par courriel ou par téléphone »."""

    EMAIL = "email"
    CALL = "call"


class RespondedBy(StrEnum):
    """Who answered; an automatic receipt is no response."""

    PERSON = "person"
    AUTOMATIC = "automatic"


class Side(StrEnum):
    """Who did it."""

    CUSTOMER = "customer"
    SUPPORT = "support"


class Cover(Value):
    """The cover found at the instant of opening; a fact, whatever becomes of the contract later."""

    contract: ContractId
    first_day: Day
    last_day: Day
    """The last covered local day of the customer's home centre, itself included."""
    covered_until: Instant
    """The end of `last_day`; this instant itself is not covered."""


class TicketOpened(Event):
    """A ticket was opened under cover; a first response is due."""

    opened_at: Instant
    """When it was received or the call came in, not when it was processed."""
    customer: CustomerId
    requester: PersonId
    private: PrivateKey
    """Where name, address, subject and text stand."""
    language: Language
    channel: Channel
    centre: Code
    """The local centre; it does not change with a transfer."""
    centre_reason: CentreReason
    number_dialled: PhoneNumber | None = None
    """A number of the published plan; any other is left out."""
    request_kind: RequestKind
    product: Code
    version: ProductVersion | None = None
    version_unknown: bool = False
    """No version was named: covered, and marked for the agent."""
    cover: Cover
    rests_on: tuple[FactVersion, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    """What describes the ticket and could not be taken as it came."""


class TicketRefused(Event):
    """No ticket was opened: no clock runs, the requester is told why and whom to contact."""

    opened_at: Instant
    """When it was asked for; cover was judged at this instant."""
    reason: TicketRefusal
    clause: Clause
    contact: Contact
    customer: CustomerId
    requester: PersonId
    private: PrivateKey
    language: Language
    channel: Channel
    centre: Code | None = None
    """The regional team to turn to; none where the customer is unknown."""
    number_dialled: PhoneNumber | None = None
    """A number of the published plan; any other is left out."""
    request_kind: RequestKind
    product: Code
    version: ProductVersion | None = None
    rests_on: tuple[FactVersion, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    price_to_return: Price | None = None
    """What it costs to come back, where cover has lapsed and the licence is known."""


class CoverRestated(Event):
    """A refusal that turned out to be wrong: the ticket was under cover all the time. What was decided stays told.

    The ticket is opened after it, at `restated_at`, unless somebody has answered it or taken it back.
    """

    restated_at: Instant
    opened_at: Instant
    """The instant of the request, at which cover is judged."""
    reason: TicketRefusal
    """Why it had been refused."""
    customer: CustomerId
    requester: PersonId
    private: PrivateKey
    language: Language
    channel: Channel
    centre: Code
    """The customer's home centre."""
    cover: Cover
    rests_on: tuple[FactVersion, ...] = ()


class Decision(Event):
    """What a message about a ticket comes to, at once or after it was held."""

    door_record: DoorRecord | None = None
    """The message, where it was held until now; None where it was not, and in what was written before."""


class ResponseRecorded(Decision):
    """The customer was answered; whether that is a first response is judged by the promise."""

    responded_at: Instant
    medium: Medium
    by: RespondedBy
    help_given: bool
    """On the very call that opened the ticket: whether technical help was given in it."""
    responder: PersonId | None = None
    """One of ours; none for an automatic answer."""
    merged_into: TicketId | None = None
    """The survivor, where the ticket was absorbed before the answer was given."""
    known_call: bool = False
    """A call without help that was known before: the one that opened the ticket, or one that the customer made."""


class ResponseRefused(Decision):
    """A response to something that takes none."""

    responded_at: Instant
    by: RespondedBy | None = None
    """None in what was written before."""
    reason: ResponseRefusal
    clause: Clause | None = None


class CustomerCallRecorded(Decision):
    """The customer rang about the ticket; that can only make the promise earlier, and is no response without help."""

    called_at: Instant
    caller: PersonId
    private: PrivateKey | None = None
    """Where name and text stand; none where only the person was named."""
    number_dialled: PhoneNumber | None = None
    """A number of the published plan; any other is left out."""
    centre: Code | None = None
    help_given: bool
    """Whether technical help was given in the call."""
    rests_on: tuple[FactVersion, ...] = ()
    merged_into: TicketId | None = None


class NoteRecorded(Decision):
    """Something was written into the ticket; it is no response."""

    noted_at: Instant
    by: Side
    author: PersonId
    private: PrivateKey
    merged_into: TicketId | None = None


class TicketTransferred(Decision):
    """Another centre works on it from now on; the promise stays where it was made."""

    transferred_at: Instant
    from_centre: Code
    to_centre: Code
    by: PersonId
    rests_on: tuple[FactVersion, ...] = ()


class TicketsMerged(Decision):
    """This ticket is the same as another and is absorbed; the other survives."""

    merged_at: Instant
    into: TicketId
    """The survivor; it may be absorbed itself, later."""
    by: PersonId
    rests_on: tuple[FactVersion, ...] = ()
    """The survivor as it was known; nothing where it was not known yet."""


class MergeUndone(Event):
    """Of merges that cross, one is undone: this ticket is again what it was before."""

    undone_at: Instant
    """When the last of the crossing merges was made."""
    into: TicketId


class TicketPaused(Decision):
    """The ticket waits for the customer: what is measured of it stands still; its first response does not."""

    paused_at: Instant
    by: PersonId


class TicketResumed(Decision):
    """It waits no longer; a resolution, a withdrawal and a merge end the waiting as well."""

    resumed_at: Instant
    by: PersonId


class TicketReopened(Decision):
    """A resolved ticket is not resolved after all, and is under cover at this instant."""

    reopened_at: Instant
    by: Side
    private: PrivateKey | None = None
    """Where the text stands, if there is one."""
    cover: Cover
    rests_on: tuple[FactVersion, ...] = ()


class TicketResolved(Decision):
    """« jusqu'à résolution complète du problème »; it is no response."""

    resolved_at: Instant
    by: PersonId
    private: PrivateKey | None = None


class TicketWithdrawn(Decision):
    """The request is taken back."""

    withdrawn_at: Instant
    by: Side
    private: PrivateKey | None = None


class WorkExcluded(Decision):
    """Who has read the ticket found a cause that the plan does not help with; no more work is done on it.

    The first response stays due, and what was late stays late.
    """

    excluded_at: Instant
    exclusion: Exclusion
    clause: Clause
    by: PersonId
    script_language: Code | None = None
    """As a code, `python`."""
    merged_into: TicketId | None = None


class HeldTransfer(Value):
    """A transfer that came before its ticket; from which centre is known when it is applied."""

    transferred_at: Instant
    to_centre: Code
    by: PersonId


class HeldReopening(Value):
    """A reopening that came before its ticket; cover is judged when it is applied."""

    reopened_at: Instant
    by: Side
    private: PrivateKey | None = None


class MessageHeld(Event):
    """A message that came before its ticket, or while others are held; applied in order when the ticket is there.

    What is needed to apply it stands in the one field of its kind: where nothing is left to be found out, as the event
    that it is to become.
    """

    upstream_type: MessageType
    said_at: Instant
    """The instant in the world that the message is about."""
    private: PrivateKey | None = None
    response: ResponseRecorded | None = None
    call: CustomerCallRecorded | None = None
    note: NoteRecorded | None = None
    transfer: HeldTransfer | None = None
    merge: TicketsMerged | None = None
    pause: TicketPaused | None = None
    resumption: TicketResumed | None = None
    reopening: HeldReopening | None = None
    resolution: TicketResolved | None = None
    withdrawal: TicketWithdrawn | None = None
    exclusion: WorkExcluded | None = None
    awaits: TicketId | None = None
    """The survivor of a merge, where it is not open yet: the merge waits for it alone, and holds nothing else up."""
    door_record: DoorRecord | None = None
    """The message itself; None in what was written before."""


class MessageRefused(Decision):
    """An upstream message about a ticket that changes nothing, and why."""

    upstream_type: MessageType
    said_at: Instant
    reason: MessageRefusal
    clause: Clause | None = None
    into: TicketId | None = None
    """The survivor that was waited for, of a merge that comes to nothing."""


TicketEvent = (
    TicketOpened
    | TicketRefused
    | CoverRestated
    | ResponseRecorded
    | ResponseRefused
    | MessageHeld
    | MessageRefused
    | CustomerCallRecorded
    | NoteRecorded
    | TicketTransferred
    | TicketsMerged
    | MergeUndone
    | TicketPaused
    | TicketResumed
    | TicketReopened
    | TicketResolved
    | WorkExcluded
    | TicketWithdrawn
)


def ticket_told_of(stream: str, event: TicketEvent) -> str:
    """The ticket that an event on `stream` is about: what is said of an absorbed one is said of its survivor."""
    survivor: str | None = getattr(event, "merged_into", None)
    return survivor or stream
