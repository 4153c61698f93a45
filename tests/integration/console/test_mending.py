"""A bad message arrives, is found by its reason, mended and sent; its ticket opens, and its promise runs.

So are tables built anew and gone back to, a notice read by who says why, and all of it listed with who did it.
"""

import asyncio
import re
from typing import Any

import httpx
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.acceptance.olcare import done, olcare
from tests.integration.console.test_browser import NARROW, WIDE, faults, opened
from tests.support import eventually

SLOW = 60_000  # machine milliseconds


async def bad(subject: str, *words: str) -> str:
    """Say something that its door can not read; gives its place."""
    asked = ("trigger", "TicketSubmitted", "--wait", "--json", "--subject", subject, "--set", "channel:=1", *words)
    found = (await asyncio.to_thread(olcare, *asked)).json()["receipt"]["place"]
    return f"{found['topic']}/{found['partition']}/{found['offset']}"


async def sound(page: Page) -> None:
    """Axe finds nothing on a page that is reached by way of others, and nothing scrolls sideways."""
    for width in (NARROW, WIDE):
        await page.set_viewport_size({"width": width, "height": 800})
        assert (page.url, faults((await Axe().run(page)).response)) == (page.url, [])
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, (page.url, width)


async def called(page: Page, who: str) -> None:
    """Say who one is."""
    await page.get_by_label("Who you are").fill(who)
    await page.get_by_role("button", name="Keep").click()


async def letters(client: httpx.AsyncClient, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(f"/dead-letters?{query}")).json()["letters"]
    return found


async def test_a_bad_message_is_found_mended_and_sent_and_its_promise_runs(
    browser: Browser, address: str, client: httpx.AsyncClient
) -> None:
    place = await bad("story", "--set", "requester.name=Camille Exemple")
    async with opened(browser, address) as page:
        await page.goto("/dead-letters")
        await called(page, "anna")
        await page.get_by_role("link", name="bad-field /data/channel").click()
        await sound(page)
        await page.get_by_role("link", name="Try, and send nothing").click()
        await expect(page.locator(".figure.bad")).to_contain_text("1")
        await page.get_by_role("link", name=place).click()
        await expect(page.locator("main")).to_contain_text("must be 'phone', 'email' or 'web'")
        assert "Camille" not in await page.content()
        await sound(page)
        await page.get_by_role("button", name="Show it; this is recorded").click()
        text = page.get_by_label("The event in JSON")
        await expect(text).to_have_value(re.compile("Camille Exemple"), timeout=SLOW)
        await text.fill((await text.input_value()).replace('"channel": 1', '"channel": 2'))
        await page.get_by_role("button", name="Send this copy").click()
        await expect(page.locator(".problem")).to_contain_text("bad-field", timeout=SLOW)
        await sound(page)
        await text.fill((await text.input_value()).replace('"channel": 2', '"channel": "email"'))
        await page.get_by_role("button", name="Send this copy").click()
        await expect(page.locator("main")).to_contain_text("edited and sent in as", timeout=SLOW)
        assert "Camille" not in await page.content()
    assert place not in {one["place"] for one in await letters(client, "reason=bad-field")}
    await eventually(lambda: promised("crm-eu/story"), 60)
    rows = await asyncio.to_thread(done, "audit", "--by", "anna", "--what", place)
    assert [(row["action"], row["reason"], row["outcome"], row["taken"]) for row in rows] == [
        ("show", "mending", None, None),
        ("redrive-edited", None, "complete", 1),
    ]


async def promised(ticket: str) -> bool:
    """Whether a promise of the ticket runs."""
    return (await asyncio.to_thread(olcare, "sla", "explain", ticket, "--json")).code == 0


