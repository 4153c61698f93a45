"""`olcare serve` is as ready as all that it watches."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from libs.chassis.clock import Clock
from libs.chassis.metrics import Metrics
from libs.eventlog.errors import Unavailable
from services.ops import serve
from services.ops.cli.environment import Environment, PageAddress
from services.ops.cli.output import Refused
from services.ops.serve import Watch
from services.ops.watch import lag
from services.ops.watch.readiness import ServiceReadiness

WELL = ServiceReadiness(ready=True, build="1", waiting=None)
HERE = Environment("one:9092", "postgresql://db", None, "intake=8080,contract=8081", Path("contracts"), Path("root"))


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> dict[str, ServiceReadiness]:
    """What the services say of themselves; nobody is behind."""
    found = {"intake": WELL, "contract": WELL}

    @asynccontextmanager
    async def opened(_: Environment) -> AsyncIterator[None]:
        yield

    async def nobody(*_: Any) -> list[dict[str, object]]:
        return []

    async def none(_: Environment) -> dict[str, int]:
        return {}

    async def asked(addresses: dict[str, PageAddress]) -> dict[str, ServiceReadiness]:
        return {name: found[name] for name in addresses}

    monkeypatch.setattr(serve, "open_log", opened)
    monkeypatch.setattr(serve, "rows", nobody)
    monkeypatch.setattr(serve, "without_promise", none)
    monkeypatch.setattr(lag, "readiness", asked)
    return found


def watch() -> Watch:
    return Watch(HERE, Clock(None), Metrics("ops", "ops-1"))


async def test_it_is_ready_where_all_are(said: dict[str, ServiceReadiness]) -> None:
    assert set(said) == set(HERE.addresses())
    assert await watch().look() is None


async def test_it_is_not_ready_where_a_service_is_not(said: dict[str, ServiceReadiness]) -> None:
    said["contract"] = ServiceReadiness(ready=False, build=None, waiting="the gate is closed")
    assert await watch().look() == "contract: not ready: the gate is closed"


async def test_of_what_can_not_be_asked_nothing_is_said_but_why(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, ServiceReadiness]
) -> None:
    door = {"follower": "intake.door", "kind": "door", "topic": "door", "behind": 3, "partitions": 1}
    answers: Iterator[list[dict[str, object]] | Refused] = iter(
        [[door], [{"follower": "intake", "kind": "reader", "problem": "away"}], [door], Refused("no Kafka")]
    )

    async def followers(*_: Any) -> list[dict[str, object]]:
        answer = next(answers)
        if isinstance(answer, Refused):
            raise answer
        return answer

    two, one = {"no-calendar": 2}, {"no-calendar": 1}
    counts: Iterator[dict[str, int] | Unavailable] = iter([two, one, Unavailable("no tables"), one])

    async def tickets(_: Environment) -> dict[str, int]:
        answer = next(counts)
        if isinstance(answer, Unavailable):
            raise answer
        return answer

    assert said
    monkeypatch.setattr(serve, "rows", followers)
    monkeypatch.setattr(serve, "without_promise", tickets)
    metrics = Metrics("ops", "ops-1")
    watched = Watch(HERE, Clock(None), metrics)

    def measured() -> tuple[float | None, float | None]:
        value = metrics.registry.get_sample_value
        behind = value("olcare_records_behind", {"follower": "intake.door", "kind": "door", "topic": "door"})
        return behind, value("olcare_tickets_without_promise", {"reason": "no-calendar"})

    assert (await watched.look(), measured()) == (None, (3, 2))
    assert (await watched.look(), measured()) == ("intake: away", (None, 1))
    assert (await watched.look(), measured()) == ("no tables", (3, None))
    assert (await watched.look(), measured()) == ("no Kafka", (None, 1))


async def test_what_it_sees_is_measured(monkeypatch: pytest.MonkeyPatch, said: dict[str, ServiceReadiness]) -> None:
    async def one(*_: Any) -> list[dict[str, object]]:
        return [{"follower": "intake.door", "kind": "door", "topic": "door", "behind": 3, "partitions": 1}]

    async def two(_: Environment) -> dict[str, int]:
        return {"no-calendar": 2}

    assert said
    monkeypatch.setattr(serve, "rows", one)
    monkeypatch.setattr(serve, "without_promise", two)
    metrics = Metrics("ops", "ops-1")
    await Watch(HERE, Clock(None), metrics).look()
    value = metrics.registry.get_sample_value
    assert value("olcare_records_behind", {"follower": "intake.door", "kind": "door", "topic": "door"}) == 3
    assert value("olcare_tickets_without_promise", {"reason": "no-calendar"}) == 2
