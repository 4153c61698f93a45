"""Nothing personal enters a log topic, because a log is kept for ever."""

from collections.abc import Iterator
from enum import Enum
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, create_model

from libs.messages.base import Event, OpenCode
from libs.messages.catalogue import EVENTS, PLAN
from libs.messages.notices import Cancellation, DeliveryProblem
from libs.messages.private import EmailAddress, Line
from tests.contracts.schemas import schema, schemas

# A single word would fit where an identifier does: that it is no name, only whoever gives it can say.
PERSONAL = ("Camille Exemple", "camille@client.example", "+33 1 99 00 00 17", "Le gabarit ne sort plus.")
DECIDED = {"reason", "cause", "problem"}
OF_CUSTOMERS = [event for topic, events in EVENTS.items() if topic != PLAN for event in events]


def texts(at: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every place in a schema where a text may stand."""
    if isinstance(at, dict):
        if at.get("type") == "string" or "enum" in at:
            yield path, at
        else:
            for name, part in at.items():
                yield from texts(part, f"{path}.{name}")
    elif isinstance(at, list):
        for part in at:
            yield from texts(part, path)


def takes_personal_data(model: type[BaseModel]) -> list[str]:
    """The fields into which a name, an address, a number or a sentence of a person would fit."""
    return [path for path, at in texts(schema("x", model), model.__name__) if not _is_bounded(at)]


def _is_bounded(at: dict[str, Any]) -> bool:
    if at.get("format") in {"date", "date-time"}:
        return True
    return not any(Draft202012Validator(at).is_valid(text) for text in PERSONAL)


@pytest.mark.parametrize("event", OF_CUSTOMERS)
def test_no_name_address_number_or_sentence_fits_into_an_event(event: type[Event]) -> None:
    assert takes_personal_data(event) == []


def test_none_fits_into_the_envelope_either() -> None:
    envelope = schemas()["cloudevent"]
    open_to_text = {path for path, at in texts(envelope, "cloudevent") if not _is_bounded(at)}
    assert open_to_text == set()


@pytest.mark.parametrize("event", [event for events in EVENTS.values() for event in events])
def test_what_was_decided_is_one_of_a_list(event: type[Event]) -> None:
    for name in DECIDED & event.model_fields.keys():
        kind = event.model_fields[name].annotation
        assert isinstance(kind, type)
        assert issubclass(kind, Enum), name


@pytest.mark.parametrize("kind", [Line, EmailAddress, Line | None, tuple[str, ...], dict[str, str]])
def test_a_field_for_free_text_would_be_found(kind: Any) -> None:
    assert takes_personal_data(create_model("Careless", __base__=Event, remark=(kind, ...)))


def test_a_code_that_came_later_is_kept_but_a_sentence_is_no_code() -> None:
    assert isinstance(Cancellation("came-later"), OpenCode)
    with pytest.raises(ValueError, match="Camille Exemple"):
        DeliveryProblem("Camille Exemple")
