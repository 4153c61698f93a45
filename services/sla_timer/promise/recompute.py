"""What a publication does to a promise that runs.

It applies from its own instant on: working time already used stays used. A promise that is over by then stays as it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, assert_never

from libs.messages.base import FactVersion
from libs.messages.certificates import Certificate
from libs.messages.facts import resting_on
from libs.messages.sla import AbsorbedPromise, FirstResponseNotRetargeted, FirstResponseRetargeted, NoPromise
from libs.plan import NoTarget, as_it_was, current_grounds, with_calendar, with_merge, with_targets, working_calendar
from libs.workcal import CalendarEnds, TooFarAhead
from services.sla_timer.promise.state import Absorbed, Promise, State, Waiting
from services.sla_timer.published.publications import (
    Publication,
    Publications,
    PublishedCalendar,
    PublishedTargets,
    of_centre,
    published_by,
)
from services.sla_timer.published.tz_changes import TzChange, concerns


@dataclass(frozen=True)
class RecomputePromise:
    """Reckon a promise that runs on what was published by `occurred_at`; a duty."""

    occurred_at: datetime
    calendars: tuple[PublishedCalendar, ...]
    targets: tuple[PublishedTargets, ...]
    tz_changes: tuple[TzChange, ...] = ()


class PassedOver(NamedTuple):
    """A calendar on which no deadline could be given, and the version of the tz database where that was the reason."""

    calendar: PublishedCalendar
    reason: NoPromise
    tz_change: TzChange | None = None


class ReckonedCertificate(NamedTuple):
    """A certificate after some publications, and what of them it rests on."""

    certificate: Certificate
    rests_on: tuple[FactVersion, ...]
    passed: PassedOver | None


def restated_due_at(
    promise: Promise, calendars: Sequence[PublishedCalendar], targets: Sequence[PublishedTargets]
) -> datetime | None:
    """The deadline as it would be if all had been known from the opening on; None where none can be given.

    None as well where the calendars are older than the certificate, or of other centres.
    """
    certificate = promise.certificate
    newest = newest_of(certificate, calendars)
    since = [one for one in targets if one.content.version >= certificate.targets_version]
    if newest is None or not since:
        return None
    ordered = sorted(since, key=lambda one: (one.published_at, one.sequence))
    pairs = [(one.published_at, one.content) for one in ordered]
    try:
        return as_it_was(certificate, working_calendar(newest.content), pairs, promise.calls).due_at
    except (NoTarget, CalendarEnds, TooFarAhead):
        return None


def newest_of(certificate: Certificate, calendars: Iterable[PublishedCalendar]) -> PublishedCalendar | None:
    """The newest calendar of a promise's centre; None where none is as new as what the promise rests on."""
    newest = max(of_centre(calendars, certificate.centre), key=lambda one: one.content.version, default=None)
    known = current_grounds(certificate).calendar_version
    return newest if newest and newest.content.version >= known else None


def recompute(state: State, command: RecomputePromise) -> FirstResponseRetargeted | FirstResponseNotRetargeted | None:
    """Apply what was published since, in the order of its instants; None where nothing concerns the promise."""
    if not isinstance(state, Waiting):
        return None
    published = Publications(command.calendars, command.targets, command.tz_changes)
    made, now = state.promise, command.occurred_at
    if made.absorbed:
        return _recompute_several(state, published, now)
    found = reckoned(state, published, now)
    if found.rests_on:
        after = replace(made, certificate=found.certificate)
        restated = restated_due_at(after, published_by(command.calendars, now), published_by(command.targets, now))
        return retargeted(made, after, found.rests_on, restated)
    return _not_retargeted(made, found.passed) if found.passed else None


def _recompute_several(
    state: Waiting, published: Publications, now: datetime
) -> FirstResponseRetargeted | FirstResponseNotRetargeted | None:
    """Reckon the ticket's own promise and those of absorbed tickets, each on its own calendar; the earliest stands."""
    made, each = state.promise, reckoned_each(state, published, now)
    rests_on = tuple(dict.fromkeys(fact for found in each.values() for fact in found.rests_on))
    if rests_on:
        certificates = {ticket: found.certificate for ticket, found in each.items()}
        return retargeted(made, with_each(made, certificates), rests_on, None)
    passed = next(((ticket, found.passed) for ticket, found in each.items() if found.passed), None)
    return _not_retargeted(made, passed[1]).model_copy(update={"of": passed[0]}) if passed else None


def reckoned_each(state: Waiting, published: Publications, now: datetime) -> dict[str, ReckonedCertificate]:
    """By ticket: the promise of each merged ticket, reckoned on all that was published by `now`; its own first."""
    return {ticket: reckoned(one, published, now) for ticket, one in _alone(state).items()}


def _alone(state: Waiting) -> dict[str, Waiting]:
    """By ticket: each of the promises that were merged into one, as if it ran by itself."""
    made = state.promise
    own = replace(made, certificate=made.own or made.certificate)
    found = {made.ticket: replace(state, promise=own)}
    for one in made.absorbed:
        promise = replace(made, certificate=one.certificate)
        found[one.ticket] = Waiting(promise, passed_over=one.passed_over, passed_over_tz=one.passed_over_tz)
    return found


