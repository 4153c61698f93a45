"""A draft is rehearsed on its page: it is under way, its result stands under its digest, and it is published."""

import asyncio
import re
from datetime import date
from pathlib import Path

import httpx
import yaml
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from services.contract import plan
from tests.acceptance.olcare import done, olcare
from tests.integration.console.test_browser import NARROW, THEMES, WIDE, faults, opened
from tests.support import eventually

TARGETS = Path(plan.__file__).with_name("targets.yaml").read_text(encoding="utf-8")
PART = "targets/plan/first-response"


async def published(client: httpx.AsyncClient) -> dict[str, object]:
    """The newest version of the targets."""
    answer = await client.get("/plan", params={"part": PART})
    found: dict[str, object] = answer.json()["parts"][0]["versions"][0]
    return found


def draft(version: int, email_seconds: int) -> str:
    content = yaml.safe_load(TARGETS)
    content["version"] = version
    content["targets"]["email_seconds"] = email_seconds
    return yaml.safe_dump(content)


async def _posted(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    client.cookies.set("olcare_who", "manager-1")
    page = await client.get("/rehearse", headers={"accept": "text/html"})
    [token] = set(re.findall(r'name="token" value="([^"]+)"', page.text))
    return await client.post(path, data={"token": token, **fields})


async def rehearsed(client: httpx.AsyncClient, targets: str) -> str:
    """The path of the result."""
    work = (await _posted(client, "/rehearse", targets=targets)).headers["location"]

    async def is_done() -> bool:
        return bool((await client.get(work)).json()["state"] != "running")

    await eventually(is_done)
    found = (await client.get(work)).json()
    assert found["state"] == "complete", found["said"]
    return f"/rehearse/{found['result']['rehearsal']}"


async def test_what_is_rehearsed_stands_under_its_digest_and_is_published_with_it(client: httpx.AsyncClient) -> None:
    version = int(str((await published(client))["version"])) + 1
    path = await rehearsed(client, draft(version, 10_800))
    found = (await client.get(path)).json()
    assert found["digest"] == path.rpartition("/")[2]
    assert found["outdated"] is None
    assert [(one["stream"], one["version"]) for one in found["summary"]["draft"]] == [(PART, version)]
    assert found["summary"]["tickets"] >= 1
    assert date.fromisoformat(found["summary"]["from_day"]) < date.fromisoformat(found["summary"]["to_day"])
    assert (await published(client))["version"] != version
    answer = await _posted(client, f"{path}/publish")
    assert answer.status_code == 303, answer.text
    newest = await published(client)
    assert (newest["version"], newest["rehearsal"]) == (version, found["digest"])
    audited = await client.get("/audit", params={"what": found["digest"]})
    [one] = audited.json()["actions"]
    assert (one["who"], one["action"], one["outcome"], one["counts"]) == (
        *("manager-1", "publish", "complete"),
        {"taken": 1},
    )
    assert one["parts"] == [{"part": PART, "version": version}]
    page = await client.get("/audit", params={"what": found["digest"]}, headers={"accept": "text/html"})
    assert f'href="{path}"' in page.text


async def test_who_publishes_by_the_command_line_says_who_they_are(client: httpx.AsyncClient, tmp_path: Path) -> None:
    version = int(str((await published(client))["version"])) + 1
    file = tmp_path / "targets.yaml"
    file.write_text(draft(version, 10_900), encoding="utf-8")
    nobody = await asyncio.to_thread(olcare, "rehearse", str(file), "--publish")
    assert nobody.code == 2
    assert "--by" in nobody.err
    found = await asyncio.to_thread(done, "rehearse", str(file), "--publish", "--by", "manager-2")
    [said] = await asyncio.to_thread(done, "audit", "--action", "publish", "--what", found["digest"])
    assert (said["who"], said["outcome"], said["taken"]) == ("manager-2", "complete", 1)
    assert (await published(client))["rehearsal"] == found["digest"]


async def test_a_rehearsal_on_a_plan_of_before_is_not_published(client: httpx.AsyncClient) -> None:
    version = int(str((await published(client))["version"])) + 1
    first, second = [await rehearsed(client, draft(version + n, 9_000 + n)) for n in (0, 1)]
    assert (await _posted(client, f"{first}/publish")).status_code == 303
    assert "has changed since the rehearsal" in (await client.get(second)).json()["outdated"]
    answer = await _posted(client, f"{second}/publish")
    assert answer.status_code == 503
    assert "rehearse the draft once more" in answer.json()["why"][0]
    assert (await published(client))["version"] == version


async def test_a_draft_that_can_not_be_rehearsed_says_why(client: httpx.AsyncClient) -> None:
    work = (await _posted(client, "/rehearse", targets=TARGETS)).headers["location"]

    async def has_failed() -> bool:
        return bool((await client.get(work)).json()["state"] == "failed")

    await eventually(has_failed)
    [said] = (await client.get(work)).json()["said"]
    assert "version" in said
    nothing = await _posted(client, "/rehearse")
    assert nothing.status_code == 400
    forged = await client.post("/rehearse", data={"token": "guessed", "targets": TARGETS})
    assert forged.status_code == 403


async def test_a_rehearsal_can_be_read_by_everybody_and_begun_with_the_keyboard(
    browser: Browser, address: str, client: httpx.AsyncClient
) -> None:
    version = int(str((await published(client))["version"])) + 1
    path = await rehearsed(client, draft(version, 1_800))
    for language in ("en", "fr"):
        for theme in THEMES:
            for width in (WIDE, NARROW):
                async with opened(browser, address, language, theme, width) as page:
                    await page.goto(path)
                    found = await Axe().run(page)
                    assert faults(found.response) == []
                    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    async with opened(browser, address) as page:
        await page.context.add_cookies([{"name": "olcare_who", "value": "manager-1", "url": address}])
        await page.goto("/rehearse")
        await page.locator("#t-targets").focus()
        await page.keyboard.insert_text(draft(version, 1_800))
        await page.get_by_role("button", name="Rehearse").press("Enter")
        await expect(page.get_by_role("link", name="What would be otherwise")).to_be_visible()
        await page.get_by_role("link", name="What would be otherwise").press("Enter")
        await expect(page.locator("h1")).to_have_text("Rehearsal")
