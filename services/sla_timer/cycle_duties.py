"""The duties of cycles: reckon them anew at once where more is known; miss a target only by safe time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from libs.chassis.service_host import ServiceHost
from libs.eventlog.commands import IssuedCommand, issued_by_duty
from libs.eventlog.loops.duty import Duty
from libs.eventlog.loops.followers import SafeTime
from services.sla_timer.cycles.decider import MissTarget, ReckonCycles
from services.sla_timer.cycles.model import TicketHistory
from services.sla_timer.handlers import PLAN_DOOR, TICKET_DOOR, facts_for
from services.sla_timer.published.unpublished import parts_of_plan
from services.sla_timer.tz_guard import TzGuard

STORY: TypeAdapter[TicketHistory] = TypeAdapter(TicketHistory)
"""Reads what the query `facts_of_cycles` gives for one ticket."""
AGAIN = timedelta(days=1)
"""Plan time by which a look goes back before the last one that found nothing; the gate keeps our lag far below it."""


class CycleDuties:
    """The duties of cycles that have a target."""

    def __init__(self, host: ServiceHost, guard: TzGuard) -> None:
        self._host, self._queries, self._guard = host, host.queries, guard
        self._done_until: datetime | None = None
        """All that was recorded by then is reckoned on these targets; None at start, so that all is looked through."""
        self._targets: int | None = None

    def all(self) -> list[Duty]:
        """Name the duties."""
        duties = [
            Duty("reckon cycles", self.to_reckon, asks="targets_of_cycles"),
            Duty("miss targets of cycles", self.due, safe=self._safe_time(), asks="cycles_due"),
        ]
        return [self._guard.held(duty) for duty in duties]

    async def to_reckon(self, now: datetime, most: int) -> Sequence[IssuedCommand]:
        """Reckon the cycles of tickets of which more is known."""
        rows = await self._queries.rows("cycles_to_reckon", now=now, since=await self._since(), most=most)
        if not rows:
            self._done_until = now
            return []
        centres, earliest = sorted({row["centre"] for row in rows}), min(row["opened_at"] for row in rows)
        facts = await facts_for(self._queries, centres, earliest)
        stories = await self._queries.rows("facts_of_cycles", tickets=[row["ticket"] for row in rows])
        known = {row["ticket"]: (STORY.validate_json(row["story"]), row["known"]) for row in stories}
        published = {centre: (found.calendars, found.targets) for centre, found in facts.items()}
        return [
            issued_by_duty(row, ReckonCycles(now, *known[row["ticket"]], *published[row["centre"]]))
            for row in rows
            if row["ticket"] in known
        ]

    async def _since(self) -> datetime | None:
        """The instant since which recorded facts are looked through; None for all of them, as after new targets."""
        row = await self._queries.row("newest_targets")
        version = row["version"] if row else None
        if version != self._targets:
            self._targets, self._done_until = version, None
        return self._done_until - AGAIN if self._done_until else None

    async def due(self, now: datetime, most: int) -> Sequence[IssuedCommand]:
        """Record as missed the targets that are used up."""
        rows = await self._queries.rows("cycles_due", now=now, most=most)
        return [
            issued_by_duty(row, MissTarget(row["next_due_at"], now), rests_on=parts_of_plan([row["centre"]]))
            for row in rows
        ]

    def _safe_time(self) -> SafeTime:
        """In order: intake's door has answered, tickets and plan are read here as facts, our own topic is read."""
        engine = self._host.engine
        doors = self._host.own_doors(TICKET_DOOR)
        facts, plan, cycles = (engine.followers[name] for name in ("tickets", "plan", "sla"))
        inputs = [*doors, *self._host.own_doors(PLAN_DOOR)]
        return self._host.safe_time(self._host.answered(doors), [facts, plan], [cycles], inputs=inputs)
