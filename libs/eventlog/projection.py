"""What a service derives from a topic: pure folds, declared as values.

A row is a NamedTuple whose first fields are the key, the stream id first. The engine decides how rows reach the
database, so the same fold serves live and in a rebuild.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import TypeAdapter

from libs.decider import Deciders, decider_of
from libs.eventlog.put_away import PutAway
from libs.eventlog.wire.record import RecordedEvent
from libs.eventlog.wire.unvalidated import encoder_without_validation, state_decoder_without_validation
from libs.messages.base import Event

R = TypeVar("R", bound=tuple[Any, ...])
Key = tuple[Any, ...]


def by_stream(event: RecordedEvent) -> Sequence[Key]:
    """One row a stream: the usual case."""
    return ((event.stream,),)


def _as_it_is(row: tuple[Any, ...]) -> Any:
    return row


@dataclass(frozen=True)
class Projection(Generic[R]):
    """One table: `evolve(row | None, event) -> row | None`, per key, no clock, no randomness, no I/O.

    `columns` is the DDL of the columns in the order of the row's fields; `key` names the first of them. `events`
    are the types that concern it, others leave its rows alone; `keys` gives the rows an event touches. `load` and
    `dump` stand between the row that is folded and the tuple that is stored, where they differ.
    """

    table: str
    row: type[R]
    columns: str
    events: tuple[type[Event], ...]
    evolve: Callable[[R | None, RecordedEvent], R | None]
    key: tuple[str, ...] = ("stream",)
    indexes: tuple[str, ...] = ()
    expressions: Mapping[str, str] = field(default_factory=dict)
    """Named SQL over the columns: what indexes are made for, queries write as `{name}`."""
    keys: Callable[[RecordedEvent], Sequence[Key]] = by_stream
    load: Callable[[tuple[Any, ...]], R] | None = None
    dump: Callable[[R], tuple[Any, ...]] = _as_it_is

    @property
    def is_state(self) -> bool:
        """Whether these are the states that the service's writer decides on."""
        return self.row is StateRow

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.split()[0] for column in self.columns.split(","))

    def loaded(self, stored: tuple[Any, ...]) -> R:
        """Make a row of a stored tuple."""
        return self.load(stored) if self.load else self.row(*stored)


@dataclass(frozen=True)
class Register:
    """One table with rows that belong to one event each: they are written once, and no fold reads them.

    `entries` gives the values of `columns` for each row of a counting event; before them stand the event's `partition`
    and `"offset"`. It is asked for the events of the types `events`, whose data are decoded then; without any for all,
    and sees their envelopes alone.
    """

    table: str
    columns: str
    key: tuple[str, ...]
    entries: Callable[[RecordedEvent], Iterable[tuple[Any, ...]]]
    events: tuple[type[Event], ...] = ()
    indexes: tuple[str, ...] = ()

    @property
    def ddl(self) -> str:
        """The columns, those of the place included."""
        return f'partition int not null, "offset" bigint not null, {self.columns}'


@dataclass(frozen=True)
class Tally:
    """One table that counts: a row for each partition and key, with how many counting events have that key.

    `columns` is the DDL of the columns `key`; before them stands `partition`, after them `events`. Only the envelope of
    an event is seen. Nothing but the owner of the partition writes the row; who wants the whole adds the rows up.
    """

    table: str
    columns: str
    key: tuple[str, ...]
    of: Callable[[RecordedEvent], Key]

    @property
    def ddl(self) -> str:
        """The columns, those of the partition and the number included."""
        return f"partition int not null, {self.columns}, events bigint not null"


@dataclass(frozen=True)
class Reader:
    """One consumer group over one topic with the projections that move together.

    `version` grows with every change of a table or a fold: a new version is built beside the old one. `writes` says
    that this service writes the topic (its counted commands are kept, and its streams are put away by `put_away`),
    `reacts` that reactions follow this reader (the offsets that it found void are kept), `gates` that decisions rest on
    its tables: they wait until it has caught up, and where it is halted there are none.
    """

    name: str
    topic: str
    version: int
    projections: tuple[Projection[Any], ...]
    writes: bool = False
    reacts: bool = False
    put_away: PutAway = field(default_factory=PutAway)
    registers: tuple[Register, ...] = ()
    tallies: tuple[Tally, ...] = ()
    gates: bool = True

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the tables that the code of the service declares."""
        return tuple(each.table for each in (*self.projections, *self.entered))

    @property
    def entered(self) -> tuple[Register | Tally, ...]:
        """The registers and the tallies."""
        return (*self.registers, *self.tallies)

    @property
    def state(self) -> Projection[Any] | None:
        """The projection of the states that the service's writer decides on; None where it has none."""
        return next((projection for projection in self.projections if projection.is_state), None)


class StateRow(NamedTuple):
    """The state of a stream, as its decider sees it."""

    stream: str
    state: Any


def state_of(table: str, deciders: Deciders, states: Any, events: tuple[type[Event], ...]) -> Projection[Any]:
    """Project the state of each stream by its decider: what a writer decides on. `states` is the union of them all.

    It is stored as the bytes of its JSON, which no query of a service looks into.
    """
    write = encoder_without_validation()
    try:
        read = state_decoder_without_validation(states)
    except TypeError:
        adapter: TypeAdapter[Any] = TypeAdapter(states)
        read = adapter.validate_json

    def evolve(row: StateRow | None, event: RecordedEvent) -> StateRow:
        decider = decider_of(deciders, event.stream)
        state = row.state if row else decider.initial
        return StateRow(event.stream, decider.evolve(state, event.data))

    return Projection(
        table=table,
        row=StateRow,
        columns="stream text not null, state bytea not null",
        events=events,
        evolve=evolve,
        load=lambda stored: StateRow(stored[0], read(stored[1])),
        dump=lambda row: (row.stream, write(row.state)),
    )
