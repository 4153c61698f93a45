"""What the pages answer on a running installation: as JSON, and as pages that load little, nothing from elsewhere."""

import asyncio
import csv
import re
from collections.abc import Iterator
from datetime import date, timedelta
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from libs.chassis.clock import Clock
from services.ops.console.pages import PAGES
from services.ops.watch.services import SERVICES
from tests.acceptance.olcare import done
from tests.integration.console.saying import said
from tests.support import PATIENCE, eventually

TICKETS = "/topics/olcare.tickets.v1"
CUSTOMER = "/customers/erp/C-1001"
PATHS = [page.path for page in PAGES if "{" not in page.path]
FIRST_LOAD = 200_000  # bytes
REFERS = re.compile(r"""(?:src|href|action)="([^"]*)\"""")


async def test_the_first_page_has_every_centre_service_and_count(client: httpx.AsyncClient) -> None:
    async def told() -> bool:
        found = (await client.get("/")).json()
        assert found["unknown"] == []
        assert found["promises"]["in_time"] + found["promises"]["at_risk"] + found["promises"]["late"] >= 1
        assert len(found["centres"]) == 8
        assert {one["name"] for one in found["services"]} == set(SERVICES)
        assert all(one["ready"] for one in found["services"])
        assert (found["stopped"], found["deadlines_wait"], found["ambiguous"]["number"]) == ([], [], 0)
        return True

    await eventually(told)


async def test_topics_have_their_records_sizes_and_followers(client: httpx.AsyncClient) -> None:
    async def told() -> bool:
        topics = {one["topic"]: one for one in (await client.get("/topics")).json()["topics"]}
        tickets = topics["olcare.tickets.v1"]
        assert tickets["records"] >= 1
        assert sum(tickets["per_minute"]) == tickets["records"]
        assert tickets["bytes"] > 0
        assert tickets["last_type"].startswith("olcare.")
        assert {one["name"] for one in tickets["followers"]} >= {"intake.tickets", "sla_timer.react-to-tickets"}
        assert {one["trend"] for topic in topics.values() for one in topic["followers"]} == {"caught up"}
        assert all(one["members"] == 1 for topic in topics.values() for one in topic["followers"])
        return True

    await eventually(told)


async def test_a_topic_has_its_records_and_filters_choose_among_them(client: httpx.AsyncClient) -> None:
    everything = (await client.get(TICKETS)).json()
    assert everything["matching"] == everything["kept"] >= 1
    opened = (await client.get(f"{TICKETS}?type=TicketOpened&field=centre")).json()
    assert "ticket/crm-eu/4711" in [one["stream"] for one in opened["records"]]
    assert {one["type"] for one in opened["records"]} == {"olcare.TicketOpened.v1"}
    assert opened["asked"] == {"type": "TicketOpened", "field": "centre"}
    assert (await client.get(f"{TICKETS}?until=2020-01-01")).json()["matching"] == 0


async def test_a_search_says_how_far_it_has_come_and_finds_from_an_instant_or_a_place(
    client: httpx.AsyncClient,
) -> None:
    found = (await client.get(f"{TICKETS}/search?stream=ticket/crm-eu/")).json()
    assert found["scanned"] == found["of"] == len(found["records"])
    assert found["next"] is None
    [record, *_] = found["records"]
    there = (await client.get(f"{TICKETS}/search?partition={record['partition']}&offset={record['offset']}")).json()
    assert there["records"][0] == record
    assert (await client.get(f"{TICKETS}/search?until=2020-01-01")).json()["of"] == 0


async def test_what_is_personal_is_masked_at_a_door(client: httpx.AsyncClient) -> None:
    await said("--subject", "4712", "--set", "requester.name=Ada Lovelace")
    answer = await client.get("/topics/olcare.tickets.in.v1")
    assert "Lovelace" not in answer.text
    assert all(one["masked"] for one in answer.json()["records"])
    assert "Lovelace" not in (await client.get("/topics/olcare.private.v1")).text


