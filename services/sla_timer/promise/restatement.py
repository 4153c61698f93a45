"""What a verdict would be if all that is known now had been known in time; the verdict itself stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from libs.messages.base import FactVersion
from libs.messages.facts import resting_on
from libs.messages.sla import FirstResponseRestated, RestatementCause, Verdict
from libs.plan import NoTarget, as_it_was, current_grounds, promise, working_calendar
from libs.workcal import CalendarEnds, TooFarAhead
from services.sla_timer.promise.histories import PromiseHistory, WhatFollows, what_follows
from services.sla_timer.promise.recompute import newest_of, restated_due_at
from services.sla_timer.promise.state import Judged, State
from services.sla_timer.published.publications import (
    PublishedCalendar,
    PublishedTargets,
    in_force,
    of_centre,
    published_by,
)
from services.sla_timer.published.tz_changes import TzChange


@dataclass(frozen=True)
class RestatePromise:
    """Reckon a judged promise once more on what was published by `occurred_at`; a duty."""

    occurred_at: datetime
    calendars: tuple[PublishedCalendar, ...]
    targets: tuple[PublishedTargets, ...]
    merged: tuple[PromiseHistory, ...] = ()
    """All that is known of the ticket and of those merged with it, where any are; `calendars` are those of them all."""
    tz_changes: tuple[TzChange, ...] = ()


NEVER = datetime.max.replace(tzinfo=UTC)


class KnownDeadline(NamedTuple):
    """The deadline as it would be, and what it rests on."""

    due_at: datetime
    calendar_version: int
    rests_on: tuple[FactVersion, ...]


def restate(state: State, command: RestatePromise) -> FirstResponseRestated | None:
    """Restate a verdict; None where nothing new is to be said."""
    if not isinstance(state, Judged):
        return None
    if command.merged:
        return _restate_merged(state, command)
    made, known = state.promise, _known(state, command)
    restated = _verdict(state, known.due_at, command.occurred_at)
    if (restated, known.due_at) == (_stated(state), _due_at(state)):
        return None
    return FirstResponseRestated(
        ticket=made.ticket,
        customer=made.customer,
        centre=made.centre,
        transferred_to=made.transferred_to,
        channel=made.channel,
        cause=_cause(state, known, restated),
        promised=state.verdict,
        stated=_stated(state),
        restated=restated,
        due_at=made.due_at,
        restated_due_at=known.due_at,
        responded_at=state.responded_at,
        cancelled_at=state.cancelled_at,
        calendar_version=known.calendar_version,
        rests_on=known.rests_on,
    )


def stand_merged(command: RestatePromise) -> dict[str, WhatFollows]:
    """How the promises of merged tickets stand by all that is known of them, by their tickets."""
    now = command.occurred_at
    calendars, targets = published_by(command.calendars, now), published_by(command.targets, now)

    def deadline(history: PromiseHistory, calls: Sequence[datetime]) -> datetime | None:
        return deadline_of(history, calls, calendars, targets)

    return what_follows(command.merged, deadline, now)


def deadline_of(
    history: PromiseHistory,
    calls: Sequence[datetime],
    calendars: Sequence[PublishedCalendar],
    targets: Sequence[PublishedTargets],
) -> datetime | None:
    """The deadline of a ticket alone if all had been known from its opening on; None where none can be given."""
    newest = max(of_centre(calendars, history.centre), key=lambda one: one.content.version, default=None)
    first = in_force(targets, history.opened_at)
    if newest is None or first is None:
        return None
    since = [one for one in targets if one.content.version >= first.content.version]
    pairs = [(one.published_at, one.content) for one in sorted(since, key=lambda one: (one.published_at, one.sequence))]
    calendar = working_calendar(newest.content)
    try:
        made = promise(calendar, pairs[0][1], history.channel, history.opened_at)
        return as_it_was(made, calendar, pairs, sorted(calls)).due_at
    except (NoTarget, CalendarEnds, TooFarAhead):
        return None


def _restate_merged(state: Judged, command: RestatePromise) -> FirstResponseRestated | None:
    """Restate by the facts of all tickets that were merged, where that is another verdict than was stated last.

    Where a promise should still run, nothing is said yet.
    """
    made = state.promise
    found = stand_merged(command).get(made.ticket)
    if found is None or found.verdict is None or found.verdict is _stated(state):
        return None
    newest = newest_of(made.certificate, published_by(command.calendars, command.occurred_at))
    version = max(state.calendar_version, current_grounds(made.certificate).calendar_version)
    is_cancelled = found.verdict is Verdict.CANCELLED
    return FirstResponseRestated(
        ticket=made.ticket,
        customer=made.customer,
        centre=made.centre,
        transferred_to=made.transferred_to,
        channel=made.channel,
        cause=RestatementCause.LATE_CANCELLATION if is_cancelled else RestatementCause.MERGE,
        promised=state.verdict,
        stated=_stated(state),
        restated=found.verdict,
        due_at=made.due_at,
        restated_due_at=found.due_at,
        responded_at=found.responded_at or state.responded_at,
        cancelled_at=found.cancelled_at,
        calendar_version=max(version, newest.content.version) if newest else version,
        rests_on=resting_on(newest),
    )


def _known(state: Judged, command: RestatePromise) -> KnownDeadline:
    calendars = published_by(command.calendars, command.occurred_at)
    targets = published_by(command.targets, command.occurred_at)
    newest = newest_of(state.promise.certificate, calendars)
    due_at = restated_due_at(state.promise, calendars, targets)
    version = max(state.calendar_version, current_grounds(state.promise.certificate).calendar_version)
    if newest is None:
        return KnownDeadline(due_at or _due_at(state), version, ())
    return KnownDeadline(due_at or _due_at(state), max(version, newest.content.version), resting_on(newest))


def _due_at(state: Judged) -> datetime:
    return state.restated_due_at or state.promise.due_at


def _stated(state: Judged) -> Verdict:
    return state.restated or state.verdict


def _verdict(state: Judged, due_at: datetime, now: datetime) -> Verdict:
    """What came first, by the deadline: an answer, or a withdrawal or merge; else the deadline itself."""
    answered_at, cancelled_at = state.responded_at or NEVER, state.cancelled_at or NEVER
    if answered_at <= min(due_at, cancelled_at):
        return Verdict.MET
    if cancelled_at <= due_at:
        return Verdict.CANCELLED
    return Verdict.BREACHED if due_at < now else _stated(state)


def _cause(state: Judged, known: KnownDeadline, restated: Verdict) -> RestatementCause:
    promised = state.promise.due_at
    if restated is Verdict.CANCELLED:
        return RestatementCause.LATE_CANCELLATION
    if known.due_at == promised:
        late = restated is Verdict.MET and state.verdict is not Verdict.MET
        return RestatementCause.LATE_ANSWER if late else RestatementCause.CALENDAR
    if known.due_at > promised:
        return RestatementCause.CLOSURE
    is_older = known.calendar_version > current_grounds(state.promise.certificate).calendar_version
    return RestatementCause.CALL if state.promise.calls and not is_older else RestatementCause.OPENING
