"""What sla_timer keeps for cycles: the facts of each ticket as its stream says them, and what was reckoned on them."""

from datetime import datetime
from typing import Any, NamedTuple, assert_never

from pydantic import TypeAdapter

from libs.eventlog.projection import Key, Projection
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.cycles import CycleReckoned, CyclesEvent, CyclesReckoned, CycleTargetMissed, TargetedCycle
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
    ticket_told_of,
)
from services.sla_timer.cycles.decider import Begun, Reckoned, Unreckoned, evolve, is_running, to_miss
from services.sla_timer.cycles.model import CycleFact, Kind

FACTS: TypeAdapter[tuple[CycleFact, ...]] = TypeAdapter(tuple[CycleFact, ...])


class CycleFactsRow(NamedTuple):
    """What one stream says of a ticket: its own, or that of a ticket absorbed in it."""

    stream: str
    ticket: str
    centre: str | None = None
    """On whose calendar working time is measured; set, like the fields that follow, once the ticket is opened."""
    channel: str | None = None
    opened_at: datetime | None = None
    correlation: str | None = None
    facts: tuple[CycleFact, ...] = ()
    known: int = 0
    """How many facts there are, the opening among them."""
    last_at: datetime | None = None
    """The last instant that any of them is about."""
    recorded_at: datetime | None = None
    """When the last of them was recorded."""


def facts_in(event: TicketEvent) -> tuple[CycleFact, ...]:
    """What counts for cycles in an event of a ticket."""
    match event:
        case ResponseRecorded(known_call=True):
            return ()
        case ResponseRecorded(by=RespondedBy.PERSON, responded_at=at) as response:
            is_idle = response.medium is Medium.CALL and not response.help_given
            return (CycleFact(at, Kind.RANG_WITHOUT_HELP if is_idle else Kind.ANSWERED),)
        case CustomerCallRecorded(called_at=at, help_given=help_given):
            return (CycleFact(at, Kind.ANSWERED if help_given else Kind.ASKED),)
        case NoteRecorded(noted_at=at, by=Side.CUSTOMER):
            return (CycleFact(at, Kind.ASKED),)
        case TicketsMerged(merged_at=at, into=into):
            return (CycleFact(at, Kind.MERGED, into),)
        case MergeUndone(undone_at=at, into=into):
            return (CycleFact(at, Kind.UNMERGED, into),)
        case TicketPaused(paused_at=at):
            return (CycleFact(at, Kind.PAUSED),)
        case TicketResumed(resumed_at=at):
            return (CycleFact(at, Kind.RESUMED),)
        case TicketResolved(resolved_at=at):
            return (CycleFact(at, Kind.RESOLVED),)
        case TicketReopened(reopened_at=at, by=Side.CUSTOMER):
            return CycleFact(at, Kind.REOPENED), CycleFact(at, Kind.ASKED)
        case TicketReopened(reopened_at=at):
            return (CycleFact(at, Kind.REOPENED),)
        case WorkExcluded(excluded_at=at):
            return (CycleFact(at, Kind.EXCLUDED),)
        case TicketWithdrawn(withdrawn_at=at):
            return (CycleFact(at, Kind.WITHDRAWN),)
        case ResponseRecorded() | NoteRecorded():  # by a machine, by one of ours
            return ()
        case TicketOpened() | TicketTransferred():
            return ()
        case TicketRefused() | CoverRestated() | MessageHeld() | MessageRefused() | ResponseRefused():
            return ()
        case _:
            assert_never(event)


def _cycle_facts(row: CycleFactsRow | None, event: RecordedEvent[TicketEvent]) -> CycleFactsRow | None:
    if isinstance(event.data, TicketOpened):
        return _opened(row or CycleFactsRow(event.stream, event.stream), event, event.data)
    found = facts_in(event.data)
    if not found:
        return row
    row = row or CycleFactsRow(event.stream, ticket_told_of(event.stream, event.data))
    last_at = max(found[0].at, row.last_at or found[0].at)
    return row._replace(
        facts=(*row.facts, *found), known=row.known + len(found), last_at=last_at, recorded_at=event.recordedtime
    )


def _opened(row: CycleFactsRow, event: RecordedEvent[TicketEvent], opened: TicketOpened) -> CycleFactsRow:
    return row._replace(
        centre=opened.centre,
        channel=str(opened.channel),
        opened_at=opened.opened_at,
        correlation=event.correlationid,
        known=row.known + 1,
        last_at=max(opened.opened_at, row.last_at or opened.opened_at),
        recorded_at=event.recordedtime,
    )


