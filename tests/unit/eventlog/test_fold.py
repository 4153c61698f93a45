"""Folding a batch: what counts moves heads, command indexes and rows; what is void moves nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from libs.eventlog.errors import Halted
from libs.eventlog.fold import Projector, View, counted_at
from libs.eventlog.projection import Reader
from libs.eventlog.put_away import hour_of
from libs.eventlog.rule import Judge
from libs.eventlog.wire.record import Record, RecordedEvent
from libs.messages.ids import name_id
from tests.model.story import CODECS, DESK_TICKETS, MONDAY, TALLY, TICKETS, TIMER_TICKETS, Closed, Opened, Tally, Ticket
from tests.unit.eventlog.history import History, aside, note, stream_in

A, B = stream_in(0), stream_in(0, 1)


def projector(reader: Reader, *set_aside: Record) -> Projector:
    return Projector(reader, Judge(CODECS[TICKETS], tuple(aside(record) for record in set_aside)))


def folded(records: Sequence[Record], reader: Reader = DESK_TICKETS) -> View:
    view, using = View(rows={p.table: {} for p in reader.projections}), projector(reader)
    using.fold(using.judge.envelopes(records), view)
    return view


def state(view: View, stream: str) -> Ticket:
    ticket: Ticket = view.rows["ticket_state"][stream,].state
    return ticket


def test_rows_heads_and_journals_move_together() -> None:
    history = History()
    view = folded([history.next(A, command="one"), history.next(B), history.next(A, command="two")])
    assert view.heads == history.heads
    assert view.rows["tally"] == {(A,): Tally(A, 2), (B,): Tally(B, 1)}
    assert [counted_at(bytes(view.command_indexes[A]), str(name_id(command))) for command in ("one", "two")] == [0, 2]
    assert counted_at(bytes(view.command_indexes[B]), str(name_id("two"))) is None
    assert (view.counted, view.voids) == (3, [])


def test_the_state_of_a_decider_is_a_row_like_any_other() -> None:
    history = History()
    opened = history.next(A, Opened(at=MONDAY, fact=1, basis=()))
    assert state(folded([opened]), A).is_open
    assert not state(folded([opened, history.next(A, Closed(at=MONDAY, fact=1, basis=()))]), A).is_open


def test_the_hour_of_a_stream_is_its_latest_also_where_a_clock_went_back() -> None:
    history = History()
    view = folded([history.next(A, day=2), history.next(A, day=1), history.next(B, day=1)])
    assert view.hours == {A: hour_of(MONDAY + timedelta(days=2)), B: hour_of(MONDAY + timedelta(days=1))}


def test_what_is_void_moves_nothing_and_is_named() -> None:
    history = History()
    first = history.next(A)
    view = folded([first, history.again(first), history.again(first)])
    assert view.rows == folded([first]).rows
    assert (view.heads, view.counted, view.voids) == (history.heads, 1, [1, 2])


def test_what_is_set_aside_counts_among_the_void_ones() -> None:
    history = History()
    torn = history.record(b"{", A)
    view, using = View(rows={"tally": {}}), projector(TIMER_TICKETS, torn)
    using.fold(using.judge.envelopes([torn, history.next(A)]), view)
    assert (view.counted, view.voids) == (1, [0])


def test_an_event_that_no_projection_names_moves_its_head_alone() -> None:
    history = History()
    only_opened = replace(TIMER_TICKETS, projections=(replace(TALLY, events=(Opened,)),))
    view = folded([history.next(A)], only_opened)
    assert (view.heads, view.rows) == (history.heads, {"tally": {}})


def test_a_reader_of_a_topic_that_others_write_keeps_no_journal() -> None:
    assert folded([History().next(A)], TIMER_TICKETS).command_indexes == {}


def test_a_row_may_go_and_its_head_stays() -> None:
    history = History()
    gone = replace(TIMER_TICKETS, projections=(replace(TALLY, evolve=lambda _, __: None),))
    view = folded([history.next(A)], gone)
    assert (view.rows["tally"], view.heads) == ({(A,): None}, history.heads)


def test_a_key_that_does_not_name_the_stream_is_refused() -> None:
    def elsewhere(_: RecordedEvent) -> Sequence[tuple[str]]:
        return [("all together",)]

    with pytest.raises(Halted, match=r"tally can not fold .* \(ValueError at fold.py"):
        folded([History().next(A)], replace(TIMER_TICKETS, projections=(replace(TALLY, keys=elsewhere),)))


def test_the_rows_that_a_batch_may_touch_are_known_before_it_is_judged() -> None:
    history = History()
    records = [history.next(A), history.next(B), history.next(A)]
    using = projector(DESK_TICKETS, records[1])
    touched = using.touched(using.judge.envelopes(records))
    assert touched == {"ticket_state": {(A,)}, "tally": {(A,)}}


def test_a_void_record_whose_data_can_not_be_read_touches_nothing_and_hurts_nobody() -> None:
    history = History()
    first = history.next(A)
    torn = history.record((first.value or b"").replace(b'"fact":0', b'"fact":"x"'), A)
    using, view = projector(DESK_TICKETS), View(rows={"ticket_state": {}, "tally": {}})
    events = using.judge.envelopes([first, torn])
    assert using.touched(events) == {"ticket_state": {(A,)}, "tally": {(A,)}}
    using.fold(events, view)
    assert view.voids == [1]


@pytest.mark.parametrize("cause", ["", "17", "no-uuid", "zz8f3d3c-2f0b-5a39-9d4c-0c1a5e0b7c11"])
def test_a_command_that_is_no_uuid_stops_the_partition_before_the_journal_is_out_of_step(cause: str) -> None:
    history = History()
    first = history.next(A)
    command = str(name_id(f"{A} 0")).encode()
    with pytest.raises(Halted, match="is no UUID"):
        folded([first._replace(value=(first.value or b"").replace(command, cause.encode()))])


def test_a_command_is_looked_up_as_a_whole_and_in_its_place() -> None:
    one, two = name_id("one"), name_id("two")
    index = one.bytes + (5).to_bytes(8, "big") + two.bytes + (2**40).to_bytes(8, "big")
    assert (counted_at(index, str(one)), counted_at(index, str(two))) == (5, 2**40)
    assert counted_at(index[8:] + bytes(8), str(one)) is None
    assert counted_at(b"", str(one)) is None


def test_a_batch_is_the_same_whole_and_in_parts() -> None:
    history = History()
    records = [history.next(stream, note(n)) for n, stream in enumerate([A, B, A, A, B])]
    whole, parts = folded(records), View(rows={"ticket_state": {}, "tally": {}})
    using = projector(DESK_TICKETS)
    for record in records:
        using.fold(using.judge.envelopes([record]), parts)
    assert parts == whole
