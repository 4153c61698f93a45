"""The lean decoder gives what pydantic gives, for every event there is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter

from libs.eventlog.wire.unvalidated import (
    decoder_without_validation,
    encoder_without_validation,
    state_decoder_without_validation,
)
from libs.messages.base import Event
from libs.messages.catalogue import EVENT_OF_TYPE

EXAMPLES = Path(__file__).parents[3] / "contracts" / "examples" / "log"


@cache
def example(model: type[Event]) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((EXAMPLES / f"{model.__name__}.json").read_text())["data"]
    return data


@pytest.mark.parametrize("model", EVENT_OF_TYPE.values(), ids=lambda model: model.__name__)
def test_every_example_is_read_as_pydantic_reads_it(model: type[Event]) -> None:
    data = json.dumps(example(model)).encode()
    expected = model.model_validate_json(data)
    lean = decoder_without_validation(model)(data)
    assert lean == expected
    assert lean.model_dump_json() == expected.model_dump_json()
    assert hash(lean) == hash(expected)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(EVENT_OF_TYPE.values(), key=lambda model: model.__name__)), st.data())
def test_whatever_pydantic_takes_is_read_alike(model: type[Event], data: st.DataObject) -> None:
    """Mutate the example: drop what may be dropped, take other values of the same kind."""
    changed = data.draw(mutations(model))
    encoded = model.model_validate(changed).model_dump_json().encode()
    for text in (encoded, json.dumps(changed).encode()):
        assert decoder_without_validation(model)(text) == model.model_validate_json(text)


def mutations(model: type[Event]) -> st.SearchStrategy[dict[str, Any]]:
    fields = {name: varied(value) for name, value in example(model).items()}
    optional = {name for name, info in model.model_fields.items() if not info.is_required()} & fields.keys()
    return st.fixed_dictionaries(
        {name: value for name, value in fields.items() if name not in optional},
        optional={name: fields[name] for name in optional},
    ).filter(lambda changed: _is_valid(model, changed))


def varied(value: Any) -> st.SearchStrategy[Any]:
    match value:
        case bool():
            return st.booleans()
        case int():
            return st.integers(1, 10_000)
        case str():
            return st.one_of(st.just(value), instants(value))
        case _:
            return st.just(value)


def instants(text: str) -> st.SearchStrategy[str]:
    """Give other instants or days for one, in several notations; anything else as it stands."""
    try:
        then = datetime.fromisoformat(text)
    except ValueError:
        return st.just(text)
    if len(text) == len("2026-03-02"):
        return st.dates(date(2000, 1, 1), date(2100, 1, 1)).map(date.isoformat)
    offsets = st.sampled_from([timedelta(0), timedelta(hours=-5), timedelta(hours=9, minutes=30)])
    moved = st.timedeltas(timedelta(days=-900), timedelta(days=900)).map(lambda by: then + by)
    return st.builds(lambda at, offset: (at + offset).astimezone(UTC).isoformat(), moved, offsets)


def _is_valid(model: type[Event], changed: dict[str, Any]) -> bool:
    try:
        model.model_validate(changed)
    except ValueError:
        return False
    return True


class Inner(BaseModel):
    since: datetime
    many: tuple[int, ...] = (1, 2)


class Outer(Event):
    inner: Inner
    inners: tuple[Inner, ...] = ()
    named: Mapping[str, Inner] | None = None
    listed: tuple[int, ...] = Field(default_factory=tuple)
    perhaps: Inner | None = None
    word: str = "default"


def test_models_within_models_are_models_and_defaults_are_filled_in_at_every_depth() -> None:
    text = b'{"inner":{"since":"2026-03-02T09:00:00Z"},"inners":[{"since":"2026-03-02T09:00:00Z","many":[]}],"more":1}'
    lean = decoder_without_validation(Outer)(text)
    assert lean == Outer.model_validate_json(text)
    assert isinstance(lean.inners[0], Inner)
    assert (lean.word, lean.inner.many, lean.perhaps, lean.named, lean.listed) == ("default", (1, 2), None, None, ())
    assert lean.model_copy(update={"word": "other"}).word == "other"


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"{}", b'{"inner":{}}', b'{"inner":7}', b'{"inner":{"since":"now"}}']
)
def test_what_is_no_such_event_is_refused(text: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        decoder_without_validation(Outer)(text)


class Part(BaseModel):
    on: date


@dataclass(frozen=True)
class Idle:
    since: datetime | None = None
    state: Literal["idle"] = "idle"


@dataclass(frozen=True)
class Busy:
    part: Part
    parts: tuple[Idle, ...] = ()
    state: Literal["busy", "very-busy"] = "busy"


@pytest.mark.parametrize(
    "state",
    [
        Idle(),
        Idle(datetime(2026, 11, 24, 9, 0, 0, 1, tzinfo=UTC)),
        Busy(Part(on=date(2026, 11, 24)), (Idle(),), "very-busy"),
    ],
)
def test_a_state_is_read_as_pydantic_reads_it(state: Idle | Busy) -> None:
    for stored in (TypeAdapter[Idle | Busy](Idle | Busy).dump_json(state), encoder_without_validation()(state)):
        assert state_decoder_without_validation(Idle | Busy)(stored) == state


def test_what_is_neither_plain_nor_a_model_is_not_written() -> None:
    with pytest.raises(TypeError, match="stands in no state"):
        encoder_without_validation()(object())


def test_a_state_stored_before_a_field_came_has_its_default() -> None:
    assert state_decoder_without_validation(Idle | Busy)(b'{"state": "idle"}') == Idle()


def test_states_that_nothing_tells_apart_are_refused() -> None:
    with pytest.raises(TypeError):
        state_decoder_without_validation(Part | Idle)
