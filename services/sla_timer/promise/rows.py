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
from services.sla_timer.promise.reconsidering import wanting
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
    wanting: str | None = None
    """What is to be published before its ticket can be promised anything; None where nothing would help."""
    beside: str | None = None
    """All that the promise stands for, its own first, where others were absorbed: a JSON list of `Ground`s."""
    calls: str | None = None
    """The calls that reached the promise of a ticket, a JSON list of instants."""


class Ground(NamedTuple):
    """The deadline of one ticket among those whose promises were merged into one, and what it was reckoned on.

    The fields mean what those of the promise's own row mean.
    """

    ticket: str
    centre: str
    opened_at: str
    due_at: str
    version: int
    """The newest calendar that the deadline was reckoned on, or could not be."""
    targets_version: int
    target_seconds: int
    target_channel: str
    zone: str
    tz_version: str
    reckoned_from: str


def _promise(row: PromiseRow | None, event: RecordedEvent[PromiseEvent]) -> PromiseRow | None:
    match event.data:
        case FirstResponseClockStarted() as started:
            return _started(row, event, started)
        case FirstResponseNotPromised() as refused:
            return _not_promised(row, event, refused)
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


def _started(
    row: PromiseRow | None, event: RecordedEvent[PromiseEvent], started: FirstResponseClockStarted
) -> PromiseRow:
    made = PromiseRow(
        stream=event.stream,
        state="waiting",
        ticket=started.ticket,
        customer=started.customer,
        centre=started.centre,
        channel=str(started.channel),
        opened_at=started.certificate.opened_at,
        correlation=event.correlationid,
        responded_at=started.responded_at,
        owed_call_at=row.owed_call_at if row else None,
        calls=row.calls if row else None,
    )
    made = _on(made, started.certificate)
    own = started.own or started.certificate
    return made._replace(beside=_beside(made, own, started.absorbed)) if started.absorbed else made


def _not_promised(
    row: PromiseRow | None, event: RecordedEvent[PromiseEvent], refused: FirstResponseNotPromised
) -> PromiseRow:
    """None yet, or still none; one that was made stays as it is."""
    if row and row.state != "not-promised":
        return row
    row = row or _without_promise(event, refused)
    want = wanting(refused)
    return row._replace(
        reason=str(refused.reason), calendar_version=refused.calendar_version, wanting=str(want) if want else None
    )


def _without_promise(event: RecordedEvent[PromiseEvent], refused: FirstResponseNotPromised) -> PromiseRow:
    return PromiseRow(
        stream=event.stream,
        state="not-promised",
        ticket=refused.ticket,
        customer=refused.customer,
        centre=refused.centre,
        channel=str(refused.channel),
        opened_at=refused.opened_at,
        correlation=event.correlationid,
        responded_at=refused.responded_at,
    )


def _moved(row: PromiseRow, event: PromiseEvent) -> PromiseRow:
    match event:
        case FirstResponseAtRisk(percent=percent, next_at_risk_at=at):
            return row._replace(warned=percent, at_risk_at=at)
        case FirstResponseRetargeted(certificate=certificate, restated_due_at=restated_due_at):
            row = _called(row, event.called_at)._replace(owed_call_at=None) if event.called_at else row
            after = row._replace(beside=_beside(row, event.own, event.absorbed))
            return _kept(row, _on(after, certificate)._replace(restated_due_at=restated_due_at))
        case FirstResponseNotRetargeted(of=str() as ticket) as stays:
            return row._replace(beside=_passed_over(row, ticket, stays))
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
        case CallNoted(called_at=at, reason=NotChanged.NOT_RECKONED | NotChanged.NO_PROMISE):
            return _called(row, at)._replace(owed_call_at=max(at, row.owed_call_at or at))
        case CallNoted(called_at=at, restated_due_at=restated_due_at):
            row = _called(row, at)._replace(owed_call_at=None)
            return row._replace(restated_due_at=restated_due_at or row.restated_due_at)
        case ReinstatementNotApplied(absorbed=str() as ticket):
            return _kept(row, row._replace(beside=_without(row, ticket)))
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
        case MergeNoted(reason=NotChanged.NOT_EARLIER, absorbed=ticket, certificate=certificate):
            return row._replace(beside=_with_beside(row, ticket, certificate))
        case MergeNoted() | InternalTargetNotSet():
            return row
        case FirstResponseClockStarted() | FirstResponseNotPromised():
            return row
        case _:
            assert_never(event)


def _called(row: PromiseRow, at: datetime) -> PromiseRow:
    return row._replace(calls=json.dumps(sorted({*json.loads(row.calls or "[]"), rfc3339(at)})))


def grounds(row: PromiseRow) -> tuple[Ground, ...]:
    """The promises merged into that of a row, its own first; empty where no ticket was absorbed."""
    return tuple(Ground(**ground) for ground in json.loads(row.beside or "[]"))


def stands_for(row: PromiseRow) -> tuple[Ground, ...]:
    """All promises that a row stands for: its own, and those of absorbed tickets."""
    return grounds(row) or (_own(row),)


def _stored(each: Iterable[Ground]) -> str | None:
    some = [ground._asdict() for ground in each]
    return json.dumps(some) if some else None


def _beside(row: PromiseRow, own: Certificate | None, absorbed: Iterable[AbsorbedPromise]) -> str | None:
    """The promises merged into one after an event, as JSON.

    One that could be given no deadline on a newer calendar keeps the version of that calendar, so that it is not tried
    again.
    """
    every = [*([_ground(row.ticket, own)] if own else []), *(_ground(one.ticket, one.certificate) for one in absorbed)]
    before = {known.ticket: known for known in grounds(row)}
    return _stored(_keeping(ground, before.get(ground.ticket)) for ground in every)


