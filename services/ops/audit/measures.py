"""What audit says at `/metrics` of what people mended: how often, and what came of it."""

from libs.chassis.levels import Levels
from libs.chassis.service_host import ServiceHost


class ActionMeasures:
    """Counted by the table of what was mended."""

    def __init__(self, host: ServiceHost) -> None:
        self._queries = host.queries
        self._actions = Levels(
            host.metrics.registry, "actions", "What people mended, by what came of it", "action outcome"
        )

    async def look(self) -> None:
        """Raises Unavailable."""
        rows = await self._queries.rows("actions_measured")
        self._actions.set({(row["action"], row["outcome"]): row["actions"] for row in rows})
