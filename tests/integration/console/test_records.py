"""A record's page: whether it counts, back to its door and forward to what it led to; what is personal stays hidden."""

from typing import Any

import httpx
import pytest

from tests.integration.console.saying import said
from tests.support import eventually

LOG, DOOR = "olcare.tickets.v1", "olcare.tickets.in.v1"


async def opened(client: httpx.AsyncClient, number: str) -> dict[str, Any]:
    """The record of a ticket's opening, once audit has read what follows from it."""
    await said("--subject", number, "--set", "requester.name=Ada Lovelace")
    tail = (await client.get(f"/topics/{LOG}?stream=ticket/crm-eu/{number}")).json()["records"]
    at = next(one for one in tail if one["type"] == "olcare.TicketOpened.v1")
    found: dict[str, Any] = {}

    async def followed() -> bool:
        found.update((await client.get(f"/records/{LOG}/{at['partition']}/{at['offset']}")).json())
        return "olcare.FirstResponseClockStarted.v1" in found["effects"]["counts"]

    await eventually(followed)
    return found


async def test_a_record_says_that_it_counts_why_it_came_and_what_it_led_to(client: httpx.AsyncClient) -> None:
    record = await opened(client, "4720")
    assert (record["standing"], record["counting"]["place"], record["masked"]) == ("counts", record["place"], False)
    assert bytes.fromhex(record["hex"])[:1] == b"{"
    assert record["attributes"]["type"] == record["type"] == "olcare.TicketOpened.v1"
    [event, door] = record["causes"]
    assert (event["depth"], event["asker"], door["depth"]) == (0, "door", 1)
    at_door = (await client.get(f"/records/{door['door']}")).json()
    assert (at_door["standing"], at_door["counting"], at_door["causes"]) == ("no-log", None, [])
    assert record["place"] in [one["place"] for one in at_door["effects"]["links"]]
    assert sum(at_door["effects"]["counts"].values()) > sum(record["effects"]["counts"].values())


async def test_what_is_personal_in_a_record_stays_hidden(client: httpx.AsyncClient) -> None:
    door = (await opened(client, "4721"))["causes"][-1]["door"]
    for accept in ("application/json", "text/html"):
        answer = await client.get(f"/records/{door}", headers={"accept": accept})
        assert answer.status_code == 200
        assert "Lovelace" not in answer.text
    found = (await client.get(f"/records/{door}")).json()
    assert (found["masked"], found["key"], found["headers"], found["hex"]) == (True, None, {}, None)


@pytest.mark.parametrize(
    ("place", "status", "says"),
    [
        ("none/0/0", 404, "there is no topic none"),
        (f"{LOG}/99/0", 404, "there is no olcare.tickets.v1/99"),
        (f"{LOG}/0/999999", 404, "the next record there will be"),
        (f"{LOG}/0/x", 400, "offset"),
        (f"{LOG}/-1/0", 400, "partition"),
    ],
)
async def test_a_record_that_is_not_there_is_said(
    client: httpx.AsyncClient, place: str, status: int, says: str
) -> None:
    answer = await client.get(f"/records/{place}")
    assert answer.status_code == status
    assert says in str(answer.json()["why"])
