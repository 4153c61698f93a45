"""What keeps a part of the plan from being published, judged by the part alone."""

from libs.messages.plan import CentreCalendar, PlanRefusal, PriceList, ResponseTargets
from libs.messages.tickets import Channel
from libs.plan.calendars import working_calendar
from libs.plan.promise import target_of
from libs.workcal import BadHours, EmptyCalendar, UnknownZone


def calendar_objection(calendar: CentreCalendar) -> PlanRefusal | None:
    """Why no deadline could be reckoned on a calendar."""
    days = {*(closure.day for closure in calendar.closures), *(extra.day for extra in calendar.extra_openings)}
    if not all(calendar.first_day <= day <= calendar.last_day for day in days):
        return PlanRefusal.DAY_OUTSIDE_PUBLICATION
    try:
        working_calendar(calendar)
    except UnknownZone:
        return PlanRefusal.UNKNOWN_ZONE
    except EmptyCalendar:
        return PlanRefusal.EMPTY_CALENDAR
    except BadHours:
        return PlanRefusal.HOURS_OVERLAP
    return None


def prices_objection(prices: PriceList) -> PlanRefusal | None:
    """« le coût d'un nouvel abonnement est supérieur à celui d'un renouvellement »."""
    return None if prices.resubscription > prices.renewal else PlanRefusal.RESUBSCRIPTION_NOT_DEARER


def targets_objection(targets: ResponseTargets) -> PlanRefusal | None:
    """Why nothing could be promised by these targets."""
    return None if any(target_of(targets, channel) for channel in Channel) else PlanRefusal.NO_TARGET
