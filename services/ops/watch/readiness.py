"""What the services say of themselves: ready or not, why not, and which build each of them is."""

import asyncio
import json
from collections.abc import Mapping
from typing import NamedTuple

from libs.eventlog.errors import Unavailable
from services.ops.cli.environment import PageAddress
from services.ops.watch.pages import answer

SECONDS = 5.0  # machine seconds that a service may take to answer


class ServiceReadiness(NamedTuple):
    """What one service says: what is not there, and what it has left aside while it goes on."""

    ready: bool
    build: str | None
    waiting: str | None
    degraded: str | None = None
    sources: str | None = None
    """The fingerprint of its policy of sources; None where it has none."""


async def readiness(addresses: Mapping[str, PageAddress]) -> dict[str, ServiceReadiness]:
    """Ask all services at once; one that does not answer is not ready."""
    said = await asyncio.gather(*(_ask(address) for address in addresses.values()))
    return agreed(dict(zip(addresses, said, strict=True)))


def agreed(said: Mapping[str, ServiceReadiness]) -> dict[str, ServiceReadiness]:
    """The same, but that none is ready while those that answer have different policies of sources."""
    policies = {name: one.sources or "none" for name, one in said.items() if one.build}
    if len(set(policies.values())) < 2:  # noqa: PLR2004 - two that differ
        return {**said}
    each = ", ".join(f"{name} {policy}" for name, policy in sorted(policies.items()))
    why = f"policies of sources differ ({each}): give every process the same file in OLCARE_SOURCES"
    return {
        name: one._replace(ready=False, waiting="; ".join(filter(None, (one.waiting, why)))) if one.build else one
        for name, one in said.items()
    }


async def _ask(address: PageAddress) -> ServiceReadiness:
    try:
        _, body = await answer(address.host, address.port, "/readyz", SECONDS)
    except Unavailable as error:
        return ServiceReadiness(ready=False, build=None, waiting=str(error))
    return understood(body)


def understood(body: bytes) -> ServiceReadiness:
    """Read the body of `/readyz`; what is none is not ready."""
    try:
        report = json.loads(body)
        waiting, degraded = ("; ".join(report[kind]) or None for kind in ("waiting", "degraded"))
        return ServiceReadiness(bool(report["ready"]), report["build"], waiting, degraded, report.get("sources"))
    except (ValueError, KeyError, TypeError):
        return ServiceReadiness(ready=False, build=None, waiting="what answers there is no service of ours")
