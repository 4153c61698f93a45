"""One customer in France under cover, and what may be asked and answered."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from libs.messages.base import PrivateKey
from libs.messages.plan import ProductRelease, ProductVersions, Status
from libs.messages.tickets import (
    Channel,
    Cover,
    HeldResponse,
    Medium,
    MessageHeld,
    RequestKind,
    RespondedBy,
    ResponseRecorded,
)
from libs.plan import Term, covered_from, covered_until
from services.intake.cover import Facts, KnownCentre, KnownContract, KnownCustomer, KnownProduct
from services.intake.domain import RESPONSE_GIVEN, OpenTicket, RecordResponse

TICKET_SUBMITTED = "olcare.upstream.TicketSubmitted.v1"
MICROSECOND = timedelta(microseconds=1)
TUESDAY = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)  # 09:30 in Paris
NOW = TUESDAY + timedelta(minutes=1)
PRIVATE = PrivateKey(person="person/crm-eu/p-17", topic="olcare.tickets.in.v1", partition=4, offset=1042)
FRENCH_NUMBER, JAPANESE_NUMBER = "+33180875286", "+815034885816"

CUSTOMER = KnownCustomer("customer/erp/C-1001", 1, "france", reseller=None, has_contract=True)


def term(first_day: date, last_day: date, zone: str = "Europe/Paris", number: str = "K-2001") -> KnownContract:
    days = Term(first_day, last_day)
    begins, ends = covered_from(days, zone), covered_until(days, zone)
    return KnownContract(f"contract/erp/{number}", 1, zone, first_day, last_day, begins, ends)


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
FACTS = Facts(CUSTOMER, (CONTRACT,), PRODUCT)
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


def response(at: datetime, by: RespondedBy = RespondedBy.PERSON) -> RecordResponse:
    return RecordResponse(at, at, Medium.EMAIL, by, help_given=True, responder="person/crm-eu/agent-5")


def held(at: datetime) -> MessageHeld:
    content = HeldResponse(
        responded_at=at,
        medium=Medium.EMAIL,
        by=RespondedBy.PERSON,
        help_given=True,
        responder="person/crm-eu/agent-5",
    )
    return MessageHeld(upstream_type=RESPONSE_GIVEN, said_at=at, response=content)


def recorded(at: datetime, by: RespondedBy = RespondedBy.PERSON) -> ResponseRecorded:
    return ResponseRecorded(
        responded_at=at, medium=Medium.EMAIL, by=by, help_given=True, responder="person/crm-eu/agent-5"
    )
