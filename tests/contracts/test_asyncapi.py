"""The AsyncAPI document is a good one, and says what the cards and the examples say."""

import copy
import json
import shutil
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry, Resource

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


def test_whoever_sends_or_receives_has_an_operation() -> None:
    expected = {f"{who}-sends-{card.topic}" for card in cards().values() for who in card.written_by}
    expected |= {f"{who}-receives-{card.topic}" for card in cards().values() for who in card.read_by}
    assert set(DOCUMENT["operations"]) == expected
