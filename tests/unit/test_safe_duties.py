"""Which duties of the services wait for safe time, and for whom, one after the other."""

from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import pytest

from libs.eventlog.loops.duty import Duty
from libs.eventlog.loops.held_back import Source
from services.contract.handlers import TermDuties
from services.intake.handlers import TicketDuties
from services.sla_timer.cycle_duties import CycleDuties
from services.sla_timer.handlers import PromiseDuties


class Named(NamedTuple):
    """A follower."""

    name: str


class Waits(NamedTuple):
    """A safe time: whom it waits for, and who may have left an input aside."""

    stages: Sequence[Sequence[str]]
    inputs: Sequence[str]


class Readers:
    def __getitem__(self, name: str) -> Named:
        return Named(f"reader of {name}")


class Host:
    """As much of a service as its duties are made of."""

    queries = clock = None
    engine = SimpleNamespace(group="here.{}".format, followers=Readers(), log=None)

    def own_doors(self, door: Source) -> list[Source]:
        return [door]

    def answered(self, doors: Sequence[Source]) -> list[Named]:
        return [Named(door.group) for door in doors]

    def safe_time(self, *stages: Sequence[Any], inputs: Sequence[Source]) -> Waits:
        return Waits([[follower.name for follower in stage] for stage in stages], [source.group for source in inputs])


NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
HOST: Any = Host()
GUARD: Any = SimpleNamespace(held=lambda duty: duty)
PROMISES, CYCLES = PromiseDuties(HOST, GUARD).all(), CycleDuties(HOST, GUARD).all()
TERMS, TICKETS = TermDuties(HOST).all(), TicketDuties(HOST, HOST).all()
MERGES, DOORS = "here.react-to-sla", ["intake.door", "contract.door"]
SAFE = [
    (
        PROMISES,
        Waits(
            [["intake.door"], ["here.react-to-tickets", "reader of plan"], *[[MERGES]] * 3, ["reader of sla"]],
            ["intake.door", "here.react-to-tickets", MERGES, "contract.door"],
        ),
    ),
    (CYCLES, Waits([["intake.door"], ["reader of tickets", "reader of plan"], ["reader of sla"]], DOORS)),
    (TERMS, Waits([["here.door"], ["reader of contracts"]], ["here.door"])),
    (TICKETS, Waits([["here.door"], ["reader of tickets"]], ["here.door"])),
]


def test_whatever_can_not_be_taken_back_waits_for_safe_time() -> None:
    at_once = {duty.name for duties, _ in SAFE for duty in duties if duty.safe is None}
    assert at_once == {
        *("reckon anew", "reckon calls", "meet after all", "warn at risk"),
        *("reckon cycles", "undo crossing merges", "apply merges that waited"),
    }


@pytest.mark.parametrize(("duties", "waits"), SAFE, ids=["promises", "cycles", "terms", "tickets"])
def test_first_the_door_then_who_follows_it_then_our_own_reader(duties: Sequence[Duty], waits: Waits) -> None:
    safe: list[object] = [duty.safe for duty in duties if duty.safe]
    assert safe == [waits] * len(safe)


class Empty:
    """Tables without rows, and what was asked of them."""

    def __init__(self) -> None:
        self.asked = set[str]()

    async def rows(self, name: str, **_: object) -> Sequence[Any]:
        self.asked.add(name)
        return ()

    async def row(self, name: str, **_: object) -> None:
        self.asked.add(name)

    async def facts(self, name: str, *_: object) -> Sequence[Any]:
        self.asked.add(name)
        return ()


ASKED_FIRST = {"any_merge": "merged_promises", "targets_of_cycles": "cycles_to_reckon"}
"""What is asked in their place, being cheaper: without a merge, or targets of cycles, these have no rows."""


async def test_the_one_question_for_all_duties_asks_for_each_what_it_looks_for_itself() -> None:
    tables, host = Empty(), Host()
    vars(host).update(queries=tables, clock=SimpleNamespace(now=lambda: NOW))
    found: list[Duty] = [
        *PromiseDuties(cast("Any", host), GUARD).all(),
        *CycleDuties(cast("Any", host), GUARD).all(),
        *TicketDuties(cast("Any", host), HOST).all(),
    ]
    for duty in found:
        tables.asked.clear()
        assert await duty.find(NOW, 1) in ([], ())
        assert duty.asks
        assert ASKED_FIRST.get(duty.asks, duty.asks) in tables.asked