@pytest.mark.parametrize(
    ("path", "status"),
    [("/topics/none", 404), ("/centres?centre=none", 404), ("/plan?part=none", 404), ("/centres?year=x", 400)],
)
async def test_what_is_not_there_is_said(client: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await client.get(path)
    assert (answer.status_code, bool(answer.json()["why"])) == (status, True)


async def test_what_the_console_shows_is_what_the_plan_says(client: httpx.AsyncClient) -> None:
    plan = (await client.get("/plan")).json()
    parts = {part["part"]: part["versions"] for part in plan["parts"]}
    assert all(versions[0]["in_force"] for versions in parts.values())
    centres = (await client.get("/centres")).json()["centres"]
    assert {f"calendar/plan/{one['now']['centre']}" for one in centres} == {p for p in parts if p.startswith("cal")}


async def test_the_board_has_what_nobody_has_answered_what_is_due_first_before_the_others(
    client: httpx.AsyncClient,
) -> None:
    await said("--subject", "board-1", "--set", "channel=phone")
    await said("--subject", "board-2")

    async def told() -> list[dict[str, Any]]:
        found = (await client.get("/promises")).json()
        assert {"ticket/crm-eu/board-1", "ticket/crm-eu/board-2"} <= {one["ticket"] for one in found["promises"]}
        assert sum(found["counts"].values()) == len(found["promises"])
        return list(found["promises"])

    board = await eventually(told)
    assert [one["due_at"] for one in board] == sorted(one["due_at"] for one in board)
    called = (await client.get("/promises?channel=phone&centre=france")).json()
    assert {(one["channel"], one["centre"]) for one in called["promises"]} == {("phone", "france")}
    for state in ("late", "at-risk", "in-time", "without-promise"):
        found = (await client.get(f"/promises?state={state}")).json()
        assert {one["state"] for one in found["promises"]} <= {state}
        assert found["counts"][state] == len(found["promises"])


async def test_the_board_goes_on_after_the_last_one_of_a_page(client: httpx.AsyncClient) -> None:
    await said("--subject", "page-1")
    await said("--subject", "page-2")

    async def there() -> list[str]:
        found = (await client.get("/promises")).json()
        tickets = [str(one["ticket"]) for one in found["promises"]]
        assert {"ticket/crm-eu/page-1", "ticket/crm-eu/page-2"} <= set(tickets)
        return tickets

    everything = await eventually(there)
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = (await client.get(f"/promises?most=1&after={after}")).json()
        seen += [one["ticket"] for one in page["promises"]]
        after = page["after"]
    assert seen == everything


async def test_the_board_is_there_as_csv(client: httpx.AsyncClient) -> None:
    board = (await client.get("/promises")).json()["promises"]
    by_address = await client.get("/promises?format=csv&most=1", headers={"accept": "text/html"})
    by_header = await client.get("/promises", headers={"accept": "text/csv"})
    for answer in (by_address, by_header):
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        lines = list(csv.DictReader(StringIO(answer.text)))
        assert [line["ticket"] for line in lines] == [one["ticket"] for one in board]


async def test_the_board_as_it_was_known_has_nothing_that_was_recorded_later(client: httpx.AsyncClient) -> None:
    await said("--subject", "then-1")

    async def opened(ticket: str) -> str:
        found = (await client.get("/promises")).json()
        assert ticket in [one["ticket"] for one in found["promises"]]
        return str(found["now"])

    before = await eventually(lambda: opened("ticket/crm-eu/then-1"))
    await said("--subject", "then-2")
    await eventually(lambda: opened("ticket/crm-eu/then-2"))

    async def known() -> set[str]:
        found = (await client.get("/promises", params={"known_at": before})).json()
        assert found["now"] == found["known_at"] == before
        tickets = {one["ticket"] for one in found["promises"]}
        assert "ticket/crm-eu/then-1" in tickets
        return tickets

    assert "ticket/crm-eu/then-2" not in await eventually(known)
    page = await client.get("/promises", params={"known_at": before}, headers={"accept": "text/html"})
    assert ("data-live" in page.text, "data-due" in page.text) == (False, False)
    assert (await client.get("/promises?known_at=2199-01-01")).status_code == 404
    assert (await client.get("/promises?known_at=2999-01-01")).status_code == 400


async def test_what_was_kept_and_missed_is_what_the_report_says(client: httpx.AsyncClient) -> None:
    long_ago = Clock().now() - timedelta(days=9)
    await said("--subject", "missed-1", "--time", long_ago.isoformat())

    async def missed() -> dict[str, Any]:
        found: dict[str, Any] = (await client.get("/promises")).json()
        assert "ticket/crm-eu/missed-1" in [one["ticket"] for one in found["missed"]]
        return found

    found = await eventually(missed)
    first, last = found["days"][0]["day"], str(date.fromisoformat(found["days"][-1]["day"]) + timedelta(days=1))
    report = await asyncio.to_thread(done, "sla", "report", "--from", first, "--to", last)
    assert sum(one["met"] for one in found["days"]) == report["total"]["met"]
    assert sum(one["breached"] for one in found["days"]) == report["total"]["breached"] >= 1
    reasons = {one["ticket"]: one["why"] for one in report["misses"]}
    assert {one["ticket"]: one["why"] for one in found["missed"]} == reasons


async def test_contracts_are_listed_by_centre_state_and_last_day(client: httpx.AsyncClient) -> None:
    await asyncio.to_thread(done, "seed")

    async def told() -> list[dict[str, Any]]:
        found = (await client.get("/contracts")).json()
        assert "contract/erp/K-2001" in [one["contract"] for one in found["contracts"]]
        return list(found["contracts"])

    everything = await eventually(told)
    assert [one["covered_until"] for one in everything] == sorted(one["covered_until"] for one in everything)
    some = (await client.get("/contracts?centre=france&state=active")).json()["contracts"]
    assert {(one["centre"], one["state"]) for one in some} == {("france", "active")}
    day = everything[-1]["last_day"]
    before = (await client.get(f"/contracts?ends_before={day}")).json()["contracts"]
    assert before == [one for one in everything if one["last_day"] < day]
    page = (await client.get("/contracts?most=1")).json()
    rest = (await client.get(f"/contracts?after={page['after']}")).json()
    assert page["contracts"] + rest["contracts"] == everything
    assert rest["after"] is None


async def test_contracts_stand_as_they_were_true_and_as_they_were_known(client: httpx.AsyncClient) -> None:
    await asyncio.to_thread(done, "seed")
    now = Clock().now()
    signed, between = now - timedelta(days=9), now - timedelta(days=5)
    words = ("--wait", "--subject", "K-late", "--time", signed.isoformat())
    await asyncio.to_thread(done, "trigger", "ContractSubmitted", *words)

    async def listed(**asked: str) -> dict[str, Any]:
        answer = await client.get("/contracts", params=asked)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def true() -> dict[str, Any]:
        found = await listed(as_of=between.isoformat())
        assert "contract/erp/K-late" in [one["contract"] for one in found["contracts"]]
        return found

    found = await eventually(true)
    assert found["true_at"] == found["heard_at"] == found["as_of"]
    [other] = [one for one in found["differences"] if one["contract"] == "contract/erp/K-late"]
    assert (other["name"], other["true"], other["known"]) == ("contract", "active", None)
    known = await listed(known_at=between.isoformat())
    assert "contract/erp/K-late" not in [one["contract"] for one in known["contracts"]]
    assert known["differences"] == found["differences"]
    assert (await listed(as_of=between.isoformat(), centre="japan"))["differences"] == []
    then = await listed(known_at=str(Clock().now()))
    assert then["contracts"] == (await listed())["contracts"]
    page = await client.get("/contracts", params={"as_of": between.isoformat()}, headers={"accept": "text/html"})
    assert ("As it stood" in page.text, "K-late" in page.text) == (True, True)
    assert (await client.get("/contracts?known_at=2090-01-01")).status_code == 404
    assert (await client.get("/contracts?as_of=0001-01-01")).status_code == 400
    told = await asyncio.to_thread(done, "contract", "show", "contract/erp/K-late", "--as-of", between.isoformat())
    [said] = told["contracts"]
    [row] = [one for one in found["contracts"] if one["contract"] == "contract/erp/K-late"]
    assert (row["state"], row["last_day"], row["term"]) == (said["state"], said["terms"][-1]["last_day"], 1)


async def test_a_customer_has_what_the_commands_say_and_nothing_personal(client: httpx.AsyncClient) -> None:
    await asyncio.to_thread(done, "seed")
    await said("--subject", "customer-1")

    async def told() -> dict[str, Any]:
        found: dict[str, Any] = (await client.get(CUSTOMER)).json()
        assert "ticket/crm-eu/customer-1" in [one["stream"] for one in found["tickets"]]
        return found

    found = await eventually(told)
    contracts = await asyncio.to_thread(done, "contract", "show", "customer/erp/C-1001")
    assert [one["contract"] for one in found["contracts"]] == [one["contract"] for one in contracts["contracts"]]
    assert [(one["product"], one["holds"]) for one in found["entitlements"]] == [
        (one["product"], one["holds"]) for one in contracts["entitlements"]
    ]
    [cover] = found["cover"]
    assert (cover["product"], cover["covered"]) == ("planetpress-connect", True)
    later = (await client.get(f"{CUSTOMER}?at=2099-01-01")).json()
    assert (later["cover"][0]["covered"], later["cover"][0]["reason"]) == (False, "lapsed")
    page = await client.get(CUSTOMER, headers={"accept": "text/html"})
    assert "@" not in page.text
    assert (await client.get("/customers/erp/none")).status_code == 404


async def test_a_customer_as_it_was_known_has_nothing_that_was_recorded_later(client: httpx.AsyncClient) -> None:
    await asyncio.to_thread(done, "seed")

    async def known() -> dict[str, Any]:
        answer = await client.get(CUSTOMER, params={"known_at": str(Clock().now())})
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        assert found["contracts"]
        return found

    found = await eventually(known)
    assert (found["cover"], found["tickets"]) == (None, None)
    assert found["contracts"] == (await client.get(CUSTOMER)).json()["contracts"]
    assert (await client.get(f"{CUSTOMER}?known_at=2020-01-01")).status_code == 404


async def test_a_stream_of_events_is_passed_on_as_it_comes_and_kept_by_nobody(client: httpx.AsyncClient) -> None:
    async with client.stream("GET", "/topics/live") as events:
        assert (events.headers["cache-control"], events.headers["x-accel-buffering"]) == ("no-store", "no")
        async for line in events.aiter_lines():
            if line.startswith("event:"):
                break
        assert line == "event: changes"


def references(html: str) -> Iterator[str]:
    """What a browser loads for a page."""
    for tag in re.findall(r"<(?:link|script|img|iframe|form|a)\b[^>]*>", html):
        yield from REFERS.findall(tag)


@pytest.mark.parametrize("path", [*PATHS, CUSTOMER, TICKETS, f"{TICKETS}/search"])
async def test_a_page_and_all_that_it_loads_is_small_and_our_own(client: httpx.AsyncClient, path: str) -> None:
    page = await client.get(path, headers={"accept": "text/html"})
    assert page.status_code == 200
    assert [one for one in references(page.text) if urlsplit(one).netloc] == []
    assert " style=" not in page.text
    assert not re.search(r"<script(?![^>]* src=)", page.text)
    loaded = {one for one in references(page.text) if one.startswith("/assets/")}
    assert any("htmx" in one for one in loaded)
    sizes = [len((await client.get(one, headers={"accept-encoding": "identity"})).content) for one in loaded]
    assert len(page.content) + sum(sizes) <= FIRST_LOAD


async def test_no_page_of_any_service_refers_to_another_host(installation: dict[str, object]) -> None:
    services = installation["services"]
    assert isinstance(services, list)
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        for service in services:
            paths = ["/"] if service["service"] == "console" else ["/", "/asyncapi"]
            for path in paths:
                page = await client.get(f"{service['pages']}{path}")
                assert page.status_code == 200
                assert [one for one in references(page.text) if urlsplit(one).netloc] == []
                assert page.headers["content-security-policy"].startswith("default-src 'none'")
