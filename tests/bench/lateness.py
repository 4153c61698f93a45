"""Lateness: from the instant that a deadline passes to its event in the log, a thousand of them a second.

Plan time runs as fast as the machine's. The whole is measured by the broker's own clock, the wait for safe time
included; what is ours, from safe time to the acknowledgement, by the service's (`tapped.py`), against a bare
`send_and_wait` of as many records at the same rate. Costs are the p99, in seconds.
"""

import asyncio
import json
from datetime import timedelta

from aiokafka import AIOKafkaProducer

from libs.chassis import plan_clock
from libs.eventlog.wire.record import Outgoing
from libs.stack.wait import machine_seconds
from tests.bench.firing import check, check_rows, waiting
from tests.bench.percentiles import p99
from tests.bench.promises import falling_due
from tests.bench.rounds import Bar, Competitor, alternate
from tests.bench.site import MORNING, PARTITIONS, Site, reached
from tests.bench.stage import Stage

OURS, BARE, LATE, HALF = "after safe time", "bare send_and_wait at that rate", "lateness", "half a second"
BARS = (
    Bar("half a second against the lateness (p99)", LATE, HALF, 1),
    Bar("send_and_wait against what is ours of it (p99)", OURS, BARE, 0.25),
)
RATE = 1000  # a second
LASTING = 5  # machine seconds
AHEAD = timedelta(seconds=1)


class Punctuality:
    """Ours and theirs, in turn."""

    def __init__(self, stage: Stage, site: Site) -> None:
        self._stage, self._site = stage, site
        self.late: list[float] = []
        """The p99 of the lateness, by round."""

    async def measure(self) -> dict[str, list[float]]:
        """Run both; gives their costs."""
        race: dict[str, Competitor] = {OURS: self.ours, BARE: self.bare}
        costs = await alternate(self._stage.rounds, race)
        return {**costs, LATE: self.late, HALF: [0.5 for _ in self.late]}

    async def ours(self) -> float:
        """Let plan time run over the deadlines."""
        site, promises, lasting = self._site, RATE * LASTING, timedelta(seconds=LASTING)
        async with site.tables() as connection:
            armed = await waiting(connection)
            due = await site.load(promises, lasting, AHEAD)
            before = await site.end()
            site.taps.write_text("")
            site.system.run_clock(1)
            running = plan_clock.read(site.system.clock_file)
            await reached(connection, sum(before.values()) + promises)
            site.system.step_clock(site.system.clock.now() + AHEAD)
            taps = [json.loads(line) for line in site.taps.read_text().splitlines()]
            site.taps.unlink()
            await site.system.quiet()
            await check_rows(connection, due, "breached", armed)
        records = await site.since(before)
        check(records, due)
        assert isinstance(running, plan_clock.Running)
        begun = running.since.timestamp()
        fell_due = {stream: begun + (at - running.at).total_seconds() for stream, at in due.items()}
        self.late.append(p99([r.timestamp / 1000 - fell_due[(r.key or b"").decode()] for r in records]))
        if sum(tap["events"] for tap in taps) != promises:
            raise ValueError("not every breach followed safe time")
        return p99([tap["acknowledged"] - tap["safe"] for tap in taps for _ in range(tap["events"])])

    async def bare(self) -> float:
        """Send records that are ready, each on its own when its time has come."""
        topic = await self._stage.topic(PARTITIONS)
        ready = [each.record for each in falling_due("bare", RATE * LASTING, MORNING, timedelta(seconds=1), PARTITIONS)]
        producer = AIOKafkaProducer(bootstrap_servers=self._stage.kafka, acks="all")
        await producer.start()
        try:
            began = machine_seconds()
            sent = (_send(producer, topic, out, began + n / RATE) for n, out in enumerate(ready))
            return p99(await asyncio.gather(*sent))
        finally:
            await producer.stop()


async def _send(producer: AIOKafkaProducer, topic: str, out: Outgoing, at: float) -> float:
    """Give how long it takes from its time on."""
    await asyncio.sleep(max(0, at - machine_seconds()))
    began = machine_seconds()
    await producer.send_and_wait(topic, out.value, key=out.key, partition=out.partition)
    return machine_seconds() - began
