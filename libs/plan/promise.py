"""The promise of a first response: « En 2 heures », « En 4 heures », « Durant les heures d'ouverture »."""

from datetime import datetime, timedelta
from itertools import pairwise

from libs.messages.plan import ResponseTargets
from libs.messages.sla import Certificate, WorkingInterval
from libs.messages.tickets import Channel
from libs.workcal import WorkingCalendar, add_working_time, deadline, in_utc, tz_version


class BadCertificate(ValueError):  # noqa: N818 - named for what was given
    """A certificate whose working intervals do not bear a deadline."""


def target_of(targets: ResponseTargets, channel: Channel) -> timedelta:
    """Working time promised for tickets opened by a channel."""
    seconds = {
        Channel.PHONE: targets.targets.phone_seconds,
        Channel.EMAIL: targets.targets.email_seconds,
        Channel.WEB: targets.targets.web_seconds,
    }
    return timedelta(seconds=seconds[channel])


def promise(calendar: WorkingCalendar, targets: ResponseTargets, channel: Channel, opened_at: datetime) -> Certificate:
    """Promise a first response to a ticket, on the calendar of one centre.

    Raises `CalendarEnds` where the calendar is not published that far, `TooFarAhead` where it stays closed for a year.
    """
    target = target_of(targets, channel)
    due = deadline(calendar, opened_at, target)
    return Certificate(
        centre=calendar.name,
        zone=calendar.zone,
        channel=channel,
        opened_at=in_utc(opened_at),
        clock_started_at=due.started_at,
        target_seconds=target // timedelta(seconds=1),
        at_risk_at=add_working_time(calendar, opened_at, target * targets.at_risk_percent / 100),
        due_at=due.due_at,
        calendar_version=calendar.version,
        targets_version=targets.version,
        tz_version=tz_version(),
        intervals=tuple(WorkingInterval(opens_at=opens, closes_at=closes) for opens, closes in due.intervals),
    )


def recompute(certificate: Certificate) -> datetime:
    """Give the deadline that follows from a certificate's own intervals; raises `BadCertificate`."""
    _check_order(certificate)
    left = timedelta(seconds=certificate.target_seconds)
    for interval in certificate.intervals:
        length = interval.closes_at - interval.opens_at
        if left <= length:
            return interval.opens_at + left
        left -= length
    raise BadCertificate(f"{left} of the target are not covered by the intervals")


def _check_order(certificate: Certificate) -> None:
    intervals = certificate.intervals
    if not intervals or not certificate.opened_at <= certificate.clock_started_at == intervals[0].opens_at:
        raise BadCertificate("the clock does not start with the first interval")
    if any(interval.opens_at > interval.closes_at for interval in intervals):
        raise BadCertificate("an interval closes before it opens")
    if any(one.closes_at > other.opens_at for one, other in pairwise(intervals)):
        raise BadCertificate("two intervals overlap or are out of order")
