"""A certificate judged from itself alone: which deadline follows from its intervals, and whether all else agrees.

The calendar and the versions, which it only names, are not checked here, but against what was published.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from libs.messages.base import rfc3339
from libs.messages.certificates import AtRisk, Certificate, CertificateChange, RetargetCause, WorkingInterval
from libs.workcal import Interval, UnknownZone, zone

MICROSECOND = timedelta.resolution
SECOND = 1_000_000
"""In microseconds, like all working time here."""


class BadCertificate(ValueError):  # noqa: N818 - named for what was given
    """A certificate that contradicts itself; the text says where."""


class Leg(NamedTuple):
    """The time between two changes of a promise, or before the first or after the last one."""

    begins_at: datetime
    counts_from: datetime
    """Where working time counts from: the opening, or the last telephone call."""
    target: int


class Rule(NamedTuple):
    """What a change by some cause must alter, what it may alter, and which way it moves the deadline (-1: earlier)."""

    must: frozenset[str]
    may: frozenset[str] = frozenset()
    moves: int | None = None
    continues: bool = True
    """Whether it begins from the deadline of the change before it, so that none in between is left out."""


GROUNDS = frozenset({"target_seconds", "calendar_version", "targets_version", "tz_version"})
_CALENDAR, _TZ = frozenset({"calendar_version"}), frozenset({"tz_version"})
RULES = {
    RetargetCause.CALL: Rule(frozenset(), GROUNDS, -1, continues=False),
    RetargetCause.CLOSURE: Rule(_CALENDAR, _TZ, 1),
    RetargetCause.OPENING: Rule(_CALENDAR, _TZ, -1),
    RetargetCause.CALENDAR: Rule(_CALENDAR, _TZ, 0),
    RetargetCause.SHORTER_TARGET: Rule(frozenset({"target_seconds", "targets_version"}), frozenset(), -1),
    RetargetCause.MERGE: Rule(frozenset(), frozenset(), -1, continues=False),
    RetargetCause.MERGE_UNDONE: Rule(frozenset(), frozenset(), 1, continues=False),
    RetargetCause.TZ_VERSION: Rule(_TZ),
}
LONGEST_TARGET = 366 * 86_400 * SECOND
_DIRECTIONS = {-1: "earlier", 0: "the same", 1: "later"}


def verify(certificate: Certificate) -> None:
    """Recompute a certificate and compare all that follows from it; raises `BadCertificate` with the reason."""
    due = recompute(certificate)
    for stated in {certificate.due_at, current_grounds(certificate).due_at} - {due}:
        raise BadCertificate(f"the target is used up at {rfc3339(due)}, not at the due_at {rfc3339(stated)}")
    if certificate.intervals[-1].closes_at > due:
        raise BadCertificate(f"an interval goes on after the deadline {rfc3339(due)}")
    _check_causes(certificate)
    _check_at_risk(certificate)


def recompute(certificate: Certificate) -> datetime:
    """The deadline that follows from a certificate's intervals and changes; raises `BadCertificate`."""
    _check_start(certificate)
    _check_order(certificate.intervals)
    _check_changes(certificate)
    last = legs(certificate)[-1]
    reached = reached_at(certificate.intervals, last.counts_from, last.target)
    if reached is None:
        left = last.target - used_between(certificate.intervals, last.counts_from, certificate.intervals[-1].closes_at)
        raise BadCertificate(f"{left * MICROSECOND} of the target are not covered by the intervals")
    return max(reached, last.begins_at)


def current_grounds(certificate: Certificate) -> Certificate | CertificateChange:
    """What holds the current target, versions and deadline: the last change, or the certificate itself."""
    return certificate.changes[-1] if certificate.changes else certificate


def reckoned_from(certificate: Certificate) -> datetime:
    """The instant from which on a promise rests on the grounds that are in force now."""
    return certificate.changes[-1].changed_at if certificate.changes else certificate.opened_at


def legs(certificate: Certificate) -> list[Leg]:
    """The legs of a promise, one more than it has changes."""
    start = certificate.opened_at
    found = [Leg(start, start, certificate.target_seconds * SECOND)]
    for change in certificate.changes:
        anew = change.cause is RetargetCause.CALL
        counts_from = change.changed_at if anew else found[-1].counts_from
        found.append(Leg(change.changed_at, counts_from, change.target_seconds * SECOND))
    return found


