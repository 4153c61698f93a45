"""The journey of one ticket, alone, from its record at the door to its promise: where its time goes.

By the broker's own clock: what is private of it, its event, its receipt and its promise, each when it was appended. By
intake's: what it does between the record and the receipt, span by span (`traced.py`). And by ours: from the record that
is sent until its promise is seen in the table, against a bare round trip, from a record that is sent until it is read.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from libs.eventlog.wire.receipts import receipts_of
from libs.eventlog.wire.record import Record
from libs.messages.catalogue import PRIVATE, SLA, TICKETS, TICKETS_DOOR
from libs.stack.wait import machine_seconds
from tests.bench import traced
from tests.bench.beside import submitted
from tests.bench.percentiles import p99
from tests.bench.rounds import Part, limited
from tests.bench.site import Site, reached, site
from tests.bench.stage import Stage
from tests.bench.traced import SPANS

JOURNEYS = 100
LOOK = 0.002  # machine seconds between two looks
TIMES = 10  # as long as a bare round trip may a promise take to be seen
DOOR = SPANS[0][2]
SEEN, BARE = "a record sent, its promise seen", "a bare round trip"
ORDINALS = ("", "once", "again", *(f"for the {n}th time" for n in range(3, 100)))
STATIONS = {
    PRIVATE: "door to what is private",
    TICKETS: "that to the event",
    receipts_of(TICKETS_DOOR): "that to the receipt",
    SLA: "the receipt to the promise",
}


async def measure(stage: Stage) -> Part:
    """Put tickets to the door, each when the one before has its promise."""
    with TemporaryDirectory() as folder:
        trace = Path(folder) / "spans"
        async with site(0, {"intake": "tests.bench.traced"}, {traced.FILE: str(trace)}) as here:
            trace.touch()
            times = [await _journey(here) for _ in range(JOURNEYS)]
            bare = await _round_trips(replace(stage, kafka=here.system.kafka.address), here)
        lines = [json.loads(line) for line in trace.read_text().splitlines()]
    spans: dict[str, list[float]] = {}
    for each in times:
        before = each[TICKETS_DOOR]
        for topic, name in STATIONS.items():
            spans.setdefault(name, []).append(each[topic] - before)
            before = each[topic]
        spans.setdefault("door to receipt", []).append(each[receipts_of(TICKETS_DOOR)] - each[TICKETS_DOOR])
        spans.setdefault("door to promise", []).append(each[SLA] - each[TICKETS_DOOR])
        spans.setdefault(SEEN, []).append(each[SEEN])
    spans[BARE] = bare
    figures = {name: f"{median(of):.0f} ms median, {p99(of):.0f} ms p99" for name, of in spans.items()}
    asked = limited(
        f"{TIMES} bare round trips (p99) against a promise seen (p99)", TIMES * p99(bare), [p99(spans[SEEN])]
    )
    return Part("journey", [asked], {**figures, **_spans(lines)})


def _spans(lines: list[dict[str, Any]]) -> Mapping[str, str]:
    """When each part of the door's answers began and ended, after their beginning: the medians, in order."""
    doors = [line for line in lines if line["name"] == DOOR]
    found: dict[str, list[tuple[float, float]]] = {}
    for door in doors:
        counts: Counter[str] = Counter()
        inside = [line for line in lines if door["began"] <= line["began"] <= door["ended"]]
        for line in sorted(inside, key=lambda line: line["began"]):
            counts[line["name"]] += 1
            name = f"{line['name']}, {ORDINALS[counts[line['name']]]}"
            found.setdefault(name, []).append((line["began"] - door["began"], line["ended"] - door["began"]))
    usual = {name: spans for name, spans in found.items() if len(spans) > len(doors) / 2}
    middle = {name: (median(b for b, _ in spans), median(e for _, e in spans)) for name, spans in usual.items()}
    return {name: f"{1e3 * b:.1f} to {1e3 * e:.1f} ms" for name, (b, e) in sorted(middle.items(), key=lambda m: m[1])}


async def _journey(here: Site) -> Mapping[str, float]:
    """When a ticket's record stood on each topic, in milliseconds."""
    topics = (TICKETS_DOOR, *STATIONS)
    before = {topic: await here.log.ends(topic) for topic in topics}
    async with here.tables() as connection:
        ready = submitted(here, 1)
        began = machine_seconds()
        if min(await here.appender.append(ready)) < 0:
            raise ValueError("the door took no ticket")
        await reached(connection, sum(before[SLA].values()) + 1, look=LOOK)
        found = {SEEN: (machine_seconds() - began) * 1000}
    await here.system.quiet()
    for topic in topics:
        records = [record async for record in _since(here, topic, before[topic])]
        if len(records) != 1:
            raise ValueError(f"{topic} has {len(records)} records of one ticket")
        found[topic] = float(records[0].timestamp)
    return found


async def _round_trips(stage: Stage, here: Site) -> list[float]:
    """How long records take, one after the other, from being sent until they are read, in milliseconds."""
    topic, times = await stage.topic(1), list[float]()
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=stage.kafka, auto_offset_reset="earliest")
    producer = AIOKafkaProducer(bootstrap_servers=stage.kafka, acks="all")
    await consumer.start()
    await producer.start()
    try:
        for out in submitted(here, JOURNEYS):
            began = machine_seconds()
            await producer.send_and_wait(topic, out.value, key=out.key, headers=list(out.headers))
            if (read := await consumer.getone()).value != out.value:
                raise ValueError(f"{read.value} was read, not {out.value!r}")
            times.append((machine_seconds() - began) * 1000)
            await asyncio.sleep(LOOK)
    finally:
        await producer.stop()
        await consumer.stop()
    return times


async def _since(here: Site, topic: str, begin: Mapping[int, int]) -> AsyncIterator[Record]:
    for partition, end in (await here.log.ends(topic)).items():
        async for records in here.log.scan(topic, partition, end, begin[partition]):
            for record in records:
                yield record
