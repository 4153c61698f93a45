"""Fetches that a broker answers when there is something, or after a long while: so a consumer reads without looking.

A broker answers the requests of a connection one after the other, so a fetch that waits there holds up what is asked
after it. Fetches go by a connection of their own therefore, and are given up where others are wanted: of other
partitions, from other offsets, of other brokers.
"""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.fetch import FetchRequest

WAIT = 10.0  # machine seconds after which a broker answers that there is nothing
FETCHES = len(ConnectionGroup)
"""A group of connections beside those of aiokafka."""
NOTHING = SimpleNamespace(API_VERSION=0, topics=())
"""The answer to a fetch that was given up."""
EVER = 86_400.0  # machine seconds


class InFlight(set[Any]):
    """The brokers with a fetch under way: tells of every one that has none any more.

    aiokafka looks at the brokers again when a fetch is done, which it may be while that broker is still among these; it
    does not look once more.
    """

    def __init__(self, tell: Callable[[], None]) -> None:
        super().__init__()
        self._tell = tell

    def discard(self, node: Any) -> None:
        """Take a broker out."""
        super().discard(node)
        self._tell()


class LongPolls:
    """Sends the fetches of one consumer, which has been started."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer
        self._client: AIOKafkaClient = consumer._client  # noqa: SLF001 - nothing of it is public
        self._send = self._client.send
        vars(self._client)["send"] = self._sent
        self._given_up = 0
        self._over = False
        self._leaders: dict[Any, int | None] = {}
        self._client.cluster.add_listener(self._metadata_came)
        fetcher = consumer._fetcher  # noqa: SLF001
        # nothing is fetched while something is still to be consumed: such a fetch would wait without its partition
        fetcher._prefetch_backoff = EVER  # noqa: SLF001
        fetcher._in_flight = InFlight(lambda: fetcher._notify(fetcher._wait_consume_future))  # noqa: SLF001

    def give_up(self) -> None:
        """Have the fetches under way made anew."""
        self._given_up += 1
        for (_, group), connection in tuple(self._client._conns.items()):  # noqa: SLF001
            if group == FETCHES:
                connection.close()

    def hang_up(self) -> None:
        """Fetch no more, the consumer is about to be stopped.

        A broker that holds a fetch answers no farewell meanwhile, by which TLS ends a connection.
        """
        self._over = True
        for (_, group), connection in tuple(self._client._conns.items()):  # noqa: SLF001
            if group == FETCHES and connection.connected():
                connection._writer.transport.abort()  # noqa: SLF001

    async def _sent(self, node_id: int, request: Any, *, group: int = ConnectionGroup.DEFAULT) -> Any:
        if not isinstance(request, FetchRequest):
            return await self._send(node_id, request, group=group)
        before = self._given_up
        try:
            await self._client.ready(node_id, group=FETCHES)
            return NOTHING if self._given_up != before else await self._send(node_id, request, group=FETCHES)
        except KafkaConnectionError:
            if self._over:
                await asyncio.sleep(EVER)  # until the consumer is stopped
            if self._given_up != before:
                return NOTHING
            raise

    def _metadata_came(self, cluster: Any) -> None:
        """Give up what is under way where partitions have other leaders: those may wait for fetches without them."""
        before = self._leaders
        self._leaders = {tp: cluster.leader_for_partition(tp) for tp in self._consumer.assignment()}
        if any(tp in before and before[tp] != leader for tp, leader in self._leaders.items()):
            self.give_up()