def used_between(intervals: Iterable[WorkingInterval | Interval], since: datetime, until: datetime) -> int:
    """The working time between two instants, in microseconds."""
    ends = ((max(one.opens_at, since), min(one.closes_at, until)) for one in intervals)
    return sum((closes - opens) // MICROSECOND for opens, closes in ends if opens < closes)


def used_until(certificate: Certificate, instant: datetime) -> timedelta:
    """The working time that was used by an instant, of the target that ran then."""
    leg = [leg for leg in legs(certificate) if leg.begins_at <= max(instant, certificate.opened_at)][-1]
    return used_between(certificate.intervals, leg.counts_from, instant) * MICROSECOND


def cut_to(intervals: Iterable[WorkingInterval], since: datetime, until: datetime) -> tuple[WorkingInterval, ...]:
    """The parts of the intervals between two instants."""
    ends = ((max(one.opens_at, since), min(one.closes_at, until)) for one in intervals)
    return tuple(WorkingInterval(opens_at=opens, closes_at=closes) for opens, closes in ends if opens < closes)


def reached_at(intervals: Iterable[WorkingInterval], since: datetime, working: int) -> datetime | None:
    """The earliest instant by which so much working time has passed since another; None when it never has."""
    for interval in intervals:
        opens_at = max(interval.opens_at, since)
        length = max(0, (interval.closes_at - opens_at) // MICROSECOND)
        if working <= length:
            return opens_at + working * MICROSECOND
        working -= length
    return None


def _check_start(certificate: Certificate) -> None:
    opened_at, started_at, closed = certificate.opened_at, certificate.clock_started_at, certificate.closed_since
    try:
        zone(certificate.zone)
    except UnknownZone as error:
        raise BadCertificate(str(error)) from error
    if not all(0 < leg.target <= LONGEST_TARGET for leg in legs(certificate)):
        raise BadCertificate("a target is more than nothing, and less than a year")
    if not certificate.intervals or not opened_at <= started_at == certificate.intervals[0].opens_at:
        raise BadCertificate("the clock does not start with the first interval, at the opening of the ticket or after")
    if opened_at < started_at and (closed is None or closed > opened_at):
        raise BadCertificate("the clock starts after the opening of the ticket, but the centre was not closed by then")
    if opened_at == started_at and closed is not None:
        raise BadCertificate("the clock starts at the opening of the ticket, but the centre was closed by then")


def _check_order(intervals: tuple[WorkingInterval, ...]) -> None:
    if any(interval.opens_at >= interval.closes_at for interval in intervals):
        raise BadCertificate("an interval does not close after it opens")
    if any(one.closes_at > other.opens_at for one, other in pairwise(intervals)):
        raise BadCertificate("two intervals overlap or are out of order")


def _check_changes(certificate: Certificate) -> None:
    for leg, change in zip(legs(certificate), certificate.changes, strict=False):
        at, intervals = change.changed_at, certificate.intervals
        what = _named(change)
        if at < leg.begins_at:
            raise BadCertificate(f"{what} is out of order")
        if any(interval.opens_at < at < interval.closes_at for interval in intervals):
            raise BadCertificate(f"{what} is within an interval: part of it would rest on other grounds")
        used = used_between(intervals, certificate.opened_at, at)
        if used != change.used_microseconds:
            raise BadCertificate(f"{what} found {used} microseconds used, not {change.used_microseconds}")
        if used_between(intervals, leg.counts_from, at) >= leg.target:
            raise BadCertificate(f"{what} found the target used up")


def _check_causes(certificate: Certificate) -> None:
    before: Certificate | CertificateChange = certificate
    for (was, now), change in zip(pairwise(legs(certificate)), certificate.changes, strict=True):
        what, at = _named(change), change.changed_at
        if change.cause not in RULES:
            raise BadCertificate(f"{what}: no such cause is known here")
        _check_grounds(what, before, change)
        _check_room(what, at, now.target - used_between(certificate.intervals, now.counts_from, at), change.due_at)
        if RULES[change.cause].continues:
            left = was.target - used_between(certificate.intervals, was.counts_from, at)
            _check_room(what, at, left, change.was_due_at)
            if isinstance(before, CertificateChange) and change.was_due_at != before.due_at:
                raise BadCertificate(f"{what} does not begin from the deadline {rfc3339(before.due_at)}")
        _check_move(what, change)
        before = change


def _named(change: CertificateChange) -> str:
    return f"the change by {change.cause} at {rfc3339(change.changed_at)}"


def _check_room(what: str, at: datetime, left: int, due_at: datetime) -> None:
    """Check that what is left of a target fits into the wall time until the deadline.

    That is all that can be checked where a later change has replaced the intervals.
    """
    if (due_at - at) // MICROSECOND < max(0, left):
        raise BadCertificate(f"{what} leaves more of the target than there is time until {rfc3339(due_at)}")


def _check_grounds(what: str, before: Certificate | CertificateChange, change: CertificateChange) -> None:
    rule = RULES[change.cause]
    other = {name for name in GROUNDS if getattr(before, name) != getattr(change, name)}
    for name in sorted(rule.must - other):
        raise BadCertificate(f"{what} has the {name} of before")
    for name in sorted(other - rule.must - rule.may):
        raise BadCertificate(f"{what} has another {name} than before")
    for name in ("calendar_version", "targets_version"):
        if getattr(change, name) < getattr(before, name):
            raise BadCertificate(f"{what} goes back to an older {name}")
    if change.cause is RetargetCause.SHORTER_TARGET and change.target_seconds >= before.target_seconds:
        raise BadCertificate(f"{what} has no shorter target")


def _check_move(what: str, change: CertificateChange) -> None:
    moves = (change.due_at > change.was_due_at) - (change.due_at < change.was_due_at)
    wanted = RULES[change.cause].moves
    if wanted is not None and moves != wanted:
        raise BadCertificate(f"{what} makes the deadline {_DIRECTIONS[moves]}, not {_DIRECTIONS[wanted]}")


def _check_at_risk(certificate: Certificate) -> None:
    for one, other in pairwise(certificate.at_risk):
        if one.percent >= other.percent or one.at_risk_at > other.at_risk_at:
            raise BadCertificate(f"the warnings at {one.percent} % and at {other.percent} % are out of order")
    for one in certificate.at_risk:
        if not _is_warning(certificate, one):
            raise BadCertificate(
                f"at {rfc3339(one.at_risk_at)}, {one.percent} % of the target are not used up just then"
            )


def _is_warning(certificate: Certificate, warning: AtRisk) -> bool:
    """Whether a share of a target is used up just at that instant, or a shorter target came into force then."""
    at, intervals = warning.at_risk_at, certificate.intervals
    leg = [leg for leg in legs(certificate) if leg.begins_at < at or leg.begins_at == certificate.opened_at][-1]
    is_working = any(interval.opens_at < at <= interval.closes_at for interval in intervals)
    if is_working and used_between(intervals, leg.counts_from, at) * 100 == leg.target * warning.percent:
        return True
    return any(
        at == change.changed_at and change.cause is RetargetCause.SHORTER_TARGET for change in certificate.changes
    )
