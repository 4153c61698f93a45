"""JSON Schemas (2020-12) of every message, made from the models."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from libs.messages.base import Event, schema_uri, type_name
from libs.messages.catalogue import EVENT_OF_TYPE, UPSTREAM
from libs.messages.clocks import ClockRead
from libs.messages.envelope import CloudEvent, UpstreamCloudEvent
from libs.messages.private import PrivateRecord
from libs.messages.receipts import DeadLetter, DeadLetterDiscarded, Receipt
from libs.messages.upstream import Upstream

Schema = dict[str, Any]

PLAIN: Mapping[str, tuple[type[BaseModel], ...]] = MappingProxyType(
    {
        "receipts": (Receipt,),
        "dead-letters": (DeadLetter, DeadLetterDiscarded),
        "state": (PrivateRecord,),
        "clock": (ClockRead,),
    }
)
"""Kind of topic → what stands there as plain JSON, without an envelope."""


class Described(NamedTuple):
    """A type on the wire, and whether only we read it (then it may take more than before)."""

    model: type[BaseModel]
    only_we_read: bool


def plain_type(model: type[BaseModel]) -> str:
    """Name the type of a message without an envelope, for its schema and its topic's card."""
    return type_name("olcare", model.__name__)


def described() -> dict[str, Described]:
    """Every type on the wire, and the two envelopes."""
    return {
        **{kind: Described(model, only_we_read=False) for kind, model in EVENT_OF_TYPE.items()},
        **{kind: Described(model, only_we_read=True) for door in UPSTREAM.values() for kind, model in door.items()},
        **{plain_type(model): Described(model, only_we_read=False) for models in PLAIN.values() for model in models},
        "cloudevent": Described(CloudEvent[Event], only_we_read=False),
        "upstream-cloudevent": Described(UpstreamCloudEvent[Upstream], only_we_read=True),
    }


class _WithoutFieldTitles(GenerateJsonSchema):
    def field_title_should_be_set(self, _schema: Any) -> bool:
        """Leave them out: they only say the field's name again."""
        return False


def schema(kind: str, model: type[BaseModel]) -> Schema:
    """Make the schema of one type."""
    body = _without_discriminators(model.model_json_schema(schema_generator=_WithoutFieldTitles))
    head = {"$schema": GenerateJsonSchema.schema_dialect, "$id": schema_uri(kind), "title": kind}
    return {**head, **{key: value for key, value in body.items() if key != "title"}}


def _without_discriminators(part: Any) -> Any:
    """Leave out what OpenAPI adds to unions: in AsyncAPI a discriminator is a string, in JSON Schema it is nothing."""
    match part:
        case {"discriminator": {"propertyName": _}, **rest}:
            return _without_discriminators(rest)
        case dict():
            return {name: _without_discriminators(inner) for name, inner in part.items()}
        case list():
            return [_without_discriminators(inner) for inner in part]
        case _:
            return part


def schemas() -> dict[str, Schema]:
    """Every schema by type."""
    return {kind: schema(kind, what.model) for kind, what in described().items()}


def written(content: Schema) -> str:
    """Give the text of a schema's file."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
