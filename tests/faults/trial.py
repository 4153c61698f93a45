"""One run: an installation under load, harmed for a while, left in peace, and its books checked."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Literal

from libs.stack.run import Run
from libs.stack.wait import machine_seconds
from tests.faults.checker import counted, findings, grown
from tests.faults.harm import freeze_now_and_then, freeze_one_of_two_owners, harm_for, heal
from tests.faults.load import Upstream, publish_the_plan
from tests.faults.script import BEGIN, Day
from tests.faults.system import System, instances

_RATE = 400.0  # plan seconds in a machine second
_AFTERWARDS = timedelta(days=2)
"""Plan time in which every promise of the day comes to its end."""


@dataclass
class Trial:
    """What is to happen, and what came of it: `found` is empty where the books balance."""

    seed: int
    brokers: Literal[1, 3] = 1
    seconds: float = 50.0
    tickets: int = 200
    tell: Callable[[str], None] = print
    instances: int = 1
    """Of each service; of several, one after the other stands still."""
    found: list[str] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._began = machine_seconds()

    async def play(self, run: Run) -> None:
        """Go through it from an empty folder to the findings."""
        system = System(run, BEGIN, self.brokers)
        upstream = Upstream(system.kafka.address)
        try:
            await self._prepare(system, upstream)
            await self._suffer(system, upstream)
            await self._come_to_rest(system)
            await self._check(system, upstream)
        finally:
            await upstream.close()

    def say(self, sentence: str) -> None:
        """Tell it with the machine's seconds since the beginning."""
        self.tell(f"  {machine_seconds() - self._began:5.1f} s  {sentence}")

    async def _prepare(self, system: System, upstream: Upstream) -> None:
        await system.start()
        await system.serve(*instances(self.instances))
        await publish_the_plan(system, upstream)
        brokers = f"{self.brokers} broker{'s' if self.brokers > 1 else ''}"
        self.say(f"up, with {brokers} and {self.instances} of each service")

    async def _suffer(self, system: System, upstream: Upstream) -> None:
        """Play a day of support while things break."""
        rng, hours = Random(self.seed), self.seconds * _RATE / 3600
        day = Day(self.seed, self.tickets, hours).messages()
        harm, freeze = Random(rng.random()), Random(rng.random())
        system.run_clock(_RATE)
        async with asyncio.TaskGroup() as group:
            group.create_task(upstream.play([m for m in day if m.at < BEGIN + timedelta(hours=hours)], system.clock))
            group.create_task(harm_for(system, self.seconds, harm, self.say))
            group.create_task(self._freeze(system, freeze))
        self.say(f"left in peace, {len(upstream.said)} records acknowledged")

    async def _freeze(self, system: System, rng: Random) -> None:
        if self.instances == 1:
            await freeze_one_of_two_owners(system, rng, self.say)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self.seconds):
                await freeze_now_and_then(system, rng, self.say)

    async def _come_to_rest(self, system: System) -> None:
        await heal(system)
        system.stop_clock()
        await system.quiet()
        system.step_clock(system.clock.now() + _AFTERWARDS)
        await system.advance(system.clock.now() + timedelta(hours=2))  # deferred mails are tried again
        self.say("quiet")

    async def _check(self, system: System, upstream: Upstream) -> None:
        before = await system.books(upstream.acknowledged)
        after = await system.books(upstream.acknowledged, await system.rebuilt())
        self.figures = counted(after)
        self.found += [*findings(after), *upstream.disagreements(after), *grown(before, after)]
        self.say(f"checked: {self.figures}")
        await system.read_everything_again()
        again = await system.books(upstream.acknowledged)
        self.found += [f"after a full re-read: {sentence}" for sentence in (*grown(after, again), *findings(again))]
        self.say("read everything once more")
