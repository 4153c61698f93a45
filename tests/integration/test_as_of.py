"""How things stood equals what the services' own folds make of the log that is cut there."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from libs.eventlog.kafka.topics import Card
from libs.eventlog.projection import Reader
from libs.eventlog.tables.database import Database
from libs.eventlog.tables.queries import Queries
from libs.eventlog.testing import MemoryLog
from libs.eventlog.wire.codec import Codec
from libs.messages.catalogue import EVENTS, NOTICES, SLA, TICKETS
from libs.messages.streams import parse_stream
from services.contract.projections import READERS as CONTRACT
from services.ops.contract.entitlements import QUERIES
from services.ops.contract.tables import asked
from services.ops.trail.as_of import Cut
from services.ops.trail.contracts import contracts_then
from services.ops.trail.promises import promises_then
from services.ops.trail.tickets import PROJECTIONS, ticket_then
from services.ops.watch.services import queries
from services.sla_timer.projections import READERS as SLA_TIMER
from tests.contracts.asyncapi import examples
from tests.integration.trail_log import CARDS, NINE, PARTITIONS, HandWritten, example, folded, read_into

NUMBERS = ("1", "2", "3", "4")
LATER = ("FirstResponseAtRisk", "FirstResponseRetargeted", "ResponseNotApplied", "FirstResponseNotRetargeted")
ENDS = ("FirstResponseMet", "FirstResponseBreached", "FirstResponseCancelled")
AFTER = ("LaterResponseNoted", "FirstResponseRestated")
ON_TICKETS = (
    "NoteRecorded",
    "TicketPaused",
    "TicketResumed",
    "TicketTransferred",
    "ResponseRecorded",
    "TicketResolved",
)
PROMISES: Reader = SLA_TIMER[0]
CONTRACTS: Reader = CONTRACT[0]
ALL = {"centre": None, "channel": None, "customer": None, "restated": True}


def any_log(seed: int) -> HandWritten:
    """Some tickets with promises and notices, recorded out of turn among each other, and long after they occurred."""
    rng, written, minute = Random(seed), HandWritten(), 0
    left = {number: _lives(rng) for number in NUMBERS}
    heads: dict[str, str] = {}
    while any(left.values()):
        number = rng.choice([number for number, life in left.items() if life])
        kind, name = left[number].pop(0)
        minute += rng.choice((0, 1, 30))
        occurred = NINE + timedelta(minutes=max(minute - rng.choice((0, 0, 5, 200)), -600))
        stream = f"{kind}/crm-eu/{number}" if kind != "notice" else f"notice/{heads[number]}/requester"
        ticket = {"ticket": f"ticket/crm-eu/{number}"} if kind == "promise" else {}
        heads[number] = written.event(stream, example(name, **ticket), minute, occurred=occurred)
        if kind == "notice":
            left[number] = [one for one in left[number] if one[0] != "notice"]
    return written


def _lives(rng: Random) -> list[tuple[str, str]]:
    """The events of one ticket, in order."""
    promise = ["FirstResponseClockStarted", *rng.sample(LATER, rng.randrange(4))]
    promise += [rng.choice(ENDS), *rng.sample(AFTER, rng.randrange(3))] if rng.random() < 0.7 else []
    ticket = rng.sample(ON_TICKETS, rng.randrange(4))
    rest = [("promise", name) for name in promise]
    for name in ticket:
        rest.insert(rng.randrange(len(rest) + 1), ("ticket", name))
    rest.insert(rng.randrange(1, len(rest) + 1), ("notice", "NoticeRequested"))
    return [("ticket", "TicketOpened"), *rest]


def instants(rng: Random) -> list[datetime | None]:
    return [None, *(NINE + timedelta(minutes=rng.randrange(-60, 240)) for _ in range(4))]


def by_hand(log: MemoryLog, number: str, cut: Cut) -> Mapping[str, list[Any]]:
    """Fold what the whole log holds of a ticket, record by record, without the chain."""
    rows: dict[str, dict[Any, Any]] = {projection.table: {} for projection in PROJECTIONS}
    about: set[str] = set()
    for topic in (TICKETS, SLA, NOTICES):
        codec = Codec(topic, EVENTS[topic], PARTITIONS)
        for partition in range(PARTITIONS):
            for record in log.kept[topic, partition]:
                event = codec.open(codec.envelope(record))
                kind, source, mine = parse_stream(event.stream)
                is_ours = source in about if kind == "notice" else mine == number
                about |= {event.id} if is_ours and kind != "notice" else set()
                if not is_ours or not cut.holds(event.time, event.recordedtime):
                    continue
                for projection in PROJECTIONS:
                    if type(event.data) in projection.events and _is_of(projection.table, topic):
                        for key in projection.keys(event):
                            rows[projection.table][key] = projection.evolve(rows[projection.table].get(key), event)
    return {table: [row for row in found.values() if row is not None] for table, found in rows.items()}


def _is_of(table: str, topic: str) -> bool:
    return {"tickets": TICKETS, "notices": NOTICES}.get(table, SLA) == topic


@pytest.mark.parametrize("seed", range(3))
async def test_a_ticket_stood_as_the_log_cut_there_says(postgres: str, unique: str, seed: int) -> None:
    written, rng = any_log(seed), Random(seed)
    some = 0
    async with folded(written, postgres, unique) as chain:
        for as_of, known_at in [(a, k) for a in instants(rng) for k in instants(rng)]:
            for number in NUMBERS:
                cut = Cut(as_of, known_at)
                found = await ticket_then(chain, written.log, CARDS, f"ticket/crm-eu/{number}", cut)
                expected = by_hand(written.log, number, cut)
                assert found
                assert [found.ticket] == (expected["tickets"] or [None])
                assert [found.promise] == (expected["promises"] or [None])
                assert (list(found.cycles), list(found.notices)) == (expected["cycles"], expected["notices"])
                assert all(cut.holds(link.occurred_at, link.recorded_at) for link in found.history)
                assert not any(cut.holds(link.occurred_at, link.recorded_at) for link in found.later)
                some += bool(found.history and found.later)
        assert await ticket_then(chain, written.log, CARDS, "ticket/crm-eu/unheard", Cut()) is None
    assert some > 10


async def reported(database: Database, **then: Any) -> list[dict[str, Any]]:
    rows = await queries(database, **then).rows(
        "promises_reported", **ALL, since=NINE - timedelta(days=900), until=NINE + timedelta(days=900)
    )
    return sorted(rows, key=lambda row: str(row["ticket"]))


@pytest.mark.parametrize("seed", range(3))
async def test_promises_are_reported_as_the_log_cut_there_says(postgres: str, unique: str, seed: int) -> None:
    written, rng = any_log(seed), Random(seed)
    seen: list[int] = []
    async with (
        folded(written, postgres, unique) as chain,
        read_into(written, postgres, f"{unique}_now", [PROMISES]) as now,
    ):
        for at, known_at in enumerate(one for one in (*instants(rng), NINE + timedelta(days=9)) if one):
            then = await promises_then(chain, written.log, CARDS, known_at)
            found = await reported(now, instead=then.instead, values=then.values)
            cut = written.known_at(known_at)
            async with read_into(cut, postgres, f"{unique}_cut{at}", [PROMISES]) as before:
                assert found == await reported(before)
            seen.append(len(found))
        assert found == await reported(now)
    assert len(set(seen)) > 1


async def test_contracts_stood_as_the_log_cut_there_says(postgres: str, unique: str) -> None:
    written, names = HandWritten(), _contract_events()
    for minute, (stream, name) in enumerate(names):
        written.event(stream, example(name), minute)
    ids = sorted({stream for stream, _ in names})
    seen = set()
    async with (
        folded(written, postgres, unique) as chain,
        read_into(written, postgres, f"{unique}_now", CONTRACT) as now,
    ):
        for minute in range(-1, len(names)):
            at = NINE + timedelta(minutes=minute)
            found = await contracts_at(chain, written, now, ids, Cut(known_at=at))
            cut = written.known_at(at)
            async with read_into(cut, postgres, f"{unique}_cut{minute + 1}", CONTRACT) as before:
                assert found == await asked(Queries(before, QUERIES), ids, at)
            seen.add(str(found))
    assert len(seen) > 4


async def contracts_at(chain: Any, written: HandWritten, now: Database, ids: Sequence[str], cut: Cut) -> Any:
    cards: Mapping[str, Card] = CARDS
    then = await contracts_then(chain, written.log, cards, ids, cut)
    return await asked(Queries(now, QUERIES, instead=then.instead, values=then.values), ids, cut.known_at or NINE)


def _contract_events() -> list[tuple[str, str]]:
    """The examples of what happens to a contract, each on its own stream."""
    names = (
        *("CustomerRegistered", "LicenceRegistered", "ContractActivated", "EntitlementsChanged", "TermBegan"),
        *("RenewalOffered", "RenewalReminded", "ContractRenewed", "ContractLapsed"),
    )
    return [(json.loads(examples(f"olcare.{name}.v1")[0].read_text())["subject"], name) for name in names]
