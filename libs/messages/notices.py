"""Facts of a notice, one thing to tell one recipient (stream `notice/<event id>/<role>`), written by notification."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from libs.messages.base import (
    ONLY_NUMBERS,
    Attempt,
    Code,
    ContractId,
    Count,
    Country,
    CustomerId,
    Day,
    Event,
    EventId,
    Instant,
    Language,
    OpenCode,
    PrivateKey,
    ProductVersion,
    Reference,
    Sequence,
    StreamId,
    TicketId,
    Value,
    Zone,
)
from libs.messages.clauses import Clause
from libs.messages.licences import LicenceKind
from libs.messages.money import Price
from libs.messages.refusals import Contact
from libs.messages.tickets import Channel

MessageId = Annotated[str, StringConstraints(pattern=r"^<[A-Za-z0-9._-]+@[a-z0-9.-]+>$", max_length=200)]
"""The `Message-ID` of every delivery of a notice; made of ids alone."""
SmtpCode = Annotated[int, Field(ge=200, le=599), ONLY_NUMBERS]
EnhancedCode = Annotated[str, StringConstraints(pattern=r"^[245]\.[0-9]{1,3}\.[0-9]{1,3}$")]
"""RFC 3463, such as `4.2.1`; the server's text is not kept, an address may stand in it."""


class NoticeRole(OpenCode):
    """In what role the recipient is told."""

    REQUESTER = "requester"
    CENTRE = "centre"
    """The centre that promised."""
    WORKING_CENTRE = "working-centre"
    """The centre that has the ticket, where it was transferred to another one."""
    CUSTOMER = "customer"
    OPERATIONS = "operations"
    """Whoever runs the installation: told what no centre can be told."""


class NoticeClass(OpenCode):
    """What kind of news it is; how it is treated where its delivery is ambiguous depends on it."""

    ACKNOWLEDGEMENT = "acknowledgement"
    WARNING = "warning"
    BREACH = "breach"
    WELCOME = "welcome"
    RENEWAL_OFFER = "renewal-offer"
    RENEWAL_REMINDER = "renewal-reminder"
    """The only kind that a customer can have stopped."""
    RENEWAL = "renewal"
    LAPSE = "lapse"
    LAPSE_REVERSED = "lapse-reversed"
    """The contract had lapsed, and goes on without a gap after all."""
    RESUBSCRIPTION = "resubscription"
    REFUSAL = "refusal"
    DEADLINE_MOVED = "deadline-moved"
    NO_PROMISE = "no-promise"
    ADDRESS_IN_DOUBT = "address-in-doubt"
    COVER_RESTATED = "cover-restated"
    """Who was refused was under cover all the time."""
    RESTATEMENT = "restatement"
    """Whoever was told of a breach is told that there was none after all."""


class DeliveryProblem(OpenCode):
    """What kept a delivery from being accepted."""

    NO_CONNECTION = "no-connection"
    CONNECTION_LOST = "connection-lost"
    TIMEOUT = "timeout"
    REFUSED_FOR_NOW = "refused-for-now"
    REFUSED = "refused"
    TOO_MANY_ATTEMPTS = "too-many-attempts"
    NO_ADDRESS = "no-address"
    NOT_WRITABLE = "not-writable"


class Cancellation(OpenCode):
    """Why a notice is not sent any more."""

    PERSON_ERASED = "person-erased"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    """The request was taken back."""
    DEADLINE_MOVED = "deadline-moved"
    DEADLINE_PASSED = "deadline-passed"
    PROMISED = "promised"
    """A deadline was given after all."""
    RESTATED = "restated"
    """The breach was none after all, or what it was restated as has changed again; who was refused is under cover."""
    NOTHING_TO_CORRECT = "nothing-to-correct"
    """The recipient was told nothing else before."""
    CONTINUED = "continued"
    """Another term of the licence goes on."""
    RENEWED = "renewed"
    LAPSED = "lapsed"
    LAPSE_REVERSED = "lapse-reversed"
    RESUBSCRIBED = "resubscribed"
    """The contract has been taken up again by another one."""
    REMINDED_LATER = "reminded-later"
    """A later reminder is to be sent."""
    NOT_WANTED = "not-wanted"
    """The customer wants no reminders any more."""


class Settlement(StrEnum):
    """What a person found out about an ambiguous delivery."""

    SENT = "sent"
    NOT_SENT = "not-sent"


class OrderRefusal(OpenCode):
    """Why a person's order about a notice was not followed."""

    UNKNOWN_NOTICE = "unknown-notice"
    ALREADY_REQUESTED = "already-requested"
    BEING_SENT = "being-sent"
    STILL_TO_BE_SENT = "still-to-be-sent"
    NOT_AMBIGUOUS = "not-ambiguous"
    PERSON_ERASED = "person-erased"
    NO_LONGER_TRUE = "no-longer-true"
    ID_USED_OTHERWISE = "id-used-otherwise"


