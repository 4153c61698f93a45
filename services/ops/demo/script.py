"""The script of the week: who is registered before it begins, what is said in it, from a fixed seed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from random import Random

from libs.eventlog.client.messages import structured
from libs.eventlog.wire.record import Outgoing
from libs.messages.catalogue import CONTRACTS_DOOR, TICKETS_DOOR
from libs.messages.licences import LicenceKind
from libs.messages.streams import stream_id
from libs.messages.upstream import (
    CareOrdered,
    ContactPerson,
    ContractSubmitted,
    CustomerSubmitted,
    LicencePurchased,
    Upstream,
)
from libs.plan import Plan, yearly_term
from services.ops.demo.cases import play_cases
from services.ops.demo.cast import ERP, Cast, Customer, Licence, read_cast
from services.ops.demo.contract_cases import play_contracts
from services.ops.demo.dirt import play_dirt
from services.ops.demo.scribe import HALF_HOUR, Scribe, ScriptLine, half_hour
from services.ops.demo.stories import Week, play_ordinary_tickets
from services.ops.plan.command import plan_records

WEEK = Week(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC))
"""Monday to Sunday; the first is a holiday in Japan. The story goes on until the last promise is judged."""
REPEATED = 0.06
"""Share of the messages about tickets that are handed over once more."""
YEAR_BEFORE = date(2025, 1, 1)
"""From when on the demo's own price lists hold: terms that end in the week were bought before the plan's begin."""


@dataclass(frozen=True)
class Script:
    """What is to be played; `before` the week come the plan, the customers and the contracts, one after the other."""

    week: Week
    ends: datetime
    cast: Cast
    before: tuple[tuple[ScriptLine, ...], ...]
    lines: tuple[ScriptLine, ...]
    """In the order in which they are handed over."""


def write_script(plan: Plan, partitions: Mapping[str, int], tickets: int, seed: int) -> Script:
    """Write the script for so many ordinary tickets; `partitions` are those of the door topics."""
    rng = Random(seed)  # noqa: S311 - the same seed, the same week
    cast = read_cast()
    before = _before(plan, cast, partitions, rng)
    scribe = Scribe(plan, cast, partitions, rng)
    play_ordinary_tickets(scribe, WEEK, tickets)
    play_cases(scribe)
    play_contracts(scribe)
    play_dirt(scribe, WEEK.begins)
    _repeat_some(scribe)
    lines = sorted(scribe.lines, key=lambda line: line.handed_over)
    dues = [ticket.certificate.due_at for ticket in scribe.tickets]
    return Script(WEEK, half_hour(max(*dues, lines[-1].handed_over)) + HALF_HOUR, cast, before, tuple(lines))


def _before(plan: Plan, cast: Cast, partitions: Mapping[str, int], rng: Random) -> tuple[tuple[ScriptLine, ...], ...]:
    records = plan_records(_with_older_prices(plan), WEEK.begins, partitions[CONTRACTS_DOOR])
    parts = tuple(ScriptLine(WEEK.begins, record, json.loads(record.value or b"")) for record in records)
    registered = [customer for customer in cast.customers if customer.role != "stranger"]
    customers, contracts = Scribe(plan, cast, partitions, rng), Scribe(plan, cast, partitions, rng)
    for customer in registered:
        _register(customers, customer.number, _customer(customer))
        if customer.first_day:
            _buy_or_submit(contracts, customer, customer.first_day)
    _not_accepted(customers, contracts, registered[0])
    return parts, tuple(customers.lines), tuple(contracts.lines)


def _with_older_prices(plan: Plan) -> Plan:
    """The plan, and for each of its price lists one that began before it, at the same rates."""
    older = [
        prices.model_copy(update={"version": prices.version + 1, "applies_from": YEAR_BEFORE}) for prices in plan.prices
    ]
    return replace(plan, prices=(*plan.prices, *older))


def _buy_or_submit(scribe: Scribe, customer: Customer, first_day: date) -> None:
    number = customer.number.replace("C", "K")
    if customer.licence is None:
        _register(scribe, number, _contract(customer, first_day))
    else:
        _register(scribe, customer.number.replace("C", "L"), _purchase(customer, customer.licence, number, first_day))


def _register(scribe: Scribe, number: str, data: Upstream) -> None:
    scribe.say(CONTRACTS_DOOR, ERP, number, WEEK.begins, data, identity=f"{ERP}-{number}")


def _customer(customer: Customer) -> CustomerSubmitted:
    return CustomerSubmitted(
        organisation=customer.organisation,
        country=customer.country,
        language=customer.language,
        contact=ContactPerson(**dict(customer.people[0].at_the_door())),
        reseller=customer.reseller,
    )


def _contract(customer: Customer, first_day: date) -> ContractSubmitted:
    return ContractSubmitted(
        customer=customer.id,
        licence=stream_id("licence", ERP, customer.number.replace("C", "L")),
        licence_kind=LicenceKind.PERPETUAL,
        products=customer.products,
        first_day=first_day,
        last_day=yearly_term(first_day).last_day,
    )


def _purchase(customer: Customer, licence: Licence, contract: str, first_day: date) -> LicencePurchased:
    return LicencePurchased(
        customer=customer.id,
        licence_kind=LicenceKind.PERPETUAL,
        products=customer.products,
        list_value=licence.value,
        currency=licence.currency,
        purchased_on=first_day,
        care=CareOrdered(contract=contract, first_day=first_day),
    )


def _not_accepted(customers: Scribe, contracts: Scribe, somebody: Customer) -> None:
    """A customer in a country without a centre, a term that is no year, a contract of an unknown customer."""
    good, nobody = _contract(somebody, WEEK.begins.date()), stream_id("customer", ERP, "C-901")
    _register(customers, "C-900", _customer(replace(somebody, country="AQ")))
    _register(contracts, "K-900", good.model_copy(update={"last_day": good.first_day}))
    _register(contracts, "K-901", good.model_copy(update={"customer": nobody}))


def _repeat_some(scribe: Scribe) -> None:
    """Hand some messages over twice, at once or later, and one with other content under the same id."""
    said = [line for line in scribe.lines if line.event and line.record.topic == TICKETS_DOOR]
    for line in scribe.rng.sample(said, int(len(said) * REPEATED)):
        scribe.write(line._replace(handed_over=line.handed_over + HALF_HOUR * scribe.rng.choice((0, 1, 3))))
    first = next(ticket.asked for ticket in scribe.tickets)
    assert first.event is not None  # noqa: S101 - it was asked for
    changed = {**first.event, "data": {**first.event["data"], "channel": "phone", "subject": "Something else"}}
    value, headers = structured(changed)
    record = Outgoing(TICKETS_DOOR, first.record.partition, first.record.key, value, headers)
    scribe.write(ScriptLine(first.handed_over + HALF_HOUR, record, changed))
