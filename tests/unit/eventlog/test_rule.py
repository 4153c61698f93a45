"""A record counts if and only if it is the next of its stream; anything else is void, or evidence of loss."""

from collections.abc import Sequence

import pytest

from libs.eventlog.errors import Halted
from libs.eventlog.rule import MISSING, Judge, SetAside
from libs.eventlog.wire.record import Head, Record
from tests.model.story import CODECS, TICKETS
from tests.unit.eventlog.history import History, aside, note, stream_in, written

A = stream_in(0)


def judged(records: Sequence[Record], *set_aside: SetAside) -> tuple[list[bool], dict[str, Head]]:
    judge, heads = Judge(CODECS[TICKETS], set_aside), dict[str, Head]()
    return [judge.counts(event, heads) for event in judge.envelopes(records)], heads


def test_the_first_of_a_stream_counts_and_so_does_each_that_follows_it() -> None:
    history = History()
    counts, heads = judged([history.next(A), history.next(A), history.next(A)])
    assert counts == [True, True, True]
    assert heads == history.heads


def test_a_repeat_is_void_at_once_and_much_later() -> None:
    history = History()
    first = history.next(A)
    counts, heads = judged([first, history.again(first), history.next(A), history.again(first)])
    assert counts == [True, False, True, False]
    assert heads == history.heads


def test_a_record_is_read_when_it_is_asked_for_and_not_before() -> None:
    history = History()
    good, torn = history.next(A), history.next(A)._replace(value=b"torn")
    for judge in (Judge(CODECS[TICKETS]), Judge(CODECS[TICKETS], (aside(history.next(A)),))):
        events = judge.each([good, torn])
        first = next(events)
        assert (first.partition, first.offset) == (good.partition, good.offset)
        with pytest.raises(Halted, match="can not be read"):
            next(events)


def test_the_loser_of_a_race_is_void() -> None:
    history = History()
    winner, (_, loser) = history.next(A), written(A, None, note(7))
    assert judged([winner, history.record(loser, A)]) == ([True, False], history.heads)


def test_streams_do_not_know_each_other() -> None:
    history, b = History(), stream_in(0, 1)
    assert judged([history.next(A), history.next(b), history.next(A)])[0] == [True, True, True]


def test_one_that_is_missing_stops_the_partition() -> None:
    history = History()
    history.next(A)
    with pytest.raises(Halted, match=r"is at 0, so 1 is missing before this 2"):
        judged([history.next(A)])


def test_one_that_follows_another_history_stops_the_partition() -> None:
    history = History()
    first, (other, _) = history.next(A), written(A, None, note(7))
    _, value = written(A, other, note())
    with pytest.raises(Halted, match=f"this one follows {other.id}"):
        judged([first, history.record(value, A)])


def test_a_first_one_that_follows_something_stops_the_partition() -> None:
    history = History()
    _, value = written(A, Head(0, "an event that nobody knows"), note())
    with pytest.raises(Halted, match="nothing"):
        judged([history.record(value, A)])


def test_a_stream_in_another_partition_than_its_own_stops_that_partition() -> None:
    history = History()
    _, value = written(A, None, note())
    with pytest.raises(Halted, match="belongs to another partition"):
        judged([history.record(value, A, partition=1)])


def test_a_repeat_that_is_set_aside_is_void_like_any_other() -> None:
    history = History()
    first = history.next(A)
    repeat = history.again(first)
    assert judged([first, repeat], aside(repeat)) == ([True, False], history.heads)


def test_what_is_set_aside_and_can_not_be_read_is_void() -> None:
    history = History()
    torn = history.record(b"{", A)
    assert judged([torn, history.next(A)], aside(torn))[0] == [False, True]


def test_after_a_loss_the_record_set_aside_is_the_head_of_its_stream() -> None:
    history = History()
    history.next(A)
    after, follower = history.next(A)._replace(offset=0), history.next(A)._replace(offset=1)
    assert judged([after, follower], aside(after)) == ([False, True], history.heads)


def test_a_type_that_is_not_known_can_be_set_aside_and_others_follow_it() -> None:
    history = History()
    first = history.next(A)
    strange = first._replace(value=(first.value or b"").replace(b"olcare.Noted.v1", b"olcare.Strange.v1"))
    assert judged([strange, history.next(A)], aside(strange)) == ([False, True], history.heads)


def test_what_is_set_aside_with_a_sequence_that_no_table_holds_is_no_head() -> None:
    history = History()
    first = history.next(A)
    value = (first.value or b"").replace(b'"0000000001"', b'"9223372036854775808"')
    beyond = history.record(value, A)
    assert judged([first, beyond, history.next(A)], aside(beyond)) == ([True, False, True], history.heads)


def test_what_is_set_aside_in_a_foreign_partition_is_no_head_there() -> None:
    _, value = written(A, None, note())
    strayed = History().record(value, A, partition=1)
    assert judged([strayed], aside(strayed)) == ([False], {})


def test_only_the_very_record_that_the_card_names_is_set_aside() -> None:
    history = History()
    first = history.next(A)
    with pytest.raises(Halted, match="but this record has"):
        judged([first], aside(first)._replace(sha256="0" * 64))


@pytest.mark.parametrize(
    ("offsets", "set_aside", "first_missing"),
    [
        ([3, 4, 5], [], None),
        ([3, 5], [4], None),
        ([5], [3, 4], None),
        ([3, 6], [4], 5),
        ([4], [], 3),
        ([3, 3], [], 4),
        ([3, 2], [2, 4], 4),
        ([3, 4], [4], None),
    ],
)
def test_no_offset_is_missing_but_what_is_set_aside(
    offsets: list[int], set_aside: list[int], first_missing: int | None
) -> None:
    judge = Judge(CODECS[TICKETS], tuple(SetAside(0, at, MISSING, "lost", "the owner") for at in set_aside))
    records = [Record(TICKETS, 0, at, None, None, (), 0) for at in offsets]
    if first_missing is None:
        judge.check_dense(records, 3)
        return
    with pytest.raises(Halted, match=f"a record is missing: offset {first_missing} was to come") as halted:
        judge.check_dense(records, 3)
    assert halted.value.offset == first_missing


def test_a_record_where_the_card_says_that_none_stands_stops_the_partition() -> None:
    history = History()
    record = history.next(A)
    with pytest.raises(Halted, match="no record stands here, but one does"):
        judged([record], SetAside(record.partition, record.offset, MISSING, "lost", "the owner"))
