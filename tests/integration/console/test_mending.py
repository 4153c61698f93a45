"""A bad message arrives, is found by its reason, mended and sent; its ticket opens, and its promise runs.

So are tables built anew and gone back to, a notice read by who says why, and all of it listed with who did it.
"""

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from libs.stack.catcher import messages_in
from libs.stack.faults import Fault, write_faults
from tests.acceptance.olcare import done, olcare
from tests.integration.console.test_browser import NARROW, WIDE, faults, opened
from tests.support import eventually


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
    alike = [one for one in await letters(client, "reason=bad-field") if one["where"] == "/data/channel"]
    assert place in {one["place"] for one in alike}
    async with opened(browser, address) as page:
        await page.goto("/dead-letters")
        await called(page, "anna")
        await page.get_by_role("link", name="bad-field /data/channel").click()
        await sound(page)
        await page.get_by_role("link", name="Try, and send nothing").click()
        await expect(page.locator(".figure.bad")).to_contain_text(str(len(alike)))
        await page.get_by_role("link", name=place).click()
        await expect(page.locator("main")).to_contain_text("must be 'phone', 'email' or 'web'")
        assert "Camille" not in await page.content()
        await sound(page)
        await page.get_by_role("button", name="Show it; this is recorded").click()
        text = page.get_by_label("The event in JSON")
        await expect(text).to_have_value(re.compile("Camille Exemple"))
        await text.fill((await text.input_value()).replace('"channel": 1', '"channel": 2'))
        await page.get_by_role("button", name="Send this copy").click()
        await expect(page.locator(".problem")).to_contain_text("bad-field")
        await sound(page)
        await text.fill((await text.input_value()).replace('"channel": 2', '"channel": "email"'))
        await page.get_by_role("button", name="Send this copy").click()
        await expect(page.locator("main")).to_contain_text("edited and sent in as")
        assert "Camille" not in await page.content()
    assert place not in {one["place"] for one in await letters(client, "reason=bad-field")}
    await eventually(lambda: promised("crm-eu/story"))
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
        await expect(page.locator("#progress")).to_contain_text("stopped")
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
        await expect(page.locator("h1")).to_have_text("Dead letters")
    assert len(await letters(client, "source=crm-many")) == 2


async def test_tables_are_built_anew_proved_and_gone_back_to(
    browser: Browser, address: str, client: httpx.AsyncClient
) -> None:
    async with opened(browser, address) as page:
        await page.goto("/projections")
        await called(page, "anna")
        await page.get_by_role("button", name="Build intake.plan anew").click()
        await expect(page.locator("#progress")).to_contain_text("switched")
        await expect(page.locator("#progress")).to_contain_text("equal")
        await sound(page)
        await page.get_by_role("link", name="Back").click()
        await page.get_by_role("button", name="Have intake.plan go over to generation 1").click()
        await expect(page.locator("h1")).to_have_text("Projections")
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

    notice = await eventually(told)
    hidden = (await client.get(f"/notices/{notice}")).json()
    assert (bool(hidden["subject"]), hidden["recipient"], hidden["shown_to"]) == (True, None, None)
    async with opened(browser, address) as page:
        await page.goto(f"/notices/{notice}")
        await called(page, "anna")
        await page.get_by_role("button", name="Show name and address; this is recorded").click()
        await expect(page.locator(".facts")).to_contain_text("@")
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
    assert await eventually(known) == [("accepted", "ticket/crm-eu/known", text)]


async def ended(client: httpx.AsyncClient, ticket: str, state: str) -> dict[str, Any]:
    """The one notice about a ticket, once it is in a state."""

    async def there() -> dict[str, Any]:
        found = (await client.get("/notices?most=1000")).json()["notices"]
        about = [dict(one) for one in found if one["about_stream"].partition("/")[2] == ticket]
        assert [one["state"] for one in about] == [state]
        return about[0]

    return await eventually(there)


