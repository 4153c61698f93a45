"""The loops of sla_timer: what tickets ask of promises, and what is due."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from libs.chassis.participant import Participant
from libs.eventlog.duty import Duty
from libs.eventlog.followers import SafeTime, group_follower
from libs.eventlog.record import RecordedEvent
from libs.eventlog.request import Reaction, Request
from libs.messages.catalogue import TICKETS, TICKETS_DOOR
from libs.messages.ids import duty_command_id
from services.sla_timer.domain import FireDeadline, WarnAtRisk
from services.sla_timer.reactions import FACTS, NO_FACTS, Facts, asked, centre_of, react

DOOR_OF_INTAKE = "intake.door"
"""The group whose places say how far the input of a promise has been answered."""


class PromiseReactions:
    """Fills in what is published, and asks the pure router."""

    def __init__(self, shell: Participant) -> None:
        self._queries = shell.queries

    async def react(self, events: Sequence[RecordedEvent]) -> Sequence[Sequence[Reaction]]:
        """Give what each event asks for."""
        facts = await self._facts(events)
        return [react(event, fact) for event, fact in zip(events, facts, strict=True)]

    async def _facts(self, events: Sequence[RecordedEvent]) -> list[Facts]:
        wanted = asked(events)
        if wanted is None:
            return [NO_FACTS for _ in events]
        rows = await self._queries.rows("facts_for_promises", centres=list(wanted.centres), since=wanted.since)
        known = {c: FACTS.validate_json(row["facts"]) for c, row in zip(wanted.centres, rows, strict=True)}
        return [known.get(centre_of(event) or "", NO_FACTS) for event in events]


class PromiseDuties:
    """Warnings go out at once; a deadline fires only by safe time."""

    def __init__(self, shell: Participant) -> None:
        self._shell, self._queries, self._clock = shell, shell.queries, shell.clock

    def all(self) -> list[Duty]:
        """Name the duties."""
        return [Duty("warn at risk", self.at_risk), Duty("fire deadlines", self.due, safe=self._safe_time())]

    async def at_risk(self, now: datetime, most: int) -> Sequence[Request]:
        """Warn of promises that are near their deadline."""
        rows = await self._queries.rows("promises_at_risk", now=now, most=most)
        return [_request(row, WarnAtRisk(row["at_risk_at"])) for row in rows]

    async def due(self, now: datetime, most: int) -> Sequence[Request]:
        """Fire the deadlines that have passed."""
        rows = await self._queries.rows("promises_due", now=now, most=most)
        return [_request(row, FireDeadline(row["due_at"], now)) for row in rows]

    async def next_due(self) -> datetime | None:
        """Give the first instant at which one of these will act."""
        row = await self._queries.row("next_due", now=self._clock.now())
        return row["at"] if row else None

    def _safe_time(self) -> SafeTime:
        """What was said before is answered by intake, then reacted to here, then read in our own stream."""
        engine = self._shell.engine
        door = group_follower(DOOR_OF_INTAKE, TICKETS_DOOR, engine.log)
        reactions = group_follower(engine.group("react-to-tickets"), TICKETS, engine.log)
        return self._shell.safe_time([door], [reactions, engine.followers["plan"]], [engine.followers["sla"]])


def _request(row: Mapping[str, Any], command: WarnAtRisk | FireDeadline) -> Request:
    identity = str(duty_command_id(row["head"], type(command).__name__))
    return Request(identity, row["stream"], command, row["correlation"])
