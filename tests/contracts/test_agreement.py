"""What a door takes fits its published schema, and what fits is taken."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from libs.eventlog.errors import Unreadable
from libs.eventlog.wire.cloudevents import parse
from libs.messages.catalogue import UPSTREAM
from libs.messages.sources import objection
from tests.contracts.schemas import schemas
from tests.integration.edges import Edged, Mutation, edged, written

HEADERS = [("content-type", b"application/cloudevents+json")]
SOME = 29
"""Of so many values one is tried."""
FORMATS = FormatChecker(["date"])
SCHEMAS = {kind: Draft202012Validator(content, format_checker=FORMATS) for kind, content in schemas().items()}


@FORMATS.checks("date-time", raises=(ValueError, OverflowError))
def is_instant(value: object) -> bool:
    """RFC 3339, in the years 1 to 9999 of UTC."""
    if not isinstance(value, str):
        return True
    found = datetime.fromisoformat(value.upper())
    return found.tzinfo is not None and bool(found.astimezone(UTC))


def is_taken(of: Edged, value: bytes) -> bool:
    try:
        parse(value, HEADERS, UPSTREAM[of.door])
    except Unreadable:
        return False
    return True


def fits(of: Edged, content: dict[str, Any]) -> bool:
    kind = content.get("type")
    if not SCHEMAS["upstream-cloudevent"].is_valid(content) or kind not in UPSTREAM[of.door]:
        return False
    may_be_said = not objection(content["source"], UPSTREAM[of.door][str(kind)])
    return may_be_said and SCHEMAS[str(kind)].is_valid(content["data"])


def is_beyond_a_schema(mutation: Mutation) -> bool:
    """Half a character, lists in lists without end, a leap second at a wrong time, an id encoded otherwise."""
    text = json.dumps(mutation.value, default=str)
    return any(part in text for part in ("\\ud8", "\\udf", "[[[[", ":60", "%"))


@pytest.mark.parametrize("of", edged(), ids=lambda of: of.name)
def test_the_door_and_the_schema_agree(of: Edged) -> None:
    differing = []
    for mutation in of.mutations[::SOME]:
        if is_beyond_a_schema(mutation):
            continue
        content = mutation.applied(of.document)
        if is_taken(of, written(content)) is not fits(of, json.loads(written(content))):
            differing.append(str(mutation))
    assert differing == []
