"""A ticket as people and queries see it: one row, folded from its stream."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, assert_never

from libs.eventlog.projection import Projection
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.tickets import (
    CoverRestated,
    CustomerCallRecorded,
    MergeUndone,
    MessageHeld,
    MessageRefused,
    NoteRecorded,
    RespondedBy,
    ResponseRecorded,
    ResponseRefused,
    TicketEvent,
    TicketOpened,
    TicketPaused,
    TicketRefused,
    TicketReopened,
    TicketResolved,
    TicketResumed,
    TicketsMerged,
    TicketTransferred,
    TicketWithdrawn,
    WorkExcluded,
)
from services.intake.reconsidering import is_dealt_with, lacks_customer
from services.intake.restating import lacks_cover


class TicketRow(NamedTuple):
    """A ticket; it has a row from its first message on, even before it is opened."""

    stream: str
    state: str
    """held, open, excluded, resolved, withdrawn, merged or refused."""
    customer: str | None = None
    channel: str | None = None
    centre: str | None = None
    """The local centre, which does not change."""
    product: str | None = None
    opened_at: datetime | None = None
    reason: str | None = None
    """Why it was refused."""
    contract: str | None = None
    responses: int = 0
    """Answers by a person."""
    first_responded_at: datetime | None = None
    current_centre: str | None = None
    """The centre that works on it."""
    resolved_at: datetime | None = None
    reopenings: int = 0
    merged_into: str | None = None
    merged_at: datetime | None = None
    merge_recorded_at: datetime | None = None
    merge_correlation: str | None = None
    paused_at: datetime | None = None
    """Since when it waits for the customer; kept where a paused ticket is absorbed, in case the merge is undone."""
    awaits: Sequence[str] = ()
    """The tickets that it is to be merged into once they are open."""
    awaits_since: Sequence[datetime] = ()
    """The instant of each of these merges."""
    awaits_correlation: str | None = None
    number_dialled: str | None = None
    lacks_customer: bool = False
    """Whether it was refused since nobody had registered its customer, and nobody has answered or withdrawn it."""
    refused_correlation: str | None = None
    lacks_cover: bool = False
    """Whether it was refused for a reason that a term which is recorded later may take away."""
    restated_at: datetime | None = None
    """When it was found to be under cover after all, until it is opened, or somebody has answered or withdrawn it."""
    is_dealt_with: bool = False
    """Whether somebody has answered or withdrawn it since it was refused."""
    excluded_at: datetime | None = None
    """Since when nobody works on it, as the plan does not help with its cause."""


def _ticket(row: TicketRow | None, event: RecordedEvent[TicketEvent]) -> TicketRow | None:
    if row is None and isinstance(event.data, MessageRefused):
        return None
    row = row or TicketRow(event.stream, "held")
    return _reconsidered(_told(row, event), event.data)


def _reconsidered(row: TicketRow, event: TicketEvent) -> TicketRow:
    """Note what a refused ticket waits for."""
    for_customer, for_cover, dealt_with = lacks_customer(event), lacks_cover(event), is_dealt_with(event)
    return row._replace(
        lacks_customer=row.lacks_customer if for_customer is None else for_customer,
        lacks_cover=row.lacks_cover if for_cover is None else for_cover,
        is_dealt_with=row.is_dealt_with or dealt_with,
        restated_at=None if dealt_with else row.restated_at,
    )


def _told(row: TicketRow, event: RecordedEvent[TicketEvent]) -> TicketRow:
    match event.data:
        case TicketOpened() as opened:
            asked = _asked(row, opened)
            return asked._replace(
                state="open",
                reason=None,
                contract=opened.cover.contract,
                current_centre=opened.centre,
                restated_at=None,
            )
        case TicketRefused() as refused:
            asked, reason = _asked(row, refused), str(refused.reason)
            return asked._replace(state="refused", reason=reason, refused_correlation=event.correlationid)
        case ResponseRecorded() as response:
            return _answered(row, response)
        case TicketsMerged() as merged:
            return _merged(row, event, merged)
        case MergeUndone():
            return _unmerged(row)
        case TicketTransferred(to_centre=centre):
            return row._replace(current_centre=centre)
        case TicketResolved(resolved_at=at):
            return row._replace(state="resolved", resolved_at=at, paused_at=None)
        case TicketPaused(paused_at=at):
            return row._replace(paused_at=at)
        case TicketResumed():
            return row._replace(paused_at=None)
        case TicketReopened(cover=cover):
            return row._replace(
                state="open",
                resolved_at=None,
                excluded_at=None,
                reopenings=row.reopenings + 1,
                contract=cover.contract,
            )
        case WorkExcluded(merged_into=None) as excluded:
            return _excluded(row, excluded)
        case TicketWithdrawn():
            return row._replace(state="withdrawn", paused_at=None)
        case MessageHeld(awaits=str() as into, said_at=at):
            since = (*row.awaits_since, at)
            return row._replace(awaits=(*row.awaits, into), awaits_since=since, awaits_correlation=event.correlationid)
        case MessageRefused(into=str() as into):
            return _waits_no_more(row, into)
        case MessageHeld() | MessageRefused() | ResponseRefused() | CustomerCallRecorded() | NoteRecorded():
            return row
        case CoverRestated(restated_at=at):
            return row._replace(restated_at=None if row.is_dealt_with else at)
        case WorkExcluded():
            return row
        case _:
            assert_never(event.data)


def _asked(row: TicketRow, event: TicketOpened | TicketRefused) -> TicketRow:
    return row._replace(
        customer=event.customer,
        channel=str(event.channel),
        centre=event.centre,
        product=event.product,
        opened_at=event.opened_at,
        number_dialled=event.number_dialled,
    )


def _answered(row: TicketRow, response: ResponseRecorded) -> TicketRow:
    """Count an answer by a person; a call that was known before is none."""
    if response.by is not RespondedBy.PERSON or response.known_call:
        return row
    first = min(response.responded_at, row.first_responded_at or response.responded_at)
    return row._replace(responses=row.responses + 1, first_responded_at=first)


def _excluded(row: TicketRow, excluded: WorkExcluded) -> TicketRow:
    """Mark the ticket as excluded; the instant of the first exclusion stays.

    A ticket that is merged stays merged, and is excluded once the merge is undone.
    """
    state = "merged" if row.state == "merged" else "excluded"
    return row._replace(state=state, excluded_at=row.excluded_at or excluded.excluded_at, paused_at=None)


def _merged(row: TicketRow, event: RecordedEvent[TicketEvent], merged: TicketsMerged) -> TicketRow:
    return _waits_no_more(row, merged.into)._replace(
        state="merged",
        merged_into=merged.into,
        merged_at=merged.merged_at,
        merge_recorded_at=event.recordedtime,
        merge_correlation=event.correlationid,
    )


def _waits_no_more(row: TicketRow, into: str) -> TicketRow:
    """One merge that waited for a ticket is decided, if any did."""
    at = row.awaits.index(into) if into in row.awaits else len(row.awaits)
    since = row.awaits_since
    return row._replace(awaits=(*row.awaits[:at], *row.awaits[at + 1 :]), awaits_since=(*since[:at], *since[at + 1 :]))


def _unmerged(row: TicketRow) -> TicketRow:
    """The ticket is as it was before."""
    state = "resolved" if row.resolved_at else "excluded" if row.excluded_at else "open"
    return row._replace(state=state, merged_into=None, merged_at=None, merge_recorded_at=None, merge_correlation=None)


TICKET_ROWS: Projection[TicketRow] = Projection(
    table="tickets",
    row=TicketRow,
    columns="""
        stream text not null, state text not null, customer text, channel text, centre text, product text,
        opened_at timestamptz, reason text, contract text, responses int not null, first_responded_at timestamptz,
        current_centre text, resolved_at timestamptz, reopenings int not null,
        merged_into text, merged_at timestamptz, merge_recorded_at timestamptz, merge_correlation text,
        paused_at timestamptz, awaits text[] not null, awaits_since timestamptz[] not null, awaits_correlation text,
        number_dialled text, lacks_customer boolean not null, refused_correlation text,
        lacks_cover boolean not null, restated_at timestamptz, is_dealt_with boolean not null,
        excluded_at timestamptz""",
    events=(
        TicketOpened,
        TicketRefused,
        CoverRestated,
        ResponseRecorded,
        ResponseRefused,
        MessageHeld,
        MessageRefused,
        TicketTransferred,
        TicketsMerged,
        MergeUndone,
        TicketPaused,
        TicketResumed,
        TicketReopened,
        TicketResolved,
        WorkExcluded,
        TicketWithdrawn,
    ),
    evolve=_ticket,
    indexes=(
        "(customer, opened_at)",
        "(opened_at)",
        "(merged_into) where merged_into is not null",
        "(merge_recorded_at) where merged_into is not null",
        "(stream) where awaits <> '{}'",
        "(customer) where lacks_customer",
        "(customer, product, opened_at) where lacks_cover",
        "(restated_at) where restated_at is not null",
    ),
)
