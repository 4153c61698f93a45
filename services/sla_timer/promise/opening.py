"""A ticket that opens is promised its first response, once, on what was published for its centre by then."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from libs.messages.base import FactVersion, PrivateKey
from libs.messages.certificates import Certificate
from libs.messages.plan import CentreCalendar, ResponseTargets
from libs.messages.sla import FirstResponseClockStarted, FirstResponseNotPromised, NoPromise
from libs.messages.tickets import Channel
from libs.plan import NoTarget, promise, working_calendar
from libs.workcal import CalendarEnds, TooFarAhead
from services.sla_timer.promise.recompute import as_told, earliest
from services.sla_timer.promise.state import Judged, NotPromised, State, Untracked, Waiting

OF_THE_CALENDAR = frozenset({NoPromise.CALENDAR_ENDS, NoPromise.NO_OPENING_IN_A_YEAR})


@dataclass(frozen=True)
class StartClock:
    """Promise a first response to a ticket opened at `occurred_at`, on what was published for its centre."""

    occurred_at: datetime
    ticket: str
    customer: str
    requester: str
    private: PrivateKey
    language: str
    centre: str
    channel: Channel
    calendar: CentreCalendar | None
    targets: ResponseTargets | None
    rests_on: tuple[FactVersion, ...] = ()


def start(state: State, command: StartClock) -> FirstResponseClockStarted | FirstResponseNotPromised:
    """Make the promise, or refuse it with a reason."""
    match state:
        case Untracked():
            event = promise_or_not(state, command)
            if isinstance(event, FirstResponseClockStarted):
                return event
            back = tuple(one.ticket for one in state.absorbed)
            return event.model_copy(update={"handed_back": back, "responded_at": _answered(state, command.occurred_at)})
        case NotPromised(reason=reason):
            return _no_promise(command, reason)
        case Waiting() | Judged():
            return _no_promise(command, NoPromise.ALREADY_PROMISED)
        case _:
            assert_never(state)


def promise_or_not(state: Untracked, command: StartClock) -> FirstResponseClockStarted | FirstResponseNotPromised:
    """Make the promise of a ticket that has none, or say why none can be made."""
    if command.calendar is None:
        return _no_promise(command, NoPromise.NO_CALENDAR)
    if command.targets is None:
        return _no_promise(command, NoPromise.NO_TARGETS)
    try:
        calendar = working_calendar(command.calendar)
        certificate = promise(calendar, command.targets, command.channel, command.occurred_at)
    except NoTarget:
        return _no_promise(command, NoPromise.NO_TARGET_FOR_CHANNEL)
    except CalendarEnds:
        return _no_promise(command, NoPromise.CALENDAR_ENDS)
    except TooFarAhead:
        return _no_promise(command, NoPromise.NO_OPENING_IN_A_YEAR)
    standing = earliest(certificate, state.absorbed)
    started = _started(command, standing, _answered(state, certificate.opened_at))
    started = started.model_copy(update={"absorbed": as_told(state.absorbed)})
    return started.model_copy(update={"own": certificate}) if standing != certificate else started


def _answered(state: Untracked, opened_at: datetime) -> datetime | None:
    return min((at for at in state.answers if at >= opened_at), default=None)


def _started(command: StartClock, certificate: Certificate, responded_at: datetime | None) -> FirstResponseClockStarted:
    return FirstResponseClockStarted(
        ticket=command.ticket,
        customer=command.customer,
        requester=command.requester,
        private=command.private,
        language=command.language,
        centre=command.centre,
        channel=command.channel,
        certificate=certificate,
        responded_at=responded_at,
        rests_on=command.rests_on,
    )


def _no_promise(command: StartClock, reason: NoPromise) -> FirstResponseNotPromised:
    return FirstResponseNotPromised(
        ticket=command.ticket,
        customer=command.customer,
        private=command.private,
        language=command.language,
        centre=command.centre,
        channel=command.channel,
        opened_at=command.occurred_at,
        reason=reason,
        calendar_version=command.calendar.version if command.calendar and reason in OF_THE_CALENDAR else None,
        rests_on=command.rests_on,
    )
