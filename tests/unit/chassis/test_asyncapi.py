from pathlib import Path
from typing import Any

import pytest
import yaml

from libs.chassis.asyncapi import ServiceDocument, _references, bundled, share_of
from libs.chassis.settings import ServiceSettings

DOCUMENT: dict[str, Any] = {
    "asyncapi": "3.0.0",
    "info": {"title": "OL Care", "version": "1"},
    "servers": {"kafka": {"host": "localhost:9092", "protocol": "kafka"}},
    "channels": {
        "olcare.tickets.v1": {
            "address": "olcare.tickets.v1",
            "messages": {"TicketOpened": {"$ref": "#/components/messages/TicketOpened"}},
        },
        "olcare.sla.v1": {
            "address": "olcare.sla.v1",
            "messages": {"Met": {"$ref": "#/components/messages/Met"}},
        },
    },
    "operations": {
        "intake-sends-olcare.tickets.v1": {
            "action": "send",
            "channel": {"$ref": "#/channels/olcare.tickets.v1"},
            "messages": [{"$ref": "#/channels/olcare.tickets.v1/messages/TicketOpened"}],
        },
        "sla_timer-sends-olcare.sla.v1": {
            "action": "send",
            "channel": {"$ref": "#/channels/olcare.sla.v1"},
        },
    },
    "components": {
        "messages": {
            "TicketOpened": {
                "headers": {"$ref": "#/components/schemas/a~1b"},
                "payload": {"$ref": "./schemas/Opened.json"},
            },
            "Met": {"payload": {"type": "object"}},
        },
        "schemas": {"a/b": {"anyOf": [{"$ref": "#/components/schemas/a~1b"}, {"type": "null"}]}},
    },
}


def test_a_service_is_shown_what_it_writes_and_reads_with_all_that_belongs_to_it() -> None:
    share = share_of(DOCUMENT, "intake")
    assert set(share["operations"]) == {"intake-sends-olcare.tickets.v1"}
    assert share["channels"] == {"olcare.tickets.v1": DOCUMENT["channels"]["olcare.tickets.v1"]}
    assert set(share["components"]["messages"]) == {"TicketOpened"}
    assert share["components"]["schemas"] == DOCUMENT["components"]["schemas"]
    assert share["servers"] == DOCUMENT["servers"]
    assert share["info"] == {"title": "OL Care: intake", "version": "1"}


def test_the_whole_document_stays_as_it_is() -> None:
    before = yaml.safe_dump(DOCUMENT)
    share_of(DOCUMENT, "intake")
    assert yaml.safe_dump(DOCUMENT) == before


def test_a_schema_in_a_file_is_taken_in_with_what_it_refers_to_within_itself(tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/olcare.Opened.v1.json").write_text(
        '{"$schema": "s", "$id": "i", "$defs": {"Code": {"type": "string"}}, "items": {"$ref": "#/$defs/Code"},'
        '"discriminator": {"mapping": {"a": "#/$defs/Code"}, "propertyName": "kind"}}'
    )
    document = {"payload": {"allOf": [{"$ref": "./schemas/olcare.Opened.v1.json"}]}}
    assert bundled(document, tmp_path) == {
        "payload": {"allOf": [{"$ref": "#/components/schemas/olcare.Opened.v1"}]},
        "components": {
            "schemas": {
                "olcare.Opened.v1": {
                    "$defs": {"Code": {"type": "string"}},
                    "items": {"$ref": "#/components/schemas/olcare.Opened.v1/$defs/Code"},
                }
            }
        },
    }


@pytest.mark.parametrize("service", ["intake", "contract", "sla_timer", "notification", "audit", "ops"])
def test_each_service_finds_its_share_whole_in_the_committed_document(service: str) -> None:
    share = ServiceDocument(ServiceSettings(service=service).contracts / "asyncapi.yaml", service).to_specification()
    assert share.to_jsonable()["operations"]
    missing = [reference for reference in _references(share.to_jsonable()) if not found(share.to_jsonable(), reference)]
    assert missing == []


def found(document: Any, reference: str) -> bool:
    root, *names = reference.split("/")
    for name in names:
        document = document.get(name, {})
    return root == "#" and bool(document)


def test_the_document_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    document = ServiceDocument(tmp_path / "asyncapi.yaml", "intake")
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/Opened.json").write_text("{}")
    (tmp_path / "asyncapi.yaml").write_text(yaml.safe_dump(DOCUMENT))
    assert document.to_specification().title == "OL Care: intake"
    assert yaml.safe_load(document.to_specification().to_yaml()) == document.to_specification().to_jsonable()
