"""Asks the brokers of one cluster: any of them, a partition's leader, a group's coordinator.

An answer with an error code is none: `answers.py` looks at each, and the question is put again while the code says that
this may help (a leader or a coordinator moves), then given up as Unavailable.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, KafkaError, LeaderNotAvailableError, NodeNotReadyError
from aiokafka.protocol.api import Request
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.metadata import MetadataRequest

from libs.eventlog.errors import NotAdmitted, Unavailable, unavailable
from libs.eventlog.kafka.admission import refusal
from libs.eventlog.kafka.answers import NOTHING, Tolerated, checked
from libs.eventlog.kafka.brokers import brokers_at
from libs.eventlog.kafka.connection import MOMENT, KafkaSettings, begun, within
from libs.eventlog.kafka.repeated import Repeated

T = TypeVar("T")
GROUP, TRANSACTIONS = 0, 1
"""What a coordinator is looked for: a group, or the transactions of a producer."""
ATTEMPTS = 3  # in `patience`, before which a broker that does not answer is not asked again


class KafkaClient:
    """A client of aiokafka, whose answers are checked; `open` before use, `close` after."""

    def __init__(self, settings: KafkaSettings, name: str) -> None:
        self._patience, self._brokers = settings.patience, brokers_at(settings.kafka)
        self._client = AIOKafkaClient(
            client_id=f"{settings.instance}-{name}",
            request_timeout_ms=int(settings.patience * 1000 / ATTEMPTS),
            **settings.connection(),
        )
        self._coordinators: dict[tuple[int, str], int] = {}
        self._refreshed = 0
        self._closed = False
        self._client.cluster.add_listener(self._metadata_came)

    async def open(self) -> None:
        """Connect; raises Unavailable after a while, and NotAdmitted."""
        await self.within(self._begin, "connecting")

    async def open_now(self) -> None:
        """Connect; raises Unavailable at once where no broker is there, and NotAdmitted."""
        try:
            await self._begin()
        except (KafkaError, OSError) as error:
            raise unavailable("Kafka", error) from error

    async def _begin(self) -> None:
        try:
            await begun(self._client.bootstrap)
            if not self._client.cluster.brokers():
                await self._client.close()  # it is begun anew, with another connection
                raise KafkaConnectionError("who answers names no broker")
        except (KafkaError, OSError):
            if sentence := await refusal(self._brokers):
                raise NotAdmitted(sentence) from None
            raise

    async def close(self) -> None:
        """Disconnect, and from now on connect to nobody: who still asks, as a scan that was left, is refused."""
        self._closed = True
        with suppress(TimeoutError):
            async with asyncio.timeout(MOMENT), self._client._get_conn_lock:  # noqa: SLF001 - held while it connects
                pass
        await self._client.close()

    async def within(self, call: Callable[[], Awaitable[T]], what: str) -> T:
        """Repeat a call while its error says that this may help; raises Unavailable after a while."""
        return await within(self._patience, call, what)

    async def ask_any(self, request: Request[Any], what: str, tolerated: Tolerated = NOTHING) -> Any:
        """Ask whichever broker; raises Unavailable."""
        return await self.within(lambda: self.ask(self._any(), request, tolerated), what)

    async def ask_controller(self, request: Request[Any], what: str, tolerated: Tolerated = NOTHING) -> Any:
        """Ask the broker that takes changes of topics; raises Unavailable."""
        return await self.within(lambda: self.ask(self._controller(), request, tolerated), what)

    async def ask_broker(self, node: int, request: Request[Any], what: str) -> Any:
        """Ask one broker; raises Unavailable."""
        return await self.within(lambda: self.ask(node, request), what)

    async def ask_coordinator(self, name: str, request: Request[Any], what: str, kind: int = GROUP) -> Any:
        """Ask the coordinator of a group, or of a producer's transactions; raises Unavailable."""
        return await self.within(lambda: self.ask_coordinator_now(name, request, kind), what)

    async def ask(self, node: int, request: Request[Any], tolerated: Tolerated = NOTHING) -> Any:
        """Ask a broker once; raises the KafkaError of the first error code in its answer that is not tolerated."""
        try:
            return checked(await self._send(node, request), tolerated)
        except KafkaError:
            self._client.force_metadata_update()
            raise

    async def ask_again(self, node: int, request: Repeated) -> Any:
        """Ask a broker once, as `ask` does; the answer is the same object as before where it says the same."""
        try:
            answer = await self._send(node, request)
            if answer is not request.checked:
                request.checked = checked(answer)
        except KafkaError:
            self._client.force_metadata_update()
            raise
        return answer

    async def _send(self, node: int, request: Request[Any]) -> Any:
        if self._closed:
            raise Unavailable("the client is closed")
        return await self._client.send(node, request)

    def _metadata_came(self, _: Any) -> None:
        self._refreshed += 1

    async def refreshed(self) -> int:
        """A number that is another one once topics, partitions and leaders were asked for again; raises KafkaError.

        Waits for that where it was asked for after an error.
        """
        await self._client._maybe_wait_metadata()  # noqa: SLF001 - as in `by_leader`
        return self._refreshed

    async def ask_leader(self, tp: TopicPartition, request: Request[Any], what: str) -> Any:
        """Ask the broker that leads a partition; raises Unavailable."""

        async def asked() -> Any:
            return await self.ask(await self.leader(tp), request)

        return await self.within(asked, what)

    async def nodes(self) -> list[int]:
        """Name the brokers that are up; raises Unavailable."""
        answer = await self.ask_any(MetadataRequest([], allow_auto_topic_creation=False), "brokers")
        return sorted(int(broker[0]) for broker in answer.brokers)

    async def partitions(self, topic: str) -> list[int]:
        """Name the partitions of a topic; raises Unavailable where there is no such topic."""
        return await self.within(lambda: self.partitions_now(topic), topic)

    async def partitions_now(self, topic: str) -> list[int]:
        """Name the partitions of a topic, once; raises KafkaError."""
        return sorted(await self._client._wait_on_metadata(topic))  # noqa: SLF001 - the public call asks nobody

    async def by_leader(self, wanted: Iterable[TopicPartition]) -> Mapping[int, list[TopicPartition]]:
        """Sort partitions by the broker that leads them; raises KafkaError."""
        await self._client._maybe_wait_metadata()  # noqa: SLF001 - an update that was asked for after an error
        found: dict[int, list[TopicPartition]] = defaultdict(list)
        for tp in wanted:
            found[self._leader(tp)].append(tp)
        return found

    async def leader(self, tp: TopicPartition) -> int:
        """The broker that leads a partition; raises KafkaError."""
        await self.partitions_now(tp.topic)  # the leader is known only of topics that were asked for
        return self._leader(tp)

    def _leader(self, tp: TopicPartition) -> int:
        leader: int | None = self._client.cluster.leader_for_partition(tp)
        if leader is None or leader < 0:
            self._client.add_topic(tp.topic)
            self._client.force_metadata_update()
            raise LeaderNotAvailableError(str(tp))
        return leader

    async def ask_coordinator_now(self, name: str, request: Request[Any], kind: int = GROUP) -> Any:
        """Ask a coordinator once, which is looked for anew whenever a call to it has failed; raises KafkaError."""
        try:
            if (kind, name) not in self._coordinators:
                found = await self.ask(self._any(), FindCoordinatorRequest(name, kind))
                self._coordinators[kind, name] = int(found.coordinator_id)
            return await self.ask(self._coordinators[kind, name], request)
        except BaseException:  # cancellation included: a broker that hangs is not asked for ever
            self._coordinators.pop((kind, name), None)
            raise

    def _any(self) -> int:
        node: int | None = self._client.get_random_node()
        if node is None:
            self._client.force_metadata_update()
            raise NodeNotReadyError("no broker is known")
        return node

    def _controller(self) -> int:
        controller = self._client.cluster.controller
        return self._any() if controller is None else int(controller.nodeId)
