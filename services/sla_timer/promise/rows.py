"""Promises as rows, as people and the duties see them."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, assert_never, get_args

from libs.eventlog.projection import Projection
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.base import rfc3339
from libs.messages.certificates import Certificate
from libs.messages.sla import (
    AbsorbedPromise,
    CallNoted,
    CancellationNoted,
    FirstResponseAtRisk,
    FirstResponseBreached,
    FirstResponseCancelled,
    FirstResponseClockStarted,
    FirstResponseMet,
    FirstResponseNotPromised,
    FirstResponseNotRetargeted,
    FirstResponseReinstated,
    FirstResponseRestated,
    FirstResponseRetargeted,
    InternalTargetNotSet,
    InternalTargetSet,
    LaterResponseNoted,
    MergeNoted,
    NotAResponse,
    NotChanged,
    PromiseEvent,
    ReinstatementNotApplied,
    ResponseNotApplied,
)
from libs.plan import current_grounds, reckoned_from, target_channel
from services.sla_timer.promise.state import warnings_left


class PromiseRow(NamedTuple):
    """A promise as people and the duties see it."""

    stream: str
    state: str
    """waiting, met, breached, cancelled or not-promised."""
    ticket: str
    customer: str | None
    centre: str
    channel: str
    opened_at: datetime
    correlation: str
    clock_started_at: datetime | None = None
    at_risk_at: datetime | None = None
    """When the next share of the target is used up that nobody was warned of; None where there is none."""
    due_at: datetime | None = None
    warned: int = 0
    """The greatest share of the target, in percent, that somebody was warned of."""
    responded_at: datetime | None = None
    """The earliest answer by a person that is known, in time or not."""
    breached_at: datetime | None = None
    detected_at: datetime | None = None
    reason: str | None = None
    """Why nothing is promised, or no other deadline on another calendar."""
    calendar_centre: str | None = None
    """On whose calendar the deadline is reckoned: another centre's after a merge."""
    calendar_version: int | None = None
    """The newest calendar that the deadline was reckoned on, or could not be."""
    targets_version: int | None = None
    zone: str | None = None
    tz_version: str | None = None
    """The version of the tz database that the deadline was reckoned by, or could not be."""
    reckoned_from: datetime | None = None
    """Since when it rests on all of these."""
    certified_from: datetime | None = None
    """The opening from which the deadline is reckoned: after a merge that of the absorbed ticket."""
    target_seconds: int | None = None
    target_channel: str | None = None
    """The channel whose target runs: that of the opening, or the telephone after a call."""
    restated: str | None = None
    """What the verdict would be, where that was restated."""
    restated_due_at: datetime | None = None
    """The deadline if all had been known from the opening on, where it is another one."""
    restated_because: str | None = None
    cancelled_at: datetime | None = None
    """The earliest withdrawal or merge that is known, in time or not."""
    cancelled_because: str | None = None
    merged_into: str | None = None
    internal_centre: str | None = None
    """The centre that it was transferred to last, and by when that one should answer: never after the promise."""
    internal_due_at: datetime | None = None
    owed_call_at: datetime | None = None
    """The last call of those that were noted and are still to be reckoned."""
    beside: str | None = None
    """All that the promise stands for, its own first, where others were absorbed: JSON of centre, version, deadline."""


def _promise(row: PromiseRow | None, event: RecordedEvent[PromiseEvent]) -> PromiseRow | None:
    match event.data:
        case FirstResponseClockStarted() as started:
            return _started(event, started)
        case FirstResponseNotPromised() as refused:
            return row or _not_promised(event, refused)
        case _:
            return row and _moved(row, event.data)


def _on(row: PromiseRow, certificate: Certificate) -> PromiseRow:
    """Take over what a certificate says now."""
    known, left = current_grounds(certificate), warnings_left(certificate, row.warned)
    return row._replace(
        clock_started_at=certificate.clock_started_at,
        at_risk_at=left[0].at_risk_at if left else None,
        due_at=certificate.due_at,
        internal_due_at=_not_after(row.internal_due_at, certificate.due_at),
        calendar_centre=certificate.centre,
        calendar_version=known.calendar_version,
        targets_version=known.targets_version,
        zone=certificate.zone,
        tz_version=known.tz_version,
        reckoned_from=reckoned_from(certificate),
        certified_from=certificate.opened_at,
        target_seconds=known.target_seconds,
        target_channel=str(target_channel(certificate)),
    )


