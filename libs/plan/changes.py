"""Changes of a promise before its deadline: each function returns the certificate with one more change.

Where nothing changes it returns the certificate as it was. Changes are applied in the order of their instants, and
alter nothing before their own. A promise that has run out by then stays as it is.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from libs.messages.certificates import AtRisk, Certificate, CertificateChange, RetargetCause, WorkingInterval
from libs.messages.plan import ResponseTargets
from libs.messages.tickets import Channel
from libs.plan.certificates import MICROSECOND, SECOND, current_grounds, cut_to, legs, reached_at, used_between
from libs.plan.promise import closed_since, promise, target_of
from libs.workcal import CalendarEnds, Interval, TooFarAhead, WorkingCalendar, deadline, in_utc, tz_version

Warnings = tuple[AtRisk, ...]
Share = tuple[int, int]
"""Percent of a target, and as working time in microseconds."""


def with_calendar(certificate: Certificate, calendar: WorkingCalendar, published_at: datetime) -> Certificate:
    """Reckon the rest of the target on a newer calendar, or on its hours by another tz database, from its publication.

    Raises `CalendarEnds`, `TooFarAhead`, and ValueError for the calendar of another centre.
    """
    _check_centre(certificate, calendar)
    at, now = _instant(certificate, published_at), current_grounds(certificate)
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
    shares = [
        (one.percent, used_between(certificate.intervals, leg.counts_from, one.at_risk_at))
        for one in certificate.at_risk
    ]
    return _on_calendar(certificate, calendar, change, due.intervals, leg.counts_from, shares)


def with_targets(certificate: Certificate, targets: ResponseTargets, published_at: datetime) -> Certificate:
    """Apply a shorter target from its publication on; the deadline does not move before that instant.

    A longer target, or none for the channel any more, applies only to new tickets.
    """
    at, now = _instant(certificate, published_at), current_grounds(certificate)
    promised = target_of(targets, target_channel(certificate))
    if promised is None or at >= certificate.due_at or targets.version <= now.targets_version:
        return certificate
    target = promised // timedelta(seconds=1)
    if target >= now.target_seconds:
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
    at_risk = _at_risk(at, certificate, since, _shares(targets, target * SECOND))
    return _changed(certificate, change, cut_to(certificate.intervals, at, due_at), at_risk)


def with_call(
    certificate: Certificate, calendar: WorkingCalendar, targets: ResponseTargets, called_at: datetime
) -> Certificate:
    """Take the deadline of a telephone call about the ticket where it is the earlier one; it never becomes later.

    Where nothing is promised by telephone, a call changes nothing. A call that is recorded late counts from its own
    instant: changes after it are in the calendar, which must be the last that the certificate names, else ValueError.
    """
    _check_centre(certificate, calendar)
    if calendar.version != current_grounds(certificate).calendar_version:
        raise ValueError(f"{calendar.name}: the promise does not stand on version {calendar.version} yet")
    at, target = max(in_utc(called_at), certificate.opened_at), target_of(targets, Channel.PHONE)
    if target is None:
        return certificate
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
    if targets.version < current_grounds(known).targets_version:
        raise ValueError(f"version {targets.version} of the targets was not in force at the call")
    return _on_calendar(known, calendar, change, due.intervals, at, _shares(targets, target // MICROSECOND))


def with_merge(survivor: Certificate, absorbed: Certificate, merged_at: datetime) -> Certificate:
    """The survivor's certificate, with the absorbed ticket's promise where that is earlier and still runs."""
    at, now = _instant(absorbed, merged_at), current_grounds(absorbed)
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
    return _changed(absorbed, change, cut_to(absorbed.intervals, at, absorbed.due_at), absorbed.at_risk)


def with_merge_undone(own: Certificate, merged_at: datetime, was_due_at: datetime) -> Certificate:
    """The certificate of a ticket from which another one is separated again: from the merge on, its own deadline holds.

    While both were merged the other's deadline held where that was earlier (`was_due_at`).
    """
    at, now = _instant(own, merged_at), current_grounds(own)
    if was_due_at >= own.due_at or at >= own.due_at:
        return own
    change = CertificateChange(
        changed_at=at,
        cause=RetargetCause.MERGE_UNDONE,
        used_microseconds=used_between(own.intervals, own.opened_at, at),
        target_seconds=now.target_seconds,
        calendar_version=now.calendar_version,
        targets_version=now.targets_version,
        tz_version=now.tz_version,
        was_due_at=was_due_at,
        due_at=own.due_at,
    )
    return _changed(own, change, cut_to(own.intervals, at, own.due_at), own.at_risk)


def as_it_was(
    certificate: Certificate,
    calendar: WorkingCalendar,
    targets: Sequence[tuple[datetime, ResponseTargets]],
    calls: Sequence[datetime] = (),
) -> Certificate:
    """Reckon a promise from its opening on the calendar as it is known now, whenever that became known.

    `targets` are the publications from the one in force at the opening on, with their instants, in order; `calls` are
    those about the ticket. Raises `NoTarget`, `CalendarEnds` and `TooFarAhead`.
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
    """The instant from which a change holds; one from before the opening or the last change holds from there on."""
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
    """The channel whose target runs: that of the opening, or the telephone after a call."""
    called = any(change.cause is RetargetCause.CALL for change in certificate.changes)
    return Channel.PHONE if called else certificate.channel


