"""The plan: the parts that are published one by one, put together and checked as a whole."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from libs.messages.plan import (
    CentreCalendar,
    NoticeOffsets,
    PriceList,
    ProductVersions,
    ResponseTargets,
)
from libs.plan.problems import BadPlan, Problem

NAMED_BY = ("centre", "currency", "product")
Where = Callable[[tuple[str, ...]], tuple[str, str]]
"""Maps the steps that lead to a value, beginning with the name of a part, to its file and its place there."""


@dataclass(frozen=True)
class Plan:
    """Everything that is published, each part with a version of its own."""

    centres: tuple[CentreCalendar, ...]
    targets: ResponseTargets
    prices: tuple[PriceList, ...]
    products: tuple[ProductVersions, ...]
    notices: NoticeOffsets


PLAN = TypeAdapter(Plan)


def validated(parts: Mapping[str, object], where: Where) -> Plan:
    """Make a plan of what was read, by the names of its parts; raises `BadPlan`, which names every problem."""
    try:
        plan = PLAN.validate_python(parts, extra="forbid")
    except ValidationError as error:
        found = ((where(_named(each["loc"], parts)), each["msg"]) for each in error.errors())
        raise BadPlan(*(Problem(*place, what) for place, what in found)) from error
    if repeats := [Problem(*where((part,)), f"{what} stands there twice; keep one") for part, what in _repeats(plan)]:
        raise BadPlan(*repeats)
    return plan


def _named(steps: Iterable[int | str], found: object) -> tuple[str, ...]:
    """The steps by name instead of by list index: `centres france zone`, not `centres 3 zone`."""
    said = list[str]()
    for step in steps:
        among, found = found, _inside(found, step)
        said.append(_name(found, among) or str(step))
    return tuple(said)


def _inside(found: object, step: int | str) -> object:
    if isinstance(found, list) and isinstance(step, int):
        return found[step] if step < len(found) else None
    return found.get(step) if isinstance(found, dict) else None


def _name(found: object, among: object) -> str | None:
    key = next((key for key in NAMED_BY if found.get(key)), None) if isinstance(found, dict) else None
    if key is None or not isinstance(found, dict):
        return None
    if key != "currency" or not isinstance(among, list):
        return str(found[key])
    same = [one for one in among if isinstance(one, dict) and one.get(key) == found[key]]
    return name_of_prices(str(found[key]), found.get("version"), alone=len(same) == 1)


def name_of_prices(currency: str, version: object, *, alone: bool) -> str:
    """Name a price list of a plan: by its currency, and by its version where others have the same currency."""
    return currency if alone else f"{currency} version {version}"


def _repeats(plan: Plan) -> Iterator[tuple[str, str]]:
    centres = plan.centres
    yield from (("centres", f"centre {name}") for name in _twice(c.centre for c in centres))
    yield from (("centres", f"country {name}") for name in _twice(country for c in centres for country in c.countries))
    yield from (("centres", f"number {name}") for name in _twice(phone.number for c in centres for phone in c.phones))
    yield from (("closures", f"{c.centre} {day}") for c in centres for day in _twice(_closed_days(c)))
    lists = _twice(f"version {prices.version} of currency {prices.currency}" for prices in plan.prices)
    yield from (("prices", name) for name in lists)
    yield from (("products", f"product {name}") for name in _twice(product.product for product in plan.products))


def _closed_days(calendar: CentreCalendar) -> Iterator[str]:
    return (f"{closure.day} {closure.closed_from or ''}".strip() for closure in calendar.closures)


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]
