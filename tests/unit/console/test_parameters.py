"""What pages are asked with and forms say: one rule for instants, days and texts, whatever page it is."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import get_args

import pytest
from pydantic import BaseModel, ValidationError

from services.ops.console.pages import ACTIONS, PAGES
from services.ops.console.pages.page import Parameters

ASKED = sorted({*(page.query for page in PAGES), *(action.form for action in ACTIONS)}, key=lambda each: each.__name__)


def fields(kind: type) -> Iterator[tuple[type[Parameters], str]]:
    """Every field of a type, of every page and form."""
    for model in ASKED:
        for name, field in model.model_fields.items():
            if kind in (field.annotation, *get_args(field.annotation)):
                yield model, name


def told(model: type[BaseModel], name: str, value: str) -> object:
    """What is taken for a field; raises ValidationError where anything is wrong with this one."""
    try:
        return getattr(model.model_validate({name: value}), name)
    except ValidationError as error:
        wrong = [each for each in error.errors() if each["loc"][:1] == (name,)]
        if wrong:
            raise
        return None  # others are missing


@pytest.mark.parametrize(("model", "name"), list(fields(datetime)))
def test_an_instant_is_one_of_utc_and_of_the_years_that_there_are(model: type[Parameters], name: str) -> None:
    at = datetime(2026, 11, 30, 8, tzinfo=UTC)
    for text in ("2026-11-30T08:00", "2026-11-30T09:00+01:00"):
        assert told(model, name, text) in {at, None}
    for text in ("0001-01-01T00:00+14:00", "9999-12-31T23:59:59-14:00", "1969-12-31T23:59Z", "-1", "2200-01-01T00:00Z"):
        with pytest.raises(ValidationError, match="only the years 1970 to 2199"):
            told(model, name, text)


@pytest.mark.parametrize(("model", "name"), list(fields(date)))
def test_a_day_is_one_of_the_years_that_there_are(model: type[Parameters], name: str) -> None:
    for text in ("0001-01-01", "9999-12-31"):
        with pytest.raises(ValidationError, match="only the years"):
            told(model, name, text)


@pytest.mark.parametrize(("model", "name"), list(fields(str)))
def test_a_text_has_nothing_that_no_table_can_have(model: type[Parameters], name: str) -> None:
    with pytest.raises(ValidationError):
        told(model, name, "a\0b")


def test_every_page_and_form_has_this_rule() -> None:
    assert len(ASKED) > 20
    assert [model for model in ASKED if not issubclass(model, Parameters)] == []
    assert all(next(fields(kind), None) for kind in (datetime, date, str))
