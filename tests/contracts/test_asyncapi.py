"""The AsyncAPI document is a good one, and says what the cards and the examples say."""

import copy
import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry, Resource

from libs.eventlog.wire.receipts import receipts_of
from libs.stack.cache import cached, run_quietly
from libs.stack.errors import StackError
from tests.contracts.cards import cards
from tests.contracts.schemas import described, schemas
from tests.contracts.write import ASYNCAPI

DOCUMENT: dict[str, Any] = yaml.safe_load(ASYNCAPI.read_text())
MESSAGES: dict[str, Any] = DOCUMENT["components"]["messages"]
FILES: Registry[Any] = Registry().with_resources(
    [(f"./schemas/{kind}.json", Resource.from_contents(content)) for kind, content in schemas().items()]
)
SPECS = Path(__file__).with_name("asyncapi-specs.json")
PARSER = Path(__file__).with_name("asyncapi-parser")
WARNING = 1  # its severities: error, warning, information, hint


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def found(reference: str) -> bool:
    if not reference.startswith("#/"):
        return (ASYNCAPI.parent / reference).is_file()
    part: Any = DOCUMENT
    for name in reference.removeprefix("#/").split("/"):
        part = part.get(name, {})
    return bool(part)


@pytest.fixture(scope="module")
def specification() -> Draft7Validator:
    """Fetch the schema that AsyncAPI itself publishes for documents of version 3; skip where that can not be done."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not here to fetch the schema of AsyncAPI; the other tests check the structure")
    try:
        folder = cached("asyncapi-specs", SPECS, _fetch)
    except StackError as error:
        pytest.skip(f"the schema of AsyncAPI can not be fetched: {error}")
    return Draft7Validator(json.loads((folder / "package/schemas/3.0.0.json").read_text()))


def _fetch(folder: Path) -> None:
    wanted = json.loads(SPECS.read_text())
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), wanted["package"]]
    run_quietly(command, "npm did not give the schema")
    archive = next(folder.glob("*.tgz"))
    assert sha256(archive.read_bytes()).hexdigest() == wanted["sha256"]
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")


@pytest.fixture(scope="module")
def parser() -> Path:
    """Fetch AsyncAPI's own parser with what it needs, as pinned; skip where that can not be done."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not here to fetch AsyncAPI's parser; the other tests check the structure")
    try:
        return cached("asyncapi-parser", PARSER / "package-lock.json", _install)
    except StackError as error:
        pytest.skip(f"AsyncAPI's parser can not be fetched: {error}")


def _install(folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PARSER / name, folder)
    command = ["npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)]
    run_quietly(command, "npm did not give the parser")


def parsed(parser: Path, document: Path) -> Any:
    shutil.copy(PARSER / "check.js", parser)
    said = subprocess.run(["node", parser / "check.js", document], capture_output=True, text=True, check=True)  # noqa: S607 - ours
    return json.loads(said.stdout)


def test_asyncapis_own_parser_reads_it_and_finds_nothing_wrong(parser: Path) -> None:
    read = parsed(parser, ASYNCAPI)
    assert [found for found in read["found"] if found["severity"] <= WARNING] == []
    assert sorted(read["payloads"]) == sorted(message["payload"]["title"] for message in MESSAGES.values())


def test_it_would_find_a_mistake(parser: Path, tmp_path: Path) -> None:
    shutil.copytree(ASYNCAPI.parent / "schemas", tmp_path / "schemas")
    broken = copy.deepcopy(DOCUMENT)
    broken["operations"]["intake-sends-olcare.tickets.v1"]["channel"]["$ref"] = "#/channels/nowhere"
    (tmp_path / "broken.yaml").write_text(yaml.safe_dump(broken))
    assert not parsed(parser, tmp_path / "broken.yaml")["read"]


def test_it_is_what_asyncapi_says_a_document_is(specification: Draft7Validator) -> None:
    assert [error.message for error in specification.iter_errors(DOCUMENT)] == []


def test_a_mistake_in_it_would_be_found(specification: Draft7Validator) -> None:
    broken = copy.deepcopy(DOCUMENT)
    broken["operations"]["intake-sends-olcare.tickets.v1"]["action"] = "shout"
    assert not specification.is_valid(broken)


def test_every_reference_leads_somewhere() -> None:
    assert [reference for reference in references(DOCUMENT) if not found(reference)] == []


def test_every_topic_is_a_channel_with_its_types() -> None:
    channels = DOCUMENT["channels"]
    assert {name: tuple(channel["messages"]) for name, channel in channels.items()} == {
        topic: card.types for topic, card in cards().items()
    }


def test_every_type_has_a_message_with_its_key_and_an_example() -> None:
    assert set(MESSAGES) == set(described()) - {"cloudevent", "upstream-cloudevent"}
    assert all(message["examples"] and message["bindings"]["kafka"]["key"] for message in MESSAGES.values())


@pytest.mark.parametrize("kind", MESSAGES)
def test_an_example_fits_the_payload_of_its_message(kind: str) -> None:
    payload = Draft202012Validator(MESSAGES[kind]["payload"], registry=FILES)
    for example in MESSAGES[kind]["examples"]:
        payload.validate(example["payload"])
        assert not payload.is_valid([example["payload"]])


def test_what_is_said_at_a_door_is_answered_among_its_receipts() -> None:
    replies = {name: operation.get("reply") for name, operation in DOCUMENT["operations"].items()}
    assert replies == {
        f"{who}-{action}s-{card.topic}": {"channel": {"$ref": f"#/channels/{receipts_of(card.topic)}"}}
        if card.kind == "door"
        else None
        for card in cards().values()
        for action, programs in (("send", card.written_by), ("receive", card.read_by))
        for who in programs
    }


def test_the_headers_of_a_door_are_those_of_structured_or_of_binary_mode() -> None:
    submitted = Draft202012Validator(MESSAGES["olcare.upstream.TicketSubmitted.v1"]["headers"])
    binary = {"content-type": "application/json", "ce_specversion": "1.0", "ce_id": "1", "ce_source": "crm"}
    binary |= {"ce_type": "olcare.upstream.TicketSubmitted.v1", "ce_subject": "4711", "ce_time": "2026-11-23T09:00:00Z"}
    assert submitted.is_valid({"content-type": "application/cloudevents+json"})
    assert submitted.is_valid(binary)
    for name in binary:
        assert not submitted.is_valid({**binary, name: 1})
    assert not submitted.is_valid({**binary, "ce_type": "olcare.upstream.TicketPaused.v1"})


def test_whoever_sends_or_receives_has_an_operation() -> None:
    expected = {f"{who}-sends-{card.topic}" for card in cards().values() for who in card.written_by}
    expected |= {f"{who}-receives-{card.topic}" for card in cards().values() for who in card.read_by}
    assert set(DOCUMENT["operations"]) == expected
