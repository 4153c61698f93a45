"""What audit says at `/metrics` of what people mended: how often, and what came of it."""

from collections.abc import Mapping

from libs.chassis.levels import Levels
from libs.chassis.service_host import ServiceHost
from libs.messages.actions import RebuildEnd

NO_REBUILDS: Mapping[tuple[str, ...], float] = {("rebuild", str(end)): 0 for end in RebuildEnd}
"""Said from the start, so that the first one that fails is seen to come."""


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
        self._actions.set({**NO_REBUILDS, **{(row["action"], row["outcome"]): row["actions"] for row in rows}})
