"""The promise of a first response: « En 2 heures », « En 4 heures », « Durant les heures d'ouverture »."""

from datetime import datetime, timedelta

from libs.messages.certificates import AtRisk, Certificate, WorkingInterval
from libs.messages.plan import ResponseTargets
from libs.messages.tickets import Channel
from libs.workcal import WorkingCalendar, add_working_time, deadline, in_utc, last_closing, tz_version


class NoTarget(ValueError):  # noqa: N818 - named for what there is not
    """Nothing is promised to tickets that are opened by this channel."""


def target_of(targets: ResponseTargets, channel: Channel) -> timedelta | None:
    """Working time promised for tickets opened by a channel; None where nothing is."""
    seconds = {
        Channel.PHONE: targets.targets.phone_seconds,
        Channel.EMAIL: targets.targets.email_seconds,
        Channel.WEB: targets.targets.web_seconds,
    }
    target = seconds[channel]
    return None if target is None else timedelta(seconds=target)


def promise(calendar: WorkingCalendar, targets: ResponseTargets, channel: Channel, opened_at: datetime) -> Certificate:
    """Promise a first response to a ticket, on the calendar of one centre.

    Raises `NoTarget` where nothing is promised on the channel, `CalendarEnds` where the calendar is not published that
    far, `TooFarAhead` where it stays closed for a year.
    """
    target = target_of(targets, channel)
    if target is None:
        raise NoTarget(f"version {targets.version} of the targets has none for {channel}")
    due = deadline(calendar, opened_at, target)
    return Certificate(
        centre=calendar.name,
        zone=calendar.zone,
        channel=channel,
        opened_at=in_utc(opened_at),
        clock_started_at=due.started_at,
        target_seconds=target // timedelta(seconds=1),
        at_risk=tuple(
            AtRisk(percent=percent, at_risk_at=add_working_time(calendar, opened_at, target * percent / 100))
            for percent in targets.at_risk_percents
        ),
        due_at=due.due_at,
        calendar_version=calendar.version,
        targets_version=targets.version,
        tz_version=tz_version(),
        intervals=tuple(WorkingInterval(opens_at=opens, closes_at=closes) for opens, closes in due.intervals),
        closed_since=closed_since(calendar, in_utc(opened_at), due.started_at),
    )


def closed_since(calendar: WorkingCalendar, opened_at: datetime, started_at: datetime) -> datetime | None:
    """The last closing by the ticket's opening, where the clock could not start then; None where it could."""
    return None if opened_at == started_at else last_closing(calendar, opened_at)