def _by_ticket(event: RecordedEvent[TicketEvent]) -> tuple[Key, ...]:
    return ((event.stream, ticket_told_of(event.stream, event.data)),)


def _loaded(stored: tuple[Any, ...]) -> CycleFactsRow:
    row = CycleFactsRow(*stored)
    return row._replace(facts=FACTS.validate_json(stored[CycleFactsRow._fields.index("facts")]))


def _dumped(row: CycleFactsRow) -> tuple[Any, ...]:
    return tuple({**row._asdict(), "facts": FACTS.dump_json(row.facts).decode()}.values())


CYCLE_FACTS: Projection[CycleFactsRow] = Projection(
    table="cycle_facts",
    row=CycleFactsRow,
    columns="""
        stream text not null, ticket text not null, centre text, channel text, opened_at timestamptz,
        correlation text, facts jsonb not null, known int not null, last_at timestamptz, recorded_at timestamptz""",
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
        WorkExcluded,
        TicketWithdrawn,
    ),
    evolve=_cycle_facts,
    key=("stream", "ticket"),
    keys=_by_ticket,
    indexes=("(ticket)", "(recorded_at)"),
    load=_loaded,
    dump=_dumped,
)


class CyclesRow(NamedTuple):
    """The cycles of a ticket that have a target, as they were reckoned last."""

    stream: str
    ticket: str
    centre: str
    known: int
    """On how many facts."""
    calendar_version: int
    targets_version: int
    is_running: bool
    """Whether another calendar could still move a deadline."""
    next_due_at: datetime | None
    """The earliest deadline that was passed, or will be, before its cycle ends, of those not missed yet."""
    cycles: tuple[TargetedCycle, ...]
    missed: tuple[Begun, ...]
    correlation: str


CYCLES_JSON: TypeAdapter[tuple[TargetedCycle, ...]] = TypeAdapter(tuple[TargetedCycle, ...])
MISSED: TypeAdapter[tuple[Begun, ...]] = TypeAdapter(tuple[Begun, ...])


def _cycles(row: CyclesRow | None, event: RecordedEvent[CyclesEvent]) -> CyclesRow | None:
    after = evolve(_reckoned_in(row) if row else Unreckoned(), event.data)
    return _row(event, after) if isinstance(after, Reckoned) else row


def _reckoned_in(row: CyclesRow) -> Reckoned:
    return Reckoned(
        ticket=row.ticket,
        centre=row.centre,
        facts=row.known,
        cycles=row.cycles,
        calendar_version=row.calendar_version,
        targets_version=row.targets_version,
        missed=row.missed,
    )


def _row(event: RecordedEvent[CyclesEvent], reckoned: Reckoned) -> CyclesRow:
    late = to_miss(reckoned)
    return CyclesRow(
        stream=event.stream,
        ticket=reckoned.ticket,
        centre=reckoned.centre,
        known=reckoned.facts,
        calendar_version=reckoned.calendar_version,
        targets_version=reckoned.targets_version,
        is_running=is_running(reckoned),
        next_due_at=late.due_at if late else None,
        cycles=reckoned.cycles,
        missed=reckoned.missed,
        correlation=event.correlationid,
    )


def _cycles_loaded(stored: tuple[Any, ...]) -> CyclesRow:
    row = CyclesRow(*stored)
    cycles, missed = (stored[CyclesRow._fields.index(name)] for name in ("cycles", "missed"))
    return row._replace(cycles=CYCLES_JSON.validate_json(cycles), missed=MISSED.validate_json(missed))


def _cycles_dumped(row: CyclesRow) -> tuple[Any, ...]:
    cycles, missed = CYCLES_JSON.dump_json(row.cycles).decode(), MISSED.dump_json(row.missed).decode()
    return tuple({**row._asdict(), "cycles": cycles, "missed": missed}.values())


CYCLES: Projection[CyclesRow] = Projection(
    table="cycles",
    row=CyclesRow,
    columns="""
        stream text not null, ticket text not null, centre text not null, known int not null,
        calendar_version int not null, targets_version int not null, is_running boolean not null,
        next_due_at timestamptz, cycles jsonb not null, missed jsonb not null, correlation text not null""",
    events=(CyclesReckoned, CycleReckoned, CycleTargetMissed),
    evolve=_cycles,
    indexes=("(next_due_at) where next_due_at is not null", "(centre) where is_running"),
    load=_cycles_loaded,
    dump=_cycles_dumped,
)
