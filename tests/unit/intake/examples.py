"""One customer in France under cover, and what may be asked and answered."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from libs.messages import upstream
from libs.messages.base import FactVersion, PrivateKey
from libs.messages.clauses import Clause
from libs.messages.exclusions import CLAUSES, Exclusion
from libs.messages.plan import ProductRelease, ProductVersions, Status
from libs.messages.refusals import Contact, TicketRefusal
from libs.messages.tickets import (
    CentreReason,
    Channel,
    Cover,
    CustomerCallRecorded,
    HeldReopening,
    HeldTransfer,
    Medium,
    MessageHeld,
    NoteRecorded,
    RequestKind,
    RespondedBy,
    ResponseRecorded,
    Side,
    TicketOpened,
    TicketPaused,
    TicketRefused,
    TicketReopened,
    TicketResolved,
    TicketResumed,
    TicketsMerged,
    TicketTransferred,
    TicketWithdrawn,
    WorkExcluded,
)
from libs.plan import KnownCustomer, KnownProduct, KnownTerm, Term, covered_from, covered_until
from services.intake.domain import TakeMessage
from services.intake.facts import (
    NO_FACTS,
    KnownCentre,
    KnownTicket,
    TicketFacts,
)
from services.intake.opening import OpenTicket

TICKET_SUBMITTED = "olcare.upstream.TicketSubmitted.v1"
MICROSECOND = timedelta(microseconds=1)
TUESDAY = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)  # 09:30 in Paris
NOW = TUESDAY + timedelta(minutes=1)
PRIVATE = PrivateKey(person="person/crm-eu/p-17", topic="olcare.tickets.in.v1", partition=4, offset=1042)
FRENCH_NUMBER, JAPANESE_NUMBER = "+33180875286", "+815034885816"

CUSTOMER = KnownCustomer("customer/erp/C-1001", 1, "france", reseller=None, has_contract=True)


PRODUCTS = ("planetpress-connect", "pres-connect")


def term(first_day: date, last_day: date, zone: str = "Europe/Paris", number: str = "K-2001") -> KnownTerm:
    days = Term(first_day, last_day)
    return KnownTerm(
        stream=f"contract/erp/{number}",
        sequence=1,
        products=PRODUCTS,
        zone=zone,
        first_day=first_day,
        last_day=last_day,
        covered_from=covered_from(days, zone),
        covered_until=covered_until(days, zone),
        licence="licence/erp/L-3001",
    )


CONTRACT = term(date(2026, 6, 1), date(2027, 5, 31))
COVER = Cover(
    contract=CONTRACT.stream,
    first_day=CONTRACT.first_day,
    last_day=CONTRACT.last_day,
    covered_until=CONTRACT.covered_until,
)
PRODUCT = KnownProduct(
    "versions/plan/planetpress-connect",
    3,
    ProductVersions(
        product="planetpress-connect",
        version=3,
        printed_name="PlanetPress Connect",
        releases=tuple(
            ProductRelease(version=version, released_on=released_on, status=Status.ASSUMPTION)
            for version, released_on in [
                ("2022.1", date(2022, 5, 1)),
                ("2023.1", date(2023, 5, 1)),
                ("2024.1", date(2024, 6, 1)),
                ("2025.1", date(2026, 11, 25)),
            ]
        ),
    ),
)
FACTS = TicketFacts(CUSTOMER, (CONTRACT,), PRODUCT)
JAPAN = KnownCentre("calendar/plan/japan", 2, "japan")

BY_WEB = OpenTicket(
    occurred_at=TUESDAY,
    not_after=NOW,
    upstream_type=TICKET_SUBMITTED,
    customer=CUSTOMER.stream,
    requester=PRIVATE.person,
    private=PRIVATE,
    language="fr",
    channel=Channel.WEB,
    number_dialled=None,
    request_kind=RequestKind.SOLUTION_FAILURE,
    product="planetpress-connect",
    version="2024.1",
    facts=FACTS,
)
CALLED_JAPAN = replace(
    BY_WEB, channel=Channel.PHONE, number_dialled=JAPANESE_NUMBER, facts=replace(FACTS, called=JAPAN)
)


RESTS_ON = (
    FactVersion(stream="customer/erp/C-1001", sequence=1),
    FactVersion(stream="contract/erp/K-2001", sequence=1),
    FactVersion(stream="versions/plan/planetpress-connect", sequence=3),
)
OPENED = TicketOpened(
    opened_at=TUESDAY,
    customer=CUSTOMER.stream,
    requester=PRIVATE.person,
    private=PRIVATE,
    language="fr",
    channel=Channel.WEB,
    centre="france",
    centre_reason=CentreReason.HOME_CENTRE,
    request_kind=RequestKind.SOLUTION_FAILURE,
    product="planetpress-connect",
    version="2024.1",
    cover=COVER,
    rests_on=RESTS_ON,
)
UNKNOWN = replace(BY_WEB, facts=TicketFacts())
REFUSED = TicketRefused(
    opened_at=TUESDAY,
    reason=TicketRefusal.UNKNOWN_CUSTOMER,
    clause=Clause.NOT_COVERED,
    contact=Contact.REGIONAL_TEAM,
    customer=CUSTOMER.stream,
    requester=PRIVATE.person,
    private=PRIVATE,
    language="fr",
    channel=Channel.WEB,
    request_kind=RequestKind.SOLUTION_FAILURE,
    product="planetpress-connect",
    version="2024.1",
)

LATER = TUESDAY + timedelta(hours=3)
AGENT = "person/crm-eu/agent-5"
HERE, THERE = "ticket/crm-eu/4711", "ticket/crm-eu/4712"
AMERICAS = KnownCentre("calendar/plan/americas", 1, "americas")


def kind(model: type[upstream.Upstream]) -> str:
    return upstream.upstream_type(model)


def said_of(at: datetime, model: type[upstream.Upstream], **content: Any) -> MessageHeld:
    """Give a message as it is held; one `private` for all."""
    (private,) = {one.private for one in content.values() if getattr(one, "private", None)} or {None}
    return MessageHeld(upstream_type=kind(model), said_at=at, private=private, **content)


def take(message: MessageHeld, facts: TicketFacts = NO_FACTS) -> TakeMessage:
    return TakeMessage(message.said_at, message.said_at, HERE, message, facts)


def recorded(at: datetime, by: RespondedBy = RespondedBy.PERSON) -> ResponseRecorded:
    return ResponseRecorded(responded_at=at, medium=Medium.EMAIL, by=by, help_given=True, responder=AGENT)


def held(at: datetime, by: RespondedBy = RespondedBy.PERSON) -> MessageHeld:
    return said_of(at, upstream.ResponseGiven, response=recorded(at, by))


def response(at: datetime, by: RespondedBy = RespondedBy.PERSON) -> TakeMessage:
    return take(held(at, by))


def called(at: datetime) -> CustomerCallRecorded:
    return CustomerCallRecorded(
        called_at=at,
        caller=PRIVATE.person,
        private=PRIVATE,
        centre="japan",
        number_dialled="+815034885816",
        help_given=False,
    )


def call(at: datetime) -> TakeMessage:
    return take(said_of(at, upstream.CustomerCalled, call=called(at)))


def noted(at: datetime) -> NoteRecorded:
    return NoteRecorded(noted_at=at, by=Side.SUPPORT, author=PRIVATE.person, private=PRIVATE)


def note(at: datetime) -> TakeMessage:
    return take(said_of(at, upstream.NoteAdded, note=noted(at)))


def transferred(at: datetime, from_centre: str = "france", to_centre: str = "americas") -> TicketTransferred:
    rests_on = (FactVersion(stream=f"calendar/plan/{to_centre}", sequence=1),)
    return TicketTransferred(
        transferred_at=at, from_centre=from_centre, to_centre=to_centre, by=AGENT, rests_on=rests_on
    )


def transfer(at: datetime, to_centre: str = "americas") -> TakeMessage:
    content = HeldTransfer(transferred_at=at, to_centre=to_centre, by=AGENT)
    known = KnownCentre(f"calendar/plan/{to_centre}", 1, to_centre)
    return take(said_of(at, upstream.TicketTransferred, transfer=content), TicketFacts(receiving=known))


def merged(at: datetime, into: str = THERE) -> TicketsMerged:
    return TicketsMerged(merged_at=at, into=into, by=AGENT)


SURVIVOR = KnownTicket(THERE, 3, "open", CUSTOMER.stream)


def merge(at: datetime, into: str = THERE, survivor: KnownTicket | None = SURVIVOR) -> TakeMessage:
    return take(said_of(at, upstream.TicketsMerged, merge=merged(at, into)), TicketFacts(survivor=survivor))


def paused(at: datetime) -> TicketPaused:
    return TicketPaused(paused_at=at, by=AGENT)


def pause(at: datetime) -> TakeMessage:
    return take(said_of(at, upstream.TicketPaused, pause=paused(at)))


def resumed(at: datetime) -> TicketResumed:
    return TicketResumed(resumed_at=at, by=AGENT)


def resume(at: datetime) -> TakeMessage:
    return take(said_of(at, upstream.TicketResumed, resumption=resumed(at)))


def reopened(at: datetime) -> TicketReopened:
    return TicketReopened(reopened_at=at, by=Side.CUSTOMER, private=PRIVATE, cover=COVER, rests_on=RESTS_ON[:2])


def reopen(at: datetime, facts: TicketFacts = FACTS) -> TakeMessage:
    content = HeldReopening(reopened_at=at, by=Side.CUSTOMER, private=PRIVATE)
    return take(said_of(at, upstream.TicketReopened, reopening=content), facts)


def resolved(at: datetime) -> TicketResolved:
    return TicketResolved(resolved_at=at, by=AGENT, private=PRIVATE)


def resolve(at: datetime) -> TakeMessage:
    return take(said_of(at, upstream.TicketResolved, resolution=resolved(at)))


def excluded(at: datetime, exclusion: Exclusion = Exclusion.MISUSE, script_language: str | None = None) -> WorkExcluded:
    return WorkExcluded(
        excluded_at=at, exclusion=exclusion, clause=CLAUSES[exclusion], by=AGENT, script_language=script_language
    )


def exclude(at: datetime, exclusion: Exclusion = Exclusion.MISUSE, script_language: str | None = None) -> TakeMessage:
    content = excluded(at, exclusion, script_language)
    return take(said_of(at, upstream.WorkExcluded, exclusion=content))


def withdrawn(at: datetime) -> TicketWithdrawn:
    return TicketWithdrawn(withdrawn_at=at, by=Side.CUSTOMER)


def withdraw(at: datetime) -> TakeMessage:
    return take(said_of(at, upstream.TicketWithdrawn, withdrawal=withdrawn(at)))