async def orders(client: httpx.AsyncClient, notice: str) -> list[tuple[str, str]]:
    """What people had done with a notice, and who."""
    found = (await client.get("/topics/olcare.notices.v1/search", params={"stream": notice})).json()["records"]
    said = [(str(one["type"]), one["data"].get("by")) for one in reversed(found)]
    return [(kind.removeprefix("olcare.").removesuffix(".v1"), by) for kind, by in said if by]


def mails_to(installation: dict[str, Any], address: str) -> list[Any]:
    return [mail for mail in messages_in(Path(installation["mail_journal"])) if mail["rcpt_to"] == [address]]


async def test_of_a_notice_whose_answer_was_lost_somebody_says_what_became_of_it_and_has_it_sent_once_more(
    browser: Browser, address: str, client: httpx.AsyncClient, installation: dict[str, Any]
) -> None:
    to = "lost@client.example"
    faults_of = Path(installation["mail_journal"]).with_name("mail-faults.json")
    write_faults(faults_of, [Fault("body", "keep and cut", to=to, times=1)])
    await asyncio.to_thread(
        done, "trigger", "TicketSubmitted", "--wait", "--subject", "lost", "--set", f"requester.email={to}"
    )
    notice = str((await ended(client, "crm-eu/lost", "ambiguous"))["stream"])
    assert len(mails_to(installation, to)) == 1
    async with opened(browser, address) as page:
        await page.goto("/notices?state=ambiguous")
        await called(page, "anna")
        await page.locator(f'a[href="/notices/{notice}"]').click()
        await sound(page)
        await page.get_by_label("What you found out").select_option("sent")
        await page.get_by_role("button", name="Settle it").click()
        await expect(page.locator("h1")).to_contain_text("Notice")
        settled = await ended(client, "crm-eu/lost", "settled")
        await page.reload()
        await expect(page.get_by_role("button", name="Settle it")).to_have_count(0)
        assert (settled["attempts"], len(mails_to(installation, to))) == (1, 1)
        await page.get_by_role("button", name="Send it once more").click()
        await expect(page.locator("h1")).to_contain_text("Notice")
    await ended(client, "crm-eu/lost", "sent")
    mails = mails_to(installation, to)
    assert (len(mails), len({mail["message_id"] for mail in mails})) == (2, 1)
    assert await orders(client, notice) == [("NoticeSettled", "anna"), ("NoticeResendOrdered", "anna")]


async def test_what_is_refused_about_a_notice_is_said_on_a_page(
    browser: Browser, address: str, client: httpx.AsyncClient
) -> None:
    await asyncio.to_thread(done, "trigger", "TicketSubmitted", "--wait", "--subject", "well")
    notice = (await ended(client, "crm-eu/well", "sent"))["stream"]
    async with opened(browser, address) as page:
        await page.goto(f"/notices/{notice}")
        await called(page, "anna")
        token = await page.locator('input[name="token"]').first.input_value()
        answer = await page.request.post(
            "/notices/settle", form={"token": token, "notice": notice, "settled_as": "sent"}, max_redirects=0
        )
        assert (answer.status, "not-ambiguous" in await answer.text()) == (503, True)


async def test_what_is_under_way_is_ended_by_a_button_and_the_rest_stays(
    browser: Browser, address: str, client: httpx.AsyncClient
) -> None:
    places = {await bad(f"ended-{number}", "--source", "crm-ended") for number in range(10)}
    async with opened(browser, address) as page:
        await page.goto("/dead-letters?source=crm-ended")
        await called(page, "anna")
        await page.get_by_label("A second at most").fill("1")
        await page.get_by_label("Stop after so many that fail again").fill("1000")
        await page.get_by_role("button", name="Send all as they came").click()
        await expect(page.locator("#progress")).to_contain_text("under way")
        work = page.url
        await page.get_by_role("button", name="End it").click()
        await expect(page.locator("#progress")).to_contain_text("cancelled")
        await expect(page.get_by_role("button", name="End it")).to_have_count(0)
        await sound(page)
    assert (await client.get(work)).json()["state"] == "cancelled"
    assert {one["place"] for one in await letters(client, "source=crm-ended")} & places
