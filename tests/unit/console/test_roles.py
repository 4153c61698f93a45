"""Who may see and do what: every role, every page, everything that is done on one, asked for as a browser does."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from libs.chassis.clock import Clock
from libs.chassis.health import Health, Quiet
from libs.chassis.metrics import Metrics
from services.ops.cli.environment import Environment
from services.ops.console.access.persons import PersonIdentity
from services.ops.console.access.roles import DONE, EVERYTHING, NOTHING, SEEN, Access, Role
from services.ops.console.access.sessions import Session, Sessions
from services.ops.console.access.sign_in import SignIn
from services.ops.console.assets import load
from services.ops.console.pages import ACTIONS, PAGES
from services.ops.console.pages.notices import NoticesView
from services.ops.console.pages.page import AnyAction, AnyPage, NotThere, PageView
from services.ops.console.site import site
from services.ops.console.sources import Sources
from tests.unit.console.no_provider import NoProvider

CLOCK = Clock()
HERE = Environment(None, None, None, None, Path("contracts"), Path("root"))
HOST = "console.example.org"
JSON = {"accept": "application/json"}
NOTICE = "notice/breach-centre/00000000-0000-4000-8000-000000000000"
FRANCE = Access(frozenset({Role.AGENT}), frozenset({"france"}))
VISITORS = {
    "nobody": NOTHING,
    "an agent of nothing": Access(frozenset({Role.AGENT})),
    "an agent": FRANCE,
    **{str(role): Access(frozenset({role})) for role in Role if role is not Role.AGENT},
}
TO_AGENTS = {"/", "/promises", "/tickets", "/tickets/{source}/{number}", "/notices", "/notices/{notice:path}"}
OF_NOBODY = {"/centres", "/plan"}
OF_NOTICES = {"/notices/resend", "/notices/settle"}
REVEALING = {"/dead-letters/{topic}/{partition}/{offset}/show", "/notices/show"}
EVERY_PAGE, EVERY_ACTION = {page.path for page in PAGES}, {action.path for action in ACTIONS}
MAY_SEE = {
    "nobody": set[str](),
    "an agent of nothing": set[str](),
    "an agent": TO_AGENTS | OF_NOBODY,
    **dict.fromkeys(("viewer", "operator", "privacy", "owner"), EVERY_PAGE),
}
MAY_DO = {
    "nobody": set[str](),
    "an agent of nothing": set[str](),
    "viewer": set[str](),
    "an agent": OF_NOTICES,
    "operator": {
        *("/dead-letters/send", "/dead-letters/discard", "/dead-letters/{topic}/{partition}/{offset}/mend"),
        *("/projections/{service}/{reader}/rebuild", "/projections/{service}/{reader}/verify"),
        *("/projections/{service}/{reader}/switch/{generation}", "/works/{id}/cancel", "/rehearse"),
        *OF_NOTICES,
    },
    "privacy": REVEALING,
    "owner": EVERY_ACTION,
}


def sample(path: str) -> str:
    """An address of a page or an action."""
    whole = path.replace("{notice:path}", NOTICE).replace("{number:path}", "number")
    values = {"topic": "olcare.tickets.v1", "partition": "0", "offset": "0", "generation": "1"}
    names = ("topic", "partition", "offset", "source", "number", "id", "service", "reader", "generation", "digest")
    return whole.format(**{name: values.get(name, name) for name in names})


class OfCentres(PageView):
    centres: tuple[str, ...]


async def nothing(_sources: Sources, _query: Any) -> PageView:
    raise NotThere("there is nothing; that is all")


async def done(_sources: Sources, _form: Any, _who: str) -> str:
    return "/done"


async def of_france(_sources: Sources, _form: Any) -> list[str | None]:
    return ["france"]


def signed_in(
    access: Access,
    *,
    pages: list[AnyPage] | None = None,
    actions: list[AnyAction] | None = None,
) -> tuple[httpx.AsyncClient, Session]:
    """A browser in which somebody has signed in; pages are empty and actions do nothing where they are not given."""
    sessions = Sessions(CLOCK, 3600)
    sign_in = SignIn(NoProvider(), sessions, CLOCK, f"https://{HOST}", "the owner at 4711")
    own = Health(CLOCK), Quiet(CLOCK), Metrics("console", "console-1")
    empty = [replace(page, look=nothing) for page in PAGES]
    idle = [replace(action, act=done, centres=action.centres and of_france) for action in ACTIONS]
    app = site(Sources(HERE, CLOCK), load(Path("nowhere")), own, pages or empty, actions or idle, HOST, sign_in)
    session = sessions.start(PersonIdentity("anna-7", access), "token")
    cookies = {"__Host-olcare_session": session.id}
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"https://{HOST}", cookies=cookies)
    return client, session


def test_every_page_and_everything_that_is_done_has_a_line_and_no_line_is_left_over() -> None:
    missing = "a line for it is wanting in services/ops/console/access/roles.py"
    assert EVERY_PAGE - SEEN.keys() == set(), missing
    assert EVERY_ACTION - DONE.keys() == set(), missing
    assert (SEEN.keys() - EVERY_PAGE, DONE.keys() - EVERY_ACTION) == (set(), set())


def test_what_agents_see_and_do_is_narrowed_to_their_centres_or_is_nobody_s() -> None:
    for page in PAGES:
        rule = SEEN[page.path]
        assert (rule.agents and not rule.of_nobody) == bool(page.narrowed or page.centres), page.path
    for action in ACTIONS:
        assert DONE[action.path].agents == bool(action.centres), action.path


@pytest.mark.parametrize("who", VISITORS)
async def test_a_page_is_seen_by_whose_role_it_is_for_and_by_nobody_else(who: str) -> None:
    browser, _ = signed_in(VISITORS[who])
    async with browser:
        for page in PAGES:
            for suffix in ("", "/live") if page.live and page.path != "/" else ("",):
                if suffix and page.path in MAY_SEE[who]:
                    continue  # it would not end
                answer = await browser.get(sample(page.path) + suffix, headers=JSON)
                wanted = 404 if page.path in MAY_SEE[who] else 403
                assert (page.path, answer.status_code) == (page.path, wanted)


@pytest.mark.parametrize("who", VISITORS)
async def test_something_is_done_by_whose_role_it_is_for_and_by_nobody_else(who: str) -> None:
    browser, session = signed_in(VISITORS[who])
    async with browser:
        for action in ACTIONS:
            form = {"token": session.token, "notice": NOTICE, "settled_as": "sent", "reason": "support", "why": "so"}
            sent = await browser.post(
                sample(action.path), data={**form, "grant": "x", "text": "{}", "targets": "x"}, headers=JSON
            )
            wanted = 303 if action.path in MAY_DO[who] else 403
            assert (action.path, sent.status_code) == (action.path, wanted)


async def test_who_has_no_role_is_told_whom_to_ask() -> None:
    browser, _ = signed_in(NOTHING)
    async with browser:
        answer = await browser.get("/topics")
    assert answer.status_code == 403
    assert "is for viewer, operator, privacy, owner; you have no role: ask the owner at 4711" in answer.text
    assert "Sign out" in answer.text


async def test_the_navigation_has_what_somebody_may_see_and_a_page_what_they_may_do() -> None:
    async with signed_in(FRANCE)[0] as agent, signed_in(EVERYTHING)[0] as owner:
        agents, owners = (await agent.get("/tickets")).text, (await owner.get("/tickets")).text
    assert ('href="/audit"' in agents, 'href="/audit"' in owners) == (False, True)
    assert ('name="who"' in agents, 'name="who"' in owners) == (False, False)


@pytest.mark.parametrize(
    ("asked", "centre", "status"),
    [
        ("/notices", "france", 200),
        ("/notices?centre=france", "france", 200),
        ("/notices?centre=japan", None, 403),
        ("/notices?centre=", "france", 200),
    ],
)
async def test_a_list_has_what_is_of_an_agent_s_centre_alone(asked: str, centre: str | None, status: int) -> None:
    async def look(_sources: Sources, query: Any) -> PageView:
        return NoticesView(state=None, centre=query.centre, states=(), notices=())

    pages = [replace(page, look=look) for page in PAGES if page.path == "/notices"]
    browser, _ = signed_in(FRANCE, pages=pages)
    async with browser:
        answer = await browser.get(asked, headers=JSON)
    assert (answer.status_code, answer.json().get("centre")) == (status, centre)


async def test_an_agent_of_several_centres_sees_each_when_it_is_asked_for() -> None:
    async def look(_sources: Sources, query: Any) -> PageView:
        return NoticesView(state=None, centre=query.centre, states=(), notices=())

    pages = [replace(page, look=look) for page in PAGES if page.path == "/notices"]
    browser, _ = signed_in(Access(frozenset({Role.AGENT}), frozenset({"japan", "france"})), pages=pages)
    async with browser:
        found = [(await browser.get(f"/notices{query}", headers=JSON)).json() for query in ("", "?centre=japan")]
    assert [one["centre"] for one in found] == ["france", "japan"]


@pytest.mark.parametrize(
    ("centres", "status"), [(("france",), 200), (("japan", "france"), 200), (("japan",), 403), ((), 403)]
)
async def test_a_ticket_is_seen_by_an_agent_of_a_centre_that_it_is_with(centres: tuple[str, ...], status: int) -> None:
    async def look(_sources: Sources, _query: Any) -> PageView:
        return OfCentres(centres=centres)

    pages = [replace(page, look=look) for page in PAGES if page.path == "/tickets/{source}/{number}"]
    browser, _ = signed_in(FRANCE, pages=pages)
    async with browser:
        answer = await browser.get("/tickets/crm/1", headers=JSON)
    assert answer.status_code == status
    assert status == 200 or "you are an agent of france" in answer.text


@pytest.mark.parametrize(("whose", "status"), [("france", 303), ("japan", 403), (None, 403)])
async def test_a_notice_is_settled_by_an_agent_of_its_centre(whose: str | None, status: int) -> None:
    async def centres(_sources: Sources, _form: Any) -> list[str | None]:
        return [whose]

    actions = [replace(action, act=done, centres=centres) for action in ACTIONS if action.path in OF_NOTICES]
    browser, session = signed_in(FRANCE, actions=actions)
    async with browser:
        for path in sorted(OF_NOTICES):
            form = {"token": session.token, "notice": NOTICE, "settled_as": "sent"}
            assert (await browser.post(path, data=form)).status_code == status