def _not_before(at: datetime, certificate: Certificate, since: datetime, working: int) -> datetime:
    """When so much working time is used, within the certificate's intervals, but not before `at`."""
    return max(at, reached_at(certificate.intervals, since, working) or certificate.due_at)


def _on_calendar(
    certificate: Certificate,
    calendar: WorkingCalendar,
    change: CertificateChange,
    ahead: Sequence[Interval],
    since: datetime,
    shares: Iterable[Share],
) -> Certificate:
    """Continue on the intervals of a calendar; `shares` are counted from `since`."""
    at = change.changed_at
    made = tuple(WorkingInterval(opens_at=opens, closes_at=closes) for opens, closes in ahead)
    changed = _changed(certificate, change, made)
    started_at = changed.clock_started_at
    update = {
        "at_risk": _warned(certificate, at, _at_risk(at, changed, since, shares)),
        "closed_since": closed_since(calendar, at, started_at) if at == certificate.opened_at else changed.closed_since,
        "zone": calendar.zone,
    }
    return changed.model_copy(update=update)


def _changed(
    certificate: Certificate, change: CertificateChange, ahead: tuple[WorkingInterval, ...], at_risk: Warnings = ()
) -> Certificate:
    at = change.changed_at
    intervals = (*cut_to(certificate.intervals, certificate.opened_at, at), *ahead)
    update = {
        "clock_started_at": intervals[0].opens_at,
        "intervals": intervals,
        "changes": (*certificate.changes, change),
        "at_risk": _warned(certificate, at, at_risk),
        "due_at": change.due_at,
    }
    return certificate.model_copy(update=update)


def _shares(targets: ResponseTargets, target: int) -> list[Share]:
    return [(percent, target * percent // 100) for percent in targets.at_risk_percents]


def _at_risk(at: datetime, certificate: Certificate, since: datetime, shares: Iterable[Share]) -> Warnings:
    """When each share is used up, but not before `at`: a share that is used up by then is warned of at once."""
    return tuple(
        AtRisk(percent=percent, at_risk_at=_not_before(at, certificate, since, working)) for percent, working in shares
    )


def _warned(certificate: Certificate, at: datetime, later: Warnings) -> Warnings:
    """Keep the warnings up to `at`, and of the later ones add those of greater shares."""
    passed = tuple(one for one in certificate.at_risk if one.at_risk_at <= at)
    greatest = max((one.percent for one in passed), default=0)
    return (*passed, *(one for one in later if one.percent > greatest))
