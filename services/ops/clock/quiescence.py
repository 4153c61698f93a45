"""Step plan time from one due instant to the next, each time waiting until everything said by then is answered.

All is quiet when all services said so twice and nothing was written to a log or a door in between. Twice, because a
service that has just read its last record may find a duty in it only after it was asked.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from libs.chassis import clock as clocks
from libs.chassis.clock import Clock
from libs.chassis.health import Quietness
from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.brokers import Address
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.messages.catalogue import EVENTS, UPSTREAM, doors_of
from services.ops.watch.pages import page

LOOK = 0.005  # machine seconds
PATIENCE = 120.0  # machine seconds without any change after which waiting ends
TOPICS = (*UPSTREAM, *EVENTS)


def watched(topics: Iterable[str]) -> tuple[str, ...]:
    """The logs, and the doors with those among some topics that are clients' own."""
    known = list(topics)
    return (*(topic for door in UPSTREAM for topic in doors_of(known, door)), *EVENTS)


OnQuiet = Callable[[datetime], None]
"""Called with each instant of plan time at which all services were quiet."""


class Restless(Unavailable):
    """A service is not quiet, and nothing changes any more; the text says which and why."""


@dataclass(frozen=True)
class ServiceQuiet:
    """What a service says of itself; `busy` has a sentence for everything that is not done."""

    next_due: datetime | None
    busy: tuple[str, ...]


class Quiescence:
    """The services under watch, each at a port of this machine; used as an async context."""

    def __init__(
        self,
        kafka: Address,
        ports: Mapping[str, int],
        clock: Clock,
        *,
        patience: float = PATIENCE,
        topics: Sequence[str] = TOPICS,
    ) -> None:
        """Make it; `topics` are the logs and doors to which nothing may be written meanwhile."""
        self._kafka, self._ports, self._clock, self._patience, self._topics = kafka, ports, clock, patience, topics

    async def __aenter__(self) -> Self:
        """Connect; raises Unavailable."""
        self._log = KafkaLog(KafkaSettings(self._kafka, f"quiet-{self._clock.process_id}"))
        try:
            await self._log.open()
        except Unavailable:
            await self._log.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._log.close()

    async def wait_until_quiet(self) -> datetime | None:
        """Wait until all services are quiet; returns the next instant at which something is due; raises Restless."""
        since, before = self._clock.monotonic(), await self._ends()
        seen: object = None
        while True:
            answers, after = await self._twice(), await self._ends()
            busy = tuple(sentence for answer in answers for sentence in answer.busy)
            if not busy and before == after:
                return min((a.next_due for a in answers if a.next_due), default=None)
            if (now := (busy, after)) != seen:
                since, seen = self._clock.monotonic(), now
            elif self._clock.monotonic() - since > self._patience:
                raise Restless(f"nothing has moved for {self._patience:.0f} s; {'; '.join(busy)}")
            before = after
            await self._clock.sleep(LOOK)

    async def advance(self, path: Path, to: datetime, on_quiet: OnQuiet = lambda _: None) -> datetime | None:
        """Step the plan clock to an instant by way of all that is due until then; returns what is due next.

        Raises Restless, and ClockError where that would set the clock back.
        """
        due = await self.wait_until_quiet()
        while due and due <= to:
            clocks.step(path, due)
            due = await self.wait_until_quiet()
            on_quiet(self._clock.now())
        if self._clock.now() != to:
            clocks.step(path, to)  # nothing is due by then, so all services are still quiet
            on_quiet(to)
        return due

    async def _twice(self) -> list[ServiceQuiet]:
        """Ask all services, and once more if they were quiet."""
        answers = await self._once()
        return answers if answers[-1].busy else await self._once()

    async def _once(self) -> list[ServiceQuiet]:
        """Ask one after the other until one is busy: answering slows down the very work that is waited for."""
        at = self._clock.now()
        answers: list[ServiceQuiet] = []
        for name, port in self._ports.items():
            answers.append(await self._ask(name, port, at))
            if answers[-1].busy:
                break
        return answers

    async def _ask(self, name: str, port: int, at: datetime) -> ServiceQuiet:
        try:
            return understood(name, await page(port, "/quiet"), at)
        except Unavailable as error:
            return ServiceQuiet(None, (f"{name}: {error}",))

    async def _ends(self) -> Mapping[str, Mapping[int, int]]:
        return await self._log.ends_of(self._topics)


def understood(name: str, said: Quietness, at: datetime) -> ServiceQuiet:
    """What an answer of a service means: given at an earlier plan time than `at`, it counts as busy."""
    busy = [f"{name}: {sentence}" for sentence in said["busy"]]
    if not said["quiet"] and not busy:
        busy = [f"{name}: something is due since {said['next_due']}"]
    if datetime.fromisoformat(said["now"]) < at:
        busy.append(f"{name} is still at {said['now']}")
    return ServiceQuiet(datetime.fromisoformat(said["next_due"]) if said["next_due"] else None, tuple(busy))
