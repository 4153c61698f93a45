"""A later telephone call about a ticket: it can only make the deadline earlier; with help given it is an answer.

What is published comes with the command and may be about another centre, where a merge came in between. Then the call
is noted, and a duty reckons it anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from libs.messages.base import FactVersion
from libs.messages.certificates import Certificate
from libs.messages.facts import resting_on
from libs.messages.sla import (
    CallNoted,
    FirstResponseMet,
    FirstResponseRetargeted,
    LaterResponseNoted,
    NotChanged,
    ResponseNotApplied,
)
from libs.messages.tickets import Medium, RespondedBy
from libs.plan import current_grounds, with_call, working_calendar
from services.sla_timer.promise.recompute import newest_of, reckoned_each, restated_due_at, retargeted, with_each
from services.sla_timer.promise.responses import RecordResponse, respond
from services.sla_timer.promise.state import Judged, NotPromised, Promise, State, Untracked, Waiting
from services.sla_timer.published.publications import (
    Publications,
    PublishedCalendar,
    PublishedTargets,
    in_force,
    of_centre,
)
from services.sla_timer.published.tz_changes import TzChange

CallEvent = FirstResponseMet | FirstResponseRetargeted | CallNoted | LaterResponseNoted | ResponseNotApplied


@dataclass(frozen=True)
class RecordCall:
    """The customer rang at `occurred_at`; what is published for the promise's centre comes with it."""

    occurred_at: datetime
    ticket: str
    help_given: bool
    calendars: tuple[PublishedCalendar, ...] = ()
    targets: tuple[PublishedTargets, ...] = ()
    tz_changes: tuple[TzChange, ...] = ()
    of: tuple[str, ...] = ()
    """The tickets that it is about, where it is not about all that are part of the ticket at that instant."""


@dataclass(frozen=True)
class ReckonCalls:
    """Reckon calls that were noted, the last of them at `occurred_at`, on what was not at hand then; a duty."""

    occurred_at: datetime
    calendars: tuple[PublishedCalendar, ...] = ()
    targets: tuple[PublishedTargets, ...] = ()
    tz_changes: tuple[TzChange, ...] = ()


Published = RecordCall | ReckonCalls
"""What brings the publications that a call is reckoned on."""


def call(state: State, command: RecordCall) -> CallEvent:
    """Judge a call."""
    if command.help_given:
        return respond(state, _as_answer(command))
    match state:
        case Untracked() | NotPromised():
            return CallNoted(ticket=command.ticket, called_at=command.occurred_at, reason=NotChanged.NO_PROMISE)
        case Waiting() | Judged():
            return _reckoned(state, command, (*state.promise.owed_calls, command.occurred_at))
        case _:
            assert_never(state)


def reckon_calls(state: State, command: ReckonCalls) -> FirstResponseRetargeted | CallNoted | None:
    """Reckon what was only noted; None where nothing was, or where what is published does not fit once more."""
    if not isinstance(state, Waiting | Judged) or not state.promise.owed_calls:
        return None
    event = _reckoned(state, command, state.promise.owed_calls)
    return None if isinstance(event, CallNoted) and event.reason is NotChanged.NOT_RECKONED else event


def _as_answer(command: RecordCall) -> RecordResponse:
    return RecordResponse(command.occurred_at, command.ticket, Medium.CALL, RespondedBy.PERSON, help_given=True)


def _reckoned(
    state: Waiting | Judged, command: Published, calls: Sequence[datetime]
) -> FirstResponseRetargeted | CallNoted:
    made, at = state.promise, command.occurred_at
    if newest_of(made.certificate, command.calendars) is None:
        return CallNoted(ticket=made.ticket, called_at=at, reason=NotChanged.NOT_RECKONED)
    match state:
        case Judged():
            return _noted(state, command, NotChanged.OVER)
        case Waiting():
            return _on_running(state, command, calls)
        case _:
            assert_never(state)


def _on_running(state: Waiting, command: Published, calls: Sequence[datetime]) -> FirstResponseRetargeted | CallNoted:
    """Reckon on what was published until now first, then from each call on."""
    published = Publications(command.calendars, command.targets, command.tz_changes)
    made, at = state.promise, command.occurred_at
    each = reckoned_each(state, published, made.due_at)
    known = {ticket: found.certificate for ticket, found in each.items()}
    certificates = {ticket: _called(known[ticket], command, _heard(made, command, ticket, calls)) for ticket in known}
    some = {ticket: certificate for ticket, certificate in certificates.items() if certificate}
    if len(some) < len(known):
        return CallNoted(ticket=made.ticket, called_at=at, reason=NotChanged.NOT_RECKONED)
    if some == known:
        return _noted(state, command, NotChanged.OVER if at > made.due_at else NotChanged.NOT_EARLIER)
    after = replace(_with(made, some), calls=_calls(made, at))
    facts = (fact for found in each.values() for fact in found.rests_on)
    rests_on: tuple[FactVersion, ...] = tuple(dict.fromkeys((*facts, *resting_on(in_force(command.targets, at)))))
    restated = None if made.absorbed else restated_due_at(after, command.calendars, command.targets)
    return retargeted(made, after, rests_on, restated, called_at=at)


def _with(made: Promise, certificates: Mapping[str, Certificate]) -> Promise:
    if made.absorbed:
        return with_each(made, certificates)
    return replace(made, certificate=certificates[made.ticket])


def _heard(made: Promise, command: Published, ticket: str, calls: Sequence[datetime]) -> list[datetime]:
    """The calls that are about a ticket: one that was absorbed is part of the other one after its merge."""
    of = command.of if isinstance(command, RecordCall) else ()
    merged_at = next((one.merged_at for one in made.absorbed if one.ticket == ticket), None)
    return sorted(at for at in calls if (ticket in of if of else merged_at is None or merged_at < at))


def _called(certificate: Certificate, command: Published, calls: Iterable[datetime]) -> Certificate | None:
    """The certificate with the calls that make its deadline earlier; None where what is published does not fit."""
    version = current_grounds(certificate).calendar_version
    of_promise = of_centre(command.calendars, certificate.centre)
    calendar = next((one for one in of_promise if one.content.version == version), None)
    if calendar is None:
        return None
    on = working_calendar(calendar.content)
    for called_at in calls:
        targets = in_force(command.targets, max(called_at, certificate.opened_at))
        if targets and targets.content.version >= _targets_version(certificate, called_at):
            certificate = with_call(certificate, on, targets.content, called_at)
    return certificate


def _targets_version(certificate: Certificate, instant: datetime) -> int:
    """The version of the targets that a promise rested on at an instant."""
    known = [change.targets_version for change in certificate.changes if change.changed_at <= instant]
    return known[-1] if known else certificate.targets_version


def _noted(state: Waiting | Judged, command: Published, reason: NotChanged) -> CallNoted:
    """With the deadline as it would be with the call, where that is not the one that is known."""
    made, at = state.promise, command.occurred_at
    found = restated_due_at(replace(made, calls=_calls(made, at)), command.calendars, command.targets)
    found = None if made.absorbed else found  # what was merged is restated by what happened to all of them
    known = state.restated_due_at or made.due_at
    restated = found if found and found != known else None
    return CallNoted(ticket=made.ticket, called_at=at, reason=reason, restated_due_at=restated)


def _calls(made: Promise, at: datetime) -> tuple[datetime, ...]:
    return tuple(sorted({*made.calls, at}))
