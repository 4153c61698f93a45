"""What a verdict would be if all that is known now had been known in time; the verdict itself stays."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from libs.messages.base import FactVersion
from libs.messages.facts import resting_on
from libs.messages.sla import FirstResponseRestated, RestatementCause, Verdict
from libs.plan import current_grounds
from services.sla_timer.promise.recompute import newest_of, restated_due_at
from services.sla_timer.promise.state import Judged, State
from services.sla_timer.published.publications import PublishedCalendar, PublishedTargets, published_by


@dataclass(frozen=True)
class RestatePromise:
    """Reckon a judged promise once more on what was published by `occurred_at`; a duty."""

    occurred_at: datetime
    calendars: tuple[PublishedCalendar, ...]
    targets: tuple[PublishedTargets, ...]


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
    made, known = state.promise, _known(state, command)
    restated = _verdict(state, known.due_at, command.occurred_at)
    version = max(state.calendar_version, current_grounds(made.certificate).calendar_version)
    if (restated, known.due_at, known.calendar_version) == (_stated(state), _due_at(state), version):
        return None
    return FirstResponseRestated(
        ticket=made.ticket,
        centre=made.centre,
        channel=made.channel,
        cause=_cause(state, known, restated),
        promised=state.verdict,
        restated=restated,
        due_at=made.due_at,
        restated_due_at=known.due_at,
        responded_at=state.responded_at,
        cancelled_at=state.cancelled_at,
        calendar_version=known.calendar_version,
        rests_on=known.rests_on,
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
