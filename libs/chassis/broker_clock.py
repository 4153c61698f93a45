"""Compares the clock of this process with the brokers', which stamp a record of ours every few seconds.

A machine's clock that is wrong would write wrong instants into the log and fire deadlines too early: while it is off,
nothing is decided. A plan clock that is moved apart from real time is compared with nothing.
"""

from typing import Protocol

from libs.chassis.clock import SKEW, Clock
from libs.eventlog.ports import Appender, BrokerTime
from libs.eventlog.wire.record import JSON, Outgoing
from libs.messages.catalogue import CLOCK
from libs.messages.clocks import ClockRead

EVERY, AGAIN = 5.0, 0.5  # machine seconds between two looks; the second while the clock is off, or not compared yet


class Stamps(Protocol):
    """A log whose acknowledgements say what time it is at the broker."""

    def appender(self) -> Appender:
        """A new producer."""
        ...

    def broker_time(self) -> BrokerTime | None:
        """The broker's time now, None as long as it has acknowledged nothing."""
        ...


class BrokerClock:
    """Whether the clock of this process is the brokers'."""

    def __init__(self, log: Stamps, clock: Clock, instance: str, partitions: int) -> None:
        self._log, self._clock, self._instance, self._partitions = log, clock, instance, partitions
        self._looks = 0

    async def run(self) -> None:
        """Look for ever; the partitions take turns, since each may have another broker."""
        appender = self._log.appender()
        try:
            while True:
                if not self._clock.movable:
                    await self.look(appender)
                await self._clock.sleep(AGAIN if self.problem() else EVERY)
        finally:
            await appender.close()

    async def look(self, appender: Appender) -> None:
        """Have one record stamped, and believe the machine's clock where the broker's agrees."""
        read = ClockRead(instance=self._instance, read_at=self._clock.wall())
        self._looks += 1
        partition = self._looks % self._partitions
        value = read.model_dump_json().encode()
        await appender.append([Outgoing(CLOCK, partition, self._instance.encode(), value, JSON)])
        if broker := self._log.broker_time():
            self._clock.compare(broker.earliest, broker.latest)

    def problem(self) -> str | None:
        """By how much our clock is off, in a sentence; None where it is right."""
        if self._clock.movable:
            return None
        broker = self._log.broker_time()
        if broker is None:
            return "no broker has said yet what time it is"
        for name, instant in (("plan time", self._clock.now()), ("this machine's clock", self._clock.wall())):
            off = broker.off(instant.timestamp())
            if abs(off) > SKEW:
                return f"{name} is {off:+.1f} s off the broker's: nothing is decided until it is right"
        return None
