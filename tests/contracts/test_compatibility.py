"""Each kind of change that an old message or an old reader could not live with is found, and no other."""

from enum import StrEnum
from typing import Annotated, Any

import pytest
from pydantic import StringConstraints, create_model

from libs.messages.base import Code, Event, Instant, OpenCode
from tests.contracts.compatibility import breaks
from tests.contracts.schemas import schema


class Two(StrEnum):
    A = "a"
    B = "b"


class Three(StrEnum):
    A = "a"
    B = "b"
    C = "c"


class OpenTwo(OpenCode):
    A = "a"
    B = "b"


class OpenThree(OpenCode):
    A = "a"
    B = "b"
    C = "c"


Inner = create_model("Inner", a=(int, ...))
InnerRetyped = create_model("Inner", a=(bool, ...))
InnerLonger = create_model("Inner", a=(int, ...), b=(int, ...))
InnerOptional = create_model("Inner", a=(int, ...), b=(int | None, None))
OneOrOther: Any = create_model("X", a=(int, ...)) | create_model("Y", b=(int, ...))


def event(**fields: Any) -> dict[str, Any]:
    return schema("olcare.Changed.v1", create_model("Changed", __base__=Event, **fields))


def text(**limits: Any) -> Any:
    return (Annotated[str, StringConstraints(**limits)], ...)


INCOMPATIBLE = {
    "a field is removed": (event(a=(int, ...), b=(int, ...)), event(a=(int, ...)), "data.b was removed or renamed"),
    "an optional field is removed": (event(a=(int | None, None)), event(), "data.a was removed or renamed"),
    "a field is renamed": (event(a=(int, ...)), event(b=(int, ...)), "data.a was removed or renamed"),
    "a field is retyped": (event(a=(int, ...)), event(a=(bool, ...)), "data.a is integer, not boolean"),
    "a field becomes an instant": (event(a=(str, ...)), event(a=(Instant, ...)), "data.a has another format"),
    "a required field is new": (event(a=(int, ...)), event(a=(int, ...), b=(int, ...)), "data.b may be absent"),
    "an optional field is now required": (event(a=(int, 1)), event(a=(int, ...)), "data.a may be absent"),
    "a required field is now optional": (event(a=(int, ...)), event(a=(int, 1)), "data.a may be absent"),
    "a field may be null": (event(a=(int, ...)), event(a=(int | None, ...)), "data.a is null, not integer"),
    "a field may not be null": (event(a=(int | None, ...)), event(a=(int, ...)), "data.a is null, not integer"),
    "a default changes": (event(a=(int, 1)), event(a=(int, 2)), "data.a has another default"),
    "a list of codes is narrowed": (event(a=(Three, ...)), event(a=(Two, ...)), "data.a may be 'c'"),
    "a closed list of codes grows": (event(a=(Two, ...)), event(a=(Three, ...)), "data.a may be 'c'"),
    "free codes become a list": (event(a=(Code, ...)), event(a=(Two, ...)), "data.a is not one of ['a', 'b']"),
    "an open list is closed": (event(a=(OpenTwo, ...)), event(a=(Two, ...)), "data.a is not one of ['a', 'b']"),
    "a text gets shorter": (event(a=text(max_length=9)), event(a=text(max_length=8)), "data.a has a higher maxLength"),
    "a text gets longer": (event(a=text(max_length=8)), event(a=text(max_length=9)), "data.a has a higher maxLength"),
    "a pattern changes": (event(a=text(pattern="^a")), event(a=text(pattern="^b")), "data.a has another pattern"),
    "an inner field is retyped": (event(a=(Inner, ...)), event(a=(InnerRetyped, ...)), "data.a.a is integer"),
    "an inner required field is new": (event(a=(Inner, ...)), event(a=(InnerLonger, ...)), "data.a.b may be absent"),
    "an optional inner object loses a field": (
        event(a=(InnerOptional | None, None)),
        event(a=(Inner | None, None)),
        "data.a.b was removed or renamed",
    ),
    "what a list holds is retyped": (
        event(a=(tuple[Inner, ...], ())),
        event(a=(tuple[InnerRetyped, ...], ())),
        "data.a[].a is integer, not boolean",
    ),
    "what a list holds loses a field": (
        event(a=(tuple[InnerOptional, ...], ())),
        event(a=(tuple[Inner, ...], ())),
        "data.a[].b was removed or renamed",
    ),
    "an alternative goes": (event(a=(OneOrOther, ...)), event(a=(Inner, ...)), "data.a.a may be absent"),
}

COMPATIBLE = {
    "nothing changes": (event(a=(Three, ...)), event(a=(Three, ...))),
    "an optional field is new": (event(a=(int, ...)), event(a=(int, ...), b=(Three | None, None))),
    "an open list grows": (event(a=(OpenTwo, ...)), event(a=(OpenThree, ...))),
    "an inner optional field is new": (event(a=(Inner | None, None)), event(a=(InnerOptional | None, None))),
    "an optional field is new in what a list holds": (
        event(a=(tuple[Inner, ...], ())),
        event(a=(tuple[InnerOptional, ...], ())),
    ),
}

ONLY_AT_A_DOOR = {
    "a closed list of codes grows": (event(a=(Two, ...)), event(a=(Three, ...))),
    "a required field is now optional": (event(a=(int, ...)), event(a=(int, 1))),
    "a field may be null": (event(a=(int, ...)), event(a=(int | None, ...))),
    "a text gets longer": (event(a=text(max_length=8)), event(a=text(max_length=9))),
}


@pytest.mark.parametrize("name", INCOMPATIBLE)
def test_an_incompatible_change_is_found_and_named(name: str) -> None:
    old, new, expected = INCOMPATIBLE[name]
    assert any(expected in sentence for sentence in breaks(old, new)), breaks(old, new)


@pytest.mark.parametrize("name", COMPATIBLE)
def test_a_compatible_change_passes(name: str) -> None:
    old, new = COMPATIBLE[name]
    assert breaks(old, new) == []


@pytest.mark.parametrize("name", ONLY_AT_A_DOOR)
def test_what_comes_in_at_a_door_may_be_taken_more_freely_than_before(name: str) -> None:
    old, new = ONLY_AT_A_DOOR[name]
    assert breaks(old, new)
    assert breaks(old, new, only_we_read=True) == []
