"""Every example is what it says it is, to the models, to the schemas and to the log's own code."""

import json
from base64 import b64decode
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from libs.eventlog.errors import Unreadable
from libs.eventlog.wire.cloudevents import Message, parse
from libs.eventlog.wire.unvalidated import decoder_without_validation
from libs.messages.base import schema_uri
from libs.messages.catalogue import EVENT_OF_TYPE, STREAMS, UPSTREAM
from libs.messages.envelope import CloudEvent, UpstreamCloudEvent
from libs.messages.ids import event_id
from libs.messages.receipts import DeadLetter
from libs.messages.streams import parse_stream
from tests.contracts.asyncapi import EXAMPLES, STRUCTURED, examples
from tests.contracts.schemas import PLAIN, described, plain_type, schemas

UPSTREAM_OF_TYPE = {kind: model for door in UPSTREAM.values() for kind, model in door.items()}
PLAIN_OF_TYPE = {plain_type(model): model for models in PLAIN.values() for model in models}
SCHEMAS: Registry[Any] = Registry().with_resources(
    [(f"{kind}.json", Resource.from_contents(content)) for kind, content in schemas().items()]
)
ODD = {path.stem: json.loads(path.read_text()) for path in sorted((EXAMPLES / "odd").glob("*.json"))}


def load(kind: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(examples(kind)[0].read_text())
    return content


def check(kind: str, content: object) -> None:
    Draft202012Validator({"$ref": f"{kind}.json"}, registry=SCHEMAS).validate(content)


def headers(odd: dict[str, Any]) -> Sequence[tuple[str, bytes]]:
    return [(name, text.encode()) for name, text in odd["headers"]]


def value(odd: dict[str, Any]) -> bytes | None:
    if "event" in odd:
        return json.dumps(odd["event"]).encode()
    if "value_base64" in odd:
        return b64decode(odd["value_base64"])
    return odd["value"].encode() if odd["value"] is not None else None


def without_nulls(content: Any) -> Any:
    """Leave out what is null: a field that came later is absent in an older event."""
    match content:
        case dict():
            return {name: without_nulls(value) for name, value in content.items() if value is not None}
        case list():
            return [without_nulls(value) for value in content]
        case _:
            return content


def test_there_is_one_example_of_every_type_and_none_of_anything_else() -> None:
    folders = [EXAMPLES / name for name in ("log", "door", "plain")]
    expected = {path for kind in {*EVENT_OF_TYPE, *UPSTREAM_OF_TYPE, *PLAIN_OF_TYPE} for path in examples(kind)}
    assert {path for folder in folders for path in folder.iterdir()} == expected


@pytest.mark.parametrize("kind", EVENT_OF_TYPE)
def test_an_event_is_read_and_written_again_as_it_stands(kind: str) -> None:
    content, model = load(kind), EVENT_OF_TYPE[kind]
    event = CloudEvent[model].model_validate(content)  # type: ignore[valid-type] # the model is found at run time
    assert json.loads(event.model_dump_json(exclude_none=True)) == without_nulls(content)
    assert (content["type"], content["dataschema"]) == (kind, schema_uri(kind))
    check("cloudevent", content)
    check(kind, content["data"])


@pytest.mark.parametrize("kind", EVENT_OF_TYPE)
def test_an_event_stands_on_a_stream_of_its_kind(kind: str) -> None:
    assert EVENT_OF_TYPE[kind] in STREAMS[parse_stream(load(kind)["subject"]).kind]


@pytest.mark.parametrize("kind", EVENT_OF_TYPE)
def test_the_id_of_an_event_follows_from_its_history_and_its_content(kind: str) -> None:
    content = load(kind)
    data = json.dumps(content["data"], ensure_ascii=False, separators=(",", ":"))  # as it stands in the record
    history = (content["subject"], content["causationid"], content.get("previousid"))
    assert content["id"] == str(event_id(*history, kind, content["time"], data))
    assert ("previousid" in content) == (content["sequence"] > "0000000001")


@pytest.mark.parametrize("kind", EVENT_OF_TYPE)
def test_the_lean_decoder_reads_what_the_model_reads(kind: str) -> None:
    data, model = load(kind)["data"], EVENT_OF_TYPE[kind]
    assert decoder_without_validation(model)(json.dumps(data).encode()) == model.model_validate(data)


@pytest.mark.parametrize("kind", EVENT_OF_TYPE)
def test_a_reader_ignores_fields_that_came_after_it(kind: str) -> None:
    data, model = load(kind)["data"], EVENT_OF_TYPE[kind]
    newer = {**data, "came_later": {"any": ["thing"]}}
    assert model.model_validate(newer) == model.model_validate(data)
    check(kind, newer)


@pytest.mark.parametrize("kind", UPSTREAM_OF_TYPE)
def test_an_upstream_message_is_read_at_its_door_alone(kind: str) -> None:
    content = load(kind)
    for types in UPSTREAM.values():
        if kind in types:
            assert isinstance(_read(content, types), Message)
        else:
            with pytest.raises(Unreadable, match="no such type"):
                _read(content, types)


def _read(content: dict[str, Any], types: Any) -> Message:
    return parse(json.dumps(content).encode(), [("content-type", STRUCTURED.encode())], types)


@pytest.mark.parametrize("kind", UPSTREAM_OF_TYPE)
def test_an_upstream_message_fits_its_schema(kind: str) -> None:
    content, model = load(kind), UPSTREAM_OF_TYPE[kind]
    UpstreamCloudEvent[model].model_validate(content)  # type: ignore[valid-type] # the model is found at run time
    check("upstream-cloudevent", content)
    check(kind, content["data"])


@pytest.mark.parametrize("kind", UPSTREAM_OF_TYPE)
def test_what_an_upstream_system_does_not_say_is_absent(kind: str) -> None:
    assert load(kind) == without_nulls(load(kind))


@pytest.mark.parametrize("kind", PLAIN_OF_TYPE)
def test_an_answer_is_read_and_written_again_as_it_stands(kind: str) -> None:
    content, model = load(kind), PLAIN_OF_TYPE[kind]
    absent = model is not DeadLetter  # there a null stands for what the record did not have
    assert json.loads(model.model_validate(content).model_dump_json(exclude_none=absent)) == content
    check(kind, content)


@pytest.mark.parametrize("name", [name for name, odd in ODD.items() if odd["expect"]["outcome"] == "unreadable"])
def test_a_message_that_can_not_be_read_is_answered_with_what_and_where(name: str) -> None:
    odd = ODD[name]
    with pytest.raises(Unreadable) as caught:
        parse(value(odd), headers(odd), UPSTREAM[odd["door"]])
    assert (caught.value.reason, caught.value.where) == (odd["expect"]["reason"], odd["expect"]["where"])


@pytest.mark.parametrize("name", [name for name, odd in ODD.items() if odd["expect"]["outcome"] == "readable"])
def test_a_message_that_looks_odd_is_read_all_the_same(name: str) -> None:
    odd, expected = ODD[name], ODD[name]["expect"]
    message = parse(value(odd), headers(odd), UPSTREAM[odd["door"]])
    assert message[:4] == tuple(expected[attribute] for attribute in ("source", "id", "type", "subject"))
    assert message.time == datetime.fromisoformat(expected["time"])
    assert expected.get("data", {}).items() <= message.data.model_dump().items()


def test_every_schema_is_a_schema() -> None:
    for content in schemas().values():
        Draft202012Validator.check_schema(content)


def test_the_folder_of_examples_holds_nothing_else() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == {"log", "door", "odd", "plain"}
    assert all(path.suffix == ".json" for path in _files(EXAMPLES))
    assert set(described()) == set(schemas())


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
