"""A transfer keeps the promise on the calendar it was made on, and gives the receiving centre a target of its own."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.messages.certificates import Certificate
from libs.messages.facts import resting_on
from libs.messages.sla import InternalTargetNotSet, InternalTargetSet, NotChanged
from libs.plan import current_grounds, used_until, working_calendar
from libs.workcal import CalendarEnds, TooFarAhead, add_working_time
from services.sla_timer.promise.state import Judged, State, Waiting
from services.sla_timer.published.publications import PublishedCalendar


@dataclass(frozen=True)
class SetInternalTarget:
    """Another centre works on the ticket from `occurred_at` on; its calendar in force then comes with it."""

    occurred_at: datetime
    ticket: str
    centre: str
    calendar: PublishedCalendar | None


def transfer(state: State, command: SetInternalTarget) -> InternalTargetSet | InternalTargetNotSet:
    """Set the internal target: what is left of the target, in the receiving centre's own opening hours.

    It never lies after the promise: a centre that opens later must answer by the deadline all the same.
    """
    match state:
        case Waiting(promise=made) if command.occurred_at < made.due_at:
            return _target(made.certificate, command)
        case Waiting() | Judged():
            return _none(command, NotChanged.OVER)
        case _:
            return _none(command, NotChanged.NO_PROMISE)


def _target(certificate: Certificate, command: SetInternalTarget) -> InternalTargetSet | InternalTargetNotSet:
    if command.calendar is None:
        return _none(command, NotChanged.NO_CALENDAR)
    used, target = used_until(certificate, command.occurred_at), current_grounds(certificate).target_seconds
    calendar = working_calendar(command.calendar.content)
    try:
        due_at = add_working_time(calendar, command.occurred_at, max(timedelta(0), timedelta(seconds=target) - used))
    except CalendarEnds:
        return _none(command, NotChanged.CALENDAR_ENDS)
    except TooFarAhead:
        return _none(command, NotChanged.NO_OPENING_IN_A_YEAR)
    return InternalTargetSet(
        ticket=command.ticket,
        centre=command.centre,
        transferred_at=command.occurred_at,
        used_microseconds=used // timedelta.resolution,
        target_seconds=target,
        due_at=min(due_at, certificate.due_at),
        calendar_version=command.calendar.content.version,
        rests_on=resting_on(command.calendar),
    )


def _none(command: SetInternalTarget, reason: NotChanged) -> InternalTargetNotSet:
    at, centre = command.occurred_at, command.centre
    return InternalTargetNotSet(ticket=command.ticket, centre=centre, transferred_at=at, reason=reason)