def _not_after(internal: datetime | None, due_at: datetime | None) -> datetime | None:
    return min(internal, due_at) if internal and due_at else internal


def _started(event: RecordedEvent[PromiseEvent], started: FirstResponseClockStarted) -> PromiseRow:
    row = PromiseRow(
        stream=event.stream,
        state="waiting",
        ticket=started.ticket,
        customer=started.customer,
        centre=started.centre,
        channel=str(started.channel),
        opened_at=started.certificate.opened_at,
        correlation=event.correlationid,
        responded_at=started.responded_at,
    )
    return _on(row, started.certificate)


def _not_promised(event: RecordedEvent[PromiseEvent], refused: FirstResponseNotPromised) -> PromiseRow:
    return PromiseRow(
        stream=event.stream,
        state="not-promised",
        ticket=refused.ticket,
        customer=refused.customer,
        centre=refused.centre,
        channel=str(refused.channel),
        opened_at=refused.opened_at,
        correlation=event.correlationid,
        reason=str(refused.reason),
    )


def _moved(row: PromiseRow, event: PromiseEvent) -> PromiseRow:
    match event:
        case FirstResponseAtRisk(percent=percent, next_at_risk_at=at):
            return row._replace(warned=percent, at_risk_at=at)
        case FirstResponseRetargeted(certificate=certificate, restated_due_at=restated_due_at):
            row = row._replace(owed_call_at=None) if event.called_at else row
            row = row._replace(beside=_beside(event.own, event.absorbed))
            return _on(row, certificate)._replace(restated_due_at=restated_due_at)
        case FirstResponseNotRetargeted() as stays:
            return _not_retargeted(row, stays)
        case FirstResponseMet(responded_at=at):
            return row._replace(state="met", responded_at=at, cancelled_at=None, cancelled_because=None)
        case FirstResponseCancelled(cancelled_at=at, cause=cause, into=into):
            return _cancelled(row, at)._replace(state="cancelled", cancelled_because=str(cause), merged_into=into)
        case FirstResponseReinstated(certificate=certificate):
            return _on(_reinstated(row), certificate)
        case CancellationNoted(cancelled_at=at, reason=NotChanged.OVER | NotChanged.NO_PROMISE):
            return _cancelled(row, at)
        case ReinstatementNotApplied(reason=NotChanged.NO_PROMISE):
            return row._replace(cancelled_at=None)
        case CallNoted(called_at=at, reason=NotChanged.NOT_RECKONED):
            return row._replace(owed_call_at=max(at, row.owed_call_at or at))
        case CallNoted(restated_due_at=restated_due_at):
            return row._replace(restated_due_at=restated_due_at or row.restated_due_at, owed_call_at=None)
        case InternalTargetSet(centre=centre, due_at=due_at):
            return row._replace(internal_centre=centre, internal_due_at=_not_after(due_at, row.due_at))
        case FirstResponseBreached(breached_at=breached_at, detected_at=detected_at):
            return row._replace(state="breached", breached_at=breached_at, detected_at=detected_at)
        case FirstResponseRestated():
            return _restated(row, event)
        case LaterResponseNoted(responded_at=at) | ResponseNotApplied(responded_at=at, reason=NotAResponse.NO_PROMISE):
            return _answered(row, at)
        case CancellationNoted() | ReinstatementNotApplied() | ResponseNotApplied():  # of a promise that is over
            return row
        case MergeNoted(reason=NotChanged.NOT_EARLIER, certificate=certificate):
            return row._replace(beside=_with_beside(row, certificate))
        case MergeNoted() | InternalTargetNotSet():
            return row
        case FirstResponseClockStarted() | FirstResponseNotPromised():
            return row
        case _:
            assert_never(event)


