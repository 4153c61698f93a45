"""A cluster that answers what was planted, in the broker's own structures."""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from aiokafka.protocol.admin import CreateTopicsResponse_v3, DescribeConfigsResponse_v2
from aiokafka.protocol.api import Request, Response
from aiokafka.protocol.commit import OffsetFetchResponse_v3
from aiokafka.protocol.coordination import FindCoordinatorResponse_v1
from aiokafka.protocol.fetch import FetchResponse_v11
from aiokafka.protocol.metadata import MetadataResponse_v5
from aiokafka.protocol.offset import OffsetResponse_v3

from libs.eventlog.kafka.repeated import Repeated
from libs.eventlog.kafka.topic_id import _MetadataResponse
from tests.unit.eventlog.batches import batch, record

TOPIC, GROUP, NODE = "olcare.tickets.v1", "intake.door", 1
Make = Callable[[int], Response]
"""An answer that has a code at one place, and is well otherwise."""


def committed(top: int = 0, partition: int = 0, offset: int = 10) -> Response:
    listed: list[Any] = [] if top else [(TOPIC, [(0, offset, "", partition)])]
    return OffsetFetchResponse_v3(0, listed, top)


def coordinator(code: int = 0, node: int = NODE) -> Response:
    return FindCoordinatorResponse_v1(0, code, None, -1 if code else node, "", 0)


def offsets(code: int = 0, offset: int = 10) -> Response:
    return OffsetResponse_v3(0, [(TOPIC, [(0, code, -1, -1 if code else offset)])])


def topic_id(topic: int = 0, partition: int = 0) -> Response:
    partitions: list[Any] = [(partition, 0, NODE, 0, [NODE], [NODE], [], {})]
    return _MetadataResponse(0, [], "cluster", NODE, [(topic, TOPIC, "id", False, partitions, 0, {})], {})


def metadata(topic: int = 0, partition: int = 0, replicas: Sequence[int] = (NODE,)) -> Response:
    partitions: list[Any] = [(partition, 0, NODE, list(replicas), [NODE], [])]
    return MetadataResponse_v5(
        0, [(NODE, "", 0, None)], "cluster", NODE, [(topic, TOPIC, False, [] if topic else partitions)]
    )


def no_topics() -> Response:
    return MetadataResponse_v5(0, [(NODE, "", 0, None)], "cluster", NODE, [])


def settings(name: str, code: int = 0, **entries: str) -> Response:
    listed: list[Any] = (
        [] if code else [(key.replace("_", "."), value, False, 0, False, []) for key, value in entries.items()]
    )
    return DescribeConfigsResponse_v2(0, [(code, None, 2, name, listed)])


def made(code: int = 0) -> Response:
    return CreateTopicsResponse_v3(0, [(TOPIC, code, "why")])


def fetched(top: int = 0, partition: int = 0) -> Response:
    records = b"" if top or partition else batch(record(0, b"value"))
    listed: list[Any] = [] if top else [(TOPIC, [(0, partition, 1, 1, 0, [], -1, records)])]
    return FetchResponse_v11(0, top, 0, listed)


class Planted:
    """Takes the place of aiokafka's client: for each kind of request the answers in turn, the last one for ever."""

    def __init__(self, answers: Mapping[type[Request[Any]], Sequence[Response | Exception]]) -> None:
        self._answers = {kind: deque(planted) for kind, planted in answers.items()}
        self.asked: dict[str, list[int]] = defaultdict(list)
        self.cluster = SimpleNamespace(leader_for_partition=lambda _: NODE, controller=SimpleNamespace(nodeId=NODE))

    async def send(self, node: int, request: Request[Any] | Repeated) -> Response:
        kind = type(request.request if isinstance(request, Repeated) else request)
        self.asked[kind.__name__].append(node)
        answers = self._answers[kind]
        answer = answers.popleft() if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def get_random_node(self) -> int:
        return NODE

    def force_metadata_update(self) -> None:
        """Change nothing."""

    def add_topic(self, topic: str) -> None:
        """Know it already."""

    async def bootstrap(self) -> None:
        """Be there."""

    async def close(self) -> None:
        """Be gone."""

    async def _wait_on_metadata(self, topic: str) -> set[int]:  # noqa: ARG002 - all alike
        return {0}

    async def _maybe_wait_metadata(self) -> None:
        """Know everything."""
