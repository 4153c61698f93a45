"""What a verdict would be if all that is known now had been known in time; the verdict itself stays."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from libs.messages.base import FactVersion
from libs.messages.sla import FirstResponseRestated, RestatementCause, Verdict
from libs.plan import in_force as grounds
from services.sla_timer.promise import Judged, State
from services.sla_timer.publications import PublishedCalendar, PublishedTargets, fact, restated_due_at


@dataclass(frozen=True)
class RestatePromise:
    """Reckon a judged promise once more on what was published by `occurred_at`; a duty."""

    occurred_at: datetime
    calendars: tuple[PublishedCalendar, ...]
    targets: tuple[PublishedTargets, ...]


class Known(NamedTuple):
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
    version = max(state.calendar_version, grounds(made.certificate).calendar_version)
    if (restated, known.due_at, known.calendar_version) == (_stated(state), _due_at(state), version):
        return None
    return FirstResponseRestated(
        ticket=made.ticket,
        centre=made.centre,
        channel=made.channel,
        cause=_cause(state, known.due_at),
        promised=state.verdict,
        restated=restated,
        due_at=made.due_at,
        restated_due_at=known.due_at,
        responded_at=state.responded_at,
        calendar_version=known.calendar_version,
        rests_on=known.rests_on,
    )


def _known(state: Judged, command: RestatePromise) -> Known:
    calendars = [one for one in command.calendars if one.published_at <= command.occurred_at]
    targets = [one for one in command.targets if one.published_at <= command.occurred_at]
    newest = max(calendars, key=lambda one: one.content.version, default=None)
    due_at = restated_due_at(state.promise.certificate, calendars, targets)
    version = max(state.calendar_version, grounds(state.promise.certificate).calendar_version)
    if newest is None:
        return Known(due_at or _due_at(state), version, ())
    return Known(due_at or _due_at(state), max(version, newest.content.version), (fact(newest),))


def _due_at(state: Judged) -> datetime:
    return state.restated_due_at or state.promise.due_at


def _stated(state: Judged) -> Verdict:
    return state.restated or state.verdict


def _verdict(state: Judged, due_at: datetime, now: datetime) -> Verdict:
    if state.responded_at is not None and state.responded_at <= due_at:
        return Verdict.MET
    return Verdict.BREACHED if due_at < now else _stated(state)


def _cause(state: Judged, due_at: datetime) -> RestatementCause:
    if due_at == _due_at(state) == state.promise.due_at:
        late = state.responded_at is not None and state.verdict is Verdict.BREACHED
        return RestatementCause.LATE_ANSWER if late else RestatementCause.CALENDAR
    if due_at == state.promise.due_at:
        return RestatementCause.CALENDAR
    return RestatementCause.CLOSURE if due_at > state.promise.due_at else RestatementCause.OPENING
