"""What is said as an upstream system is what the door reads."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from libs.eventlog.client.messages import Mode, door_of, door_record, event, publish
from libs.eventlog.errors import Unavailable
from libs.eventlog.testing import MemoryLog
from libs.eventlog.wire.cloudevents import Message, parse
from libs.messages import upstream
from libs.messages.catalogue import TICKETS_DOOR, UPSTREAM
from libs.messages.places import RecordAddress
from libs.messages.streams import partition_of
from libs.stack.run import PROJECT

SAMPLES = sorted((PROJECT / "contracts/examples/door").glob("*.json"))
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
RESOLVED = upstream.TicketResolved(by="person/crm-eu/agent-5", text="Gabarit corrigé.")


def read(said: dict[str, object], mode: Mode) -> Message:
    door = door_of(str(said["type"]))
    assert door is not None
    record = door_record(door, said, 12, mode=mode)
    return parse(record.value, record.headers, UPSTREAM[door])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_reads_the_same_in_both_modes(sample: Path) -> None:
    said = json.loads(sample.read_text())
    assert read(said, "structured") == read(said, "binary")


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_the_door_reads_what_was_meant(mode: Mode) -> None:
    in_paris = NOON.astimezone(timezone(timedelta(hours=1)))
    said = event("crm-eu", "crm-85", "4711", in_paris, RESOLVED)
    meant = Message("crm-eu", "crm-85", "olcare.upstream.TicketResolved.v1", "4711", NOON, RESOLVED)
    assert read(said, mode)._replace(said=meant.said) == meant


def test_order_is_kept_by_the_number_unless_another_key_is_given() -> None:
    said = event("crm-eu", "crm-85", "4711", NOON, RESOLVED)
    assert door_record(TICKETS_DOOR, said, 12).key == b"4711"
    other = door_record(TICKETS_DOOR, said, 12, key="K")
    assert (other.key, other.partition) == (b"K", partition_of("K", 12))


def test_a_type_that_nobody_takes_has_no_door() -> None:
    assert door_of("olcare.upstream.TicketEaten.v1") is None


class Loses:
    """A broker that takes the first record and is gone."""

    async def append(self, batch: list[object]) -> list[int]:
        return [0, *(-2 for _ in batch[1:])]

    async def close(self) -> None:
        return


async def test_a_record_is_published_to_a_known_place_or_not_at_all() -> None:
    records = [door_record(TICKETS_DOOR, event("crm-eu", f"crm-{n}", "4711", NOON, RESOLVED), 1) for n in range(2)]
    places = await publish(MemoryLog().appender(), records)
    assert places == [RecordAddress(topic=TICKETS_DOOR, partition=0, offset=offset) for offset in range(2)]
    with pytest.raises(Unavailable):
        await publish(Loses(), records)  # type: ignore[arg-type] # as much of an appender as it takes
