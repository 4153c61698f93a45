"""Signing in and out: once for each answer of the provider, in one browser, back to this site; streams end with it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from libs.chassis.health import Health, Quiet
from libs.chassis.manual_clock import ManualClock
from libs.chassis.metrics import Metrics
from services.ops.cli.environment import Environment
from services.ops.console.access import sign_in as signing_in
from services.ops.console.access.paths import local
from services.ops.console.access.persons import PersonIdentity
from services.ops.console.access.roles import EVERYTHING
from services.ops.console.access.sessions import Sessions
from services.ops.console.access.sign_in import WITHIN, SignIn
from services.ops.console.assets import load
from services.ops.console.pages import ACTIONS, PAGES
from services.ops.console.site import site
from services.ops.console.sources import Sources
from tests.support import PATIENCE, eventually
from tests.unit.console.no_provider import NoProvider

MONDAY = datetime(2026, 11, 23, 7, tzinfo=UTC)
HERE = Environment(None, None, None, None, Path("contracts"), Path("root"))
ADDRESS = "https://console.example.org"
HOUR = 3600.0
HTML = {"accept": "text/html"}
ANNA = PersonIdentity("anna-7", EVERYTHING)
SESSION, BROWSER = "__Host-olcare_session", "__Host-olcare_sign_in"


class Console:
    """A console, with a clock that stands."""

    def __init__(self, address: str = ADDRESS) -> None:
        self.clock, self.address = ManualClock(MONDAY), address
        self.sessions = Sessions(self.clock, HOUR)
        host = urlsplit(address).hostname or ""
        self.sign_in = SignIn(NoProvider(), self.sessions, self.clock, address, "the owner")
        own = Health(self.clock), Quiet(self.clock), Metrics("console", "console-1")
        sources = Sources(HERE, self.clock)
        self._app = site(sources, load(Path("nowhere")), own, PAGES, ACTIONS, host, self.sign_in)

    def browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url=self.address, headers=HTML)


@pytest.fixture
def console() -> Console:
    return Console()


@pytest.fixture
async def browser(console: Console) -> AsyncIterator[httpx.AsyncClient]:
    async with console.browser() as found:
        yield found


async def begun(browser: httpx.AsyncClient, to: str = "/tickets") -> str:
    """The state of a sign-in that has begun."""
    answer = await browser.get(f"/sign-in?next={quote(to, safe='')}")
    assert answer.status_code == 303
    return parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]


async def signed_in(browser: httpx.AsyncClient, who: str = "anna-7") -> httpx.Response:
    state = await begun(browser)
    answer = await browser.get(f"/signed-in?state={state}&code={who}")
    assert answer.status_code == 303
    return answer


async def test_whoever_is_not_signed_in_goes_to_the_provider_and_back_to_where_they_were_going(
    browser: httpx.AsyncClient,
) -> None:
    first = await browser.get("/tickets?source=crm")
    assert (first.status_code, first.headers["location"]) == (303, "/sign-in?next=%2Ftickets%3Fsource%3Dcrm")
    second = await browser.get(first.headers["location"])
    assert second.headers["location"].startswith("https://issuer.example/authorize?")
    assert f"redirect_uri={ADDRESS}/signed-in" in second.headers["location"]
    third = await browser.get("/signed-in?state=state-1&code=anna-7")
    assert third.headers["location"] == "/tickets?source=crm"
    page = await browser.get("/tickets?source=crm")
    assert (page.status_code, "anna-7" in page.text) == (200, True)


async def test_what_is_no_visit_of_a_page_is_told_to_sign_in(browser: httpx.AsyncClient) -> None:
    data = await browser.get("/topics", headers={"accept": "application/json"})
    assert (data.status_code, data.json()["error"]) == (401, "Nobody is signed in")
    script = await browser.get("/topics", headers={"sec-fetch-mode": "cors"})
    part = await browser.get("/topics", headers={"hx-request": "true"})
    sent = await browser.post("/works/1/cancel", data={"token": "x"})
    assert [answer.status_code for answer in (script, part, sent)] == [401, 401, 401]
    assert part.headers["hx-refresh"] == "true"
    for path in ("/openapi.json", "/topics/live", "/works/1", "/"):
        answer = await browser.get(path, headers={"accept": "application/json"})
        assert (path, answer.status_code) == (path, 401)


async def test_a_cookie_is_secure_and_for_no_script_and_of_this_host_alone(browser: httpx.AsyncClient) -> None:
    state = await begun(browser)
    answers = [await browser.get("/sign-in"), await browser.get(f"/signed-in?state={state}&code=anna-7")]
    given = [line for answer in answers for line in answer.headers.get_list("set-cookie")]
    assert {line.partition("=")[0] for line in given} == {SESSION, BROWSER}
    for line in given:
        said = {word.strip().lower() for word in line.split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= said
        assert not any(word.startswith("domain") for word in said)
    page = await browser.get("/tickets")
    assert page.headers["strict-transport-security"].startswith("max-age=")


async def test_who_signs_in_and_out_and_who_is_not_let_in_stands_in_the_log(
    console: Console, browser: httpx.AsyncClient
) -> None:
    with capture_logs() as lines:
        await browser.get("/signed-in?state=x&code=anna-7")
        await signed_in(browser)
        session = console.sessions.find(browser.cookies[SESSION])
        assert session
        await browser.post("/sign-out", data={"token": session.token})
    assert [(line["event"], line.get("who")) for line in lines] == [
        ("nobody signed in", None),
        ("signed in", "anna-7"),
        ("signed out", "anna-7"),
    ]
    assert session.id not in repr(lines)


async def test_what_is_chosen_is_kept_in_secure_cookies_too(console: Console, browser: httpx.AsyncClient) -> None:
    await signed_in(browser)
    session = console.sessions.find(browser.cookies[SESSION])
    assert session
    answer = await browser.post("/choices", data={"token": session.token, "theme": "dark"})
    assert "secure" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "was not begun in this browser"),
        ("state=state-2&code=anna-7", "was not begun in this browser"),
        ("state=&code=anna-7", "was not begun in this browser"),
        ("state=state-1", "did not let you in"),
    ],
)
async def test_an_answer_that_was_not_asked_for_signs_nobody_in(
    browser: httpx.AsyncClient, query: str, why: str
) -> None:
    assert await begun(browser) == "state-1"
    answer = await browser.get(f"/signed-in?{query}")
    assert (answer.status_code, why in answer.text, SESSION in browser.cookies) == (403, True, False)


async def test_an_answer_is_of_use_in_the_browser_that_asked_and_once(
    console: Console, browser: httpx.AsyncClient
) -> None:
    state = await begun(browser)
    async with console.browser() as other:
        assert (await other.get(f"/signed-in?state={state}&code=anna-7")).status_code == 403
        await begun(other)
        assert (await other.get(f"/signed-in?state={state}&code=anna-7")).status_code == 403
    assert (await browser.get(f"/signed-in?state={state}&code=anna-7")).status_code == 303
    assert (await browser.get(f"/signed-in?state={state}&code=anna-7")).status_code == 403


async def test_an_answer_that_comes_too_late_signs_nobody_in(console: Console, browser: httpx.AsyncClient) -> None:
    state = await begun(browser)
    await console.clock.sleep(WITHIN + 1)
    assert (await browser.get(f"/signed-in?state={state}&code=anna-7")).status_code == 403


async def test_several_tabs_sign_in_at_once_and_share_a_session(browser: httpx.AsyncClient) -> None:
    states = [await begun(browser), await begun(browser)]
    sessions = []
    for state in states:
        assert (await browser.get(f"/signed-in?state={state}&code=anna-7")).status_code == 303
        sessions.append(browser.cookies[SESSION])
    assert sessions[0] == sessions[1]


async def test_somebody_else_in_the_same_browser_gets_a_session_of_their_own(
    console: Console, browser: httpx.AsyncClient
) -> None:
    states = [await begun(browser), await begun(browser)]
    await browser.get(f"/signed-in?state={states[0]}&code=anna-7")
    hers = browser.cookies[SESSION]
    await browser.get(f"/signed-in?state={states[1]}&code=omar-2")
    assert browser.cookies[SESSION] != hers
    assert console.sessions.find(hers) is None


@pytest.mark.parametrize(
    "change", [str.lower, str.upper, lambda name: name[:-1], lambda name: f"{name}=", lambda _: ""]
)
async def test_a_cookie_that_was_changed_is_nobody_s(console: Console, change: Callable[[str], str]) -> None:
    session = console.sessions.start(ANNA, "token")
    async with console.browser() as browser:
        browser.cookies.set(SESSION, change(session.id))
        assert (await browser.get("/tickets")).status_code == 303


async def test_without_the_prefix_a_cookie_is_nobody_s(console: Console) -> None:
    session = console.sessions.start(ANNA, "token")
    async with console.browser() as browser:
        browser.cookies.set("olcare_session", session.id)
        assert (await browser.get("/tickets")).status_code == 303


async def test_after_a_while_the_provider_is_asked_again(console: Console, browser: httpx.AsyncClient) -> None:
    await signed_in(browser)
    await console.clock.sleep(HOUR - 1)
    assert (await browser.get("/tickets")).status_code == 200
    await console.clock.sleep(1)
    answer = await browser.get("/tickets")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Ftickets")


async def test_who_signs_out_is_out_here_and_is_sent_to_the_provider(
    console: Console, browser: httpx.AsyncClient
) -> None:
    await signed_in(browser)
    kept = browser.cookies[SESSION]
    session = console.sessions.find(kept)
    assert session
    for proof in ("", "x", session.token[:-1]):
        assert (await browser.post("/sign-out", data={"token": proof})).status_code == 403
    answer = await browser.post("/sign-out", data={"token": session.token})
    assert answer.status_code == 200
    assert answer.headers["refresh"] == f"0; url=https://issuer.example/logout?hint=token+of+anna-7&back={ADDRESS}/"
    assert SESSION not in browser.cookies
    browser.cookies.set(SESSION, kept)
    left = await browser.get("/tickets?source=a")
    assert (left.status_code, "Sign in again" in left.text) == (401, True)
    assert 'href="/sign-in?next=%2Ftickets%3Fsource%3Da"' in left.text


async def test_who_has_signed_out_is_signed_in_again_when_they_say_so_and_not_by_another_tab(
    console: Console, browser: httpx.AsyncClient
) -> None:
    await signed_in(browser)
    session = console.sessions.find(browser.cookies[SESSION])
    assert session
    await browser.post("/sign-out", data={"token": session.token})
    assert [(await browser.get(path)).status_code for path in ("/topics", "/")] == [401, 401]
    await signed_in(browser)
    assert (await browser.get("/tickets")).status_code == 200
    browser.cookies.delete(SESSION)
    assert (await browser.get("/tickets")).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "https://evil.console.example.org"},
    ],
)
async def test_a_form_of_another_site_does_nothing_whatever_it_knows(
    console: Console, browser: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    await signed_in(browser)
    session = console.sessions.find(browser.cookies[SESSION])
    assert session
    for path in ("/sign-out", "/works/1/cancel", "/choices"):
        answer = await browser.post(path, data={"token": session.token, "theme": "dark"}, headers=headers)
        assert (path, answer.status_code) == (path, 403)
    assert console.sessions.find(session.id)


async def test_a_form_needs_the_token_of_its_session(console: Console, browser: httpx.AsyncClient) -> None:
    await signed_in(browser)
    other = console.sessions.start(ANNA, "token")
    browser.cookies.set("olcare_token", "chosen-by-somebody")
    for proof in (other.token, "chosen-by-somebody", ""):
        answer = await browser.post("/works/1/cancel", data={"token": proof})
        assert (answer.status_code, "open the page again" in answer.text) == (403, True)


ELSEWHERE = ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "\\\\evil.example"]
ODD = ["javascript:alert(1)", "evil.example", "", "/\r\nset-cookie: a=b", " //evil.example", "///evil.example"]


@pytest.mark.parametrize("to", [*ELSEWHERE, *ODD])
async def test_a_sign_in_leads_to_this_site_alone(browser: httpx.AsyncClient, to: str) -> None:
    state = await begun(browser, to)
    answer = await browser.get(f"/signed-in?state={state}&code=anna-7")
    assert answer.headers["location"] == "/"


@given(st.text(alphabet="/\\:.@?#\t\r\n ehtps%2Fx", max_size=12))
def test_no_path_is_another_site_s(text: str) -> None:
    found = local(text)
    as_a_browser_reads_it = found.translate({9: None, 10: None, 13: None}).replace("\\", "/")
    assert found.startswith("/")
    assert not as_a_browser_reads_it.startswith("//")


@pytest.mark.parametrize("path", ["/", "/topics/a?type=b&field=/c", "/tickets/crm%252F1/4?as_of=2026-01-01T00:00:00Z"])
def test_a_path_of_ours_stays(path: str) -> None:
    assert local(path) == path


async def test_sign_ins_that_nobody_ends_give_way_the_oldest_first(
    browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing_in, "MOST_BEGUN", 2)
    first, second, third = [await begun(browser) for _ in range(3)]
    answers = [await browser.get(f"/signed-in?state={state}&code=anna-7") for state in (first, second, third)]
    assert [answer.status_code for answer in answers] == [403, 303, 303]


async def test_by_its_public_name_nothing_is_answered_that_is_for_machines(browser: httpx.AsyncClient) -> None:
    for path in ("/metrics", "/readyz", "/livez", "/quiet"):
        assert (await browser.get(path)).status_code == 404
        assert (await browser.get(path, headers={"host": "10.0.0.7:8480"})).status_code == 200
    assert (await browser.get("/tickets", headers={"host": "10.0.0.7:8480"})).status_code == 421


async def test_on_this_machine_a_sign_in_may_be_tried_without_tls() -> None:
    console = Console("http://127.0.0.1:8480")
    async with console.browser() as browser:
        await signed_in(browser)
        assert "olcare_session" in browser.cookies
        assert (await browser.get("/livez")).status_code == 200


async def events(going_on: asyncio.Event) -> AsyncGenerator[bytes, None]:
    """A first event, and more once it goes on."""
    yield b"first"
    await going_on.wait()
    yield b"second"


async def test_a_stream_ends_with_its_session(console: Console) -> None:
    session, going_on = console.sessions.start(ANNA, "token"), asyncio.Event()
    seen: list[bytes] = []

    async def watch() -> None:
        async for event in console.sessions.while_it_lasts(session, events(going_on)):
            seen.append(event)  # noqa: PERF401 - it is looked at meanwhile

    watching = asyncio.create_task(watch())

    await eventually(lambda: seen == [b"first"])
    console.sessions.end(session)
    await asyncio.wait_for(watching, PATIENCE)
    assert seen == [b"first"]


async def test_a_stream_ends_when_a_session_has_lasted_its_time(console: Console) -> None:
    session = console.sessions.start(ANNA, "token")
    await console.clock.sleep(HOUR)
    seen = [event async for event in console.sessions.while_it_lasts(session, events(asyncio.Event()))]
    assert b"second" not in seen
    assert console.sessions.find(session.id) is None


async def test_a_stream_ends_by_itself_where_its_events_do(console: Console) -> None:
    session, going_on = console.sessions.start(ANNA, "token"), asyncio.Event()
    going_on.set()
    assert [event async for event in console.sessions.while_it_lasts(session, events(going_on))] == [
        b"first",
        b"second",
    ]
    assert console.sessions.find(session.id)


async def test_whoever_goes_in_the_middle_of_a_stream_leaves_nothing_behind(console: Console) -> None:
    session, ended = console.sessions.start(ANNA, "token"), asyncio.Event()

    async def endless() -> AsyncGenerator[bytes, None]:
        try:
            yield b"first"
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.set()

    seen: list[bytes] = []

    async def watch() -> None:
        async with aclosing(console.sessions.while_it_lasts(session, endless())) as found:
            async for event in found:
                seen.append(event)  # noqa: PERF401 - it is looked at meanwhile

    watching = asyncio.create_task(watch())
    await eventually(lambda: seen == [b"first"])
    while not watching.done():  # as a server does, until it is gone
        watching.cancel()
        await asyncio.sleep(0)
    assert watching.cancelled()
    await asyncio.wait_for(ended.wait(), PATIENCE)
