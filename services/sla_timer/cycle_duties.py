"""What is due of cycles: reckoned anew at once where more is known; a target is missed only by safe time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from libs.chassis.participant import Participant
from libs.eventlog.duty import Duty
from libs.eventlog.followers import SafeTime, group_follower
from libs.eventlog.request import Request
from libs.messages.catalogue import TICKETS_DOOR
from libs.messages.ids import duty_command_id
from services.sla_timer.cycle_targets import Command, MissTarget, ReckonCycles
from services.sla_timer.cycles import Story
from services.sla_timer.handlers import DOOR_OF_INTAKE, facts_for

STORY: TypeAdapter[Story] = TypeAdapter(Story)
"""Reads what the query `facts_of_cycles` gives for one ticket."""


class CycleDuties:
    """The duties of cycles that have a target."""

    def __init__(self, shell: Participant) -> None:
        self._shell, self._queries = shell, shell.queries

    def all(self) -> list[Duty]:
        """Name the duties."""
        return [
            Duty("reckon cycles", self.to_reckon),
            Duty("miss targets of cycles", self.due, safe=self._safe_time()),
        ]

    async def to_reckon(self, now: datetime, most: int) -> Sequence[Request]:
        """Reckon the cycles of tickets of which more is known."""
        rows = await self._queries.rows("cycles_to_reckon", now=now, most=most)
        if not rows:
            return []
        centres, since = sorted({row["centre"] for row in rows}), min(row["opened_at"] for row in rows)
        facts = await facts_for(self._queries, centres, since)
        stories = await self._queries.rows("facts_of_cycles", tickets=[row["ticket"] for row in rows])
        known = {row["ticket"]: (STORY.validate_json(row["story"]), row["known"]) for row in stories}
        published = {centre: (found.calendars, found.targets) for centre, found in facts.items()}
        return [
            _request(row, ReckonCycles(now, *known[row["ticket"]], *published[row["centre"]]))
            for row in rows
            if row["ticket"] in known
        ]

    async def due(self, now: datetime, most: int) -> Sequence[Request]:
        """Miss the targets that were used up."""
        rows = await self._queries.rows("cycles_due", now=now, most=most)
        return [_request(row, MissTarget(row["next_due_at"], now)) for row in rows]

    def _safe_time(self) -> SafeTime:
        """What was said before is answered by intake, then read as facts here, then reckoned in our own streams."""
        engine = self._shell.engine
        door = group_follower(DOOR_OF_INTAKE, TICKETS_DOOR, engine.log)
        facts, plan, cycles = (engine.followers[name] for name in ("tickets", "plan", "sla"))
        return self._shell.safe_time([door], [facts, plan], [cycles])


def _request(row: Mapping[str, Any], command: Command) -> Request:
    """Name a stream that has no event yet by itself."""
    identity = str(duty_command_id(row["head"] or row["stream"], type(command).__name__))
    return Request(identity, row["stream"], command, row["correlation"])
