"""The site: pages and their JSON, the policy on every answer, forms that prove themselves, and errors that help."""

import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import Field

from libs.chassis.browser import POLICY
from libs.chassis.clock import Clock
from libs.chassis.health import Health, Quiet
from libs.chassis.metrics import Metrics
from libs.eventlog.errors import Unavailable
from services.ops.cli.environment import Environment
from services.ops.console.assets import Assets, load
from services.ops.console.guard import TOKEN
from services.ops.console.pages import PAGES
from services.ops.console.pages.page import Action, NotThere, Page, PageView, Parameters, Query
from services.ops.console.site import site
from services.ops.console.sources import Sources

HERE = Environment(None, None, None, None, Path("contracts"), Path("root"))
CLOCK = Clock()
JSON = {"accept": "application/json"}


class AskedFor(Query):
    name: str
    most: int = Field(default=10, ge=1)


class Answer(PageView):
    name: str
    most: int


class Form(Parameters):
    name: str
    why: str = Field(min_length=3)


done: list[tuple[str, str, str]] = []


async def look(_sources: Sources, query: AskedFor) -> Answer:
    match query.name:
        case "nothing":
            raise NotThere("there is no nothing; look at /things")
        case "broken":
            raise RuntimeError("secret")
        case "away":
            raise Unavailable("Kafka at here:1 does not answer")
        case name:
            return Answer(name=name, most=query.most)


async def act(_sources: Sources, form: Form, who: str) -> str:
    done.append((form.name, form.why, who))
    return f"/things/{form.name}"


THING = Page("/things/{name}", look, AskedFor, Answer, "error.html", "Thing", live=False)
DO = Action("/things/{name}/do", Form, act)


def client(assets: Assets | None = None, host: str = "127.0.0.1") -> httpx.AsyncClient:
    found = assets or load(Path("nowhere"))
    own = Health(CLOCK), Quiet(CLOCK), Metrics("console", "console-1")
    app = site(Sources(HERE, CLOCK), found, own, (*PAGES, THING), (DO,), host)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    done.clear()
    async with client() as found:
        yield found