async def test_many_are_sent_until_one_fails_again_and_the_others_stay(
    browser: Browser, address: str, client: httpx.AsyncClient
) -> None:
    places = {await bad(f"many-{number}", "--source", "crm-many") for number in range(3)}
    async with opened(browser, address) as page:
        await page.goto("/dead-letters?source=crm-many")
        await called(page, "o.k")
        await page.get_by_role("button", name="Send all as they came").click()
        await expect(page.locator("#progress")).to_contain_text("stopped", timeout=SLOW)
        await expect(page.locator("#progress")).to_contain_text("not sent")
        await sound(page)
    left = {one["place"] for one in await letters(client, "source=crm-many")}
    assert len(left & places) == 2
    assert len(left) == 3
    async with opened(browser, address) as page:
        await page.goto("/dead-letters?source=crm-many")
        await called(page, "o.k")
        await page.get_by_role("checkbox").first.check()
        await page.get_by_label("Why they need nothing more").fill("a trial")
        await page.get_by_role("button", name="Discard those marked").click()
        await expect(page.locator("h1")).to_have_text("Dead letters", timeout=SLOW)
    assert len(await letters(client, "source=crm-many")) == 2


async def test_tables_are_built_anew_proved_and_gone_back_to(
    browser: Browser, address: str, client: httpx.AsyncClient
) -> None:
    async with opened(browser, address) as page:
        await page.goto("/projections")
        await called(page, "anna")
        await page.get_by_role("button", name="Build intake.plan anew").click()
        await expect(page.locator("#progress")).to_contain_text("switched", timeout=3 * SLOW)
        await expect(page.locator("#progress")).to_contain_text("equal")
        await sound(page)
        await page.get_by_role("link", name="Back").click()
        await page.get_by_role("button", name="Have intake.plan go over to generation 1").click()
        await expect(page.locator("h1")).to_have_text("Projections", timeout=SLOW)
    readers = {one["name"]: one["generations"] for one in (await client.get("/projections")).json()["readers"]}
    assert [(one["generation"], one["in_use"]) for one in readers["intake.plan"]] == [(2, False), (1, True)]
    assert readers["intake.plan"][0]["tables"]
    actions = (await client.get("/audit?what=intake.plan&who=anna")).json()["actions"]
    assert [(one["action"], one["outcome"], one["generation"]) for one in actions] == [
        ("switch", None, 1),
        ("rebuild", "switched", 2),
    ]
    assert all(table["equal"] for table in actions[1]["proof"])


async def test_a_notice_is_read_without_its_recipient_until_somebody_says_why(
    browser: Browser, address: str, client: httpx.AsyncClient
) -> None:
    async def told() -> str:
        found = (await client.get("/notices")).json()["notices"]
        about = [str(one["stream"]) for one in found if one["about_stream"] == "promise/crm-eu/4711"]
        assert about
        return about[0]

    notice = await eventually(told, 60)
    hidden = (await client.get(f"/notices/{notice}")).json()
    assert (bool(hidden["subject"]), hidden["recipient"], hidden["shown_to"]) == (True, None, None)
    async with opened(browser, address) as page:
        await page.goto(f"/notices/{notice}")
        await called(page, "anna")
        await page.get_by_role("button", name="Show name and address; this is recorded").click()
        await expect(page.locator(".facts")).to_contain_text("@", timeout=SLOW)
        await sound(page)
    [looked] = (await client.get(f"/audit?what={notice}")).json()["actions"]
    assert (looked["action"], looked["kind"], looked["reason"]) == ("show", "notice", "support")


async def test_what_became_of_a_message_is_known_by_its_source_and_id(client: httpx.AsyncClient) -> None:
    said = await asyncio.to_thread(
        done, "trigger", "TicketSubmitted", "--wait", "--subject", "known", "--id", "known-1"
    )
    place = said["receipt"]["place"]

    async def known() -> list[tuple[str, str, str]]:
        found = (await client.get("/receipts?source=crm-eu&id=known-1")).json()["receipts"]
        assert found
        return [(one["outcome"], one["stream"], one["place"]) for one in found]

    text = f"{place['topic']}/{place['partition']}/{place['offset']}"
    assert await eventually(known, 60) == [("accepted", "ticket/crm-eu/known", text)]
