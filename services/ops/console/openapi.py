"""What the pages answer as JSON, described in OpenAPI 3.1: made of their queries and views."""

from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import models_json_schema

from libs.chassis.build import build
from services.ops.console.pages.page import AnyPage

REFERENCE = "#/components/schemas/{model}"
ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string"}, "why": {"type": "array", "items": {"type": "string"}}},
    "required": ["error", "why"],
}


def document(pages: Iterable[AnyPage]) -> dict[str, Any]:
    """The document."""
    every = list(pages)
    places, schemas = models_json_schema([(page.view, "serialization") for page in every], ref_template=REFERENCE)
    return {
        "openapi": "3.1.0",
        "info": {"title": "OL Care: the console", "version": build()},
        "paths": {page.path: {"get": _get(page, places[page.view, "serialization"])} for page in every},
        "components": {"schemas": {**_of_queries(every), **schemas.get("$defs", {}), "Error": ERROR}},
    }


def _of_queries(pages: Iterable[AnyPage]) -> dict[str, Any]:
    """What parameters refer to."""
    found: dict[str, Any] = {}
    for page in pages:
        found |= page.query.model_json_schema(ref_template=REFERENCE).get("$defs", {})
    return found


def _get(page: AnyPage, view: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": {"schema": view}}
    if page.csv:
        content["text/csv"] = {"schema": {"type": "string"}}
    answer = {"description": page.title, "content": content}
    error = {"content": {"application/json": {"schema": {"$ref": REFERENCE.format(model="Error")}}}}
    return {
        "summary": page.title,
        "parameters": list(_parameters(page)),
        "responses": {
            "200": answer,
            "400": {"description": "A parameter does not fit", **error},
            "401": {"description": "Nobody is signed in, where people sign in", **error},
            "403": {"description": "It is for other roles, or another centre's", **error},
            "404": {"description": "There is no such thing", **error},
            "503": {"description": "What is asked can not be asked now", **error},
        },
    }


def _parameters(page: AnyPage) -> Iterable[dict[str, Any]]:
    schema = page.query.model_json_schema(ref_template=REFERENCE)
    for name, field in schema.get("properties", {}).items():
        in_path = f"{{{name}" in page.path
        yield {
            "name": name,
            "in": "path" if in_path else "query",
            "required": in_path or name in schema.get("required", ()),
            "schema": {key: value for key, value in field.items() if key not in ("title", "description")},
            **({"description": field["description"]} if "description" in field else {}),
        }
