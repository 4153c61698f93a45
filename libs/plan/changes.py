"""What comes between a promise and its deadline: each function gives the certificate with one more change.

Where nothing changes it gives the certificate as it was. What happened is applied in the order of its instants, and
never moves what lies before its own. A promise that has run out by then stays.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from libs.messages.certificates import Certificate, CertificateChange, RetargetCause, WorkingInterval
from libs.messages.plan import ResponseTargets
from libs.messages.tickets import Channel
from libs.plan.certificates import MICROSECOND, SECOND, cut_to, in_force, legs, reached_at, used_between
from libs.plan.promise import closed_since, promise, target_of
from libs.workcal import CalendarEnds, Interval, TooFarAhead, WorkingCalendar, deadline, in_utc, tz_version


def with_calendar(certificate: Certificate, calendar: WorkingCalendar, published_at: datetime) -> Certificate:
    """Reckon the rest of the target on a newer calendar, or on its hours by another tz database, from its publication.

    Raises `CalendarEnds`, `TooFarAhead`, and ValueError for the calendar of another centre.
    """
    _check_centre(certificate, calendar)
    at, now = _instant(certificate, published_at), in_force(certificate)
    if at >= certificate.due_at or not _is_newer(calendar, now):
        return certificate
    leg = legs(certificate)[-1]
    left = leg.target - used_between(certificate.intervals, leg.counts_from, at)
    due = deadline(calendar, at, left * MICROSECOND)
    change = CertificateChange(
        changed_at=at,
        cause=_cause(calendar, now, certificate.due_at, due.due_at),
        used_microseconds=used_between(certificate.intervals, certificate.opened_at, at),
        target_seconds=now.target_seconds,
        calendar_version=calendar.version,
        targets_version=now.targets_version,
        tz_version=tz_version(),
        was_due_at=certificate.due_at,
        due_at=due.due_at,
    )
    return _on_calendar(certificate, calendar, change, due.intervals)


def with_targets(certificate: Certificate, targets: ResponseTargets, published_at: datetime) -> Certificate:
    """Take a shorter target from its publication on; the deadline is then at the earliest. A longer one is not ours."""
    at, now = _instant(certificate, published_at), in_force(certificate)
    target = target_of(targets, target_channel(certificate)) // timedelta(seconds=1)
    if at >= certificate.due_at or target >= now.target_seconds or targets.version <= now.targets_version:
        return certificate
    since = legs(certificate)[-1].counts_from
    due_at = _not_before(at, certificate, since, target * SECOND)
    change = CertificateChange(
        changed_at=at,
        cause=RetargetCause.SHORTER_TARGET,
        used_microseconds=used_between(certificate.intervals, certificate.opened_at, at),
        target_seconds=target,
        calendar_version=now.calendar_version,
        targets_version=targets.version,
        tz_version=now.tz_version,
        was_due_at=certificate.due_at,
        due_at=due_at,
    )
    warned_at = _not_before(at, certificate, since, target * SECOND * targets.at_risk_percent // 100)
    return _changed(certificate, change, cut_to(certificate.intervals, at, due_at), warned_at)


def with_call(
    certificate: Certificate, calendar: WorkingCalendar, targets: ResponseTargets, called_at: datetime
) -> Certificate:
    """Take the deadline of a telephone call about the ticket where it is the earlier one; it never becomes later.

    A call that is heard of late counts from its own instant: changes after it are in the calendar, which is the one
    that the certificate names last, else ValueError.
    """
    _check_centre(certificate, calendar)
    if calendar.version != in_force(certificate).calendar_version:
        raise ValueError(f"{calendar.name}: the promise does not stand on version {calendar.version} yet")
    at, target = max(in_utc(called_at), certificate.opened_at), target_of(targets, Channel.PHONE)
    try:
        due = deadline(calendar, at, target)
    except (CalendarEnds, TooFarAhead):
        return certificate
    if due.due_at >= certificate.due_at:
        return certificate
    change = CertificateChange(
        changed_at=at,
        cause=RetargetCause.CALL,
        used_microseconds=used_between(certificate.intervals, certificate.opened_at, at),
        target_seconds=target // timedelta(seconds=1),
        calendar_version=calendar.version,
        targets_version=targets.version,
        tz_version=tz_version(),
        was_due_at=certificate.due_at,
        due_at=due.due_at,
    )
    earlier = tuple(one for one in certificate.changes if one.changed_at <= at)
    known = certificate.model_copy(update={"changes": earlier})
    if targets.version < in_force(known).targets_version:
        raise ValueError(f"version {targets.version} of the targets was not in force at the call")
    share = target // MICROSECOND * targets.at_risk_percent // 100
    return _on_calendar(known, calendar, change, due.intervals, share)


def with_merge(survivor: Certificate, absorbed: Certificate, merged_at: datetime) -> Certificate:
    """Give the survivor the promise of the ticket absorbed in it, where that is the earlier one and still runs."""
    at, now = _instant(absorbed, merged_at), in_force(absorbed)
    if absorbed.due_at >= survivor.due_at or at >= absorbed.due_at:
        return survivor
    change = CertificateChange(
        changed_at=at,
        cause=RetargetCause.MERGE,
        used_microseconds=used_between(absorbed.intervals, absorbed.opened_at, at),
        target_seconds=now.target_seconds,
        calendar_version=now.calendar_version,
        targets_version=now.targets_version,
        tz_version=now.tz_version,
        was_due_at=survivor.due_at,
        due_at=absorbed.due_at,
    )
    return _changed(absorbed, change, cut_to(absorbed.intervals, at, absorbed.due_at), absorbed.at_risk_at)


def as_it_was(
    certificate: Certificate,
    calendar: WorkingCalendar,
    targets: Sequence[tuple[datetime, ResponseTargets]],
    calls: Sequence[datetime] = (),
) -> Certificate:
    """Reckon a promise from its opening on the calendar as it is known now, whenever that became known.

    `targets` are the publications from the one in force at the opening on, with their instants, in order; `calls` are
    those about the ticket. Raises `CalendarEnds` and `TooFarAhead`.
    """
    _check_centre(certificate, calendar)
    (_, known), *later = targets
    reckoned = promise(calendar, known, certificate.channel, certificate.opened_at)
    happened: list[tuple[datetime, ResponseTargets | None]] = [*later, *((called_at, None) for called_at in calls)]
    for at, published in sorted(happened, key=lambda one: (one[0], one[1] is None)):
        if published is None:
            reckoned = with_call(reckoned, calendar, known, at)
        else:
            known, reckoned = published, with_targets(reckoned, published, at)
    return reckoned


def _check_centre(certificate: Certificate, calendar: WorkingCalendar) -> None:
    if calendar.name != certificate.centre:
        raise ValueError(f"the promise of {certificate.centre} is not reckoned on the calendar of {calendar.name}")


def _instant(certificate: Certificate, happened_at: datetime) -> datetime:
    """What is heard of late, or was not known at the opening, holds from the last change or the opening on."""
    return max([in_utc(happened_at), certificate.opened_at, *(change.changed_at for change in certificate.changes)])


def _is_newer(calendar: WorkingCalendar, now: Certificate | CertificateChange) -> bool:
    if calendar.version == now.calendar_version:
        return tz_version() != now.tz_version
    return calendar.version > now.calendar_version


def _cause(
    calendar: WorkingCalendar, now: Certificate | CertificateChange, before: datetime, after: datetime
) -> RetargetCause:
    if calendar.version == now.calendar_version:
        return RetargetCause.TZ_VERSION
    if after == before:
        return RetargetCause.CALENDAR
    return RetargetCause.CLOSURE if after > before else RetargetCause.OPENING


def target_channel(certificate: Certificate) -> Channel:
    """Give the channel whose target runs: that of the opening, or the telephone after a call."""
    called = any(change.cause is RetargetCause.CALL for change in certificate.changes)
    return Channel.PHONE if called else certificate.channel


def _not_before(at: datetime, certificate: Certificate, since: datetime, working: int) -> datetime:
    """Give when so much working time is used, within the intervals there are, but no instant before another."""
    return max(at, reached_at(certificate.intervals, since, working) or certificate.due_at)


def _on_calendar(
    certificate: Certificate,
    calendar: WorkingCalendar,
    change: CertificateChange,
    ahead: Sequence[Interval],
    share: int | None = None,
) -> Certificate:
    """Go on by other intervals; `share` is the working time to the warning, by default as before."""
    at, since = change.changed_at, legs(certificate)[-1].counts_from
    if share is None:
        share = used_between(certificate.intervals, since, certificate.at_risk_at)
    else:
        since = at
    made = tuple(WorkingInterval(opens_at=opens, closes_at=closes) for opens, closes in ahead)
    changed = _changed(certificate, change, made, certificate.at_risk_at)
    started_at = changed.clock_started_at
    update = {
        "at_risk_at": _not_before(at, changed, since, share) if certificate.at_risk_at > at else certificate.at_risk_at,
        "closed_since": closed_since(calendar, at, started_at) if at == certificate.opened_at else changed.closed_since,
        "zone": calendar.zone,
    }
    return changed.model_copy(update=update)


def _changed(
    certificate: Certificate, change: CertificateChange, ahead: tuple[WorkingInterval, ...], warned_at: datetime
) -> Certificate:
    at = change.changed_at
    intervals = (*cut_to(certificate.intervals, certificate.opened_at, at), *ahead)
    update = {
        "clock_started_at": intervals[0].opens_at,
        "intervals": intervals,
        "changes": (*certificate.changes, change),
        "at_risk_at": warned_at if certificate.at_risk_at > at else certificate.at_risk_at,
        "due_at": change.due_at,
    }
    return certificate.model_copy(update=update)
