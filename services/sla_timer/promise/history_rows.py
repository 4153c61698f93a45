"""What happened to each ticket, as rows: from these the promises of merged tickets are restated."""

from datetime import datetime
from typing import Any, NamedTuple, assert_never

from pydantic import TypeAdapter

from libs.eventlog.projection import Projection
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.tickets import (
    CoverRestated,
    CustomerCallRecorded,
    Medium,
    MergeUndone,
    MessageHeld,
    MessageRefused,
    NoteRecorded,
    RespondedBy,
    ResponseRecorded,
    ResponseRefused,
    Side,
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
from services.sla_timer.promise.histories import FactKind, PromiseFact

FACTS: TypeAdapter[tuple[PromiseFact, ...]] = TypeAdapter(tuple[PromiseFact, ...])


class HistoryRow(NamedTuple):
    """What was said on the stream of a ticket that was opened."""

    stream: str
    centre: str
    channel: str
    opened_at: datetime
    recorded_at: datetime
    """When the last of its facts was recorded."""
    facts: tuple[PromiseFact, ...] = ()
    survivors: tuple[str, ...] = ()
    """The tickets that it was ever merged into, also where that was undone."""


def fact_in(event: TicketEvent) -> PromiseFact | None:
    """What counts for promises in an event of a ticket, beside its opening."""
    match event:
        case ResponseRecorded(known_call=True):
            return None
        case ResponseRecorded(by=RespondedBy.PERSON, responded_at=at, medium=medium, help_given=help_given):
            is_idle = medium is Medium.CALL and not help_given
            return PromiseFact(at, FactKind.RANG_WITHOUT_HELP if is_idle else FactKind.ANSWERED)
        case CustomerCallRecorded(called_at=at, help_given=help_given):
            return PromiseFact(at, FactKind.ANSWERED if help_given else FactKind.CALLED)
        case TicketsMerged(merged_at=at, into=into):
            return PromiseFact(at, FactKind.MERGED, into)
        case MergeUndone(undone_at=at, into=into):
            return PromiseFact(at, FactKind.UNMERGED, into)
        case TicketWithdrawn(withdrawn_at=at, by=Side.CUSTOMER):
            return PromiseFact(at, FactKind.WITHDRAWN)
        case ResponseRecorded() | TicketWithdrawn():  # by a machine, by one of ours
            return None
        case TicketOpened() | NoteRecorded() | TicketTransferred() | TicketPaused() | TicketResumed():
            return None
        case TicketReopened() | TicketResolved() | WorkExcluded():
            return None
        case TicketRefused() | CoverRestated() | MessageHeld() | MessageRefused() | ResponseRefused():
            return None
        case _:
            assert_never(event)


def _history(row: HistoryRow | None, event: RecordedEvent[TicketEvent]) -> HistoryRow | None:
    if isinstance(event.data, TicketOpened):
        opened = event.data
        return HistoryRow(event.stream, opened.centre, str(opened.channel), opened.opened_at, event.recordedtime)
    fact = fact_in(event.data)
    if row is None or fact is None:
        return row
    survivors = tuple(dict.fromkeys((*row.survivors, fact.into))) if fact.into else row.survivors
    return row._replace(facts=(*row.facts, fact), recorded_at=event.recordedtime, survivors=survivors)


def _loaded(stored: tuple[Any, ...]) -> HistoryRow:
    row = HistoryRow(*stored)
    return row._replace(facts=FACTS.validate_json(stored[_AT]), survivors=tuple(row.survivors))


def _dumped(row: HistoryRow) -> tuple[Any, ...]:
    return tuple({**row._asdict(), "facts": FACTS.dump_json(row.facts).decode()}.values())


_AT = HistoryRow._fields.index("facts")

HISTORIES: Projection[HistoryRow] = Projection(
    table="promise_facts",
    row=HistoryRow,
    columns="""
        stream text not null, centre text not null, channel text not null, opened_at timestamptz not null,
        recorded_at timestamptz not null, facts jsonb not null, survivors text[] not null""",
    events=(TicketOpened, ResponseRecorded, CustomerCallRecorded, TicketsMerged, MergeUndone, TicketWithdrawn),
    evolve=_history,
    indexes=(
        "(recorded_at)",
        "using gin (survivors) where survivors <> '{}'",
        "(stream) where survivors <> '{}'",
    ),
    load=_loaded,
    dump=_dumped,
)