class Recipient(Value):
    """A person, by the key of the private record with the address, or a centre's mailbox, or that of operations."""

    private: PrivateKey | None = None
    centre: Code | None = None
    operations: bool = False

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if [self.private is not None, self.centre is not None, self.operations].count(True) != 1:
            raise ValueError("a recipient is a person, a centre or operations, and one of them alone")
        return self


class NoticeFacts(Value):
    """What the text is made of: ids, codes and instants; what a template does not need is absent."""

    ticket: TicketId | None = None
    customer: CustomerId | None = None
    contract: ContractId | None = None
    private: PrivateKey | None = None
    """Where the ticket's subject stands."""
    centre: Code | None = None
    zone: Zone | None = None
    """Instants are shown in this zone."""
    channel: Channel | None = None
    product: Code | None = None
    version: ProductVersion | None = None
    opened_at: Instant | None = None
    at_risk_at: Instant | None = None
    due_at: Instant | None = None
    was_due_at: Instant | None = None
    """The deadline of before, where it has moved."""
    breached_at: Instant | None = None
    responded_at: Instant | None = None
    licence_kind: LicenceKind | None = None
    follows: ContractId | None = None
    """The lapsed contract that this one takes up again."""
    continued_by: ContractId | None = None
    """Another contract of the licence, told of after the lapse, whose term joins this one's without a gap."""
    form: Code | None = None
    """The number of the renewal form."""
    first_day: Day | None = None
    """Of the term that begins, or that is offered."""
    last_day: Day | None = None
    """Of the term that begins or ends; of an offer, the last day on which it may be signed."""
    next_last_day: Day | None = None
    """Of the term that is offered."""
    days_before: Count | None = None
    """Local days from the day of a reminder to the last one."""
    signed_on: Day | None = None
    lapsed_at: Instant | None = None
    price: Price | None = None
    """Of the term that begins or is offered; of a lapse and a refusal, what it costs to come back."""
    reason: Code | None = None
    """Why it is so, in the words of the event: of a refusal, of a deadline that moved or that there is not; of a
    restatement, the verdict."""
    clause: Clause | None = None
    contact: Contact | None = None
    reseller: Reference | None = None
    """The reseller to contact, by its reference: no address of it is known."""
    team: Code | None = None
    """The centre whose team helps, where it is another than `centre`."""


class NoticeRequested(Event):
    """Somebody is to be told."""

    requested_at: Instant
    role: NoticeRole
    notice_class: NoticeClass
    about_event: EventId
    about_stream: StreamId
    about_sequence: Sequence | None = None
    """The place of that event in its stream: what came after it may have made it untrue; None in what was written
    before."""
    recipient: Recipient
    language: Language
    territory: Country | None = None
    """Dates, times, numbers and money are written as there; None: as where the zone of the facts is."""
    template: Code
    facts: NoticeFacts
    message_id: MessageId
    not_before: Instant | None = None
    """It leaves from then on: the next opening of the centre. None: at once."""


class NoticeHandingOver(Event):
    """One process claims the delivery; nothing may be sent before its own claim is known to count."""

    attempt: Attempt
    process: EventId
    """The life of the process that claims; a restarted one has another."""
    claimed_at: Instant
    claimed_wall: Instant
    """The same by the machine's clock, which the time limit of the mail server is measured with."""


class NoticeSent(Event):
    """The mail server accepted the message."""

    attempt: Attempt
    sent_at: Instant
    smtp_code: SmtpCode


class NoticeDeferred(Event):
    """The message was certainly not accepted; it is tried again."""

    attempt: Attempt
    deferred_at: Instant
    problem: DeliveryProblem
    smtp_code: SmtpCode | None = None
    enhanced_code: EnhancedCode | None = None
    retry_at: Instant


class NoticeFailed(Event):
    """The message was certainly not accepted and is not tried again."""

    attempt: Attempt
    failed_at: Instant
    problem: DeliveryProblem
    smtp_code: SmtpCode | None = None
    enhanced_code: EnhancedCode | None = None


class NoticeAmbiguous(Event):
    """The message was handed over and the answer is unknown: it may have been accepted."""

    attempt: Attempt
    noticed_at: Instant
    will_resend: bool
    """By class: sent once more with the same `Message-ID`, or held for a person."""


class NoticeCancelled(Event):
    """The notice is not to be sent any more."""

    cancelled_at: Instant
    cause: Cancellation


class NoticeResendOrdered(Event):
    """A person wants it sent again."""

    ordered_at: Instant
    by: Reference


class NoticeSettled(Event):
    """A person says what became of an ambiguous delivery."""

    settled_at: Instant
    by: Reference
    settled_as: Settlement


class NoticeOrderRefused(Event):
    """A person's order that was not followed."""

    refused_at: Instant
    by: Reference
    reason: OrderRefusal


NoticeEvent = (
    NoticeRequested
    | NoticeHandingOver
    | NoticeSent
    | NoticeDeferred
    | NoticeFailed
    | NoticeAmbiguous
    | NoticeCancelled
    | NoticeResendOrdered
    | NoticeSettled
    | NoticeOrderRefused
)
