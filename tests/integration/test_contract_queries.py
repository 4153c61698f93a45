"""The named queries and duties of contract on a real PostgreSQL, over rows that its own folds made."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import permutations, product
from pathlib import Path

import pytest

import services.contract
from libs.messages.base import PrivateKey
from libs.messages.contracts import (
    ContractActivated,
    ContractResubscribed,
    ReminderSkip,
    RenewalReminderSkipped,
    TermBegan,
)
from libs.messages.licences import LicenceKind, LicenceRegistered
from libs.messages.plan import CentreCalendar, NoticeOffsets, PriceList, PriceListPublished
from services.contract.contract_states import NOTHING_TOLD
from services.contract.contract_states import OFFERED as SAID_OFFER
from services.contract.facts import ADDED, FACTS, AddedValue, ContractFacts, KnownCentre, RegisteredCustomer
from services.contract.projections import READERS
from services.contract.reactions import CoverAsked, in_columns
from tests.integration.folded import Folded, folded, most_rows
from tests.unit.contract.examples import (
    ACTIVATED,
    CALENDAR,
    COLLEAGUE,
    CONTACT,
    CONTRACT,
    CUSTOMER,
    ENDS,
    ERASED,
    JULY,
    JUNE,
    LICENCE,
    MICROSECOND,
    PRIVATE,
    REGISTERED,
)
from tests.unit.contract.renewed import KNOWN, LAST_DAY, OFFERED, SUCCESSOR
from tests.unit.contract.test_contract import CONTINUED
from tests.unit.contract.test_contract_projections import LAPSED
from tests.unit.contract.test_plan_parts import PARTS, PRICES, tz_published
from tests.unit.notification.foreign import example

FILES = sorted(Path(services.contract.__file__).parent.glob("*.sql"))
BEGAN = TermBegan(
    contract=CONTRACT,
    customer=CUSTOMER,
    products=ACTIVATED.products,
    began_at=ACTIVATED.covered_from,
    covered_until=ENDS,
    detected_at=JUNE,
)
A_DAY = timedelta(days=1)
STATE_TABLE = "create table private_records (key text primary key, partition int not null, value jsonb not null)"


@pytest.fixture
async def contract(database: str) -> AsyncIterator[Folded]:
    async with folded(database, READERS, FILES) as tables:
        await tables.connection.execute(STATE_TABLE)
        yield tables


async def publish(contract: Folded) -> None:
    for _, published, stream in PARTS:
        await contract.happened(stream, published, published)


async def test_the_facts_are_the_plan_and_the_customers_asked_for(contract: Folded) -> None:
    await publish(contract)
    await contract.happened(CUSTOMER, REGISTERED)
    await contract.happened("customer/erp/C-9", REGISTERED)
    (row,) = await contract.found(
        "facts_for_contracts", customers=[CUSTOMER, "customer/erp/C-8"], contracts=[], numbers=[]
    )
    assert FACTS.validate_json(row["facts"]) == ContractFacts(
        (KnownCentre("calendar/plan/france", 2, "france", "Europe/Paris", ("FR", "BE")),),
        frozenset({"planetpress-connect"}),
        price_lists=(PRICES,),
        customers=(RegisteredCustomer(CUSTOMER, 1, "france"),),
    )


async def test_before_anything_was_published_there_are_no_facts(contract: Folded) -> None:
    (row,) = await contract.found("facts_for_contracts", customers=[], contracts=[], numbers=[])
    assert FACTS.validate_json(row["facts"]) == ContractFacts()


async def test_a_term_is_over_at_its_end_and_no_microsecond_before(contract: Folded) -> None:
    await contract.happened(CONTRACT, ACTIVATED)
    assert await contract.found("terms_that_ended", now=ENDS - MICROSECOND, most=10) == []
    (row,) = await contract.found("terms_that_ended", now=ENDS, most=10)
    assert (row["stream"], row["head"], row["covered_until"]) == (CONTRACT, f"head of {CONTRACT}", ENDS)
    assert await contract.found("next_term_edge") == [{"at": ACTIVATED.covered_from}]


async def test_a_contract_begins_once_on_its_first_day(contract: Folded) -> None:
    await contract.happened(CONTRACT, ACTIVATED)
    await contract.happened(SUCCESSOR, ACTIVATED, BEGAN)
    begins = ACTIVATED.covered_from
    assert await contract.found("terms_that_began", now=begins - MICROSECOND, most=10) == []
    (row,) = await contract.found("terms_that_began", now=begins, most=10)
    assert (row["stream"], row["begins_at"]) == (CONTRACT, begins)


async def test_a_contract_that_has_begun_ends_next(contract: Folded) -> None:
    await contract.happened(CONTRACT, ACTIVATED, BEGAN)
    assert await contract.found("next_term_edge") == [{"at": ENDS}]


STAGES = {"told": [NOTHING_TOLD, SAID_OFFER, 60], "days": [90, 60, 30]}


async def test_what_is_told_of_an_end_is_found_by_what_was_told_before(contract: Folded) -> None:
    await contract.happened(LICENCE, licence())
    await contract.happened(CUSTOMER, REGISTERED)
    await contract.happened("contract/erp/K-1", ACTIVATED)
    await contract.happened("contract/erp/K-2", ACTIVATED, OFFERED)
    reminded = RenewalReminderSkipped(
        contract=CONTRACT,
        customer=CUSTOMER,
        last_day=LAST_DAY,
        days_before=60,
        due_at=JUNE,
        reason=ReminderSkip.LATER_ONE_DUE,
        detected_at=JUNE,
    )
    await contract.happened("contract/erp/K-3", ACTIVATED, OFFERED, reminded)
    subscription = ACTIVATED.model_copy(update={"licence_kind": LicenceKind.SUBSCRIPTION})
    await contract.happened("contract/erp/K-4", subscription)

    async def found(days_before: int) -> list[str]:
        dates = [LAST_DAY - (days_before + 1) * A_DAY, LAST_DAY - days_before * A_DAY]
        zones = ["Asia/Tokyo", "Europe/Paris"]
        rows = await contract.found("renewals_to_tell", **STAGES, zones=zones, dates=dates, now=JUNE, most=10)
        assert all(row["list_value"] == "12345.67" and row["reminders"] for row in rows)
        return [row["stream"] for row in rows]

    assert await found(91) == []
    assert await found(90) == ["contract/erp/K-1"]
    assert await found(60) == ["contract/erp/K-1", "contract/erp/K-2"]
    assert await found(30) == [f"contract/erp/K-{n}" for n in (1, 2, 3)]
    other = {"zone": "Asia/Tokyo", "last_day": LAST_DAY + A_DAY, "licence": "licence/erp/L-9"}
    await contract.happened("contract/erp/K-5", ACTIVATED.model_copy(update=other))
    zones = [row["zone"] for row in await contract.found("zones_of_contracts")]
    assert zones == ["Asia/Tokyo", "Europe/Paris"]
    near = await contract.found("next_renewals_to_tell", **STAGES, zones=zones)
    assert [(row["days"], row["zone"], row["last_day"]) for row in near if row["days"] == 90] == [
        (90, "Europe/Paris", LAST_DAY),
        (90, "Asia/Tokyo", LAST_DAY + A_DAY),
    ]
    assert sorted(row["days"] for row in near) == [30, 60, 90, 90]


async def test_nothing_is_told_of_an_end_that_another_term_of_the_licence_follows(contract: Folded) -> None:
    await contract.happened(CONTRACT, ACTIVATED)
    follows = {"first_day": LAST_DAY + A_DAY, "last_day": LAST_DAY + 365 * A_DAY, "covered_until": ENDS + 365 * A_DAY}
    await contract.happened(SUCCESSOR, ACTIVATED.model_copy(update=follows))
    zones = {"zones": ["Europe/Paris"]}
    found = await contract.found("renewals_to_tell", **STAGES, **zones, dates=[LAST_DAY], now=JUNE, most=10)
    assert found == []
    (near,) = await contract.found("next_renewals_to_tell", **STAGES, **zones)
    assert near["last_day"] == follows["last_day"]


async def test_facts_name_licences_of_contracts_and_numbers_that_are_taken_or_about_to_be(contract: Folded) -> None:
    await contract.happened(LICENCE, licence())
    asked = {"customers": [], "contracts": [CONTRACT], "numbers": [CONTRACT, SUCCESSOR]}
    (row,) = await contract.found("facts_for_contracts", **asked)
    assert FACTS.validate_json(row["facts"]) == ContractFacts(beginning=frozenset({CONTRACT}))
    taken_up = ContractResubscribed(
        resubscribed_at=JUNE,
        contract=CONTRACT,
        customer=CUSTOMER,
        licence=LICENCE,
        licence_kind=LicenceKind.PERPETUAL,
        products=ACTIVATED.products,
        signed_on=LAST_DAY,
        term=licence().first_term.model_copy(update={"contract": SUCCESSOR}),
    )
    await contract.happened(CONTRACT, ACTIVATED, BEGAN, LAPSED, taken_up)
    (row,) = await contract.found("facts_for_contracts", **asked)
    assert FACTS.validate_json(row["facts"]) == ContractFacts(
        licences={CONTRACT: KNOWN}, contracts=frozenset({CONTRACT}), beginning=frozenset({SUCCESSOR})
    )


async def test_options_are_facts_with_the_days_on_which_they_are_added(contract: Folded) -> None:
    first = example("LicenceOptionsAdded").data
    second = first.model_copy(update={"added_on": LAST_DAY, "added_value": "7", "list_value": "99999"})
    await contract.happened(LICENCE, licence(), first, second)
    await contract.happened(CONTRACT, ACTIVATED, BEGAN)
    added = (AddedValue(first.added_on, first.added_value), AddedValue(LAST_DAY, "7"))
    (row,) = await contract.found("facts_for_contracts", customers=[], contracts=[CONTRACT], numbers=[])
    assert FACTS.validate_json(row["facts"]).licences[CONTRACT].added == added
    (ended,) = await contract.found("terms_that_ended", now=ENDS, most=10)
    (told,) = await contract.found(
        "renewals_to_tell", **STAGES, zones=["Europe/Paris"], dates=[LAST_DAY], now=ENDS - A_DAY, most=10
    )
    assert [ADDED.validate_json(one["added"]) for one in (ended, told)] == [added, added]


async def test_whether_a_product_is_covered_and_by_what_after(contract: Folded) -> None:
    later = ACTIVATED.model_copy(update={"covered_from": ENDS + A_DAY, "covered_until": ENDS + 9 * A_DAY})
    await contract.happened(CONTRACT, ACTIVATED, BEGAN, LAPSED)
    await contract.happened(SUCCESSOR, later)
    instants = [ACTIVATED.covered_from, ENDS - MICROSECOND, ENDS, ENDS + A_DAY]
    asked = in_columns([CoverAsked(CUSTOMER, ACTIVATED.products[0], at) for at in instants])
    for now, by_now in ((ENDS, None), (ENDS + A_DAY, SUCCESSOR), (ENDS + 99 * A_DAY, SUCCESSOR)):
        rows = await contract.found("covering_terms", **asked, now=now)
        assert [row["covered_then"] for row in rows] == [True, True, False, True]
        assert rows[2]["contract"] == by_now
    (row,) = await contract.found("products_of_contracts", contracts=[CONTRACT, "contract/erp/K-9"])
    assert (row["stream"], row["products"]) == (CONTRACT, list(ACTIVATED.products))


async def test_what_is_published_is_given_whole(contract: Folded) -> None:
    await publish(contract)
    (calendar,) = await contract.found("calendars")
    assert (calendar["centre"], CentreCalendar.model_validate_json(calendar["content"])) == ("france", CALENDAR)
    (prices,) = await contract.found("price_lists")
    assert PriceList.model_validate_json(prices["content"]) == PRICES
    (offsets,) = await contract.found("notice_offsets")
    assert NoticeOffsets.model_validate_json(offsets["content"]).reminder_days


def licence() -> LicenceRegistered:
    event: LicenceRegistered = example("LicenceRegistered").data
    return event


async def test_a_lapsed_contract_asks_for_nothing_more(contract: Folded) -> None:
    await contract.happened(CONTRACT, ACTIVATED, LAPSED)
    assert await contract.found("terms_that_ended", now=ENDS + timedelta(days=400), most=10) == []
    assert await contract.found("next_term_edge") == [{"at": None}]


async def test_the_terms_that_ended_first_come_first(contract: Folded) -> None:
    for number, days in (("K-1", 2), ("K-2", 0), ("K-3", 1)):
        later = ACTIVATED.model_copy(update={"covered_until": ENDS + timedelta(days=days)})
        await contract.happened(f"contract/erp/{number}", later)
    rows = await contract.found("terms_that_ended", now=ENDS + timedelta(days=9), most=2)
    assert [row["stream"] for row in rows] == ["contract/erp/K-2", "contract/erp/K-3"]


@pytest.mark.parametrize("other", [None, "contract/erp/K-0", "contract/erp/K-9"])
async def test_k9_the_contract_by_which_it_was_taken_up_again_follows_a_lapse(
    contract: Folded, other: str | None
) -> None:
    successor = licence().first_term.model_copy(update={"contract": SUCCESSOR})
    taken_up = example("ContractResubscribed").data.model_copy(update={"contract": CONTRACT, "term": successor})
    await contract.happened(CONTRACT, ACTIVATED, BEGAN, taken_up)
    await contract.happened(SUCCESSOR, a_year_from(365))
    if other:
        await contract.happened(other, a_year_from(365))
    rows = await contract.found("terms_that_ended", now=ENDS, most=10)
    assert [(row["stream"], row["continued_by"]) for row in rows] == [(CONTRACT, other)]


TERM_A, TERM_B, TERM_C = "contract/erp/K-2003", "contract/erp/K-2003-B", "contract/erp/K-2003-C"


def a_year_from(days: int, **other: object) -> ContractActivated:
    """The term of `ACTIVATED`, so many days later."""
    by = days * A_DAY
    moved = {"first_day": ACTIVATED.first_day + by, "last_day": ACTIVATED.last_day + by}
    return ACTIVATED.model_copy(update=moved | {"covered_until": ENDS + by} | other)


TERMS = {TERM_A: a_year_from(0), TERM_B: a_year_from(365), TERM_C: a_year_from(730)}


@pytest.mark.parametrize("order", list(permutations(TERMS)))
async def test_a_term_is_followed_by_the_next_one_of_its_licence_in_every_order_of_telling(
    contract: Folded, order: tuple[str, ...]
) -> None:
    for stream in order:
        await contract.happened(stream, TERMS[stream])
    rows = await contract.found("terms_that_ended", now=ENDS + 1000 * A_DAY, most=10)
    assert [(row["stream"], row["continued_by"]) for row in rows] == [
        (TERM_A, TERM_B),
        (TERM_B, TERM_C),
        (TERM_C, None),
    ]


async def test_a_term_that_was_continued_asks_for_nothing_more_and_still_continues_the_one_before(
    contract: Folded,
) -> None:
    await contract.happened(TERM_B, TERMS[TERM_B], CONTINUED.model_copy(update={"contract": TERM_B}))
    await contract.happened(TERM_A, TERMS[TERM_A])
    rows = await contract.found("terms_that_ended", now=ENDS + 1000 * A_DAY, most=10)
    assert [(row["stream"], row["continued_by"]) for row in rows] == [(TERM_A, TERM_B)]


@pytest.mark.parametrize(
    ("other", "continues"),
    [
        (a_year_from(365), True),
        (a_year_from(366), False),
        (a_year_from(1), True),
        (a_year_from(0), False),
        (a_year_from(-1), False),
        (a_year_from(365, licence="licence/erp/L-9"), False),
        (a_year_from(365, customer="customer/erp/C-9"), True),
    ],
)
async def test_only_a_longer_term_of_the_same_licence_without_a_day_between_follows(
    contract: Folded,
    other: ContractActivated,
    continues: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    await contract.happened(TERM_A, TERMS[TERM_A])
    await contract.happened(TERM_B, other)
    rows = await contract.found("terms_that_ended", now=ENDS, most=10)
    assert [row["continued_by"] for row in rows if row["stream"] == TERM_A] == [TERM_B if continues else None]


async def test_every_private_record_of_an_erased_person_and_of_nobody_else_owes_a_tombstone(contract: Folded) -> None:
    await contract.happened(CUSTOMER, REGISTERED, ERASED)
    at_the_other_door = PrivateKey(person=CONTACT, topic="olcare.tickets.in.v1", partition=1, offset=7)
    others = [
        PrivateKey(person=person, topic=PRIVATE.topic, partition=4, offset=offset)
        for offset, person in enumerate((COLLEAGUE, f"{CONTACT}8", CONTACT.replace("erp", "crm")), start=20)
    ]
    records = [(key.text(), 0, "{}") for key in (PRIVATE, at_the_other_door, *others)]
    await contract.connection.copy_records_to_table("private_records", records=records)
    owed = await contract.found("tombstones_owed", most=10)
    assert [row["key"] for row in owed] == [PRIVATE.text(), at_the_other_door.text()]
    [erased] = await contract.table("erased_persons")
    assert tuple(erased.values()) == (CUSTOMER, CONTACT, JULY, "ops-anna")


async def test_the_private_records_of_others_are_not_gone_through_for_those_of_erased_persons(contract: Folded) -> None:
    await contract.connection.execute(
        "create index on private_records (substring(key from '^person/[^/]+/[^/]+'));"
        "insert into private_records select 'person/erp/p-' || n % 9000 || '/olcare.tickets.in.v1/0/' || n, 0, '{}'"
        " from generate_series(1, 20000) n;"
        "insert into erased_persons select 'customer/erp/C-' || n, 'person/erp/gone-' || n, now(), 'ops-anna'"
        " from generate_series(1, 2000) n;"
        "analyze private_records; analyze erased_persons"
    )
    assert await contract.found("tombstones_owed", most=500) == []
    text = (FILES[0].parent / "duties.sql").read_text().partition("-- name: tombstones_owed\n")[2]
    query = text.partition("-- name:")[0].replace(":most", "500")
    plan = await contract.connection.fetchval(f"explain (analyze, format json, timing off) {query}")
    assert most_rows(json.loads(plan)[0]["Plan"]) <= 2000


async def test_customers_contracts_and_the_plan_stand_in_their_tables(contract: Folded) -> None:
    await publish(contract)
    await contract.happened(CUSTOMER, REGISTERED)
    await contract.happened(CONTRACT, ACTIVATED)
    assert [row["centre"] for row in await contract.table("customers")] == ["france"]
    assert [(row["stream"], row["products"]) for row in await contract.table("contracts")] == [
        (CONTRACT, ["planetpress-connect"])
    ]
    assert [(row["part"], row["name"], row["version"]) for row in await contract.table("plan_parts")] == [
        ("calendar", "france", 1),
        ("prices", "EUR", 1),
        ("reminders", "renewal", 1),
        ("targets", "first-response", 1),
        ("versions", "planetpress-connect", 1),
    ]


async def test_every_price_list_is_found_by_currency_and_version(contract: Folded) -> None:
    for currency in ("JPY", "EUR"):
        lists = (PRICES.model_copy(update={"currency": currency, "version": version}) for version in (1, 2))
        published = [PriceListPublished(published_at=JUNE, prices=prices) for prices in lists]
        await contract.happened(f"prices/plan/{currency}", *published)
    rows = await contract.found("price_lists")
    assert [(row["stream"], row["version"], row["applies_from"], row["published_at"]) for row in rows] == [
        (f"prices/plan/{currency}", version, PRICES.applies_from, JUNE)
        for currency, version in product(("EUR", "JPY"), (1, 2))
    ]
    assert [PriceList.model_validate_json(row["content"]).currency for row in rows] == ["EUR", "EUR", "JPY", "JPY"]


async def test_the_tz_database_in_force_is_the_one_published_last(contract: Folded) -> None:
    await contract.happened("tz/plan/iana", tz_published(), tz_published(version="2027a"))
    [row] = await contract.table("tz_databases")
    assert (row["stream"], row["version"], row["published_at"]) == ("tz/plan/iana", "2027a", JUNE)
