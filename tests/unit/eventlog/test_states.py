"""States that are known by their heads: the newest of each stream, and no more of them than may be kept."""

from libs.eventlog.fold import INDEX_ENTRY, NEWEST, command_key
from libs.eventlog.ports import Asked
from libs.eventlog.tables.states import KnownCommands, KnownStates
from libs.eventlog.wire.record import Head
from libs.messages.ids import name_id

FIRST, SECOND = Head(1, "first"), Head(2, "second")
AT_MOST = NEWEST // INDEX_ENTRY  # commands of a stream


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


def index_of(*numbers: int) -> bytes:
    return b"".join(command_key(command(n)) + n.to_bytes(8, "big") for n in numbers)


def command(number: int) -> str:
    return str(name_id(f"command {number}"))


def test_commands_that_count_are_known_by_their_stream_and_id() -> None:
    commands = KnownCommands()
    commands.keep("one", index_of(1, 2))
    commands.keep("one", index_of(3))
    assert [commands.of(Asked("one", command(n))) for n in (1, 2, 3, 4)] == [1, 2, 3, None]
    assert commands.of(Asked("another", command(1))) is None
    commands.clear()
    assert commands.of(Asked("one", command(1))) is None


def test_of_a_stream_the_newest_commands_are_known_and_of_the_streams_those_moved_last() -> None:
    commands = KnownCommands(most=2)
    commands.keep("one", index_of(*range(AT_MOST + 1)))
    assert [commands.of(Asked("one", command(n))) for n in (0, 1, AT_MOST)] == [None, 1, AT_MOST]
    for stream in ("two", "one", "three"):
        commands.keep(stream, index_of(7))
    assert [commands.of(Asked(stream, command(7))) for stream in ("one", "two", "three")] == [7, None, 7]
