"""The console beside a running stack: what fifty open pages cost the services, and how long a page takes.

The log holds the lives of tickets that are over (`lifetimes.py`). What the services are slowed by is their own user CPU
and the time from a ticket's record to its receipt, in rounds with and without fifty event streams of ten pages.
Times of pages are medians of warm requests, one after the other, while tickets come in.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median

import httpx

from libs.messages.catalogue import TICKETS
from libs.stack.wait import machine_seconds
from tests.bench.beside import latencies
from tests.bench.lifetimes import EVENTS_EACH
from tests.bench.lived import lived
from tests.bench.processor import user_seconds
from tests.bench.rounds import Bar, Part, alternate, compare, limited
from tests.bench.site import MORNING, PATIENCE, Site
from tests.bench.stage import Stage
from tests.faults.load import Upstream, publish_the_plan

STREAMS, RATE, LASTING = 50, 200, 15  # pages; tickets a second; machine seconds
WATCHED = ("contract", "intake", "sla_timer", "notification", "audit")
ASKED = 30  # requests of each page
OPEN_PAGES = (
    *("/live", "/topics/live", "/topics/olcare.tickets.v1/live", "/topics/olcare.sla.v1/live", "/promises/live"),
    *("/dead-letters/live", "/notices/live", "/projections/live", "/topics/olcare.tickets.in.v1/live"),
    "/topics/olcare.notices.v1/live",
)
WITH, WITHOUT = "the services' CPU a ticket with fifty pages open", "without"
BARS = (
    Bar("user CPU of the services a ticket, without open pages against with fifty", WITH, WITHOUT, 1 / 1.05),
    Bar(
        "a receipt (median), without open pages against with fifty", f"{WITH}, receipt", f"{WITHOUT}, receipt", 1 / 1.05
    ),
)
LIMITS = {
    "a page of a ticket": 0.2,
    "a page of a topic": 0.2,
    "a ticket as of an instant": 0.2,
    "the board as known at an instant": 2.0,
    "first load in bytes": 200_000.0,
    "memory of the console with fifty pages open, in MB": 150.0,
}


async def measure(stage: Stage) -> Part:
    """Write the history, start everything, and measure one thing after the other."""
    async with scene(stage.events // EVENTS_EACH) as (site, console):
        pages = Pages(console, stage.events // EVENTS_EACH)
        load = Load(site, console)
        costs = await alternate(stage.rounds, {WITH: load.with_pages, WITHOUT: load.without_pages})
        costs |= {f"{name}, receipt": found for name, found in load.receipts.items()}
        found = {**await pages.measure(), "memory of the console with fifty pages open, in MB": max(load.memory)}
    against = [limited(f"{limit:g} against {name}", limit, [found[name]]) for name, limit in LIMITS.items()]
    figures = {name: f"{value:,.3f}" if value < 10 else f"{value:,.0f}" for name, value in found.items()}
    spent = {name: ", ".join(f"{each * 1e3:.2f}" for each in of) + " ms" for name, of in costs.items()}
    return Part("console", [*compare(costs, BARS), *against], {"events": f"{stage.events:,}", **figures, **spent})


@asynccontextmanager
async def scene(tickets: int) -> AsyncIterator[tuple[Site, str]]:
    """Lend an installation with all services over a history, and the address of its console."""
    modules = {"audit": "services.ops.audit", "console": "services.ops.console"}
    async with lived("bench-console", tickets, modules) as here:
        system = here.system
        for name in WATCHED:
            system.begin(name)
            await system.ready(name, within=PATIENCE)
        upstream = Upstream(system.kafka.address)
        await publish_the_plan(system, upstream, cycles=None)
        await upstream.close()
        where = ",".join(f"{name}={system.services[name].spec.http_port}" for name in WATCHED)
        system.tell(OLCARE_SERVICES=where)
        system.begin("console")
        await system.ready("console", within=PATIENCE)
        system.step_clock(MORNING)
        await system.quiet()
        yield here, f"http://127.0.0.1:{system.services['console'].spec.http_port}"


class Load:
    """Two hundred tickets a second, with and without open pages."""

    def __init__(self, site: Site, console: str) -> None:
        self._site, self._console = site, console
        self.receipts: dict[str, list[float]] = {WITH: [], WITHOUT: []}
        self.memory: list[float] = []

    async def without_pages(self) -> float:
        """Give the user CPU of the services a ticket."""
        return await self._take(WITHOUT)

    async def with_pages(self) -> float:
        """The same while fifty pages are open, by readers of two languages."""
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(httpx.AsyncClient(base_url=self._console, timeout=60, limits=MANY))
            for n in range(STREAMS):
                language = {"Accept-Language": "en" if n % 2 else "fr"}
                opened = client.stream("GET", OPEN_PAGES[n % len(OPEN_PAGES)], headers=language)
                response = await stack.enter_async_context(opened)
                response.raise_for_status()
                reading = asyncio.create_task(_read(response))
                stack.callback(reading.cancel)
            cost = await self._take(WITH)
            self.memory.append(_resident(self._pid("console")))
            return cost

    async def _take(self, what: str) -> float:
        before = sum(user_seconds(self._pid(name)) for name in WATCHED)
        self.receipts[what].append(median(await latencies(self._site, RATE, LASTING)))
        await self._site.system.quiet()
        return (sum(user_seconds(self._pid(name)) for name in WATCHED) - before) / (RATE * LASTING)

    def _pid(self, name: str) -> int:
        return self._site.system.services[name].process.pid


MANY = httpx.Limits(max_connections=2 * STREAMS)


async def _read(response: httpx.Response) -> None:
    async for _ in response.aiter_bytes():
        pass


class Pages:
    """How long pages take, and how much the first one loads."""

    def __init__(self, console: str, tickets: int) -> None:
        self._console, self._ticket = console, f"/tickets/crm-eu/h-{tickets // 2}"

    async def measure(self) -> dict[str, float]:
        """Give seconds, and bytes."""
        async with httpx.AsyncClient(base_url=self._console, timeout=60, headers={"Accept": "text/html"}) as client:
            paths = {
                "a page of a ticket": self._ticket,
                "a page of a topic": f"/topics/{TICKETS}",
                "a ticket as of an instant": f"{self._ticket}?as_of=2026-09-01T10:00:00Z&known_at=2026-09-01T10:00:00Z",
                "the board as known at an instant": "/promises?known_at=2026-11-24T10:04:00Z",
            }
            found = {name: await _median(client, path) for name, path in paths.items()}
            return {**found, "first load in bytes": float(await _first_load(client))}


async def _median(client: httpx.AsyncClient, path: str) -> float:
    times = []
    for _ in range(ASKED):
        began = machine_seconds()
        response = await client.get(path)
        times.append(machine_seconds() - began)
        response.raise_for_status()
    return median(times[3:])


async def _first_load(client: httpx.AsyncClient) -> int:
    """The bytes on the wire of the first page and of everything that it names."""
    page = await client.get("/")
    named = set(re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text))
    return page.num_bytes_downloaded + sum([(await client.get(path)).num_bytes_downloaded for path in sorted(named)])


def _resident(pid: int) -> float:
    """Give the memory of a process in MB."""
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / 1024
