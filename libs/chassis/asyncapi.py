"""The AsyncAPI document of one service: its share of the committed one.

FastStream makes a document of its own from subscribers and publishers; ours has what that one lacks (envelope, key,
examples), and only doors read through FastStream's broker (ADR 0005). So it is given this document instead.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from faststream.specification.base import SpecificationFactory

Json = dict[str, Any]


@dataclass(frozen=True)
class Document:
    """A document in the forms that FastStream asks for."""

    content: Json

    @property
    def title(self) -> str:
        """The title of the page."""
        return str(self.content["info"]["title"])

    def to_jsonable(self) -> Json:
        """The document."""
        return self.content

    def to_json(self) -> str:
        """The document as JSON."""
        return json.dumps(self.content)

    def to_yaml(self) -> str:
        """The document as YAML."""
        return str(yaml.safe_dump(self.content, sort_keys=False))


class ServiceDocument(SpecificationFactory):
    """Reads the committed document when the page is first asked for, not at every start."""

    def __init__(self, path: Path, service: str) -> None:
        self.title = self.service = service
        self.description = self.version = self.contact = self.license = None
        self._path = path

    def add_broker(self, broker: object, /) -> "ServiceDocument":  # noqa: ARG002 - FastStream tells every document
        """Nothing to add: the document says where each topic is."""
        return self

    def add_http_route(self, path: str, handler: object) -> "ServiceDocument":  # noqa: ARG002 - the same
        """Nothing to add: the document is about messages."""
        return self

    def to_specification(self) -> Document:
        """The share of the service."""
        return self._document

    @cached_property
    def _document(self) -> Document:
        with self._path.open("rb") as file:
            whole: Json = yaml.load(file, Loader=yaml.CSafeLoader)
        return Document(bundled(share_of(whole, self.service), self._path.parent))


def share_of(document: Json, service: str) -> Json:
    """Keep the operations whose name begins with the service's, and what they refer to in the document."""
    mine = {name: one for name, one in document["operations"].items() if name.startswith(f"{service}-")}
    share = {name: value for name, value in document.items() if name not in ("operations", "channels", "components")}
    share["info"] = {**document["info"], "title": f"{document['info']['title']}: {service}"}
    share["operations"] = mine
    waiting = list(_references(mine))
    while waiting:
        if (reference := waiting.pop()).startswith("#/"):
            waiting += _references(_take(document, share, reference))
    return share


def bundled(document: Json, folder: Path) -> Json:
    """Move the schemas that are referred to by file into the document: a browser that shows it has no such files."""
    text, schemas = json.dumps(document), {}
    for file in {reference for reference in _references(document) if not reference.startswith("#/")}:
        place = f"#/components/schemas/{Path(file).stem}"
        text = text.replace(json.dumps(file), json.dumps(place))
        schemas[Path(file).stem] = _schema(folder / file, place)
    whole: Json = json.loads(text)
    whole.setdefault("components", {}).setdefault("schemas", {}).update(sorted(schemas.items()))
    return whole


def _schema(path: Path, place: str) -> Json:
    """Read a schema as part of a document: its own `$id` and `$schema` are left out."""
    text = path.read_text().replace('"#/$defs/', f'"{place}/$defs/')
    schema: Json = json.loads(text, object_hook=_without_mapping)
    return {name: value for name, value in schema.items() if name not in ("$id", "$schema")}


def _without_mapping(part: Json) -> Json:
    """Leave out pydantic's `discriminator`, in OpenAPI's form: AsyncAPI's is a string, and `oneOf` says enough."""
    if "mapping" in part.get("discriminator", ()):
        del part["discriminator"]
    return part


def _take(document: Json, share: Json, reference: str) -> Any:
    """Copy the channel or component that is referred to, unless it is there; returns what was copied."""
    *folders, name = reference.removeprefix("#/").split("/")[: 3 if reference.startswith("#/components/") else 2]
    for folder in folders:
        document, share = document[folder], share.setdefault(folder, {})
    name = name.replace("~1", "/").replace("~0", "~")
    if name in share:
        return None
    share[name] = document[name]
    return document[name]


def _references(node: object) -> Iterator[str]:
    match node:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for value in node.values():
                yield from _references(value)
        case list():
            for value in node:
                yield from _references(value)
        case _:
            pass
