"""What a decision on cover says: for programs, and as a person reads it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from libs.messages.base import rfc3339
from libs.messages.money import Price
from libs.messages.refusals import Contact
from libs.plan import REASON_WORDS, Covered, CoverFacts, CoverRequest, KnownTerm, NotCovered, cover
from libs.workcal import zone

WORDS = {
    "unknown_customer": "nobody has registered this customer",
    "unknown_product": "the plan has no such product",
    "no_contract": "the customer never had a contract",
    "product_not_covered": "the customer's contracts name other products",
    "not_started": "the first term has not begun",
    "lapsed": "the last term has ended",
    "version_too_old": "the version is older than the two newest major ones",
    "professional_services": "professional services are no part of OL Care",
}
PERCENT = 100  # basis points


def explained(facts: CoverFacts, request: CoverRequest) -> dict[str, Any]:
    """Decide, and say for other programs what was decided and why."""
    found = cover(facts, request)
    is_covered = isinstance(found, Covered)
    reseller = facts.customer.reseller if facts.customer and found.contact is Contact.RESELLER else None
    return {
        "customer": request.customer,
        "product": request.product,
        "version": request.version,
        "kind": request.kind,
        "at": rfc3339(request.at),
        "covered": is_covered,
        "reason": None if isinstance(found, Covered) else REASON_WORDS[found.reason],
        "version_unknown": isinstance(found, Covered) and found.version_unknown,
        "term": _term(found.term, request.at) if found.term else None,
        "clause": found.clause,
        "contact": {"to": found.contact, "reseller": reseller, "centre": found.team},
        "price_to_return": _price(found),
        "rests_on": [fact.model_dump() for fact in found.rests_on],
    }


def _term(term: KnownTerm, at: datetime) -> dict[str, Any]:
    civil = zone(term.zone)
    return {
        "contract": term.stream,
        "number": term.number,
        "licence": term.licence,
        "zone": term.zone,
        "first_day": str(term.first_day),
        "last_day": str(term.last_day),
        "covered_from": rfc3339(term.covered_from),
        "covered_until": rfc3339(term.covered_until),
        "local_from": term.covered_from.astimezone(civil).isoformat(),
        "local_until": term.covered_until.astimezone(civil).isoformat(),
        "local_at": at.astimezone(civil).isoformat(),
    }


def _price(found: Covered | NotCovered) -> dict[str, Any] | None:
    price = found.price_to_return if isinstance(found, NotCovered) else None
    return price.model_dump(mode="json") if price else None


def sentences(said: dict[str, Any]) -> Iterator[str]:
    """Say what `explained` gives as a person reads it."""
    term = said["term"]
    civil = ZoneInfo(term["zone"]) if term else None
    at = _local(said["at"], civil)
    if said["covered"]:
        yield f"{said['customer']} is under cover for {said['product']} at {at}."
    else:
        yield f"{said['customer']} is not under cover for {said['product']} at {at}: {WORDS[said['reason']]}."
    if term:
        begins, ends = (_local(term[edge], civil) for edge in ("covered_from", "covered_until"))
        days = f"the local days {term['first_day']} to {term['last_day']} ({term['zone']})"
        yield f"Term {term['number']} of {term['contract']} has {days}: from {begins}, until before {ends}."
    if said["version_unknown"]:
        yield "The version is not named, or the plan does not list it: covered, and marked for the agent."
    yield f"« {said['clause']} »"
    yield _whom(said["contact"])
    if price := said["price_to_return"]:
        yield _coming_back(Price.model_validate(price))


def _local(instant: str, civil: ZoneInfo | None) -> str:
    at = datetime.fromisoformat(instant)
    return f"{at.astimezone(civil):%a %Y-%m-%d %H:%M:%S %Z}" if civil else f"{at:%a %Y-%m-%d %H:%M:%S %Z}"


def _whom(contact: dict[str, Any]) -> str:
    if contact["reseller"]:
        return f"Contact: the reseller {contact['reseller']}."
    return f"Contact: the team of the region{', ' + contact['centre'] if contact['centre'] else ''}."


def _coming_back(price: Price) -> str:
    assumed = ", an assumption" if price.assumed else ""
    adjusted = "; one minor unit was added, so that it is dearer than a renewal" if price.adjusted else ""
    return (
        f"To come back costs {price.amount} {price.currency} that day: {price.rate / PERCENT:g} % of"
        f" {price.licence_value} {price.currency}, by price list {price.price_list} from {price.applies_from}"
        f"{assumed}{adjusted}."
    )
