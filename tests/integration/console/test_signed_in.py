"""A console for others than this machine: TLS before it, a provider's people in a real browser, with their roles."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from libs.stack.certificates import Authority, CertificateFiles
from libs.stack.ports import free_port
from libs.stack.run import Run
from libs.stack.service import ServiceProcess, ServiceSpec
from tests.acceptance.olcare import done
from tests.integration.console.provider import CLIENT, SECRET, Provider, provider
from tests.integration.console.saying import said
from tests.integration.console.test_mending import bad, sound
from tests.integration.console.test_rehearse import draft, published, rehearsed
from tests.support import PATIENCE, eventually

ROLES = "ops=operator; board=owner; staff=viewer; dpo=privacy; care-fr=agent:france; care-jp=agent:japan"
PEOPLE = {
    "anna-7": {"groups": ["ops", "dpo"]},
    "omar-2": {"groups": ["care-fr"]},
    "yuki-3": {"groups": ["care-jp"]},
    "vera-1": {"groups": ["staff"]},
    "olga-5": {"groups": ["board"]},
    "nina-9": {"groups": ["others"]},
}


@pytest.fixture(scope="module")
def people(identity: CertificateFiles) -> Iterator[Provider]:
    with provider(identity) as found:
        found.people = dict(PEOPLE)
        yield found


@pytest.fixture(scope="module")
def behind(
    installation: dict[str, Any], people: Provider, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, int]]:
    """A console of the installation with a sign-in: its own port, and the one at which TLS is to end."""
    places = ",".join(
        f"{one['service']}={one['pages'].rpartition(':')[2]}"
        for one in installation["services"]
        if one["service"] != "console"
    )
    port, public = free_port(), free_port()
    people.redirects = {f"https://localhost:{public}/signed-in"}
    env = {
        "OLCARE_SERVICES": places,
        "OLCARE_KAFKA": installation["kafka"],
        "OLCARE_POSTGRES": installation["postgres"],
        "OLCARE_CONSOLE_ADDRESS": f"https://localhost:{public}",
        "OLCARE_OIDC_ISSUER": people.issuer,
        "OLCARE_OIDC_CLIENT": CLIENT,
        "OLCARE_OIDC_SECRET": SECRET,
        "OLCARE_OIDC_ROLES": ROLES,
        "OLCARE_OIDC_CA": str(authority.certificate),
    }
    with Run.create(tmp_path_factory.mktemp("signed-in")) as run:
        service = ServiceProcess(run, ServiceSpec("console", "services.ops.console", port, env))
        service.start()
        yield port, public
        service.stop()


@pytest.fixture
async def public(behind: tuple[int, int], identity: CertificateFiles) -> AsyncIterator[str]:
    """Where browsers find it: TLS ends here, and what is said goes on as it is."""
    port, public = behind
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)

    async def ready() -> bool:
        async with httpx.AsyncClient() as client:
            with suppress(httpx.HTTPError):
                return (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
        return False

    await eventually(ready)
    open_now: set[asyncio.StreamWriter] = set()

    async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection("127.0.0.1", port)
        open_now.update((writer, outer))
        with suppress(OSError):
            await asyncio.gather(piped(reader, outer), piped(inner, writer))

    server = await asyncio.start_server(passed_on, "127.0.0.1", public, ssl=context)
    yield f"https://localhost:{public}"
    server.close()
    for writer in open_now:
        writer.transport.abort()


async def piped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while found := await reader.read(65_536):
            writer.write(found)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def visiting(browser: Browser, public: str, who: str | None = None) -> AsyncIterator[BrowserContext]:
    """A browser of its own; somebody has signed in where they are named."""
    context = await browser.new_context(base_url=public, ignore_https_errors=True, locale="en")
    context.set_default_timeout(1000 * PATIENCE)
    if who:
        page = await context.new_page()
        await signed_in(page, "/tickets", who)
        await page.close()
    yield context
    await context.close()


async def signed_in(page: Page, path: str, who: str) -> None:
    await page.goto(path)
    await expect(page.locator("h1")).to_have_text("Who are you?")
    await page.get_by_role("link", name=who).click()
    await expect(page.locator(".me")).to_have_text(who)


async def session(context: BrowserContext) -> dict[str, Any]:
    [found] = [one for one in await context.cookies() if one.get("name") == "__Host-olcare_session"]
    return dict(found)


async def test_somebody_signs_in_comes_to_their_page_and_has_a_cookie_that_no_script_reads(
    browser: Browser, public: str
) -> None:
    async with visiting(browser, public) as context:
        page = await context.new_page()
        await signed_in(page, "/topics?x=1", "vera-1")
        assert page.url == f"{public}/topics?x=1"
        cookie = await session(context)
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, True, "Lax", "/")
        assert "olcare_session" not in await page.evaluate("document.cookie")
        await sound(page)


async def test_an_agent_has_what_is_of_their_centre_and_nothing_of_another(browser: Browser, public: str) -> None:
    await said("--subject", "signed-1")
    async with visiting(browser, public, "omar-2") as french, visiting(browser, public, "yuki-3") as japanese:
        omar, yuki = await french.new_page(), await japanese.new_page()
        for page, status in ((omar, 200), (yuki, 403)):
            answer = await page.goto("/tickets/crm-eu/4711")
            assert (answer and answer.status) == status
        await expect(yuki.locator("main")).to_contain_text("you are an agent of japan")
        await sound(yuki)
        await omar.goto("/promises")
        await expect(omar.locator("#board")).to_contain_text("crm-eu/signed-1")
        await yuki.goto("/promises")
        assert "signed-1" not in await yuki.content()
        await expect(omar.get_by_role("link", name="Audit")).to_have_count(0)
        answer = await omar.goto("/audit")
        assert (answer and answer.status) == 403


async def test_who_has_no_role_is_told_and_may_sign_out(browser: Browser, public: str) -> None:
    async with visiting(browser, public) as context:
        page = await context.new_page()
        await page.goto("/")
        await page.get_by_role("link", name="nina-9").click()
        await expect(page.locator("main")).to_contain_text("you have no role: ask whoever runs this installation")
        await page.get_by_role("button", name="Sign out").click()
        await page.wait_for_url(f"{public}/")
        await expect(page.locator("h1")).to_have_text("Signed out")
        await sound(page)
        await page.get_by_role("link", name="Sign in again").click()
        await expect(page.locator("h1")).to_have_text("Who are you?")


async def test_what_is_done_is_done_by_the_person_of_the_token(browser: Browser, public: str) -> None:
    place = await bad("signed-2", "--source", "crm-signed")
    async with visiting(browser, public, "anna-7") as context:
        page = await context.new_page()
        await context.add_cookies([{"name": "olcare_who", "value": "somebody-else", "url": public}])
        await page.goto(f"/dead-letters/{place}")
        await expect(page.get_by_label("Who you are")).to_have_count(0)
        await page.get_by_label("Why it needs nothing more").fill("a trial")
        await page.get_by_role("button", name="Discard").click()
        await expect(page.locator("h1")).to_have_text("Dead letters")
    rows = await asyncio.to_thread(done, "audit", "--by", "anna-7")
    assert "redrive-discarded" in {row["action"] for row in rows}
    assert await asyncio.to_thread(done, "audit", "--by", "somebody-else") == []


async def test_what_was_rehearsed_is_published_by_the_person_of_the_token(
    browser: Browser, public: str, client: httpx.AsyncClient
) -> None:
    version = int(str((await published(client))["version"])) + 1
    path = await rehearsed(client, draft(version, 11_100))
    async with visiting(browser, public, "anna-7") as operator, visiting(browser, public, "olga-5") as owner:
        page = await operator.new_page()
        await page.goto(path)
        await expect(page.locator("h1")).to_have_text("Rehearsal")
        await expect(page.get_by_role("button", name="Publish what was rehearsed")).to_have_count(0)
        page = await owner.new_page()
        await page.goto(path)
        await page.get_by_role("button", name="Publish what was rehearsed").click()
        await page.wait_for_url(re.compile("/plan"))
    [said] = await asyncio.to_thread(done, "audit", "--what", path.rpartition("/")[2])
    assert (said["who"], said["action"], said["outcome"]) == ("olga-5", "publish", "complete")


async def test_what_was_shown_to_somebody_is_shown_in_no_other_session(browser: Browser, public: str) -> None:
    place = await bad("signed-3", "--source", "crm-signed", "--set", "requester.name=Camille Exemple")
    async with visiting(browser, public, "anna-7") as one, visiting(browser, public, "anna-7") as other:
        page = await one.new_page()
        await page.goto(f"/dead-letters/{place}")
        await page.get_by_role("button", name="Show it; this is recorded").click()
        await expect(page.get_by_label("The event in JSON")).to_have_value(re.compile("Camille"))
        link = page.url
        again = await other.new_page()
        await again.goto(link)
        await expect(again.locator("h1")).to_contain_text("Dead letter")
        assert "Camille" not in await again.content()


async def test_a_page_that_is_open_stops_when_its_session_ends(browser: Browser, public: str) -> None:
    async with visiting(browser, public, "vera-1") as context:
        page, other = await context.new_page(), await context.new_page()
        await page.goto("/topics")
        await expect(page.locator("#live-state")).to_have_attribute("data-state", "live")
        await other.goto("/tickets")
        await other.get_by_role("button", name="Sign out").click()
        await expect(other.locator("h1")).to_have_text("Signed out")
        await page.bring_to_front()
        await expect(page.locator("h1")).to_have_text("Signed out")


@pytest.mark.parametrize("where", ["127.0.0.1", "localhost"])
async def test_a_form_on_another_site_does_nothing(browser: Browser, public: str, people: Provider, where: str) -> None:
    """From another site no cookie comes along; from another port of the same one it does."""
    async with visiting(browser, public, "anna-7") as context:
        page = await context.new_page()
        evil = people.issuer.replace("localhost", where) + "/evil"
        action = f"{public}/projections/intake/plan/verify"
        form = f'<form method="post" action="{action}"><input name="token" value="x"></form>'

        async def answer(route: Any) -> None:
            await route.fulfill(body=f"<!doctype html>{form}", content_type="text/html")

        await page.route(evil, answer)
        await page.goto(evil)
        async with page.expect_response(re.compile("/verify$")) as sent:
            await page.evaluate("document.forms[0].submit()")
        assert (await sent.value).status == (401 if where == "127.0.0.1" else 403)


async def test_who_has_signed_in_at_the_provider_comes_back_unseen(browser: Browser, public: str) -> None:
    async with visiting(browser, public, "vera-1") as context:
        page = await context.new_page()
        await context.clear_cookies(name="__Host-olcare_session")
        await page.goto("/centres?year=2026")
        assert page.url == f"{public}/centres?year=2026"
        await expect(page.locator(".me")).to_have_text("vera-1")
