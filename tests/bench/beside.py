"""Beside it: what intake feels of a hundred thousand deadlines in one second, and what a ticket costs.

A ticket's latency is that from its record at the door to its receipt; its cost is that from the door to the row of its
promise, where many come at once, and what the processor does of it for intake. Costs are seconds a ticket.
"""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from statistics import median

from aiokafka import AIOKafkaConsumer, TopicPartition

from libs.eventlog.wire.receipts import receipts_of
from libs.eventlog.wire.record import Outgoing
from libs.messages.catalogue import TICKETS_DOOR
from libs.messages.streams import partition_of
from libs.stack.wait import machine_seconds
from tests.bench.firing import WITHIN, check, check_rows, waiting
from tests.bench.percentiles import p99
from tests.bench.processor import processor_seconds
from tests.bench.rounds import Bar, Competitor, Result, alternate, limited
from tests.bench.site import Site, reached
from tests.bench.stage import Stage
from tests.faults.script import Message, ticket
from tests.faults.system import CARDS

MANY, FEW = "a ticket, all armed", "a ticket, few armed"
INTAKE = "intake's processor time a ticket"
BARS = (Bar("a ticket taken and promised with all armed against few", MANY, FEW, 0.9),)
LIMITS = {
    MANY: ("1,500 tickets a second, from the door to the promise", 1 / 1500),
    INTAKE: (f"0.6 ms of {INTAKE}", 0.0006),
}
QUICK = {"median": 0.015, "p99": 0.060}
"""Machine seconds to a receipt that are asked for."""
ARMED_FEW = 10_000
TICKETS = 2_000  # a round
RECEIPTS, PARTITIONS = receipts_of(TICKETS_DOOR), CARDS[TICKETS_DOOR].partitions
BURST = 100_000  # deadlines
RATE, LASTING = 50, 15  # tickets a second; machine seconds


async def cost_of_tickets(stage: Stage, full: Site, few: Site) -> dict[str, list[float]]:
    """Take tickets on both; gives the costs."""
    pid, used = full.system.services["intake"].process.pid, list[float]()

    async def many() -> float:
        before = processor_seconds(pid)
        cost = await take(full, TICKETS)
        used.append((processor_seconds(pid) - before) / TICKETS)
        return cost

    race: dict[str, Competitor] = {MANY: many, FEW: lambda: take(few, TICKETS)}
    return {**await alternate(stage.rounds, race), INTAKE: used}


async def take(site: Site, tickets: int) -> float:
    """Put tickets to the door, and wait until each has its promise."""
    async with site.tables() as connection:
        armed, before = await waiting(connection), sum((await site.end()).values())
        ready = submitted(site, tickets)
        began = machine_seconds()
        if min(await site.appender.append(ready)) < 0:
            raise ValueError("the door took not all tickets")
        await reached(connection, before + tickets)
        cost = machine_seconds() - began
        if (found := await waiting(connection)) != armed + tickets:
            raise ValueError(f"{found - armed} of {tickets} tickets have a promise")
    return cost / tickets


async def burst(stage: Stage, site: Site) -> tuple[list[Result], dict[str, str]]:
    """Take tickets at a steady rate, with nothing else to do, then with a great many deadlines in one second."""
    alone = await latencies(site)
    await site.system.quiet()  # each of these tickets has its promise too
    promises = min(stage.armed, BURST)
    async with site.tables() as connection:
        armed = await waiting(connection)
        due = await site.load(promises, WITHIN)
        before = await site.end()
        site.system.step_clock(site.system.clock.now() + WITHIN + timedelta.resolution)
        beside = await latencies(site)
        await site.system.quiet()
        await check_rows(connection, due, "breached", armed + RATE * LASTING)
    check([record for record in await site.since(before) if (record.key or b"").decode() in due], due)
    found = {"median": median(alone), "p99": p99(alone)}
    asked = [
        limited(
            f"{limit * 1e3:.0f} ms against the {name} of a receipt at {RATE} tickets a second", limit, [found[name]]
        )
        for name, limit in QUICK.items()
    ]
    return asked, {
        "intake alone": _said(alone),
        f"intake beside {promises:,} deadlines in one second": _said(beside),
        "the one against the other": f"{median(beside) / median(alone):.1f} times the median, "
        f"{p99(beside) / p99(alone):.1f} times the p99",
    }


def _said(latency: Sequence[float]) -> str:
    return f"{median(latency) * 1e3:.0f} ms median, {p99(latency) * 1e3:.0f} ms p99 at {RATE} tickets a second"


async def latencies(site: Site, rate: int = RATE, lasting: int = LASTING) -> list[float]:
    """Put tickets to the door, one after the other, and give how long each waits for its receipt."""
    consumer = AIOKafkaConsumer(bootstrap_servers=site.system.kafka.address, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(RECEIPTS, p) for p in range(CARDS[RECEIPTS].partitions)])
        await consumer.seek_to_end()
        sent = dict[str, float]()
        speaking = asyncio.create_task(_speak(site, sent, rate, rate * lasting))
        latency = await _listen(consumer, sent, rate * lasting)
        await speaking
    finally:
        await consumer.stop()
    return latency


async def _speak(site: Site, sent: dict[str, float], rate: int, tickets: int) -> None:
    began = machine_seconds()
    for n, out in enumerate(submitted(site, tickets)):
        await asyncio.sleep(max(0, began + n / rate - machine_seconds()))
        now = machine_seconds()
        [offset] = await site.appender.append([out])
        sent[f"{out.partition}/{offset}"] = now


async def _listen(consumer: AIOKafkaConsumer, sent: dict[str, float], tickets: int) -> list[float]:
    """Take receipts until each ticket has one."""
    at = dict[str, float]()
    while len(at) < tickets:
        for records in (await consumer.getmany(timeout_ms=100)).values():
            now = machine_seconds()
            for record in records:
                receipt = json.loads(record.value)
                if receipt["outcome"] != "accepted":
                    raise ValueError(f"a ticket was {receipt['outcome']}: {receipt}")
                place = receipt["place"]
                at[f"{place['partition']}/{place['offset']}"] = now
    await asyncio.sleep(0.1)  # machine seconds, in which the last acknowledgement reaches us too
    return [at[place] - began for place, began in sent.items()]


def submitted(site: Site, tickets: int) -> list[Outgoing]:
    """Make tickets of now, by the web."""
    now = site.system.clock.now()
    return [at_the_door(ticket(site.name(), now)) for _ in range(tickets)]


def at_the_door(message: Message) -> Outgoing:
    """The record of a message."""
    partition = partition_of((message.key or b"").decode(), PARTITIONS)
    return Outgoing(message.topic, partition, message.key, message.value, message.headers)
