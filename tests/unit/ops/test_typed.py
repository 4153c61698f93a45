"""What people type is read as they meant it, or refused."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import typer

from libs.messages.places import RecordAddress
from services.ops.cli.arguments import duration, instant, notice, person, place, plan_time, reference
from services.ops.ticket.command import ticket_id


@pytest.mark.parametrize("text", ["2026-11-23T07:00:00Z", "2026-11-23T08:00:00+01:00", "2026-11-23T07:00"])
def test_an_instant_without_an_offset_is_in_utc(text: str) -> None:
    assert instant(text) == datetime(2026, 11, 23, 7, tzinfo=UTC)
    assert instant(text).tzinfo == UTC


def test_a_date_is_its_beginning() -> None:
    assert instant("2026-11-23") == datetime(2026, 11, 23, tzinfo=UTC)


def test_plan_time_may_be_real() -> None:
    assert plan_time("real") is None


def test_spans_add_up() -> None:
    assert duration("1d12h") == timedelta(days=1, hours=12)
    assert duration("90s") == timedelta(minutes=1, seconds=30)


def test_a_place_is_what_a_receipt_names() -> None:
    found = RecordAddress(topic="olcare.tickets.in.v1", partition=4, offset=17)
    assert place(found.text()) == found


@pytest.mark.parametrize("text", ["crm-eu/4711", "ticket/crm-eu/4711"])
def test_a_ticket_is_named_with_or_without_its_kind(text: str) -> None:
    assert ticket_id(text) == "ticket/crm-eu/4711"


def test_a_source_may_be_called_ticket() -> None:
    assert ticket_id("ticket/4711") == "ticket/ticket/4711"


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (instant, "yesterday"),
        (instant, ""),
        (duration, ""),
        (duration, "4"),
        (duration, "4h30"),
        (place, "olcare.tickets.in.v1/4"),
        (place, "olcare.tickets.in.v1/4/-1"),
        (ticket_id, "4711"),
        (ticket_id, "a/b/c"),
        (notice, "notice/1"),
        (person, "dominique@client.example"),
        (reference, "Dominique Exemple"),
    ],
)
def test_anything_else_is_refused_as_wrong_usage(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(typer.BadParameter):
        read(text)
