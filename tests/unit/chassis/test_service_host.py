"""What a service asks of the broker each minute: without an answer it goes on, at drifted topics it ends."""

import asyncio
from pathlib import Path
from typing import Self

import pytest

from libs.chassis import service_host
from libs.chassis.service_host import OFFSETS_KEPT, Drifted, ServiceHost
from libs.chassis.settings import ServiceSettings
from libs.eventlog.errors import Unavailable

LONG_ENOUGH = OFFSETS_KEPT


class Admin:
    """Says what it is told, minute by minute; then nothing more."""

    def __init__(self, *minutes: list[str] | Unavailable, kept: int = LONG_ENOUGH) -> None:
        self.minutes, self.kept, self.asked = list(minutes), kept, 0

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
