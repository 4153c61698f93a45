"""States that are known by their heads: the newest of each stream, and no more of them than may be kept."""

from libs.eventlog.fold import command_key
from libs.eventlog.ports import Asked
from libs.eventlog.tables.states import KnownCommands, KnownStates
from libs.eventlog.wire.record import Head
from libs.messages.ids import name_id

FIRST, SECOND = Head(1, "first"), Head(2, "second")


def test_a_state_is_known_by_its_head_alone() -> None:
    states = KnownStates()
    states.keep("a", FIRST, "opened")
    assert states.of("a", FIRST) == "opened"
    assert [states.of(*asked) for asked in (("a", SECOND), ("a", None), ("b", FIRST))] == [None, None, None]
    assert states.of_streams(["a", "b"]) == {"a": ("first", "opened")}


def test_the_newest_takes_the_place_of_the_one_before() -> None:
    states = KnownStates()
    states.keep("a", FIRST, "opened")
    states.keep("a", SECOND, "closed")
    assert (states.of("a", FIRST), states.of("a", SECOND)) == (None, "closed")


def test_those_kept_longest_ago_are_forgotten_first() -> None:
    states = KnownStates(most=2)
    for stream in "abac":
        states.keep(stream, FIRST, stream)
    assert states.of_streams("abc").keys() == {"a", "c"}


def test_all_are_forgotten_where_other_tables_are_in_use() -> None:
    states = KnownStates()
    states.keep("a", FIRST, "opened")
    states.clear()
    assert states.of("a", FIRST) is None


def test_commands_that_count_are_known_by_their_stream_and_id_as_long_as_there_is_room() -> None:
    commands, ids = KnownCommands(most=2), [str(name_id(n)) for n in "abc"]
    commands.keep("one", b"".join(command_key(i) + n.to_bytes(8, "big") for n, i in enumerate(ids)))
    assert [commands.of(Asked("one", i)) for i in ids] == [None, 1, 2]
    assert commands.of(Asked("another", ids[1])) is None
    commands.clear()
    assert commands.of(Asked("one", ids[1])) is None
