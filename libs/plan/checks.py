"""What a person should know of a plan before it is published."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

from libs.messages.plan import CentreCalendar, PlanRefusal, PriceList
from libs.plan.calendars import working_calendar
from libs.plan.currencies import minor_digits
from libs.plan.files import CENTRES, HOLIDAYS, NOTICES, PRICES, TARGETS
from libs.plan.objections import (
    MOST_IN_ALL,
    MOST_OF_A_DAY,
    calendar_objection,
    prices_objection,
    reminders_objection,
    targets_objection,
)
from libs.plan.problems import Problem
from libs.plan.published import Plan, name_of_prices
from libs.workcal import BadHours, EmptyCalendar, UnknownZone

SUCCESSOR_WITHIN = timedelta(days=180)
"""How long before the last published day a warning says that no other follows."""
WHAT_TO_DO: dict[type[ValueError], str] = {
    UnknownZone: "write one like Europe/Paris",
    EmptyCalendar: "give it opening hours, or fewer closures",
    BadHours: "let hours and days begin before they end, and after others have ended",
}


def objections(plan: Plan) -> Iterator[Problem]:
    """Everything for which the door would refuse a part of the plan."""
    for calendar in plan.centres:
        match calendar_objection(calendar):
            case None:
                pass
            case PlanRefusal.TOO_MANY_HOURS:
                what = (
                    f"opens or closes over {MOST_OF_A_DAY} times on a day, or {MOST_IN_ALL} in all; publish fewer years"
                )
                yield Problem(CENTRES, calendar.centre, what)
            case _:
                yield from _of_calendar(calendar)
    if targets_objection(plan.targets):
        yield Problem(TARGETS, "targets", "no channel has a target; write one, such as phone_seconds: 7200")
    for prices in plan.prices:
        if refusal := prices_objection(prices):
            yield Problem(PRICES, _place(prices, plan), _of_prices(prices, refusal))
    if reminders_objection(plan.notices):
        said = ", ".join(map(str, plan.notices.reminder_days))
        what = f"{said} do not come down one by one from below {plan.notices.renewal_offer_days}; put them in order"
        yield Problem(NOTICES, "reminder_days", what)


def warnings(plan: Plan, today: date) -> Iterator[Problem]:
    """Problems that do not prevent a publication but need attention; `today` is a day of plan time."""
    for calendar in plan.centres:
        if calendar.last_day - today <= SUCCESSOR_WITHIN:
            yield Problem(CENTRES, f"{calendar.centre}.last_day", _no_successor(calendar.last_day, today))
        for year in _years_without_closure(calendar):
            what = f"no closure in the whole of {year}; `olcare calendar propose --years {year}` drafts some"
            yield Problem(HOLIDAYS, calendar.centre, what)
        if calendar.currency not in {prices.currency for prices in plan.prices}:
            yield Problem(CENTRES, calendar.centre, f"no prices in {calendar.currency}; add them to {PRICES}")
    yield from _dated_back(plan)


def _place(prices: PriceList, plan: Plan) -> str:
    same = [one for one in plan.prices if one.currency == prices.currency]
    return name_of_prices(prices.currency, prices.version, alone=len(same) == 1)


def _of_prices(prices: PriceList, refusal: PlanRefusal) -> str:
    match refusal:
        case PlanRefusal.UNKNOWN_CURRENCY:
            return f"{prices.currency} is no currency of ISO 4217 that is paid with; write one like EUR"
        case PlanRefusal.OTHER_MINOR_DIGITS:
            digits = minor_digits(prices.currency)
            return f"{prices.minor_digits} are not the minor digits of {prices.currency}; write {digits}"
        case _:
            return f"{prices.resubscription} for coming back is not above {prices.renewal} for a renewal; raise it"


def _dated_back(plan: Plan) -> Iterator[Problem]:
    """Lists that begin before the version before them, which goes on from its own day."""
    lists = sorted(plan.prices, key=lambda prices: (prices.currency, prices.version))
    for one, other in pairwise(lists):
        if one.currency == other.currency and other.applies_from < one.applies_from:
            what = f"applies from {other.applies_from}, but only until version {one.version} does on {one.applies_from}"
            yield Problem(PRICES, _place(other, plan), what)


def _of_calendar(calendar: CentreCalendar) -> Iterator[Problem]:
    if calendar.first_day <= calendar.last_day:
        yield from _outside(calendar)
    try:
        working_calendar(calendar)
    except (UnknownZone, EmptyCalendar, BadHours) as error:
        yield Problem(CENTRES, calendar.centre, f"{error}; {WHAT_TO_DO[type(error)]}")


def _outside(calendar: CentreCalendar) -> Iterator[Problem]:
    what = f"is outside {calendar.first_day} to {calendar.last_day}; move last_day in {CENTRES}, or remove it"
    closed = ((HOLIDAYS, closure.day) for closure in calendar.closures)
    extra = ((CENTRES, opening.day) for opening in calendar.extra_openings)
    for file, day in (*closed, *extra):
        if not calendar.first_day <= day <= calendar.last_day:
            yield Problem(file, f"{calendar.centre} {day}", what)


def _no_successor(last_day: date, today: date) -> str:
    year, left = (last_day + timedelta(days=1)).year, (last_day - today).days
    return f"{last_day}, days left: {left}; `olcare calendar propose --years {year}` drafts what follows"


def _years_without_closure(calendar: CentreCalendar) -> list[int]:
    """The whole published years without a closure; a part of a year may well have none."""
    first = calendar.first_day.year + (calendar.first_day > date(calendar.first_day.year, 1, 1))
    last = calendar.last_day.year - (calendar.last_day < date(calendar.last_day.year, 12, 31))
    closed = {closure.day.year for closure in calendar.closures}
    return [year for year in range(first, last + 1) if year not in closed]
