"""The messages of one service as a page: written here of its AsyncAPI document, without a script or another host.

A viewer that is loaded from a content delivery network would know who looks, could change what is shown, and would show
nothing where there is no way out.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, Undefined

HERE = Path(__file__).parent
STYLE = HERE / "asyncapi_page.css"
Json = dict[str, Any]


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=Undefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"name_of": name_of, "fields": fields, "kind": kind_of, "lines": lines}
    return environment.get_template("asyncapi_page.html")


def page_of(document: Json) -> str:
    """The page of a document whose schemas are part of it."""
    components = document.get("components", {})
    page: str = _template().render(
        info=document["info"],
        channels=document.get("channels", {}),
        operations=sorted(document.get("operations", {}).items()),
        messages=components.get("messages", {}),
        schemas=components.get("schemas", {}),
    )
    return page


def name_of(reference: object) -> str:
    """The name that a reference ends in; empty where it is none."""
    said = reference.get("$ref", "") if isinstance(reference, dict) else str(reference)
    return str(said).rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def fields(schema: Json) -> list[Json]:
    """The fields of an object: name, whether it must be there, what it is, and what is said of it."""
    must = set(schema.get("required", ()))
    return [
        {"name": name, "must": name in must, "kind": kind_of(one), "about": one.get("description", "")}
        for name, one in schema.get("properties", {}).items()
        if isinstance(one, dict)
    ]


def kind_of(schema: Json) -> str:
    """What a value is, in a few words."""
    match schema:
        case {"$ref": str(reference)}:
            return name_of(reference)
        case {"const": value}:
            return json.dumps(value)
        case {"enum": list(values)}:
            return " | ".join(map(json.dumps, values))
        case {"anyOf": list(every)} | {"oneOf": list(every)}:
            return " | ".join(kind_of(one) for one in every)
        case {"type": "array", "items": dict(inner)}:
            return f"list of {kind_of(inner)}"
        case {"allOf": [dict(only)]}:
            return kind_of(only)
        case _:
            return " ".join(str(schema[one]) for one in ("type", "format", "pattern") if one in schema) or "anything"


def lines(value: object) -> str:
    """JSON in lines."""
    return json.dumps(value, ensure_ascii=False, indent=2)
