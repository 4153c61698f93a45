"""What the services say of themselves now: ready or not and why, what stands still, what waits, what is left aside."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from libs.chassis.clock import Clock
from libs.eventlog.errors import Unavailable
from services.ops.cli.environment import PageAddress
from services.ops.watch.pages import answer
from services.ops.watch.readiness import readiness

SECONDS = 3.0  # machine seconds that a page of a service may take
FRESH = 2.0  # machine seconds for which an answer is as good as a new one
STOPPED, WAITING = "olcare_partition_stopped", "olcare_deadlines_wait_since_seconds"
Partition = tuple[str, int]


class ServiceState(NamedTuple):
    """One service; what it says in numbers is empty where it does not answer."""

    name: str
    ready: bool
    build: str | None
    why: str | None
    degraded: str | None
    stopped: tuple[Partition, ...] = ()
    waiting: Mapping[str, datetime] = {}
    """By duty since when it waits for safe time."""
    left_aside: int = 0


class ServiceStates:
    """Asks the services for all who look: they have better to do than to answer every open page."""

    def __init__(self, clock: Clock, addresses: Callable[[], Mapping[str, PageAddress]]) -> None:
        self._clock, self._addresses = clock, addresses
        self._known: tuple[float, list[ServiceState]] | None = None
        self._one = asyncio.Lock()

    async def now(self) -> list[ServiceState]:
        """What they said FRESH seconds ago at most."""
        async with self._one:
            if self._known is None or self._clock.monotonic() - self._known[0] > FRESH:
                found = await states(self._addresses())
                self._known = self._clock.monotonic(), found
            return self._known[1]


async def states(addresses: Mapping[str, PageAddress]) -> list[ServiceState]:
    """Ask all of them at once."""
    ready, numbers = await asyncio.gather(
        readiness(addresses), asyncio.gather(*(_numbers(address) for address in addresses.values()))
    )
    found = [(name, ready[name], said) for name, said in zip(addresses, numbers, strict=True)]
    return [ServiceState(name, one.ready, one.build, one.waiting, one.degraded, *said) for name, one, said in found]


Numbers = tuple[tuple[Partition, ...], Mapping[str, datetime], int]


async def _numbers(address: PageAddress) -> Numbers:
    try:
        _, metrics = await answer(address.host, address.port, "/metrics", SECONDS)
        _, stuck = await answer(address.host, address.port, "/stuck", SECONDS)
        return (*standing(metrics.decode()), len(json.loads(stuck)))
    except (Unavailable, ValueError):
        return (), {}, 0  # that it does not answer is what its readiness says


def standing(metrics: str) -> tuple[tuple[Partition, ...], dict[str, datetime]]:
    """Which partitions stand still, and since when which duties wait; raises ValueError where it is none."""
    stopped, waiting = list[Partition](), dict[str, datetime]()
    for name, labels, value in _samples(metrics):
        if name == STOPPED and value:
            stopped.append((labels["topic"], int(labels["partition"])))
        elif name == WAITING and value:
            waiting[labels["duty"]] = datetime.fromtimestamp(value, UTC)
    return tuple(sorted(stopped)), waiting


def _samples(metrics: str) -> Iterator[tuple[str, Mapping[str, str], float]]:
    """The samples of the two metrics alone: a parser of all of them takes ten times as long."""
    lines = [line for line in metrics.splitlines() if line.startswith((STOPPED, WAITING)) and not line.endswith(" 0.0")]
    for family in text_string_to_metric_families("\n".join([*lines, ""])):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value
