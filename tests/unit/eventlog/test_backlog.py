"""A busy stream lets the others go by, and no outcome depends on it."""

from collections.abc import Iterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from libs.eventlog.loops.backlog import BYTES, DEPTH, RECORDS, Backlog
from libs.eventlog.loops.fact_waves import Resting
from libs.eventlog.wire.record import Record
from tests.unit.eventlog.test_fact_waves import MESSAGES, outcomes


def about(*names: str) -> Resting:
    return Resting(frozenset(names))


def read(messages: Sequence[Resting | None], partitions: int = 1) -> list[Record]:
    return [Record("door", n % partitions, n // partitions, None, b"", (), n) for n in range(len(messages))]


def backlog_of(messages: Sequence[Resting | None], depth: int = DEPTH) -> Backlog:
    backlog = Backlog(lambda record: messages[record.timestamp], depth)
    backlog.add(read(messages))
    return backlog


def numbers(records: Sequence[Record]) -> list[int]:
    return [record.timestamp for record in records]


def batches(messages: Sequence[Resting], depth: int, size: int) -> Iterator[list[int]]:
    """The story as it is answered where so many records are read at once."""
    backlog, records = Backlog(lambda record: messages[record.timestamp], depth), read(messages, partitions=2)
    for at in range(0, len(records), size):
        backlog.add(records[at : at + size])
        yield numbers(backlog.take(size))
    while backlog:
        yield numbers(backlog.take(size))


@given(MESSAGES, st.integers(1, 3), st.integers(1, 12))
def test_what_is_known_is_as_if_each_were_answered_in_its_order(messages: list[Resting], depth: int, size: int) -> None:
    story = [[(at, messages[at]) for at in batch] for batch in batches(messages, depth, size)]
    assert outcomes(story) == outcomes([[entry] for entry in enumerate(messages)])


@given(MESSAGES, st.integers(1, 3), st.integers(1, 12))
def test_every_message_is_taken_once_and_the_first_that_waits_at_once(
    messages: list[Resting], depth: int, size: int
) -> None:
    taken: list[int] = []
    for batch in batches(messages, depth, size):
        assert not messages or min(set(range(len(messages))) - set(taken)) in batch
        taken += batch
    assert sorted(taken) == list(range(len(messages)))


def test_others_go_by_a_busy_stream() -> None:
    busy, others = [about("busy")] * 2000, [about(f"other {n}") for n in range(50)]
    backlog = backlog_of([*busy, *others])
    assert numbers(backlog.take(500)) == [*range(DEPTH), *range(2000, 2050)]
    assert backlog.answered_to() == {0: DEPTH}
    assert numbers(backlog.take(500)) == [*range(DEPTH, 2 * DEPTH)]


def test_what_rests_on_a_busy_stream_waits_for_it_and_so_does_what_it_rests_on() -> None:
    merge = Resting(frozenset({"absorbed"}), frozenset({"busy"}))
    rests_on_other = Resting(frozenset({"busy"}), frozenset({"other"}))
    backlog = backlog_of([about("busy"), rests_on_other, merge, about("absorbed"), about("other"), about("free")], 1)
    assert numbers(backlog.take(500)) == [0, 5]
    assert numbers(backlog.take(500)) == [1, 2, 4]
    assert numbers(backlog.take(500)) == [3]


def test_nothing_goes_by_what_can_not_be_told() -> None:
    backlog = backlog_of([about("busy"), about("busy"), about("other"), None, about("third")], 1)
    assert numbers(backlog.take(500)) == [0, 2]
    assert numbers(backlog.take(500)) == [1, 3, 4]


def test_a_partition_of_another_process_is_let_go() -> None:
    messages = [about("busy")] * 10
    backlog = Backlog(lambda record: messages[record.timestamp], 1)
    backlog.add(read(messages, partitions=2))
    backlog.keep(frozenset({1}))
    assert backlog.answered_to() == {1: 0}
    assert numbers(backlog.take(500)) == [1]
    backlog.drop(frozenset({1}))
    assert (len(backlog), backlog.answered_to()) == (0, {})


def test_so_much_is_read_ahead_and_no_more() -> None:
    backlog = Backlog(lambda _: about("busy"))
    assert backlog.room(500) == 500
    backlog.add(read([None] * (RECORDS - 100)))
    assert backlog.room(500) == 100
    backlog.add(read([None] * 200))
    assert backlog.room(500) == 1
    large = Backlog(lambda _: about("busy"))
    large.add([Record("door", 0, 0, None, bytes(BYTES), (), 0)])
    assert large.room(500) == 1