def with_each(made: Promise, certificates: Mapping[str, Certificate]) -> Promise:
    """The promise with new certificates, by ticket, for itself and for those merged into it."""
    own = certificates[made.ticket]
    absorbed = tuple(replace(one, certificate=certificates[one.ticket]) for one in made.absorbed)
    return replace(made, certificate=earliest(own, absorbed), own=own, absorbed=absorbed)


def earliest(own: Certificate, absorbed: Iterable[Absorbed]) -> Certificate:
    """Of a ticket's own promise and those of tickets absorbed in it, the one that ends first."""
    for one in absorbed:
        own = with_merge(own, one.certificate, one.merged_at)
    return own


def reckoned(state: Waiting, published: Publications, now: datetime) -> ReckonedCertificate:
    """The certificate after applying all that was published by an instant, in order."""
    certificate = state.promise.certificate
    rests_on: list[FactVersion] = []
    passed: PassedOver | None = None
    for publication in _since(state, published, now):
        after = _applied(certificate, publication, published.calendars)
        if isinstance(after, PassedOver):
            passed = after
        elif after != certificate:
            certificate = after
            rests_on += resting_on(publication)
    return ReckonedCertificate(certificate, tuple(rests_on), passed)


def _since(state: Waiting, published: Publications, now: datetime) -> list[Publication]:
    certificate = state.promise.certificate
    known = current_grounds(certificate)
    reckoned_on = max(known.calendar_version, state.passed_over)
    calendars = published_by(of_centre(published.calendars, certificate.centre), now)
    newer: list[Publication] = [one for one in calendars if one.content.version > reckoned_on]
    newer += [one for one in published_by(published.targets, now) if one.content.version > known.targets_version]
    newer += [one for one in published_by(published.tz_changes, now) if one.version > (state.passed_over_tz or "")]
    return sorted(newer, key=lambda one: (one.published_at, one.stream, one.sequence))


def _applied(
    certificate: Certificate, publication: Publication, calendars: Sequence[PublishedCalendar]
) -> Certificate | PassedOver:
    match publication:
        case PublishedTargets():
            return with_targets(certificate, publication.content, publication.published_at)
        case PublishedCalendar():
            return _on_calendar(certificate, publication, publication.published_at)
        case TzChange() if concerns(publication, certificate):
            return _by_tz(certificate, publication, calendars)
        case TzChange():
            return certificate
        case _:
            assert_never(publication)


def _on_calendar(certificate: Certificate, calendar: PublishedCalendar, at: datetime) -> Certificate | PassedOver:
    try:
        return with_calendar(certificate, working_calendar(calendar.content), at)
    except CalendarEnds:
        return PassedOver(calendar, NoPromise.CALENDAR_ENDS)
    except TooFarAhead:
        return PassedOver(calendar, NoPromise.NO_OPENING_IN_A_YEAR)


def _by_tz(
    certificate: Certificate, change: TzChange, calendars: Iterable[PublishedCalendar]
) -> Certificate | PassedOver:
    """Reckon on the same calendar or, where it was read too late to be among `calendars`, on the next version."""
    known = current_grounds(certificate).calendar_version
    of_promise = (one for one in of_centre(calendars, certificate.centre) if one.content.version >= known)
    calendar = min(of_promise, key=lambda one: one.content.version, default=None)
    if calendar is None:
        return certificate
    after = _on_calendar(certificate, calendar, change.published_at)
    return after._replace(tz_change=change) if isinstance(after, PassedOver) else after


def retargeted(
    before: Promise,
    after: Promise,
    rests_on: tuple[FactVersion, ...],
    restated: datetime | None,
    called_at: datetime | None = None,
) -> FirstResponseRetargeted:
    """The event that gives a promise other grounds."""
    return FirstResponseRetargeted(
        ticket=before.ticket,
        customer=before.customer,
        centre=before.centre,
        channel=before.channel,
        private=before.private,
        language=before.language,
        certificate=after.certificate,
        was_due_at=before.due_at,
        restated_due_at=restated if restated != after.due_at else None,
        called_at=called_at,
        own=after.own if after.absorbed else None,
        absorbed=as_told(after.absorbed),
        rests_on=rests_on,
    )


def as_told(absorbed: Iterable[Absorbed]) -> tuple[AbsorbedPromise, ...]:
    """The promises of absorbed tickets, as an event tells of them."""
    return tuple(
        AbsorbedPromise(ticket=one.ticket, merged_at=one.merged_at, certificate=one.certificate) for one in absorbed
    )


def _not_retargeted(made: Promise, passed: PassedOver) -> FirstResponseNotRetargeted:
    return FirstResponseNotRetargeted(
        ticket=made.ticket,
        customer=made.customer,
        centre=made.centre,
        channel=made.channel,
        due_at=made.due_at,
        reason=passed.reason,
        calendar_version=passed.calendar.content.version,
        tz_version=passed.tz_change.version if passed.tz_change else None,
        rests_on=resting_on(passed.tz_change or passed.calendar),
    )
