"""What audit derives: of its own topic who was shown what is private and who mended what; of every topic the chain."""

from datetime import datetime
from typing import NamedTuple, assert_never, get_args

from pydantic import TypeAdapter

from libs.eventlog.projection import Key, Projection, Reader, state_of
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.actions import (
    ActionEvent,
    ActionRefused,
    DraftPart,
    GenerationsDiscarded,
    GenerationSwitched,
    PrivateDataShown,
    ProvedTable,
    PublicationDone,
    PublicationOrdered,
    RebuildDone,
    RebuildOrdered,
    RedriveDone,
    RedriveOrdered,
)
from libs.messages.catalogue import EVENTS, OPS
from services.ops.audit.chain import SHORT, counts_of, registers_of
from services.ops.audit.domain import DECIDERS, State

_PROOF: TypeAdapter[tuple[ProvedTable, ...]] = TypeAdapter(tuple[ProvedTable, ...])
_PARTS: TypeAdapter[tuple[DraftPart, ...]] = TypeAdapter(tuple[DraftPart, ...])
Mended = (
    RedriveOrdered
    | RedriveDone
    | RebuildOrdered
    | RebuildDone
    | GenerationSwitched
    | GenerationsDiscarded
    | PublicationOrdered
    | PublicationDone
)


class ViewingRow(NamedTuple):
    """Somebody was shown something; nothing of what it holds."""

    stream: str
    sequence: int
    recorded_at: datetime
    """By our clock, before it was shown."""
    shown_at: datetime
    """By the clock of whoever asked."""
    who: str
    reason: str
    case_number: str | None
    kind: str
    what: str


def _viewing(row: ViewingRow | None, event: RecordedEvent[ActionEvent]) -> ViewingRow | None:
    match event.data:
        case PrivateDataShown() as shown:
            return ViewingRow(
                stream=event.stream,
                sequence=event.sequence,
                recorded_at=event.recordedtime,
                shown_at=shown.shown_at,
                who=shown.by,
                reason=str(shown.reason),
                case_number=shown.case_number,
                kind=str(shown.kind),
                what=shown.what,
            )
        case ActionRefused() | GenerationSwitched() | GenerationsDiscarded():
            return row
        case RedriveOrdered() | RedriveDone() | RebuildOrdered() | RebuildDone():
            return row
        case PublicationOrdered() | PublicationDone():
            return row
        case _:
            assert_never(event.data)


class MendingRow(NamedTuple):
    """Something that somebody mended or published, and what came of it: no outcome while it is not known."""

    stream: str
    order_id: str
    sequence: int
    recorded_at: datetime
    """By our clock, before it was begun."""
    ordered_at: datetime
    """By the clock of whoever did it."""
    who: str
    action: str
    what: str | None
    """The place of the oldest dead letter, `service.reader`, or the digest of a rehearsal.

    None where only what came of it is known.
    """
    letters: int | None = None
    door: str | None = None
    reason: str | None = None
    source: str | None = None
    generation: int | None = None
    """That is in use since."""
    done_at: datetime | None = None
    outcome: str | None = None
    taken: int | None = None
    refused: int | None = None
    unreadable: int | None = None
    discarded: int | None = None
    left_over: int | None = None
    proof: str | None = None
    """The proof of each table, as JSON."""
    parts: str | None = None
    """Of a draft that is published: its parts with their versions, as JSON."""


def _mending(row: MendingRow | None, event: RecordedEvent[ActionEvent]) -> MendingRow | None:
    match event.data:
        case RedriveOrdered(redrive=redrive) as ordered:
            return _begun(event, ordered, f"redrive-{redrive.how}", redrive.first)._replace(
                letters=redrive.letters,
                door=redrive.door,
                reason=redrive.reason and str(redrive.reason),
                source=redrive.source,
            )
        case RebuildOrdered(rebuild=rebuild) as ordered:
            return _begun(event, ordered, "rebuild", rebuild.reader)
        case GenerationSwitched(reader=reader, generation=generation) as ordered:
            return _begun(event, ordered, "switch", reader)._replace(generation=generation)
        case GenerationsDiscarded(reader=reader) as ordered:
            return _begun(event, ordered, "discard-generations", reader)
        case RedriveDone(tally=tally) as done:
            return (row or _begun(event, done, "redrive", None))._replace(
                done_at=event.recordedtime,
                outcome=str(tally.ended),
                taken=tally.taken,
                refused=tally.refused,
                unreadable=tally.unreadable,
                discarded=tally.discarded,
                left_over=tally.left,
            )
        case RebuildDone(result=result) as done:
            return (row or _begun(event, done, "rebuild", None))._replace(
                done_at=event.recordedtime,
                outcome=str(result.ended),
                generation=result.generation,
                proof=_PROOF.dump_json(result.proof).decode(),
            )
        case PublicationOrdered(draft=draft) as ordered:
            row = _begun(event, ordered, "publish", draft.rehearsal)
            return row._replace(parts=_PARTS.dump_json(draft.parts).decode())
        case PublicationDone(tally=tally) as done:
            return (row or _begun(event, done, "publish", None))._replace(
                done_at=event.recordedtime,
                outcome=str(tally.ended),
                taken=tally.published,
                refused=tally.refused,
                left_over=tally.left,
            )
        case PrivateDataShown() | ActionRefused():
            return row
        case _:
            assert_never(event.data)


def _begun(event: RecordedEvent, said: Mended, action: str, what: str | None) -> MendingRow:
    return MendingRow(event.stream, said.order, event.sequence, event.recordedtime, event.time, said.by, action, what)


def _by_order(event: RecordedEvent[ActionEvent]) -> tuple[Key, ...]:
    return () if isinstance(event.data, PrivateDataShown | ActionRefused) else ((event.stream, event.data.order),)


def _by_event(event: RecordedEvent) -> tuple[Key, ...]:
    return ((event.stream, event.sequence),)


STATES = state_of("action_states", DECIDERS, State, get_args(ActionEvent))

VIEWINGS: Projection[ViewingRow] = Projection(
    table="viewings",
    row=ViewingRow,
    columns="""
        stream text not null, sequence bigint not null, recorded_at timestamptz not null, shown_at timestamptz not null,
        who text not null, reason text not null, case_number text, kind text not null, what text not null""",
    events=(PrivateDataShown,),
    evolve=_viewing,
    key=("stream", "sequence"),
    keys=_by_event,
    indexes=("(recorded_at)",),
)

MENDINGS: Projection[MendingRow] = Projection(
    table="mendings",
    row=MendingRow,
    columns="""
        stream text not null, order_id text not null, sequence bigint not null, recorded_at timestamptz not null,
        ordered_at timestamptz not null, who text not null, action text not null, what text, letters int, door text,
        reason text, source text, generation int, done_at timestamptz, outcome text, taken int, refused int,
        unreadable int, discarded int, left_over int, proof jsonb, parts jsonb""",
    events=get_args(Mended),
    evolve=_mending,
    key=("stream", "order_id"),
    keys=_by_order,
    indexes=("(recorded_at)",),
)


def _chain(name: str, topic: str) -> Reader:
    """Read a topic on which nothing is decided here, so that no decision waits for it."""
    return Reader(name, topic, 1, (), registers=registers_of(topic), tallies=(counts_of(topic),), gates=False)


READERS: tuple[Reader, ...] = (
    Reader(
        "actions",
        OPS,
        5,
        (STATES, VIEWINGS, MENDINGS),
        writes=True,
        registers=registers_of(OPS),
        tallies=(counts_of(OPS),),
    ),
    *(_chain(SHORT[topic], topic) for topic in EVENTS if topic != OPS),
)
