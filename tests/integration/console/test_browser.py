"""The pages in a real browser: axe finds nothing, nothing scrolls sideways, they are live until paused or hidden."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from services.ops.console.pages import PAGES
from tests.integration.console.saying import said
from tests.support import PATIENCE

TICKETS = "/topics/olcare.tickets.v1"
PATHS = [page.path for page in PAGES if "{" not in page.path] + [
    TICKETS,
    f"{TICKETS}?type=Opened",
    f"{TICKETS}/search",
    "/topics/olcare.private.v1",
    "/topics/none",
    "/records/olcare.tickets.v1/2/0",
    "/records/olcare.tickets.in.v1/10/0",
    "/records/olcare.tickets.v1/2/999999",
    "/promises?state=late&centre=france&days=7",
    "/promises?known_at=2026-01-01",
    "/tickets/crm-eu/4711",
    "/tickets/crm-eu/4711?as_of=2026-01-01&verify=true",
    "/tickets/crm-eu/none",
    "/contracts?state=lapsed",
    "/contracts?as_of=2026-01-01&known_at=2026-02-01",
    "/customers/erp/C-1001",
    "/customers/erp/C-1001?at=2099-01-01",
]
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
WIDE, NARROW = 1280, 375


@asynccontextmanager
async def opened(
    browser: Browser, address: str, language: str = "en", theme: Theme = "light", width: int = WIDE
) -> AsyncIterator[Page]:
    """A tab; whatever its console complains of fails the test."""
    context = await browser.new_context(
        base_url=address, locale=language, color_scheme=theme, viewport={"width": width, "height": 800}
    )
    context.set_default_timeout(1000 * PATIENCE)
    complaints: list[str] = []
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    yield page
    await context.close()
    assert complaints == []


def faults(response: dict[str, Any]) -> list[str]:
    return [f"{v['id']}: {node['html'][:200]}" for v in response["violations"] for node in v["nodes"]]


@pytest.mark.parametrize(
    ("language", "theme", "width"),
    [
        *((language, theme, WIDE) for language in ("en", "fr") for theme in THEMES),
        ("fr", "light", NARROW),
        ("en", "dark", NARROW),
    ],
)
async def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    browser: Browser, address: str, language: str, theme: Theme, width: int
) -> None:
    async with opened(browser, address, language, theme, width) as page:
        for path in PATHS:
            await page.goto(path)
            assert await page.locator("html").get_attribute("lang") == language
            found = await Axe().run(page)
            assert (path, faults(found.response)) == (path, [])
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, path


async def test_a_page_is_live_until_it_is_paused(browser: Browser, address: str) -> None:
    async with opened(browser, address) as page:
        await page.goto(TICKETS)
        state = page.locator("#live-state")
        await expect(state).to_have_attribute("data-state", "live")
        await said("--subject", "4801")
        await expect(page.locator("#records")).to_contain_text("ticket/crm-eu/4801")
        await page.get_by_role("button", name="Pause").click()
        await expect(state).to_have_attribute("data-state", "paused")
        assert await page.locator("#stream").inner_html() == ""
        await expect(page.locator("#records")).to_contain_text("ticket/crm-eu/4801")
        await said("--subject", "4802")
        await expect(page.locator("#records")).not_to_contain_text("ticket/crm-eu/4802")
        await page.get_by_role("button", name="Resume").click()
        await expect(page.locator("#records")).to_contain_text("ticket/crm-eu/4802")


async def test_a_countdown_ticks_without_moving_what_is_beside_it(browser: Browser, address: str) -> None:
    async with opened(browser, address) as page:
        await page.goto("/promises")
        countdown = page.locator("#board .countdown").first
        await expect(countdown).to_have_text(re.compile(r"\d\d:\d\d:\d\d$"))
        before, box = await countdown.inner_text(), await countdown.bounding_box()
        await expect(countdown).not_to_have_text(before)
        assert await countdown.bounding_box() == box


async def test_what_somebody_has_opened_stays_open_when_more_comes(browser: Browser, address: str) -> None:
    async with opened(browser, address) as page:
        await page.goto(TICKETS)
        first = page.locator("#records details").first
        name = await first.get_attribute("id")
        await first.locator("summary").click()
        await said("--subject", "4803")
        await expect(page.locator("#records")).to_contain_text("ticket/crm-eu/4803")
        await expect(page.locator(f'[id="{name}"]')).to_have_attribute("open", "")


async def test_a_choice_of_language_and_colours_stays(browser: Browser, address: str) -> None:
    async with opened(browser, address) as page:
        await page.goto(TICKETS)
        await page.get_by_role("button", name="Français").click()
        await expect(page.locator("html")).to_have_attribute("lang", "fr")
        await page.get_by_role("button", name="Sombre").click()
        await page.goto("/")
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        await expect(page.locator("h1")).to_have_text("Maintenant")


async def test_everything_can_be_reached_by_keyboard(browser: Browser, address: str) -> None:
    async with opened(browser, address) as page:
        await page.goto("/")
        await page.keyboard.press("Tab")
        await expect(page.locator(":focus")).to_have_text("Skip to the content")
        await page.keyboard.press("Enter")
        await expect(page.locator("main")).to_be_focused()


async def test_without_scripts_a_page_can_be_read_and_searched(browser: Browser, address: str) -> None:
    context = await browser.new_context(base_url=address, locale="en", java_script_enabled=False)
    context.set_default_timeout(1000 * PATIENCE)
    page = await context.new_page()
    await page.goto(TICKETS)
    await page.get_by_label("Type").fill("TicketOpened")
    await page.get_by_role("button", name="Filter").click()
    await page.wait_for_url(re.compile("type=TicketOpened"))
    await expect(page.locator("#records")).to_contain_text("ticket/crm-eu/4711")
    await page.goto("/promises")
    await expect(page.locator("#board .countdown").first).to_have_text(re.compile(r"\d+[hm]"))
    await context.close()