def _beside(own: Certificate | None, absorbed: Iterable[AbsorbedPromise]) -> str | None:
    every = [*([own] if own else []), *(one.certificate for one in absorbed)]
    return json.dumps([_ground(one) for one in every]) if every else None


def _with_beside(row: PromiseRow, certificate: Certificate) -> str:
    return json.dumps([*json.loads(row.beside or "[]"), _ground(certificate)])


def _ground(certificate: Certificate) -> dict[str, str | int]:
    version = current_grounds(certificate).calendar_version
    return {"centre": certificate.centre, "version": version, "due_at": rfc3339(certificate.due_at)}


def _not_retargeted(row: PromiseRow, stays: FirstResponseNotRetargeted) -> PromiseRow:
    version = max(stays.calendar_version, row.calendar_version or 0)
    return row._replace(
        reason=str(stays.reason), calendar_version=version, tz_version=stays.tz_version or row.tz_version
    )


def _cancelled(row: PromiseRow, at: datetime) -> PromiseRow:
    return row._replace(cancelled_at=min(at, row.cancelled_at or at))


def _reinstated(row: PromiseRow) -> PromiseRow:
    """Let it run again, without what was restated of its cancellation."""
    row = row._replace(cancelled_at=None, cancelled_because=None, merged_into=None)
    return row._replace(state="waiting", restated=None, restated_because=None)


def _restated(row: PromiseRow, event: FirstResponseRestated) -> PromiseRow:
    return row._replace(
        restated=str(event.restated),
        restated_due_at=event.restated_due_at,
        restated_because=str(event.cause),
        calendar_version=event.calendar_version,
    )


def _answered(row: PromiseRow, at: datetime) -> PromiseRow:
    return row._replace(responded_at=min(at, row.responded_at or at))


IS_JUDGED = "state in ('met', 'breached', 'cancelled')"
LAST_DUE = "greatest(due_at, restated_due_at)"
DIFFERS = """coalesce(restated, state) <> case
    when responded_at <= least(coalesce(restated_due_at, due_at), cancelled_at) then 'met'
    when cancelled_at <= coalesce(restated_due_at, due_at) then 'cancelled'
    else 'breached' end"""
"""Of a judged promise: the verdict stated last is not the one that follows from what is known."""

PROMISES: Projection[PromiseRow] = Projection(
    table="promises",
    row=PromiseRow,
    columns="""
        stream text not null, state text not null, ticket text not null, customer text, centre text not null,
        channel text not null, opened_at timestamptz not null, correlation text not null,
        clock_started_at timestamptz, at_risk_at timestamptz, due_at timestamptz, warned int not null,
        responded_at timestamptz, breached_at timestamptz, detected_at timestamptz, reason text,
        calendar_centre text, calendar_version int, targets_version int, zone text, tz_version text collate "C",
        reckoned_from timestamptz, certified_from timestamptz, target_seconds int, target_channel text,
        restated text, restated_due_at timestamptz, restated_because text, cancelled_at timestamptz,
        cancelled_because text, merged_into text, internal_centre text, internal_due_at timestamptz,
        owed_call_at timestamptz, beside jsonb""",
    events=get_args(PromiseEvent),
    evolve=_promise,
    indexes=(
        "(due_at) where state = 'waiting'",
        "(at_risk_at) where state = 'waiting'",
        "(calendar_centre, calendar_version) where state = 'waiting'",
        "(zone, tz_version) where state = 'waiting'",
        "((target_channel || '_seconds'), target_seconds) where state = 'waiting'",
        "(targets_version) where state = 'waiting'",
        "(due_at, stream) where state = 'waiting' and responded_at <= due_at",
        "(stream) where owed_call_at is not null",
        "(stream) where state = 'waiting' and beside is not null",
        f"using gist (tstzrange(opened_at, {LAST_DUE}, '[]')) where {IS_JUDGED}",
        f"(stream) where {IS_JUDGED} and {DIFFERS}",
    ),
    expressions={"is_judged": IS_JUDGED, "last_due": LAST_DUE, "differs": DIFFERS},
)
