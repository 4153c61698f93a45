"""Samples are said as an upstream system would say them, with whatever dirt is asked for."""

import pytest
import typer

from libs.eventlog.client.messages import structured
from libs.eventlog.wire.cloudevents import parse
from libs.messages.catalogue import UPSTREAM
from libs.stack.run import PROJECT
from services.ops.cli.output import Refused
from services.ops.door.trigger import sample, set_field

KINDS = [(door, kind) for door, types in UPSTREAM.items() for kind in types]


@pytest.mark.parametrize(("door", "kind"), KINDS, ids=[kind.split(".")[2] for _, kind in KINDS])
def test_every_upstream_type_has_a_sample_that_its_door_reads(door: str, kind: str) -> None:
    said = sample(PROJECT / "contracts", kind)
    assert parse(*structured(said), UPSTREAM[door]).type == kind


def test_a_type_may_be_named_in_short() -> None:
    assert sample(PROJECT / "contracts", "ResponseGiven")["type"] == "olcare.upstream.ResponseGiven.v1"


def test_an_unknown_type_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(Refused, match=r"TicketEaten.*ResponseGiven"):
        sample(PROJECT / "contracts", "TicketEaten")


@pytest.mark.parametrize(
    ("change", "data"),
    [
        ("channel=phone", {"channel": "phone"}),
        ("version=2024.1", {"version": "2024.1"}),
        ("version:=2024.1", {"version": 2024.1}),
        ("requester.name=Me=You", {"requester": {"name": "Me=You"}}),
        ("help_given:=false", {"help_given": False}),
        ("text=", {"text": ""}),
        ("absent:=", {}),
    ],
)
def test_a_field_is_set_to_text_or_to_json(change: str, data: dict[str, object]) -> None:
    made: dict[str, object] = {"absent": 1}
    set_field(made, change)
    assert made == ({"absent": 1} if "absent" not in change else {}) | data


@pytest.mark.parametrize("change", ["channel", "=phone", "version.major=1", "version:=[", ":=1"])
def test_what_sets_no_field_is_wrong_usage(change: str) -> None:
    with pytest.raises(typer.BadParameter):
        set_field({"version": "2024.1"}, change)
