"""Calls to a broker, with timeouts and retries, and how clients of aiokafka are started and stopped."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from aiokafka.errors import KafkaError

from libs.eventlog.errors import Unavailable, unavailable
from libs.eventlog.kafka.brokers import Address, brokers_at

T = TypeVar("T")
RETRY = 0.05  # machine seconds
MOMENT = 1.0  # machine seconds
LARGEST_REQUEST = 4 << 20  # bytes; a dead letter holds a whole record in base64


@dataclass(frozen=True)
class KafkaSettings:
    """How to reach the brokers; times in machine seconds."""

    kafka: Address
    instance: str
    session: float = 10.0
    patience: float = 15.0
    """How long one call may take before the broker counts as unreachable."""

    def connection(self) -> dict[str, Any]:
        """The arguments for a client of aiokafka; raises Unavailable where a file can not be used now."""
        return brokers_at(self.kafka).connection()


async def within(seconds: float, call: Callable[[], Awaitable[T]], what: str) -> T:
    """Call the broker and retry on retriable errors (a coordinator moves, a leader is elected); raises Unavailable."""
    try:
        async with asyncio.timeout(seconds):
            return await _while_retriable(call)
    except TimeoutError as error:
        raise Unavailable(f"{what}: no answer from Kafka within {seconds:.0f} s") from error
    except (KafkaError, OSError) as error:
        raise unavailable(what, error) from error


async def begun(start: Callable[[], Awaitable[None]]) -> None:
    """Start a client of aiokafka; if cancelled, wait MOMENT s for it: an interrupted start leaves a connection open."""
    starting = asyncio.ensure_future(start())
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait([starting], timeout=MOMENT)
        starting.cancel()
        await asyncio.wait([starting])
        look(starting)
        raise


async def ended(stop: Callable[[], Awaitable[None]]) -> None:
    """Stop a client of aiokafka, once its tasks run: one cancelled before that would raise CancelledError here."""
    await asyncio.sleep(0)
    await stop()


def look(future: asyncio.Future[Any]) -> None:
    """Retrieve a future's exception, so that asyncio does not report it as never retrieved."""
    if not future.cancelled():
        future.exception()


async def _while_retriable(call: Callable[[], Awaitable[T]]) -> T:
    while True:
        try:
            return await call()
        except KafkaError as error:
            if not error.retriable:
                raise
            await asyncio.sleep(RETRY)
