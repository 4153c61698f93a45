"""Streams and ids: the same everywhere, and never the same for two things."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from libs.messages.ids import door_command_id, duty_command_id, event_id, name_id, reaction_command_id
from libs.messages.streams import Stream, parse_stream, partition_of, stream_id

TEXT = st.text(min_size=1, max_size=40)


@given(st.text(max_size=200), st.integers(1, 64))
def test_a_stream_has_the_partition_that_kafkas_own_clients_give_its_key(stream: str, partitions: int) -> None:
    every = list(range(partitions))
    assert partition_of(stream, partitions) == DefaultPartitioner()(stream.encode(), every, every)


@given(TEXT, TEXT)
def test_a_stream_id_gives_back_what_it_was_made_of(source: str, number: str) -> None:
    assert parse_stream(stream_id("ticket", source, number)) == Stream("ticket", source, number)


@given(TEXT, TEXT, TEXT, TEXT)
def test_two_upstreams_never_meet(source: str, number: str, other: str, another: str) -> None:
    same = (source, number) == (other, another)
    assert (stream_id("ticket", source, number) == stream_id("ticket", other, another)) == same


@pytest.mark.parametrize("text", ["", "ticket", "ticket/a", "ticket/a/", "/a/b", "ticket//b", "ticket/a/b/c"])
def test_what_is_no_stream_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not kind/source/number"):
        parse_stream(text)


@given(st.lists(TEXT, max_size=4), st.lists(TEXT, max_size=4))
def test_two_lists_of_names_never_have_the_same_id(parts: list[str], others: list[str]) -> None:
    assert (name_id(*parts) == name_id(*others)) == (parts == others)


def test_an_id_is_computed_and_stays_what_it_is_for_ever() -> None:
    assert str(name_id("crm", "m-1", "ticket/crm/4711")) == "12977207-f048-55c7-8223-49fbede640f5"
    assert door_command_id("crm", "m-1", "ticket/crm/4711") == str(name_id("crm", "m-1", "ticket/crm/4711"))
    assert reaction_command_id("e", "start", "promise/crm/4711") == str(name_id("e", "start", "promise/crm/4711"))
    assert duty_command_id("h", "expire", "2") == str(name_id("h", "expire", "2"))
    assert event_id("s", "c", None, "k", "t", "d") == str(name_id("s", "c", "", "k", "t", "d"))


def test_no_message_has_the_id_of_a_reaction() -> None:
    event, stream = str(name_id("an event")), "notice/crm-eu/4711"
    assert door_command_id(event, "request", stream) != reaction_command_id(event, "request", stream)
    assert door_command_id(event, "request", stream) == door_command_id(event, "request", stream)


def test_the_ids_of_messages_from_all_other_sources_stay_as_they_were() -> None:
    assert door_command_id("crm-eu", "crm-1", "ticket/crm-eu/4711") == str(
        name_id("crm-eu", "crm-1", "ticket/crm-eu/4711")
    )