async def test_a_page_is_json_for_whoever_asks_for_it(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/things/a?most=3", headers=JSON)
    assert (answer.status_code, answer.json()) == (200, {"name": "a", "most": 3})
    assert "Accept" in answer.headers["vary"]


async def test_a_browser_that_takes_both_is_given_the_page(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/nowhere", headers={"accept": "text/html,application/json;q=0.9"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["/nowhere", "/things/nothing", "/livez", "/assets/console.css", "/assets/none"])
async def test_every_answer_has_the_strict_policy(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "unsafe" not in POLICY


@pytest.mark.parametrize(
    ("path", "status", "why"),
    [
        ("/things/nothing", 404, "there is no nothing; look at /things"),
        ("/things/away", 503, "Kafka at here:1 does not answer"),
        ("/things/a?most=0", 400, "most: Input should be greater than or equal to 1"),
        ("/nowhere", 404, "GET /nowhere"),
    ],
)
async def test_what_can_not_be_shown_is_said_in_both_forms(
    browser: httpx.AsyncClient, path: str, status: int, why: str
) -> None:
    page, data = await browser.get(path), await browser.get(path, headers=JSON)
    assert (page.status_code, data.status_code) == (status, status)
    assert why in page.text
    assert data.json()["why"] == [why]


async def test_a_fault_of_ours_says_nothing_of_itself_and_has_the_policy_too(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/things/broken")
    assert answer.status_code == 500
    assert "the log of the console says more" in answer.text
    assert "secret" not in answer.text
    assert answer.headers["content-security-policy"] == POLICY


async def test_an_empty_parameter_is_as_good_as_none(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/things/a?most=", headers=JSON)).json()["most"] == 10


async def token(browser: httpx.AsyncClient) -> str:
    page = await browser.get("/nowhere")
    found = re.search(r'name="token" value="([^"]+)"', page.text)
    assert found
    assert browser.cookies[TOKEN] == found[1]
    return found[1]


async def test_what_is_done_is_done_by_who_says_so(browser: httpx.AsyncClient) -> None:
    proof = await token(browser)
    chosen = await browser.post("/choices", data={"token": proof, "who": "anna-7", "back": "/things/a?most=2"})
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/things/a?most=2")
    answer = await browser.post("/things/a/do", data={"token": proof, "why": "since"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/things/a")
    assert done == [("a", "since", "anna-7")]


async def test_nothing_is_done_by_nobody(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/things/a/do", data={"token": await token(browser), "why": "since"})
    assert answer.status_code == 403
    assert "say first who you are" in answer.text
    assert done == []


@pytest.mark.parametrize(
    ("change", "headers"),
    [
        (str.lower, {}),
        (lambda proof: proof[:-1], {}),
        (lambda proof: proof[::-1], {}),
        (lambda proof: proof, {"sec-fetch-site": "cross-site"}),
        (lambda proof: proof, {"sec-fetch-site": "same-site"}),
    ],
)
async def test_a_form_of_another_site_does_nothing(
    browser: httpx.AsyncClient, change: Callable[[str], str], headers: dict[str, str]
) -> None:
    proof = await token(browser)
    browser.cookies.set("olcare_who", "anna-7")
    answer = await browser.post("/things/a/do", data={"token": change(proof), "why": "since"}, headers=headers)
    assert (answer.status_code, done) == (403, [])


async def test_a_form_that_does_not_fit_says_what_does_not(browser: httpx.AsyncClient) -> None:
    proof = await token(browser)
    browser.cookies.set("olcare_who", "anna-7")
    answer = await browser.post("/things/a/do", data={"token": proof, "why": "a"})
    assert answer.status_code == 400
    assert "why: String should have at least 3 characters" in answer.text


@pytest.mark.parametrize("body", [b"\xff\xfe", b"no form", b"a=b&&c"])
async def test_a_body_that_is_no_form_is_refused(browser: httpx.AsyncClient, body: bytes) -> None:
    assert (await browser.post("/things/a/do", content=body)).status_code == 403


@pytest.mark.parametrize("back", ["//elsewhere", "https://elsewhere/", "/\\elsewhere", "javascript:x", ""])
async def test_a_choice_leads_back_to_this_site_alone(browser: httpx.AsyncClient, back: str) -> None:
    answer = await browser.post("/choices", data={"token": await token(browser), "theme": "dark", "back": back})
    assert answer.headers["location"] == "/"


async def test_language_and_colours_are_kept(browser: httpx.AsyncClient) -> None:
    proof = await token(browser)
    await browser.post("/choices", data={"token": proof, "language": "fr"})
    await browser.post("/choices", data={"token": proof, "theme": "dark"})
    await browser.post("/choices", data={"token": proof, "theme": "purple"})
    page = await browser.get("/nowhere")
    assert '<html lang="fr" data-theme="dark">' in page.text
    assert "Cette page n\N{RIGHT SINGLE QUOTATION MARK}existe pas" in page.text
    assert page.headers["content-language"] == "fr"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
async def test_on_this_machine_alone_nobody_is_answered_who_asks_for_another_name(host: str) -> None:
    async with client() as browser:
        answer = await browser.get("/things/a", headers={"host": host})
    assert answer.status_code == 421


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/quiet", "/metrics"])
async def test_what_it_says_of_itself_is_for_whoever_watches_it(path: str) -> None:
    async with client() as browser:
        assert (await browser.get(path, headers={"host": "console:8080"})).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "localhost:8480", "127.0.0.1:1", "[::1]:8480", "[::1]"])
async def test_this_machine_has_several_names(host: str) -> None:
    async with client() as browser:
        assert (await browser.get("/livez", headers={"host": host})).status_code == 200


async def test_without_the_scripts_of_others_pages_can_be_read_and_are_not_live(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/nowhere")
    assert "htmx.js" not in page.text


async def test_assets_are_packed_for_who_takes_it_and_kept_for_ever(browser: httpx.AsyncClient) -> None:
    packed = await browser.get("/assets/console.css", headers={"accept-encoding": "gzip"})
    plain = await browser.get("/assets/console.css", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert "immutable" in plain.headers["cache-control"]


async def test_what_machines_ask_of_every_service_is_answered(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/readyz")).json()["ready"] is True
    assert (await browser.get("/quiet")).json()["quiet"] is True
    assert (await browser.get("/stuck")).json() == []


async def test_what_pages_answer_as_json_is_described(browser: httpx.AsyncClient) -> None:
    found = (await browser.get("/openapi.json")).json()
    assert found["paths"].keys() == {page.path for page in (*PAGES, THING)}
    [name, most] = found["paths"]["/things/{name}"]["get"]["parameters"]
    assert (name["in"], name["required"], most["in"], most["required"]) == ("path", True, "query", False)
    assert references(found) <= {f"#/components/schemas/{name}" for name in found["components"]["schemas"]}


def references(node: Any) -> set[str]:
    return set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(node)))


@pytest.mark.parametrize(
    ("kept", "shown"), [("Asia/Tokyo", "Asia/Tokyo"), ("../../etc/passwd", "UTC"), ("Not/AZone", "UTC"), ("", "UTC")]
)
async def test_times_are_in_the_browser_s_zone_where_it_is_one(
    browser: httpx.AsyncClient, kept: str, shown: str
) -> None:
    browser.cookies.set("olcare_zone", kept)
    assert f"Times in {shown} " in (await browser.get("/nowhere")).text
