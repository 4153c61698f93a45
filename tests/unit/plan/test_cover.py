"""Cover over terms, instants and zones, against the local date on a calendar; and what it costs to come back."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.messages.base import FactVersion
from libs.messages.clauses import Clause
from libs.messages.licences import LicenceKind
from libs.messages.money import Price
from libs.messages.plan import PriceList, Status
from libs.messages.refusals import Contact, TicketRefusal
from libs.plan import (
    REASON_WORDS,
    Covered,
    CoverFacts,
    CoverRequest,
    KnownCustomer,
    KnownLicence,
    KnownPriceList,
    KnownTerm,
    NotCovered,
    RequestedHelp,
    Term,
    cover,
    covered_from,
    covered_until,
)

CUSTOMER = KnownCustomer("customer/erp/C-1", 1, "france", reseller=None, has_contract=True)
CONNECT, SUITE = "planetpress-connect", "planetpress-suite"
ZONES = (
    *("Europe/Paris", "Europe/Berlin", "Europe/London", "America/Toronto", "Europe/Amsterdam"),
    *("Australia/Melbourne", "Asia/Kuala_Lumpur", "Asia/Tokyo"),
)
DAYS = st.dates(date(2026, 1, 1), date(2030, 12, 31))


def term(first_day: date, last_day: date, zone: str = "Europe/Paris", *, number: int = 1, of: str = "K-1") -> KnownTerm:
    days = Term(first_day, last_day)
    return KnownTerm(
        stream=f"contract/erp/{of}",
        sequence=number,
        products=(CONNECT,),
        zone=zone,
        first_day=first_day,
        last_day=last_day,
        covered_from=covered_from(days, zone),
        covered_until=covered_until(days, zone),
        number=number,
        licence=f"licence/erp/{of}",
    )


def asked(at: datetime, product: str = CONNECT) -> CoverRequest:
    return CoverRequest(CUSTOMER.stream, product, None, RequestedHelp.SUPPORT, at)


@st.composite
def terms(draw: st.DrawFn) -> KnownTerm:
    first_day = draw(DAYS)
    last_day = first_day + timedelta(days=draw(st.integers(0, 400)))
    number, of = draw(st.integers(1, 3)), draw(st.sampled_from(("K-1", "K-2")))
    made = term(first_day, last_day, draw(st.sampled_from(ZONES)), number=number, of=of)
    return replace(made, products=draw(st.sampled_from(((CONNECT,), (SUITE,), (CONNECT, SUITE)))))


@st.composite
def instants(draw: st.DrawFn, edges: list[datetime]) -> datetime:
    """Any instant, or one near an edge."""
    anywhere = st.datetimes(datetime(2025, 12, 1), datetime(2032, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
    near = st.sampled_from(edges) if edges else anywhere
    microseconds = st.sampled_from((-3_600_000_000, -1_000_000, -1, 0, 1, 1_000_000))
    return draw(anywhere | st.builds(lambda at, more: at + timedelta(microseconds=more), near, microseconds))


def by_the_calendar(terms: list[KnownTerm], at: datetime) -> str:
    """Say what a person finds who looks at the date on the wall of the centre."""
    today = [(one, at.astimezone(ZoneInfo(one.zone)).date()) for one in terms]
    if any(one.first_day <= day <= one.last_day for one, day in today):
        return "covered"
    if not today:
        return "no term"
    return "lapsed" if any(day > one.last_day for one, day in today) else "not_started"


@given(st.data())
def test_cover_is_what_the_date_on_the_wall_of_the_centre_says(data: st.DataObject) -> None:
    known = data.draw(st.lists(terms(), max_size=5))
    at = data.draw(instants([edge for one in known for edge in (one.covered_from, one.covered_until)]))
    product = data.draw(st.sampled_from((CONNECT, SUITE)))
    found = cover(CoverFacts(CUSTOMER, tuple(known)), asked(at, product))
    expected = by_the_calendar([one for one in known if product in one.products], at)
    match found:
        case Covered(cover=made, term=chosen):
            assert expected == "covered"
            holding = [one for one in known if product in one.products and one.covered_from <= at < one.covered_until]
            assert made.covered_until == chosen.covered_until == max(one.covered_until for one in holding)
            assert (made.contract, made.first_day, made.last_day) == (chosen.stream, chosen.first_day, chosen.last_day)
            assert found.rests_on[1] == FactVersion(stream=chosen.stream, sequence=chosen.sequence)
        case NotCovered(reason=TicketRefusal.UNKNOWN_PRODUCT):
            assert expected == "no term"
        case NotCovered(reason=reason, term=chosen):
            assert REASON_WORDS[reason] == expected
            assert chosen in known


def test_terms_that_follow_each_other_leave_no_gap_and_the_next_one_covers_from_its_first_second() -> None:
    first, second = (
        term(date(2026, 6, 1), date(2027, 5, 31)),
        term(date(2027, 6, 1), date(2028, 5, 31), number=2),
    )
    edge = first.covered_until
    for known in ((first, second), (second, first)):
        facts = CoverFacts(CUSTOMER, known)
        for at, number in ((edge - timedelta(microseconds=1), 1), (edge, 2), (edge + timedelta(seconds=1), 2)):
            found = cover(facts, asked(at))
            assert isinstance(found, Covered)
            assert (found.term.number, found.rests_on[1].sequence) == (number, number)


EUROS = PriceList(
    currency="EUR",
    version=1,
    minor_digits=2,
    first_year=2000,
    renewal=2000,
    resubscription=2500,
    applies_from=date(2026, 1, 1),
    status=Status.ASSUMPTION,
)
DEARER = EUROS.model_copy(update={"version": 2, "resubscription": 3000, "applies_from": date(2027, 7, 1)})
LISTS = tuple(KnownPriceList("prices/plan/EUR", n, prices) for n, prices in enumerate((EUROS, DEARER), start=4))
LICENCE = KnownLicence("licence/erp/K-1", 2, LicenceKind.PERPETUAL, "12345.67", "EUR")
ENDED = term(date(2026, 7, 1), date(2027, 6, 30), "Australia/Melbourne")
FACTS = CoverFacts(CUSTOMER, (ENDED,), licences=(LICENCE,), price_lists=LISTS)


def lapsed(facts: CoverFacts, at: datetime = ENDED.covered_until) -> NotCovered:
    found = cover(facts, asked(at))
    assert isinstance(found, NotCovered)
    assert found.reason is TicketRefusal.COVER_LAPSED
    return found


def test_a_lapsed_customer_is_told_what_it_costs_to_come_back_that_day() -> None:
    found = lapsed(FACTS)
    assert found.price_to_return == Price(
        amount="3703.70",
        currency="EUR",
        rate=3000,
        price_list=2,
        applies_from=date(2027, 7, 1),
        assumed=True,
        licence_value="12345.67",
    )
    assert [(fact.stream, fact.sequence) for fact in found.rests_on] == [
        (CUSTOMER.stream, 1),
        (ENDED.stream, 1),
        (LICENCE.stream, 2),
        ("prices/plan/EUR", 5),
    ]


def test_the_day_of_the_price_is_the_local_one() -> None:
    """The list of the last of January begins in Melbourne while it is still the 30th in UTC."""
    from_then = DEARER.model_copy(update={"applies_from": date(2028, 1, 31)})
    facts = replace(FACTS, price_lists=(LISTS[0], replace(LISTS[1], prices=from_then)))
    begins = datetime(2028, 1, 30, 13, tzinfo=UTC)
    for at, version in ((begins - timedelta(microseconds=1), 1), (begins, 2)):
        price = lapsed(facts, at).price_to_return
        assert price is not None
        assert price.price_list == version


@pytest.mark.parametrize(
    "facts",
    [
        replace(FACTS, licences=()),
        replace(FACTS, licences=(replace(LICENCE, stream="licence/erp/another"),)),
        replace(FACTS, licences=(replace(LICENCE, licence_kind=LicenceKind.SUBSCRIPTION),)),
        replace(FACTS, price_lists=()),
        replace(FACTS, licences=(replace(LICENCE, currency="JPY"),)),
        replace(
            FACTS,
            licences=(replace(LICENCE, list_value="9" * 18),),
            price_lists=(replace(LISTS[0], prices=EUROS.model_copy(update={"resubscription": 100_000})),),
        ),
    ],
)
def test_what_is_not_known_or_has_no_price_is_left_out(facts: CoverFacts) -> None:
    found = lapsed(facts)
    assert found.price_to_return is None
    assert [fact.stream for fact in found.rests_on] == [CUSTOMER.stream, ENDED.stream]


def test_whoever_has_not_lapsed_has_nothing_to_come_back_to() -> None:
    before = cover(FACTS, asked(ENDED.covered_from - timedelta(microseconds=1)))
    assert isinstance(before, NotCovered)
    assert (before.reason, before.price_to_return) == (TicketRefusal.NOT_YET_COVERED, None)


def test_k12_with_a_subscription_licence_cover_has_ended_as_the_plan_says_and_nothing_is_to_be_renewed() -> None:
    included = replace(ENDED, licence_kind=LicenceKind.SUBSCRIPTION)
    assert lapsed(replace(FACTS, terms=(included,))).clause is Clause.SUBSCRIPTION_LICENCE
    assert lapsed(FACTS).clause is Clause.NOT_COVERED


def test_whoever_has_signed_to_come_back_later_is_quoted_nothing_more() -> None:
    next_one = term(date(2027, 7, 15), date(2028, 7, 14), "Australia/Melbourne")
    found = lapsed(replace(FACTS, terms=(ENDED, next_one)))
    assert (found.term, found.price_to_return) == (ENDED, None)


def test_coming_back_costs_more_than_staying_would_have() -> None:
    cheap = replace(FACTS, licences=(replace(LICENCE, list_value="0.05"),), price_lists=LISTS[:1])
    price = lapsed(cheap).price_to_return
    assert price is not None
    assert (Decimal(price.amount), price.adjusted) == (Decimal("0.02"), True)


def test_every_reason_that_cover_gives_has_its_word() -> None:
    assert set(TicketRefusal) - REASON_WORDS.keys() == {TicketRefusal.UNKNOWN_CENTRE}


@pytest.mark.parametrize(("reseller", "contact"), [(None, Contact.REGIONAL_TEAM), ("reseller-7", Contact.RESELLER)])
def test_whoever_bought_from_a_reseller_is_sent_there(reseller: str | None, contact: Contact) -> None:
    known = term(date(2026, 6, 1), date(2027, 5, 31))
    customer = replace(CUSTOMER, reseller=reseller)
    facts = CoverFacts(customer, (known,))
    covered = cover(facts, asked(known.covered_from))
    lapsed = cover(facts, asked(known.covered_until))
    assert (type(covered), covered.contact) == (Covered, contact)
    assert (type(lapsed), lapsed.contact) == (NotCovered, contact)
