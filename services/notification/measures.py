"""What notification says at `/metrics` of notices: how many are not done with, and how old the oldest is."""

from libs.chassis.levels import Levels
from libs.chassis.service_host import ServiceHost

STATES = ("requested", "waiting-for-opening", "handing-over", "deferred", "ambiguous", "failed")


class NoticeMeasures:
    """Counted by the tables, by state."""

    def __init__(self, host: ServiceHost) -> None:
        self._queries, self._clock = host.queries, host.clock
        registry = host.metrics.registry
        self._notices = Levels(registry, "notices", "Notices that are not done with, by state", "state")
        self._oldest = Levels(
            registry, "notices_oldest_seconds", "How long ago the oldest of them was requested; 0: none", "state"
        )

    async def look(self) -> None:
        """Raises Unavailable."""
        now = self._clock.now()
        found = {row["state"]: row for row in await self._queries.rows("notices_measured", now=now)}
        self._notices.set({(state,): found[state]["notices"] if state in found else 0 for state in STATES})
        ages = {state: (now - row["since"]).total_seconds() for state, row in found.items()}
        self._oldest.set({(state,): max(0.0, ages.get(state, 0.0)) for state in STATES})
