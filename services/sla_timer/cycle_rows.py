"""What sla_timer keeps for cycles: the facts of each ticket as its stream says them."""

from datetime import datetime
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from libs.eventlog.projection import Key, Projection
from libs.eventlog.record import RecordedEvent
from libs.messages.tickets import (
    CustomerCallRecorded,
    Medium,
    MergeUndone,
    NoteRecorded,
    RespondedBy,
    ResponseRecorded,
    Side,
    TicketOpened,
    TicketPaused,
    TicketReopened,
    TicketResolved,
    TicketResumed,
    TicketsMerged,
    TicketWithdrawn,
)
from services.sla_timer.cycles import Fact, Kind

FACTS: TypeAdapter[tuple[Fact, ...]] = TypeAdapter(tuple[Fact, ...])


class CycleFactsRow(NamedTuple):
    """What one stream says of a ticket: its own, or that of a ticket absorbed in it."""

    stream: str
    ticket: str
    centre: str | None = None
    """On whose calendar working time is measured; like what follows, it is there once the ticket is opened."""
    channel: str | None = None
    opened_at: datetime | None = None
    correlation: str | None = None
    facts: tuple[Fact, ...] = ()
    known: int = 0
    """How many facts there are, the opening among them."""
    last_at: datetime | None = None
    """The last instant that any of them is about."""


def facts_in(data: object) -> tuple[Fact, ...]:
    """Give what counts for cycles in an event of a ticket."""
    match data:
        case ResponseRecorded(by=RespondedBy.PERSON, responded_at=at) as given:
            is_idle = given.medium is Medium.CALL and not given.help_given
            return (Fact(at, Kind.RANG_WITHOUT_HELP if is_idle else Kind.ANSWERED),)
        case CustomerCallRecorded(called_at=at, help_given=help_given):
            return (Fact(at, Kind.ANSWERED if help_given else Kind.ASKED),)
        case NoteRecorded(noted_at=at, by=Side.CUSTOMER):
            return (Fact(at, Kind.ASKED),)
        case TicketsMerged(merged_at=at, into=into):
            return (Fact(at, Kind.MERGED, into),)
        case MergeUndone(undone_at=at, into=into):
            return (Fact(at, Kind.UNMERGED, into),)
        case _:
            return _moved(data)


def _moved(data: object) -> tuple[Fact, ...]:
    match data:
        case TicketPaused(paused_at=at):
            return (Fact(at, Kind.PAUSED),)
        case TicketResumed(resumed_at=at):
            return (Fact(at, Kind.RESUMED),)
        case TicketResolved(resolved_at=at):
            return (Fact(at, Kind.RESOLVED),)
        case TicketReopened(reopened_at=at, by=Side.CUSTOMER):
            return Fact(at, Kind.REOPENED), Fact(at, Kind.ASKED)
        case TicketReopened(reopened_at=at):
            return (Fact(at, Kind.REOPENED),)
        case TicketWithdrawn(withdrawn_at=at):
            return (Fact(at, Kind.WITHDRAWN),)
        case _:
            return ()


def _cycle_facts(row: CycleFactsRow | None, event: RecordedEvent) -> CycleFactsRow | None:
    if isinstance(event.data, TicketOpened):
        return _opened(row or CycleFactsRow(event.stream, event.stream), event, event.data)
    found = facts_in(event.data)
    if not found:
        return row
    row = row or CycleFactsRow(event.stream, _ticket_of(event))
    last_at = max(found[0].at, row.last_at or found[0].at)
    return row._replace(facts=(*row.facts, *found), known=row.known + len(found), last_at=last_at)


def _opened(row: CycleFactsRow, event: RecordedEvent, opened: TicketOpened) -> CycleFactsRow:
    return row._replace(
        centre=opened.centre,
        channel=str(opened.channel),
        opened_at=opened.opened_at,
        correlation=event.correlationid,
        known=row.known + 1,
        last_at=max(opened.opened_at, row.last_at or opened.opened_at),
    )


def _ticket_of(event: RecordedEvent) -> str:
    """What is said of a ticket that was absorbed is said of the survivor."""
    survivor: str | None = getattr(event.data, "merged_into", None)
    return survivor or event.stream


def _by_ticket(event: RecordedEvent) -> tuple[Key, ...]:
    return ((event.stream, _ticket_of(event)),)


def _loaded(stored: tuple[Any, ...]) -> CycleFactsRow:
    row = CycleFactsRow(*stored)
    return row._replace(facts=FACTS.validate_json(stored[CycleFactsRow._fields.index("facts")]))


def _dumped(row: CycleFactsRow) -> tuple[Any, ...]:
    return tuple(row._replace(facts=FACTS.dump_json(row.facts).decode()))  # type: ignore[arg-type] # as it is stored


CYCLE_FACTS: Projection[CycleFactsRow] = Projection(
    table="cycle_facts",
    row=CycleFactsRow,
    columns="""
        stream text not null, ticket text not null, centre text, channel text, opened_at timestamptz,
        correlation text, facts jsonb not null, known int not null, last_at timestamptz""",
    events=(
        TicketOpened,
        ResponseRecorded,
        CustomerCallRecorded,
        NoteRecorded,
        TicketsMerged,
        MergeUndone,
        TicketPaused,
        TicketResumed,
        TicketReopened,
        TicketResolved,
        TicketWithdrawn,
    ),
    evolve=_cycle_facts,
    key=("stream", "ticket"),
    keys=_by_ticket,
    indexes=("(ticket)", "(opened_at) where opened_at is not null"),
    load=_loaded,
    dump=_dumped,
)