def _keeping(ground: Ground, before: Ground | None) -> Ground:
    if before is None or before.centre != ground.centre:
        return ground
    version, tz_version = max(ground.version, before.version), max(ground.tz_version, before.tz_version)
    return ground._replace(version=version, tz_version=tz_version)


def _with_beside(row: PromiseRow, ticket: str, certificate: Certificate) -> str | None:
    others = [known for known in stands_for(row) if known.ticket != ticket]
    return _stored([*others, _ground(ticket, certificate)])


def _without(row: PromiseRow, ticket: str) -> str | None:
    left = [known for known in grounds(row) if known.ticket != ticket]
    return _stored(left) if len(left) > 1 else None


def _kept(before: PromiseRow, row: PromiseRow) -> PromiseRow:
    """Once no other ticket is merged into it, go back to the newest calendar that its own deadline was tried on."""
    if row.beside is not None:
        return row
    own = next((known for known in grounds(before) if known.ticket == row.ticket), None)
    version = own.version if own and own.centre == row.calendar_centre else 0
    return row._replace(calendar_version=max(version, row.calendar_version or 0))


def _passed_over(row: PromiseRow, ticket: str, stays: FirstResponseNotRetargeted) -> str | None:
    def passed(known: Ground) -> Ground:
        version = max(known.version, stays.calendar_version)
        return known._replace(version=version, tz_version=stays.tz_version or known.tz_version)

    return _stored(passed(known) if known.ticket == ticket else known for known in grounds(row))


def _own(row: PromiseRow) -> Ground:
    """The promise of the ticket itself, before any other was merged into it."""
    return Ground(
        ticket=row.ticket,
        centre=row.calendar_centre or row.centre,
        opened_at=rfc3339(row.certified_from or row.opened_at),
        due_at=rfc3339(row.due_at or row.opened_at),
        version=row.calendar_version or 0,
        targets_version=row.targets_version or 0,
        target_seconds=row.target_seconds or 0,
        target_channel=row.target_channel or row.channel,
        zone=row.zone or "",
        tz_version=row.tz_version or "",
        reckoned_from=rfc3339(row.reckoned_from or row.opened_at),
    )


def _ground(ticket: str, certificate: Certificate) -> Ground:
    known = current_grounds(certificate)
    return Ground(
        ticket=ticket,
        centre=certificate.centre,
        opened_at=rfc3339(certificate.opened_at),
        due_at=rfc3339(certificate.due_at),
        version=known.calendar_version,
        targets_version=known.targets_version,
        target_seconds=known.target_seconds,
        target_channel=str(target_channel(certificate)),
        zone=certificate.zone,
        tz_version=known.tz_version,
        reckoned_from=rfc3339(reckoned_from(certificate)),
    )


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
IS_OPEN = """responded_at is null and (
    state = 'waiting' or state in ('breached', 'not-promised') and cancelled_at is null)"""
"""Nobody has answered, withdrawn or merged the ticket yet."""
RANKED_AT = "coalesce(due_at, 'infinity')"
"""What is due first before the others; what has no promise after all of them."""
IS_WANTING = "wanting is not null and responded_at is null and cancelled_at is null"
SPAN = """tstzrange(
    least(opened_at, certified_from, due_at, restated_due_at), greatest(due_at, restated_due_at), '[]')"""
"""Of a judged promise: while it ran, if all had been known. After a merge it may have ended before its own opening."""
ON_CENTRES = """coalesce(
    (select array_agg(distinct b ->> 'centre') from jsonb_array_elements(beside) as b), array[calendar_centre])"""
ON_SINCE = """least(
    certified_from, (select min((b ->> 'opened_at')::timestamptz) from jsonb_array_elements(beside) as b))"""
"""On whose calendars a promise is reckoned, those that it stands for included, and the first of their openings."""
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
        owed_call_at timestamptz, wanting text, beside jsonb, calls jsonb""",
    events=get_args(PromiseEvent),
    evolve=_promise,
    indexes=(
        "(due_at) where state = 'waiting' and due_at is not null",
        "(at_risk_at) where state = 'waiting' and at_risk_at is not null",
        "(calendar_centre, calendar_version) where state = 'waiting' and calendar_version is not null",
        "(zone, tz_version) where state = 'waiting' and tz_version is not null",
        "(target_channel, target_seconds) where state = 'waiting' and target_seconds is not null",
        "(targets_version) where state = 'waiting' and targets_version is not null",
        "(due_at, stream) where state = 'waiting' and (responded_at <= due_at) is true",
        "(stream) where owed_call_at is not null",
        f"(centre) where {IS_WANTING}",
        "(stream) where state = 'waiting' and beside is not null",
        f"using gist ({SPAN}) where {IS_JUDGED}",
        f"(stream) where {IS_JUDGED} and {DIFFERS}",
        f"(({RANKED_AT}), opened_at, stream) where {IS_OPEN}",
    ),
    expressions={
        "is_judged": IS_JUDGED,
        "is_open": IS_OPEN,
        "ranked_at": RANKED_AT,
        "is_wanting": IS_WANTING,
        "span": SPAN,
        "differs": DIFFERS,
        "on_centres": ON_CENTRES,
        "on_since": ON_SINCE,
    },
)
