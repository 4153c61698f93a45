"""Holds everything back while the tz database of this process is older than the published one."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime

from prometheus_client import Gauge

from libs.chassis.service_host import ServiceHost
from libs.eventlog.errors import Unavailable
from libs.eventlog.loops.duty import Duty, Found
from libs.workcal import tz_version

LOOK = 0.5  # machine seconds between two looks
UNPUBLISHED = "1: the tz database installed here is newer than the published one: publish it"


class TzGuard:
    """Compares the installed version with the published one: no promise is made or judged by an outdated one."""

    def __init__(self, host: ServiceHost) -> None:
        self._queries, self._clock, self._asked_at = host.queries, host.clock, -LOOK
        self._unpublished = Gauge("tz_database_unpublished", UNPUBLISHED, (), "olcare", registry=host.metrics.registry)
        self.older: str | None = None
        host.health.checks["tz database"] = lambda: self.older
        host.busy(self.look)

    async def look(self) -> str | None:
        """One sentence why hours may not be reckoned now; None where they may. Raises Unavailable."""
        if self._clock.monotonic() >= self._asked_at + LOOK:
            await self._ask()
            self._asked_at = self._clock.monotonic()
        return self.older

    async def _ask(self) -> None:
        row = await self._queries.row("newest_tz_version")
        installed, published = tz_version(), (row or {}).get("version")
        self._unpublished.set(installed > (published or ""))
        is_older = published is not None and installed < published
        self.older = f"installed {installed}, published {published}: deploy the release with it" if is_older else None

    async def passed(self) -> None:
        """Return where hours may be reckoned; else raises Unavailable."""
        if why := await self.look():
            raise Unavailable(f"tz database: {why}")

    def held(self, duty: Duty) -> Duty:
        """Let a duty find nothing to do while the version is outdated; `/readyz` and `/quiet` say why."""
        return replace(duty, find=self._unless_older(duty.find))

    def _unless_older(
        self, find: Callable[[datetime, int], Awaitable[Sequence[Found]]]
    ) -> Callable[[datetime, int], Awaitable[Sequence[Found]]]:
        async def found(now: datetime, most: int) -> Sequence[Found]:
            return () if await self.look() else await find(now, most)

        return found
