"""What a promise of merged tickets still lacks, by all that happened to these tickets, in whatever order it was told.

Reactions pass promises, answers and calls on as they are read. What no chain of them reaches is found here: an answer
or a call on a survivor of the survivor, a merge whose undoing was read first.
"""

from collections.abc import Iterator
from datetime import datetime

from libs.messages.base import rfc3339
from libs.messages.sla import CancellationCause, Verdict
from services.sla_timer.promise.calls import RecordCall
from services.sla_timer.promise.histories import WaitingTicket, WhatFollows
from services.sla_timer.promise.merging import ReinstatePromise, RenouncePromise
from services.sla_timer.promise.responses import MeetMerged
from services.sla_timer.promise.rows import PromiseRow, grounds, stands_for
from services.sla_timer.published.publications import Publications

Lacking = RenouncePromise | MeetMerged | RecordCall | ReinstatePromise


def lacking(row: PromiseRow, found: WhatFollows, published: Publications, now: datetime) -> Lacking | None:
    """The first thing that a promise lacks; None where it is as it should be."""
    if row.due_at is None:
        return None
    if row.state == "waiting":
        return _of_running(row, row.due_at, found, published, now)
    is_merged = row.state == "cancelled" and row.cancelled_because == str(CancellationCause.MERGED)
    runs = found.verdict is None and now <= row.due_at
    return ReinstatePromise(now, row.ticket) if is_merged and runs else None


def _of_running(
    row: PromiseRow, due_at: datetime, found: WhatFollows, published: Publications, now: datetime
) -> Lacking | None:
    for known in grounds(row):
        if known.ticket not in found.part_of:
            return RenouncePromise(now, row.ticket, known.ticket)
    if found.verdict is Verdict.MET and found.responded_at and found.responded_at <= due_at:
        return MeetMerged(found.responded_at)
    call = next(_calls(row, found), None)
    if call is None:
        return None
    ticket, called_at = call
    return RecordCall(
        called_at,
        row.ticket,
        help_given=False,
        calendars=tuple(published.calendars),
        targets=tuple(published.targets),
        tz_changes=tuple(published.tz_changes),
        of=(ticket,),
    )


def _calls(row: PromiseRow, found: WhatFollows) -> Iterator[tuple[str, datetime]]:
    """The calls that are missing here: no event passed them on, and they make a deadline earlier."""
    known = {ground.ticket: datetime.fromisoformat(ground.due_at) for ground in stands_for(row)}
    for one in found.grounds:
        if one.ticket in known and _is_earlier(one, known[one.ticket]):
            yield from ((one.ticket, at) for at in one.calls if rfc3339(at) not in (row.calls or ""))


def _is_earlier(ground: WaitingTicket, due_at: datetime) -> bool:
    return ground.due_at is not None and ground.due_at < due_at
