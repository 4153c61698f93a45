"""What upstream systems and people say at the doors: the `data` of their CloudEvents.

The attributes say the rest: `subject` is the number (of the ticket, customer, contract or notice), `time` the instant
in the world that the message is about, (`source`, `id`) name the command.
"""

import re
from functools import cache
from typing import Annotated, Literal
from urllib.parse import unquote

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    ValidationInfo,
    WithJsonSchema,
)

from libs.messages import base
from libs.messages.actions import (
    DraftPublication,
    PrivateKind,
    PublicationTally,
    Rebuild,
    RebuildResult,
    Redrive,
    RedriveTally,
    ViewingReason,
)
from libs.messages.base import (
    LONGEST_CODE,
    Code,
    Count,
    Country,
    Day,
    Digest,
    EventId,
    Language,
    LicenceId,
    Number,
    PhoneNumber,
    Reference,
    ShownId,
    Value,
    type_name,
)
from libs.messages.contracts import ContactRole
from libs.messages.exclusions import Exclusion
from libs.messages.licences import LicenceKind, Payment
from libs.messages.money import Currency, ListValue
from libs.messages.notices import Settlement
from libs.messages.plan import CentreCalendar, NoticeOffsets, PriceList, ProductVersions, ResponseTargets, TzDatabase
from libs.messages.private import Body, EmailAddress, Line, PersonPhone
from libs.messages.streams import normal, normal_id
from libs.messages.tickets import Channel, Medium, RequestKind, RespondedBy, Side

_BETWEEN = "[ ()./-]*"


def _as_dialled(value: object) -> object:
    return re.sub(_BETWEEN, "", value) if isinstance(value, str) else value


def _in_lower_case(value: object) -> object:
    return value.lower() if isinstance(value, str) and value.isascii() else value


DialledNumber = Annotated[
    PhoneNumber,
    BeforeValidator(_as_dialled),
    WithJsonSchema({"type": "string", "pattern": rf"^\+{_BETWEEN}[1-9]({_BETWEEN}[0-9]){{5,14}}{_BETWEEN}$"}),
]
"""E.164; blanks and separators as people print them are taken out."""

ScriptLanguage = Annotated[
    Code,
    BeforeValidator(_in_lower_case),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$", "maxLength": LONGEST_CODE}),
]
"""A code, `python`; as people print it, `JavaScript`, it is the same."""

LONGEST_ID = 1200
"""Characters. Two ids fit into an entry of a PostgreSQL index, which holds 2704 bytes; those that doors give do."""


def _normal(value: str) -> str:
    """Write an id in its one spelling: two spellings of the same source and number must not be two streams."""
    try:
        found = normal_id(value)
    except UnicodeDecodeError:
        raise ValueError("source and number are percent-encoded as UTF-8") from None
    if len(found) > LONGEST_ID or _INVISIBLE.search(unquote(found)):
        raise ValueError(f"source and number hold no invisible characters, and at most {LONGEST_ID} in all")
    return found


_INVISIBLE = re.compile(f"[{base.INVISIBLE}]")
PersonId = Annotated[base.PersonId, Field(max_length=LONGEST_ID), AfterValidator(_normal)]
CustomerId = Annotated[base.CustomerId, Field(max_length=LONGEST_ID), AfterValidator(_normal)]
TicketId = Annotated[base.TicketId, Field(max_length=LONGEST_ID), AfterValidator(_normal)]


ContractNumber = Annotated[Number, AfterValidator(normal)]


class Upstream(Value):
    """Base of what a door takes. Unknown fields are ignored, missing or over-long ones make it unreadable."""


@cache
def upstream_type(message: type[Upstream]) -> str:
    """The CloudEvents attribute `type`: `olcare.upstream.TicketSubmitted.v1`."""
    return type_name("olcare.upstream", message.__name__)


class Person(Value):
    """Somebody who says something about a ticket; all but `person` goes to the private topic.

    What is doubtful in it is taken all the same, and named as a doubt.
    """

    person: PersonId
    name: str | None = None
    email: str | None = None
    phone: str | None = None


class ContactPerson(Person):
    """Somebody on the customer's side whom mails are written to: nothing about them may be doubtful."""

    name: Line | None = None
    email: EmailAddress | None = None
    phone: PersonPhone | None = None


class TicketSubmitted(Upstream):
    """Somebody asks for support; `time` is when it was received or the call came in."""

    customer: CustomerId
    product: Code
    version: str | None = None
    """A `ProductVersion`; any other text is kept, and named as a doubt, as are those of the fields below."""
    channel: Channel
    number_dialled: str | None = None
    """A `DialledNumber`."""
    request_kind: RequestKind
    language: str
    """A `Language`."""
    requester: Person
    subject: str
    """A `Line`."""
    text: Body


