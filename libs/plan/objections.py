"""What keeps a part of the plan from being published, judged by the part alone."""

from collections import Counter
from itertools import pairwise

from libs.messages.plan import CentreCalendar, NoticeOffsets, PlanRefusal, PriceList, ResponseTargets, TzDatabase
from libs.messages.tickets import Channel
from libs.plan.calendars import working_calendar
from libs.plan.currencies import minor_digits
from libs.plan.promise import target_of
from libs.workcal import BadHours, EmptyCalendar, UnknownZone

MOST_OF_A_DAY, MOST_IN_ALL = 24, 20_000
"""How often a centre may open, or close out of turn, on one day and in all: 76 years of five days a week."""


def calendar_objection(calendar: CentreCalendar) -> PlanRefusal | None:
    """Why no deadline could be reckoned on a calendar."""
    days = {*(closure.day for closure in calendar.closures), *(extra.day for extra in calendar.extra_openings)}
    if not all(calendar.first_day <= day <= calendar.last_day for day in days):
        return PlanRefusal.DAY_OUTSIDE_PUBLICATION
    if _hours_in_all(calendar) > MOST_IN_ALL or _hours_of_a_day(calendar) > MOST_OF_A_DAY:
        return PlanRefusal.TOO_MANY_HOURS
    try:
        working_calendar(calendar)
    except UnknownZone:
        return PlanRefusal.UNKNOWN_ZONE
    except EmptyCalendar:
        return PlanRefusal.EMPTY_CALENDAR
    except BadHours:
        return PlanRefusal.HOURS_OVERLAP
    return None


def _hours_in_all(calendar: CentreCalendar) -> int:
    weeks = (calendar.last_day - calendar.first_day).days // 7 + 1
    return weeks * len(calendar.weekly) + len(calendar.closures) + len(calendar.extra_openings)


def _hours_of_a_day(calendar: CentreCalendar) -> int:
    weekly = Counter(window.weekday for window in calendar.weekly)
    closures, openings = (
        Counter(one.day for one in several) for several in (calendar.closures, calendar.extra_openings)
    )
    return max((*weekly.values(), *closures.values(), *openings.values()), default=0)


def prices_objection(prices: PriceList) -> PlanRefusal | None:
    """Why nobody could be quoted by a list: its currency, or a re-subscription that is not « supérieur »."""
    digits = minor_digits(prices.currency)
    if digits is None:
        return PlanRefusal.UNKNOWN_CURRENCY
    if prices.minor_digits != digits:
        return PlanRefusal.OTHER_MINOR_DIGITS
    return None if prices.resubscription > prices.renewal else PlanRefusal.RESUBSCRIPTION_NOT_DEARER


def targets_objection(targets: ResponseTargets) -> PlanRefusal | None:
    """Why nothing could be promised by these targets."""
    return None if any(target_of(targets, channel) for channel in Channel) else PlanRefusal.NO_TARGET


def reminders_objection(offsets: NoticeOffsets) -> PlanRefusal | None:
    """Why the days of the renewal offer and of the reminders are not in descending order."""
    days = (offsets.renewal_offer_days, *offsets.reminder_days)
    return None if all(one > other for one, other in pairwise(days)) else PlanRefusal.REMINDERS_OUT_OF_ORDER


def tz_objection(database: TzDatabase) -> PlanRefusal | None:
    """Why it would not be clear which offset holds at an instant."""
    names = [each.zone for each in database.zones]
    instants = ([offset.from_at for offset in each.offsets] for each in database.zones)
    is_in_order = all(earlier < later for each in instants for earlier, later in pairwise(each))
    is_sound = is_in_order and len(set(names)) == len(names) and database.first_day <= database.last_day
    return None if is_sound else PlanRefusal.OFFSETS_OUT_OF_ORDER
