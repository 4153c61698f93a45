from pathlib import Path
from typing import Any

import yaml

from libs.chassis.asyncapi import ServiceDocument, share_of

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
        "intake-writes-tickets": {
            "action": "send",
            "tags": [{"name": "intake"}],
            "channel": {"$ref": "#/channels/olcare.tickets.v1"},
            "messages": [{"$ref": "#/channels/olcare.tickets.v1/messages/TicketOpened"}],
        },
        "sla-writes": {
            "action": "send",
            "tags": [{"name": "sla_timer"}],
            "channel": {"$ref": "#/channels/olcare.sla.v1"},
        },
    },
    "components": {
        "messages": {
            "TicketOpened": {"payload": {"$ref": "#/components/schemas/a~1b"}},
            "Met": {"payload": {"type": "object"}},
        },
        "schemas": {"a/b": {"anyOf": [{"$ref": "#/components/schemas/a~1b"}, {"type": "null"}]}},
    },
}


def test_a_service_is_shown_what_it_writes_and_reads_with_all_that_belongs_to_it() -> None:
    share = share_of(DOCUMENT, "intake")
    assert set(share["operations"]) == {"intake-writes-tickets"}
    assert share["channels"] == {"olcare.tickets.v1": DOCUMENT["channels"]["olcare.tickets.v1"]}
    assert set(share["components"]["messages"]) == {"TicketOpened"}
    assert share["components"]["schemas"] == DOCUMENT["components"]["schemas"]
    assert share["servers"] == DOCUMENT["servers"]
    assert share["info"] == {"title": "OL Care: intake", "version": "1"}


def test_the_whole_document_stays_as_it_is() -> None:
    before = yaml.safe_dump(DOCUMENT)
    share_of(DOCUMENT, "intake")
    assert yaml.safe_dump(DOCUMENT) == before


def test_the_document_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    document = ServiceDocument(tmp_path / "asyncapi.yaml", "intake")
    (tmp_path / "asyncapi.yaml").write_text(yaml.safe_dump(DOCUMENT))
    assert document.to_specification().title == "OL Care: intake"
    assert yaml.safe_load(document.to_specification().to_yaml()) == document.to_specification().to_jsonable()
