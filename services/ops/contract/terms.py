"""`olcare contract show`: how contracts stand, for programs and as a person reads it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from libs.messages.base import rfc3339
from libs.messages.money import Price
from libs.workcal import zone
from services.contract.contract_states import NOTHING_TOLD, OFFERED

PERCENT = 100  # basis points
STATES = {
    "active": "active",
    "lapsed": "lapsed",
    "continued": "ended, and continued by another contract of its licence",
}
Row = Mapping[str, Any]
Said = dict[str, Any]


class ContractRows(NamedTuple):
    """Rows of what was asked for."""

    customers: Sequence[Row]
    contracts: Sequence[Row]
    terms: Sequence[Row]
    licences: Sequence[Row]
    entitlements: Sequence[Row]
    """As `entitlement` says them."""


def shown(rows: ContractRows) -> Said:
    """Say for other programs what the tables hold."""
    return {
        "customers": [row["stream"] for row in rows.customers],
        "licences": [_licence(row) for row in rows.licences],
        "contracts": [_contract(row, rows.terms) for row in rows.contracts],
        "entitlements": list(rows.entitlements),
    }


def _licence(row: Row) -> Said:
    return {
        "licence": row["stream"],
        "customer": row["customer"],
        "kind": row["licence_kind"],
        "products": list(row["products"]),
        "options": list(row["options"]),
        "value": {"amount": row["list_value"], "currency": row["currency"]},
        "purchased_on": str(row["purchased_on"]),
    }


def _contract(row: Row, terms: Sequence[Row]) -> Said:
    return {
        "contract": row["stream"],
        "state": row["state"],
        "begun": row["begun"],
        "customer": row["customer"],
        "licence": row["licence"],
        "licence_kind": row["licence_kind"],
        "products": list(row["products"]),
        "centre": row["centre"],
        "zone": row["zone"],
        "terms": [_term(term, zone(row["zone"])) for term in terms if term["stream"] == row["stream"]],
        "told": _told(row),
        "lapse": _lapse(row) if row["state"] == "lapsed" else None,
        "follows": row["follows"],
        "successor": row["successor"],
    }


def _term(row: Row, civil: ZoneInfo) -> Said:
    return {
        "number": row["number"],
        "first_day": str(row["first_day"]),
        "last_day": str(row["last_day"]),
        "covered_from": rfc3339(row["covered_from"]),
        "covered_until": rfc3339(row["covered_until"]),
        "local_from": row["covered_from"].astimezone(civil).isoformat(),
        "local_until": row["covered_until"].astimezone(civil).isoformat(),
        "signed_on": str(row["signed_on"]) if row["signed_on"] else None,
        "price": _price(row["price"]),
    }


def _told(row: Row) -> Said | None:
    """What was told of the end of the latest term; a reminder counts that was sent or skipped."""
    if row["told"] == NOTHING_TOLD:
        return None
    reminder = None if row["told"] == OFFERED else row["told"]
    return {"offered": _price(row["offered"]), "last_reminder_days_before": reminder}


def _lapse(row: Row) -> Said:
    return {
        "lapsed_at": rfc3339(row["covered_until"]),
        "local_at": row["covered_until"].astimezone(zone(row["zone"])).isoformat(),
        "detected_at": rfc3339(row["detected_at"]) if row["detected_at"] else None,
    }


def _price(content: str | None) -> Said | None:
    return Price.model_validate_json(content).model_dump(mode="json") if content else None


def sentences(said: Said) -> Iterator[str]:
    """Say what `shown` gives as a person reads it."""
    for licence in said["licences"]:
        yield _of_licence(licence)
    for contract in said["contracts"]:
        yield from _of_contract(contract)
    if not said["contracts"]:
        asked = [*said["customers"], *(licence["licence"] for licence in said["licences"])]
        yield f"There is no contract of {' or '.join(asked)}."
    for found in said["entitlements"]:
        yield _of_benefits(found)


def _of_licence(said: Said) -> str:
    options = f", options {', '.join(said['options'])}" if said["options"] else ""
    value = f"{said['value']['amount']} {said['value']['currency']}"
    return (
        f"{said['licence']} of {said['customer']}: {said['kind']}, {', '.join(said['products'])}{options},"
        f" bought {said['purchased_on']}, list value {value}."
    )


def _of_contract(said: Said) -> Iterator[str]:
    taken_up = f" It takes up {said['follows']} again." if said["follows"] else ""
    yield (
        f"{said['contract']} of {said['customer']} is {_state(said)}:"
        f" {said['licence_kind']} licence {said['licence']}, {', '.join(said['products'])},"
        f" {said['centre']} ({said['zone']}).{taken_up}"
    )
    for term in said["terms"]:
        yield f"  {_of_term(term, ZoneInfo(said['zone']))}"
    if told := said["told"]:
        yield f"  {_of_offer(told, is_open=said['state'] == 'active')}"
    if lapse := said["lapse"]:
        yield f"  It lapsed at {_local(lapse['lapsed_at'], ZoneInfo(said['zone']))}, as nobody had signed."
    if said["successor"]:
        yield f"  {said['successor']} took it up again."


def _state(said: Said) -> str:
    to_begin = said["state"] == "active" and not said["begun"]
    return "to begin" if to_begin else STATES.get(said["state"], str(said["state"]))


def _of_term(said: Said, civil: ZoneInfo) -> str:
    signed = f", signed {said['signed_on']}" if said["signed_on"] else ""
    begins, ends = (_local(said[edge], civil) for edge in ("covered_from", "covered_until"))
    return (
        f"Term {said['number']}: the local days {said['first_day']} to {said['last_day']}, from {begins}, until before"
        f" {ends}{signed}; {_money(said['price'])}."
    )


def _of_offer(said: Said, *, is_open: bool) -> str:
    days = said["last_reminder_days_before"]
    before = "a day" if days == 1 else f"{days} days"
    reminded = "no reminder was due" if days is None else f"the last reminder was that of {before} before"
    return f"The next term {'is' if is_open else 'was'} offered, {_money(said['offered'])}; {reminded}."


def _money(price: Said | None) -> str:
    if price is None:
        return "without a price"
    assumed = ", an assumption" if price["assumed"] else ""
    adjusted = ", one minor unit added" if price["adjusted"] else ""
    return (
        f"{price['amount']} {price['currency']} ({price['rate'] / PERCENT:g} % of {price['licence_value']} by price"
        f" list {price['price_list']} from {price['applies_from']}{assumed}{adjusted})"
    )


def _of_benefits(said: Said) -> str:
    since = f"{datetime.fromisoformat(said['since']):%a %Y-%m-%d %H:%M:%S %Z}"
    if said["holds"]:
        return f"{said['customer']}, {said['product']}: {', '.join(said['benefits'])} since {since}."
    return f"{said['customer']}, {said['product']}: no benefits since {since}."


def _local(instant: str, civil: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(civil):%a %Y-%m-%d %H:%M:%S %Z}"
