"""What audit derives: of its own topic who was shown what is private, when and why; of every log topic the chain."""

from datetime import datetime
from typing import NamedTuple, assert_never, get_args

from libs.eventlog.projection import Key, Projection, Reader, state_of
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.actions import ActionEvent, ActionRefused, PrivateDataShown
from libs.messages.catalogue import EVENTS, OPS
from services.ops.audit.chain import SHORT, counts_of, registers_of
from services.ops.audit.domain import DECIDERS, State


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
        case ActionRefused():
            return row
        case _:
            assert_never(event.data)


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


def _chain(name: str, topic: str) -> Reader:
    """Read a topic on which nothing is decided here, so that no decision waits for it."""
    return Reader(name, topic, 1, (), registers=registers_of(topic), tallies=(counts_of(topic),), gates=False)


READERS: tuple[Reader, ...] = (
    Reader(
        "actions",
        OPS,
        3,
        (STATES, VIEWINGS),
        writes=True,
        registers=registers_of(OPS),
        tallies=(counts_of(OPS),),
    ),
    *(_chain(SHORT[topic], topic) for topic in EVENTS if topic != OPS),
)
