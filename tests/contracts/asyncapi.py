"""The AsyncAPI 3 document: every topic with who sends and who receives what, made from cards, models and examples."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from libs.eventlog.wire.receipts import receipts_of
from libs.messages.base import StreamId
from libs.messages.catalogue import EVENT_OF_TYPE
from tests.contracts.cards import CONTRACTS, Card, cards
from tests.contracts.schemas import described

EXAMPLES = CONTRACTS / "examples"
STRUCTURED, PLAIN_JSON = "application/cloudevents+json", "application/json"

_NUMBERS = ("retention.ms", "retention.bytes", "delete.retention.ms", "max.message.bytes")
_IN_ENVELOPES = frozenset({"log", "door"})
_ABOUT = """The OL Care support plan as services that share an event log.

Log topics hold events (a record counts if its `sequence` is the next of its stream); doors take what upstream systems
say and answer every record with a receipt. What we write is CloudEvents 1.0 in structured mode; doors take binary mode
as well. Receipts, dead letters and private records are plain JSON.
"""

Part = dict[str, Any]

_SERVERS: Part = {
    name: {
        "host": "{host}:{port}",
        "protocol": protocol,
        "protocolVersion": "4.0",
        "description": about,
        "variables": {
            "host": {"default": "localhost", "description": "A broker that says where the others are."},
            "port": {"default": port, "description": "The port of its listener."},
        },
    }
    for name, protocol, port, about in (
        ("local", "kafka", "9092", "What `olcare up` runs: nobody else reaches it."),
        ("production", "kafka-secure", "9093", "A cluster that asks who one is, over TLS."),
    )
}


def document() -> Part:
    """Make the whole document."""
    topics = list(cards().values())
    types = {kind: card for card in topics for kind in card.types}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "OL Care", "version": "1.0.0", "description": _ABOUT},
        "defaultContentType": STRUCTURED,
        "servers": _SERVERS,
        "channels": {card.topic: _channel(card) for card in topics},
        "operations": dict(operation for card in topics for operation in _operations(card)),
        "components": {"messages": {kind: _message(kind, card) for kind, card in types.items()}},
    }


def _ref(*path: str) -> Part:
    return {"$ref": "#/" + "/".join(path)}


def _channel(card: Card) -> Part:
    return {
        "address": card.topic,
        "title": f"{card.kind}: {card.topic}",
        "description": card.about,
        "messages": {kind: _ref("components", "messages", kind) for kind in card.types},
        "bindings": {
            "kafka": {
                "partitions": card.partitions,
                "replicas": card.production.replication_factor,
                "topicConfiguration": {key: _setting(key, value) for key, value in card.config.items()},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _setting(key: str, value: str) -> object:
    if key == "cleanup.policy":
        return value.split(",")
    return int(value) if key in _NUMBERS else value


def _operations(card: Card) -> Iterable[tuple[str, Part]]:
    """Everybody's part in a topic; a sender and a receiver each have their own operation."""
    for action, programs in (("send", card.written_by), ("receive", card.read_by)):
        for program in programs:
            operation = {"action": action, "channel": _ref("channels", card.topic)}
            yield f"{program}-{action}s-{card.topic}", {**operation, **_reply(card)}


def _reply(card: Card) -> Part:
    """Where the answer to what is said at a door comes."""
    if card.kind != "door":
        return {}
    return {"reply": {"channel": _ref("channels", receipts_of(card.topic))}}


def _message(kind: str, card: Card) -> Part:
    in_envelope = card.kind in _IN_ENVELOPES
    content_type = STRUCTURED if in_envelope else PLAIN_JSON
    return {
        "name": kind,
        "title": kind.split(".")[-2],
        "summary": (described()[kind].model.__doc__ or "").partition("\n")[0],
        "contentType": content_type,
        "headers": _door_headers(kind) if card.kind == "door" else _headers(kind, content_type),
        "payload": _enveloped(kind, card) if in_envelope else {"title": kind, "allOf": [_schema(kind)]},
        "bindings": {"kafka": {"key": _key(card), "bindingVersion": "0.5.0"}},
        "examples": [{"name": path.stem, "payload": json.loads(path.read_text())} for path in examples(kind)],
    }


def _headers(kind: str, content_type: str) -> Part:
    properties = {"content-type": {"type": "string", "const": content_type}}
    return {"title": f"{kind}.headers", "type": "object", "properties": properties}


def _door_headers(kind: str) -> Part:
    """Structured mode has all in the payload; binary mode has `data` there and the attributes in headers."""
    attributes: Part = {f"ce_{name}": {"type": "string"} for name in ("id", "source", "subject", "time")}
    attributes |= {"ce_specversion": {"type": "string", "const": "1.0"}, "ce_type": {"type": "string", "const": kind}}
    binary = _headers(f"{kind}.binary", PLAIN_JSON)
    binary = {**binary, "properties": {**binary["properties"], **attributes}, "required": sorted(attributes)}
    return {"title": f"{kind}.headers", "anyOf": [_headers(f"{kind}.structured", STRUCTURED), binary]}


def _schema(name: str) -> Part:
    return {"$ref": f"./schemas/{name}.json"}


def _enveloped(kind: str, card: Card) -> Part:
    envelope = _schema("cloudevent" if card.kind == "log" else "upstream-cloudevent")
    content = {"type": {"type": "string", "const": kind}, "data": _schema(kind)}
    return {"title": f"{kind}.event", "allOf": [envelope, {"title": f"{kind}.content", "properties": content}]}


def _key(card: Card) -> Part:
    text = TypeAdapter(StreamId).json_schema() if card.kind == "log" else {"type": "string"}
    return {"title": f"{card.topic}.key", **text, "description": card.key}


def examples(kind: str) -> list[Path]:
    """Give the files that show a type: there is one, named like it."""
    folder = "log" if kind in EVENT_OF_TYPE else "door" if ".upstream." in kind else "plain"
    return [EXAMPLES / folder / f"{kind.split('.')[-2]}.json"]


def written(content: Part) -> str:
    """Give the text of the file."""
    head = "# Written by `make contracts` from libs/messages, contracts/topics and contracts/examples.\n"
    return head + yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Dumper(yaml.CSafeDumper):
    """Writes equal parts out each time, and long texts as they are."""

    def ignore_aliases(self, _data: Any) -> bool:
        """No anchors: whoever reads one message reads it whole."""
        return True


def _text(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
