"""The page of messages: everything of the document, every link leads somewhere, nothing is loaded from elsewhere."""

import re

import pytest

from libs.chassis.asyncapi import ServiceDocument
from libs.chassis.asyncapi_page import STYLE, kind_of, page_of
from libs.stack.run import PROJECT
from services.ops.watch.services import SERVICES

DOCUMENT = PROJECT / "contracts/asyncapi.yaml"
LOADED = re.compile(r"""(?:src|href|action|data)\s*=\s*["']([^"']*)["']""")
PAGES = {"/", "/asyncapi.json", "/asyncapi.css"}


@pytest.fixture(scope="module", params=[*SERVICES, "ops"])
def shown(request: pytest.FixtureRequest) -> tuple[ServiceDocument, str]:
    document = ServiceDocument(DOCUMENT, request.param)
    return document, page_of(document.to_specification().to_jsonable())


def test_nothing_is_loaded_from_elsewhere_and_no_script_is_run(shown: tuple[ServiceDocument, str]) -> None:
    _, page = shown
    assert {one for one in LOADED.findall(page) if not one.startswith("#")} == PAGES
    assert "<script" not in page
    assert "style=" not in page
    assert "url(" not in STYLE.read_text()
    assert "@import" not in STYLE.read_text()


def test_every_link_within_the_page_leads_somewhere(shown: tuple[ServiceDocument, str]) -> None:
    _, page = shown
    there = set(re.findall(r'id="([^"]*)"', page))
    assert {one.removeprefix("#") for one in LOADED.findall(page) if one.startswith("#")} <= there


def test_everything_of_the_document_is_there(shown: tuple[ServiceDocument, str]) -> None:
    document, page = shown
    content = document.to_specification().to_jsonable()
    for name in content["operations"]:
        assert f'id="operation-{name}"' in page
    for name, message in content["components"]["messages"].items():
        assert f'id="message-{name}"' in page
        assert page.count("<summary>Example") >= len(message.get("examples", ()))
    for name in content["components"]["schemas"]:
        assert f'id="schema-{name}"' in page


def test_what_the_document_says_is_text() -> None:
    said = "<script>alert(1)</script>"
    page = page_of({"info": {"title": said, "version": "1", "description": said}, "channels": {}, "operations": {}})
    assert "<script" not in page


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string", "format": "date-time"}, "string date-time"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/X"}}, "list of X"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer | null"),
        ({"enum": ["a", "b"]}, '"a" | "b"'),
        ({"const": "a"}, '"a"'),
        ({}, "anything"),
    ],
)
def test_what_a_value_is_is_said_in_a_few_words(schema: dict[str, object], kind: str) -> None:
    assert kind_of(schema) == kind
