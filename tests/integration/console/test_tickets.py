"""A ticket's page: its life over all topics, its promise that verifies, its mails, and how it stood by two clocks."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from libs.chassis.clock import Clock
from libs.messages.base import rfc3339
from tests.integration.console.saying import said
from tests.support import eventually

HTML = {"accept": "text/html"}
EARLIER = timedelta(minutes=10)
"""Before it is told: long enough to be told apart, and too short for anything to be due."""
MICROSECOND = timedelta(microseconds=1)


async def life(client: httpx.AsyncClient, number: str, *words: str) -> dict[str, Any]:
    """A ticket, once its mail was sent."""
    await said("--subject", number, *words)
    found: dict[str, Any] = {}

    async def told() -> bool:
        found.update((await client.get(f"/tickets/crm-eu/{number}")).json())
        return [one["state"] for one in found["mails"]] == ["sent"]

    await eventually(told)
    return found


async def test_a_ticket_has_its_life_its_promise_and_its_mails(client: httpx.AsyncClient) -> None:
    ticket = await life(client, "4730", "--set", "requester.name=Ada Lovelace")
    assert ticket["facts"]["state"] == "open"
    assert ticket["lanes"]["topics"] == ["olcare.tickets.v1", "olcare.sla.v1", "olcare.notices.v1"]
    assert {one["standing"] for one in ticket["events"]} == {"stands"}
    promise = ticket["promise"]
    assert (promise["state"], promise["valid"]) == ("waiting", None)
    assert sum(day["used_seconds"] for day in promise["days"]) == promise["target_seconds"]
    checked = (await client.get("/tickets/crm-eu/4730?verify=true")).json()["promise"]
    assert (checked["valid"], checked["invalid_because"]) == (True, None)
    page = (await client.get("/tickets/crm-eu/4730", headers=HTML)).text
    assert f'href="/notices/{ticket["mails"][0]["stream"]}"' in page
    assert all(f'href="/records/{one["place"]}"' in page for one in ticket["events"])
    assert "Lovelace" not in page
    assert ticket["sentences"][0].startswith("ticket/crm-eu/4730 was opened")
    french = {"accept-language": "fr"}
    sentences = (await client.get("/tickets/crm-eu/4730", headers=french)).json()["sentences"]
    assert sentences[0].startswith("ticket/crm-eu/4730 a été ouvert")
    page = (await client.get("/tickets/crm-eu/4730", headers={**HTML, **french})).text
    assert all(sentence.split(",")[0] in page for sentence in sentences)


async def test_what_nobody_knew_yet_is_told_apart_from_what_had_happened(client: httpx.AsyncClient) -> None:
    ticket = await life(client, "4731", "--time", rfc3339(Clock().now() - EARLIER))
    recorded = datetime.fromisoformat(ticket["events"][0]["recorded_at"])
    before = (recorded - MICROSECOND).isoformat().replace("+00:00", "Z")
    then = (await client.get(f"/tickets/crm-eu/4731?as_of={before}")).json()
    assert then["facts"]["state"] == "open"
    assert then["events"][0]["standing"] == "not-known"
    assert {"what": "ticket", "of": None, "name": "state", "true": "open", "known": None} in then["differences"]
    heard = (await client.get(f"/tickets/crm-eu/4731?known_at={before}")).json()
    assert (heard["facts"], heard["promise"], heard["mails"]) == (None, None, [])
    assert heard["differences"] == then["differences"]
    now = (await client.get("/tickets/crm-eu/4731?as_of=2100-01-01")).json()
    assert now["differences"] == []
    assert (now["facts"], now["mails"]) == (ticket["facts"], ticket["mails"])
    page = (await client.get(f"/tickets/crm-eu/4731?as_of={before}", headers=HTML)).text
    assert "nothing can be done here" in page
    assert "happened, not known yet" in page


async def test_a_ticket_is_found_by_its_source_and_number(client: httpx.AsyncClient) -> None:
    await said("--subject", "47/32")
    answer = await client.get("/tickets?source=crm-eu&number=47/32")
    assert (answer.status_code, answer.headers["location"]) == (303, "/tickets/crm-eu/47%252F32")

    async def there() -> bool:
        found = await client.get(answer.headers["location"])
        return found.status_code == 200 and found.json()["ticket"] == "ticket/crm-eu/47%2F32"

    await eventually(there)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("crm-eu/none", 404),
        ("crm-eu/%25FF", 404),
        ("crm-eu/4711?as_of=x", 400),
        ("crm-eu/4711?known_at=9999-12-31", 400),
    ],
)
async def test_a_ticket_that_is_not_there_is_said(client: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await client.get(f"/tickets/{path}")
    assert (answer.status_code, bool(answer.json()["why"])) == (status, True)
