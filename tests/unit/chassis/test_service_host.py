"""What a service asks of the broker each minute: without an answer it goes on, at drifted topics it ends."""

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from libs.chassis import app, service_host
from libs.chassis.collector import BETWEEN_LOOKS
from libs.chassis.service_host import OFFSETS_KEPT, Drifted, ServiceHost
from libs.chassis.settings import ServiceSettings
from libs.eventlog.errors import Unavailable
from libs.eventlog.projection import Reader
from libs.messages.catalogue import TICKETS, TICKETS_DOOR
from services.sla_timer.handlers import PLAN_DOOR, TICKET_DOOR

LONG_ENOUGH = OFFSETS_KEPT


class Admin:
    """Says what it is told, minute by minute; then nothing more."""

    def __init__(
        self, *minutes: list[str] | Unavailable, kept: int = LONG_ENOUGH, unknown: tuple[str, ...] = ()
    ) -> None:
        self.minutes, self.kept, self.unknown, self.asked = list(minutes), kept, unknown, 0

    def __call__(self, _: str) -> Self:
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""

    async def check(self, _: object) -> list[str]:
        self.asked += 1
        said = self.minutes.pop(0)
        if isinstance(said, Unavailable):
            raise said
        return said

    async def offsets_kept(self) -> int:
        return self.kept

    async def unknown_doors(self, _: object) -> list[str]:
        return [*self.unknown]


@pytest.fixture
async def host(monkeypatch: pytest.MonkeyPatch) -> ServiceHost:
    host = ServiceHost(ServiceSettings(service="intake", database="none", instance="test"), [], Path("nowhere"))

    async def at_once(_: float) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(host.clock, "sleep", at_once)
    return host


async def test_a_broker_that_does_not_say_ends_nobody_but_a_drifted_topic_does(
    host: ServiceHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = Admin([], Unavailable("Kafka: NodeNotReadyError"), Unavailable("topics: it refuses"), [], ["it drifted"])
    monkeypatch.setattr(service_host, "TopicAdmin", admin)
    with pytest.raises(Drifted, match="it drifted"):
        await host._keep_checking()
    assert admin.asked == 5


@pytest.mark.parametrize(("kept", "warnings"), [(LONG_ENOUGH, 0), (LONG_ENOUGH - 1, 1), (10_080, 1)])
async def test_offsets_that_are_soon_forgotten_are_warned_of_with_what_follows(
    host: ServiceHost, monkeypatch: pytest.MonkeyPatch, kept: int, warnings: int
) -> None:
    monkeypatch.setattr(service_host, "TopicAdmin", Admin([], kept=kept))
    await host._check_topics()
    degraded = host.health.ready()["degraded"]
    assert len(degraded) == warnings
    assert all(f"offsets.retention.minutes is {kept}" in s and "writes receipts again" in s for s in degraded)


async def test_a_door_of_a_client_that_is_not_known_here_is_a_reason_not_to_start_and_is_shown_after_that(
    host: ServiceHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever does not know it does not wait for what is said there, and may fire a deadline too early."""
    monkeypatch.setattr(service_host, "TopicAdmin", Admin([], [], unknown=("a door of nobody",)))
    with pytest.raises(Drifted, match="a door of nobody"):
        await host._check_topics()
    host._opened = True
    await host._check_topics()
    assert host.health.ready()["degraded"] == ["a door of nobody"]


async def test_whoever_waits_for_a_door_waits_for_each_client_s_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sources.yaml").write_text("clients: {crm-eu: {sources: {crm-eu: [answers]}}, erp: {sources: {}}}")
    monkeypatch.setenv("OLCARE_SOURCES", str(tmp_path / "sources.yaml"))
    host = ServiceHost(ServiceSettings(service="sla_timer", database="none", instance="test"), [], Path("nowhere"))
    doors = host.own_doors(TICKET_DOOR)
    both = [("intake.door", TICKETS_DOOR), ("intake.door.crm-eu", f"{TICKETS_DOOR}.crm-eu")]
    assert [(door.group, door.topic) for door in doors] == both
    assert [(follower.name, follower.topic) for follower in host.answered(doors)] == both
    assert [door.also for door in host.own_doors(PLAN_DOOR)] == [PLAN_DOOR.also]
    assert host.health.ready()["sources"]


async def test_no_reaction_follows_a_reader_that_does_not_keep_what_is_void() -> None:
    settings = ServiceSettings(service="intake", database="none", instance="test")
    host = ServiceHost(settings, [Reader("tickets", TICKETS, 1, (), writes=True)], Path("nowhere"))

    async def nothing(_: object) -> list[Any]:
        return []

    with pytest.raises(ValueError, match="tickets keeps no voids"):
        host.reaction("tickets", nothing, nothing)


@pytest.fixture
def collector() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.usefixtures("collector")
async def test_what_stays_as_long_as_the_process_is_kept_from_the_garbage_collector(
    host: ServiceHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ended(Exception):  # noqa: N818 - it ends the first loop
        """The first loop has begun."""

    found: list[tuple[int, int]] = []

    async def run() -> None:
        found.append((gc.get_freeze_count(), gc.get_threshold()[0]))
        raise Ended

    monkeypatch.setattr(host.engine, "tasks", lambda: [("first", run)])
    monkeypatch.setattr(app, "_end_by_force_later", lambda: None)  # a process whose loop fails is to end
    with pytest.raises(BaseExceptionGroup):
        await host._run_all()
    assert found[0][0] > 10_000
    assert found[0][1] == BETWEEN_LOOKS
