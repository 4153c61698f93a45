"""Beside the two small services: an office that keeps contracts, and a desk that asks for cover."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from libs.eventlog.commands import IssuedCommand
from libs.eventlog.loops.duty import Duty, DutyLoop
from libs.eventlog.loops.followers import SafeTime, group_follower
from libs.eventlog.loops.writer import Answer
from libs.eventlog.wire.record import Outgoing, Record
from libs.messages.ids import duty_command_id
from tests.model.services import (
    DEPTH,
    FOLLOWED,
    Desk,
    DeskDoor,
    Ground,
    Service,
    Stages,
    StoryDoor,
    command_id_of,
    contract_of,
    receipt,
    stream_of,
)
from tests.model.story import DESK_FACTS, Ask, Restate
from tests.model.terms import (
    COVERED_TICKETS,
    DESK_CONTRACTS,
    OFFICE_CONTRACTS,
    SIGNATURES,
    SIGNED,
    Lapse,
    Sign,
    refused_in,
    terms_in,
)

OFFICE_GROUP = "office.door"
ALL_FOLLOWED = (*FOLLOWED, (OFFICE_GROUP, SIGNATURES))


class Office(Service):
    """Takes signatures, and lets terms lapse: the contracts' owner."""

    READERS = (OFFICE_CONTRACTS,)

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground, self.READERS)
        self.writer = self.write(OFFICE_CONTRACTS, "contract", self.protocol.contract)
        gate, door = self.gate.passed, OfficeDoor(self)
        lapse = Duty("lapse", self.find_over, self._safe_time())
        self.loops += [
            self.protocol.door(ground.log, ground.clock, gate, door, OFFICE_GROUP, depth=DEPTH).run,
            DutyLoop(ground.clock, gate, [lapse], self.answer, self.rest).run,
        ]

    def _safe_time(self) -> SafeTime:
        log = self.ground.log
        stages: Stages = ([group_follower(OFFICE_GROUP, SIGNATURES, log)], [self.follower(OFFICE_CONTRACTS)])
        return SafeTime(log, self.ground.clock, self.protocol.stages_of_a_lapse(stages))

    async def answer(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        return await self.told(self.writer, commands)

    async def find_over(self, now: datetime, most: int) -> Sequence[IssuedCommand]:
        rows = await self.ground.rows(OFFICE_CONTRACTS.name, "running")
        return [
            IssuedCommand(duty_command_id(head, "lapse"), stream, Lapse(now), head)
            for stream, until, runs, head in rows
            if runs and datetime.fromisoformat(until) < now
        ][:most]


class OfficeDoor(StoryDoor):
    """The door of the office: a signature says when it was signed, whenever it is told of."""

    topic = SIGNATURES

    def __init__(self, office: Office) -> None:
        self._office = office

    async def issue(self, read: Sequence[tuple[Record, Mapping[str, str]]]) -> Sequence[IssuedCommand]:
        return [
            IssuedCommand(command_id_of(m), stream_of(m), Sign(datetime.fromisoformat(m["at"])), m["id"])
            for _, m in read
        ]

    async def answer(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        return await self._office.answer(commands)

    def receipt(self, record: Record, message: Mapping[str, str], answer: Answer) -> Outgoing:
        return receipt(record, message, answer)._replace(topic=SIGNED)


class CoveredDesk(Desk):
    """Opens a ticket under the term that holds its instant, and restates what was refused without one."""

    READERS = (COVERED_TICKETS, DESK_FACTS, DESK_CONTRACTS)

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        restate = Duty("restate", self.find_restated)
        self.loops.append(DutyLoop(ground.clock, self.gate.passed, [restate], self.answer, self.rest).run)

    def door(self) -> StoryDoor:
        return CoveredDoor(self)

    async def answer(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        return await self.told(self.writer, commands)

    async def terms(self) -> Mapping[str, Sequence[tuple[int, datetime, datetime]]]:
        """What is known of contracts by now."""
        return {stream: terms_in(terms) for stream, terms in await self.ground.rows(DESK_CONTRACTS.name, "terms")}

    async def find_restated(self, now: datetime, most: int) -> Sequence[IssuedCommand]:
        if self.protocol.nothing_is_restated:
            return []
        terms = await self.terms()
        found = [
            IssuedCommand(duty_command_id(head, f"restate {place}"), stream, Restate(now, place, term), head)
            for stream, refused, head in await self.ground.rows(COVERED_TICKETS.name, "lacking")
            for place, at in refused_in(refused).items()
            if (term := covering(terms, stream.replace("ticket/", "contract/"), at))
        ]
        return found[:most]


class CoveredDoor(DeskDoor):
    """The door of a desk that asks for cover."""

    def __init__(self, desk: CoveredDesk) -> None:
        super().__init__(desk)
        self._covered = desk

    async def issue(self, read: Sequence[tuple[Record, Mapping[str, str]]]) -> Sequence[IssuedCommand]:
        terms = await self._covered.terms()
        asked = zip(await super().issue(read), (message["number"] for _, message in read), strict=True)
        return [replace(issued, command=_with_cover(issued.command, terms, number)) for issued, number in asked]


def _with_cover(ask: Ask, terms: Mapping[str, Sequence[tuple[int, datetime, datetime]]], number: str) -> Ask:
    return replace(ask, term=covering(terms, contract_of(number), ask.occurred_at))


def covering(
    terms: Mapping[str, Sequence[tuple[int, datetime, datetime]]], contract: str, instant: datetime
) -> int | None:
    """The place of the event that began the term which holds an instant."""
    return next((place for place, at, until in terms.get(contract, ()) if at <= instant < until), None)
