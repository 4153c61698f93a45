"""sla_timer as it is, but that it notes when safe time was reached and when what it appended then was acknowledged.

One line of JSON a batch in the file that BENCH_TAPS names: both in machine seconds, and the number of events.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from libs.chassis.service_host import ServiceHost
from libs.eventlog.loops.duty import Duty, Found
from libs.eventlog.ports import Appender
from libs.eventlog.wire.record import Outgoing
from libs.messages.catalogue import SLA
from libs.stack.wait import machine_seconds
from services import sla_timer
from services.sla_timer.cycle_duties import CycleDuties
from services.sla_timer.domain import DECIDERS
from services.sla_timer.handlers import PromiseDuties, PromiseReactions
from services.sla_timer.projections import READERS
from services.sla_timer.reactions import ENDS
from services.sla_timer.settings import SlaTimerSettings
from services.sla_timer.tz_guard import TzGuard

FILE = "BENCH_TAPS"


class Taps:
    """What was noted; the file is only written where somebody made it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._safe: float | None = None

    def on(self, duty: Duty) -> Duty:
        """Note when a duty looks for all that it has to do: it has just reached safe time."""
        if duty.safe is None:
            return duty

        async def find(now: datetime, most: int) -> Sequence[Found]:
            self._safe = machine_seconds() if most > 1 else None
            return await duty.find(now, most)

        return replace(duty, find=find)

    def appended(self, events: int) -> None:
        """Note what was acknowledged."""
        if self._safe is not None and self._file.exists():
            line = json.dumps({"safe": self._safe, "acknowledged": machine_seconds(), "events": events})
            with self._file.open("a") as taps:
                taps.write(f"{line}\n")
        self._safe = None


class Tapped:
    """An appender."""

    def __init__(self, appender: Appender, taps: Taps) -> None:
        self._appender, self._taps = appender, taps

    async def append(self, batch: Sequence[Outgoing]) -> Sequence[int]:
        """Append, and note it."""
        offsets = await self._appender.append(batch)
        self._taps.appended(len(batch))
        return offsets

    async def close(self) -> None:
        """Let go of the broker."""
        await self._appender.close()


async def main() -> int:
    """Keep promises until told to stop; gives the exit code."""
    taps = Taps(Path(os.environ[FILE]))
    host = ServiceHost(SlaTimerSettings(), READERS, Path(sla_timer.__file__).parent)
    make: Callable[[], Appender] = host.engine.log.appender
    vars(host.engine.log)["appender"] = lambda: Tapped(make(), taps)
    writer = host.engine.writer(SLA, DECIDERS)
    guard = TzGuard(host)
    reactions = PromiseReactions(host, guard)
    host.reaction("tickets", reactions.react, writer.handle)
    host.reaction("sla", reactions.react_to_promises, writer.handle, ENDS)
    duties = PromiseDuties(host, guard)
    all_duties = [*map(taps.on, [*duties.all(), *CycleDuties(host, guard).all()])]
    host.duties(all_duties, writer.handle, duties.next_due, duties.values)
    return await host.serve()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