class ResponseGiven(Upstream):
    """The customer was answered at `time`."""

    medium: Medium
    by: RespondedBy
    help_given: StrictBool
    responder: PersonId | None = None


class CustomerCalled(Upstream):
    """The customer rang about a ticket that is there."""

    number_dialled: str | None = None
    """A `DialledNumber`; any other text is kept, and named as a doubt."""
    caller: Person
    help_given: StrictBool
    text: Body | None = None


class NoteAdded(Upstream):
    """Something was written into the ticket."""

    by: Side
    author: Person
    text: Body


class TicketTransferred(Upstream):
    """Another centre works on it from now on; the promise stays."""

    to_centre: Code
    by: PersonId


class TicketsMerged(Upstream):
    """The ticket of `subject` is the same as another, which survives."""

    into: TicketId
    """By its stream id, since another upstream system may have given its number."""
    by: PersonId


def _by_its_author(text: str | None, info: ValidationInfo) -> str | None:
    """A text is kept, and erased, under whoever wrote it."""
    if text is not None and info.data.get("author") is None:
        raise ValueError("say in author who wrote it, or leave it out")
    return text


AuthoredText = Annotated[Body | None, AfterValidator(_by_its_author)]
"""A text of the person whom the field `author` names."""


class TicketPaused(Upstream):
    """The ticket waits for the customer from now on; the first response does not."""

    by: PersonId


class TicketResumed(Upstream):
    """It waits no longer. Nothing else says so: who writes that the customer has answered says this as well."""

    by: PersonId


class TicketReopened(Upstream):
    """A resolved ticket is not resolved after all."""

    by: Side
    author: PersonId | None = None
    text: AuthoredText = None


class TicketResolved(Upstream):
    """« jusqu'à résolution complète du problème »."""

    by: PersonId
    text: Body | None = None


class TicketWithdrawn(Upstream):
    """The request is taken back."""

    by: Side
    author: PersonId | None = None
    text: AuthoredText = None


class WorkExcluded(Upstream):
    """Somebody has read the ticket: its cause is none that the plan helps with. The first response stays due."""

    exclusion: Exclusion
    script_language: ScriptLanguage | None = None
    """Of the part that fails, for `other-languages`; the plan helps with six."""
    by: PersonId


class OtherContact(Value):
    """Somebody to write to beside the main contact."""

    role: ContactRole
    contact: ContactPerson


class CustomerSubmitted(Upstream):
    """A customer as it stands; `subject` is the customer's number."""

    organisation: Line
    country: Country
    centre: Code | None = None
    """The home centre; else the one of the country."""
    language: Language
    contact: ContactPerson
    reseller: Reference | None = None
    regional_team: Code | None = None
    """The centre whose team helps with renewals, where it is not the home centre."""
    others: Annotated[tuple[OtherContact, ...], Field(max_length=20)] = ()


class RemindersChosen(Upstream):
    """Whether the customer wants to be reminded of renewals; `subject` is the customer's number."""

    wanted: StrictBool


class CareOrdered(Value):
    """The contract that begins with a licence."""

    contract: ContractNumber | None = None
    """Its number; else the licence's own."""
    first_day: Day | None = None
    """Else the day of the purchase; of a subscription licence, the first day of its period."""
    payment: Payment = Payment.YEARLY


class SubscriptionPeriod(Value):
    """The local days that a subscription licence is bought for, both included."""

    first_day: Day
    last_day: Day


class LicencePurchased(Upstream):
    """A licence was bought; `subject` is its number. A perpetual one needs `care` (« obligatoire »)."""

    customer: CustomerId
    licence_kind: LicenceKind
    products: Annotated[tuple[Code, ...], Field(min_length=1, max_length=200)]
    options: Annotated[tuple[Code, ...], Field(max_length=200)] = ()
    list_value: ListValue
    """The total list value on the day of the purchase, options included."""
    currency: Currency
    purchased_on: Day
    care: CareOrdered | None = None
    period: SubscriptionPeriod | None = None
    """Of a subscription licence."""


class OptionsAdded(Upstream):
    """Options were bought for a licence; `subject` is its number. They are priced at the next renewal."""

    options: Annotated[tuple[Code, ...], Field(min_length=1, max_length=200)]
    added_value: ListValue
    """Their list value."""
    currency: Currency
    added_on: Day


class RenewalSigned(Upstream):
    """The renewal form was signed; `subject` is the contract's number."""

    signed_on: Day
    """The local day of the signature, which decides, whenever it is told."""
    payment: Payment = Payment.YEARLY


class ResubscriptionSigned(Upstream):
    """OL Care is taken up again; `subject` is the number of the contract that lapsed."""

    contract: ContractNumber
    """The number of the contract that begins."""
    signed_on: Day
    first_day: Day | None = None
    """Else the day of the signature."""
    payment: Payment = Payment.YEARLY


class ContractSubmitted(Upstream):
    """A support contract with its term in local days; `subject` is the contract's number."""

    customer: CustomerId
    licence: LicenceId
    licence_kind: LicenceKind
    products: Annotated[tuple[Code, ...], Field(min_length=1, max_length=200)]
    first_day: Day
    last_day: Day


class CalendarContent(Value):
    """A centre's calendar."""

    part: Literal["calendar"]
    content: CentreCalendar


class TargetsContent(Value):
    """Response times."""

    part: Literal["targets"]
    content: ResponseTargets


class PricesContent(Value):
    """A price list."""

    part: Literal["prices"]
    content: PriceList


class VersionsContent(Value):
    """The versions of a product."""

    part: Literal["versions"]
    content: ProductVersions


class RemindersContent(Value):
    """When terms that end are told of."""

    part: Literal["reminders"]
    content: NoticeOffsets


class TzContent(Value):
    """A version of the IANA time zone database."""

    part: Literal["tz"]
    content: TzDatabase


class PlanPartSubmitted(Upstream):
    """A part of the plan is to be published; `subject` names the part.

    It is in force from `time`, or from its recording where `time` is in the past.
    """

    publication: Annotated[
        CalendarContent | TargetsContent | PricesContent | VersionsContent | RemindersContent | TzContent,
        Field(discriminator="part"),
    ]
    rehearsal: Digest | None = None
    """Of the rehearsal on which somebody decided to publish it; of a tz database there is none."""


class PersonErasureOrdered(Upstream):
    """Everything private about a person of this customer is to go; `subject` names the person."""

    customer: CustomerId
    person: PersonId
    by: Reference


class ResendOrdered(Upstream):
    """A notice is to be sent again; `subject` is the notice's stream id."""

    by: Reference


class SettlementOrdered(Upstream):
    """What became of an ambiguous delivery; `subject` is the notice's stream id."""

    by: Reference
    settled_as: Settlement


class PrivateDataRequested(Upstream):
    """Somebody is to be shown what is private, and says why; `subject` names who, as `by` does."""

    by: Reference
    reason: ViewingReason
    case_number: Reference | None = None
    """Where more is written about it, in whatever system."""
    kind: PrivateKind
    what: ShownId


class RedriveOrdered(Upstream):
    """Dead letters are to be sent in again, or marked; `subject` names who, as `by` does."""

    by: Reference
    order: EventId
    redrive: Redrive


class RedriveDone(Upstream):
    """What became of the dead letters of an order."""

    by: Reference
    order: EventId
    tally: RedriveTally


class RebuildOrdered(Upstream):
    """A reader's tables are to be built anew."""

    by: Reference
    order: EventId
    rebuild: Rebuild


class RebuildDone(Upstream):
    """What came of a rebuild that was ordered."""

    by: Reference
    order: EventId
    result: RebuildResult


class GenerationSwitchOrdered(Upstream):
    """A reader is to go over to tables that were kept."""

    by: Reference
    order: EventId
    reader: Reference
    generation: Count


class GenerationsDiscardOrdered(Upstream):
    """The tables of a reader that were kept to go back to are to be dropped."""

    by: Reference
    order: EventId
    reader: Reference


class PublicationOrdered(Upstream):
    """A draft that was rehearsed is to be published."""

    by: Reference
    order: EventId
    draft: DraftPublication


class PublicationDone(Upstream):
    """What became of a draft whose publication was ordered."""

    by: Reference
    order: EventId
    tally: PublicationTally


TicketFollowUp = (
    ResponseGiven
    | CustomerCalled
    | NoteAdded
    | TicketTransferred
    | TicketsMerged
    | TicketPaused
    | TicketResumed
    | TicketReopened
    | TicketResolved
    | WorkExcluded
    | TicketWithdrawn
)
"""What is said about a ticket that was asked for."""
TicketUpstream = TicketSubmitted | TicketFollowUp
ContractUpstream = (
    CustomerSubmitted
    | RemindersChosen
    | LicencePurchased
    | OptionsAdded
    | ContractSubmitted
    | RenewalSigned
    | ResubscriptionSigned
    | PlanPartSubmitted
    | PersonErasureOrdered
)
NoticeUpstream = ResendOrdered | SettlementOrdered
MendingUpstream = (
    RedriveOrdered
    | RedriveDone
    | RebuildOrdered
    | RebuildDone
    | GenerationSwitchOrdered
    | GenerationsDiscardOrdered
    | PublicationOrdered
    | PublicationDone
)
"""What somebody is about to mend or to publish, or what came of it."""
OpsUpstream = PrivateDataRequested | MendingUpstream
