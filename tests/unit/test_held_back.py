"""What holds a deadline back while it is left aside: whatever may move it, and nothing else."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from libs.eventlog.commands import IssuedCommand
from libs.eventlog.loops.duty import Duty, DutyLoop
from libs.eventlog.loops.followers import SafeTime
from libs.eventlog.loops.held_back import Source, remark_of
from libs.eventlog.loops.writer import Answer
from libs.eventlog.testing import MemoryLog, no_rest
from libs.eventlog.wire.record import Outgoing
from libs.messages.catalogue import CONTRACTS_DOOR, SLA, TICKETS
from libs.messages.plan import NoticeOffsets, Status
from services.contract.contract_states import NOTHING_TOLD
from services.contract.handlers import TermDuties
from services.sla_timer.cycle_duties import CycleDuties
from services.sla_timer.handlers import PLAN_DOOR, TICKET_DOOR, PromiseDuties
from tests.model.story import MONDAY
from tests.unit.eventlog.environment import Machine
from tests.unit.eventlog.test_loops import is_open

NOW = datetime(2026, 11, 24, 16, tzinfo=UTC)
OF_PROMISES = (
    TICKET_DOOR,
    Source("sla_timer.react-to-tickets", TICKETS),
    Source("sla_timer.react-to-sla", SLA),
    PLAN_DOOR,
)
OF_CYCLES = (TICKET_DOOR, PLAN_DOOR)
OF_TERMS = (Source("contract.door", CONTRACTS_DOOR),)
PROMISE = {"stream": "promise/crm/1", "head": "h", "correlation": "c", "due_at": NOW, "centres": ["france", "japan"]}
CYCLES = {"stream": "cycles/crm/1", "head": "h", "correlation": "c", "next_due_at": NOW, "centre": "france"}
TERM = {
    "stream": "contract/erp/K-1",
    "head": "h",
    "correlation": "c",
    "covered_until": NOW,
    "last_day": NOW.date(),
    "centre": "france",
    "licence_stream": None,
    "customer": "customer/erp/C-1",
    "licence": "licence/erp/L-1",
    "continued_by": None,
}
TO_TELL = {
    **TERM,
    "last_day": MONDAY.date(),
    "told": NOTHING_TOLD,
    "zone": "Europe/Paris",
    "known_at": NOW,
    "reminders": True,
}
ROWS = {"promises_due": PROMISE, "cycles_due": CYCLES, "terms_that_ended": TERM, "renewals_to_tell": TO_TELL}
OFFSETS = NoticeOffsets(version=1, renewal_offer_days=90, reminder_days=(60, 30), status=Status.ASSUMPTION)


class Aside(NamedTuple):
    """A record that a group left aside: whose, its key, and what it says."""

    source: Source
    key: str
    said: dict[str, Any]


INTAKE, REACTION, MERGES, _ = OF_PROMISES


def at_door(source: str, subject: str, **data: object) -> dict[str, Any]:
    return {"specversion": "1.0", "source": source, "subject": subject, "data": data}


def part(name: str, **content: object) -> Aside:
    said = at_door("plan", "anything", publication={"part": name, "content": content})
    return Aside(PLAN_DOOR, "anything", said)


TICKET = Aside(INTAKE, "any key", at_door("crm", "1"))
MERGED = Aside(INTAKE, "ticket/crm/2", at_door("crm", "2", into="ticket/crm/1"))
OTHER_TICKET = Aside(INTAKE, "ticket/crm/3", at_door("crm", "3"))
CUSTOMER = Aside(PLAN_DOOR, "customer/erp/C-1", at_door("erp", "C-1"))
CONTRACT = Aside(PLAN_DOOR, "contract/erp/K-1", at_door("erp", "K-1", customer="customer/erp/C-1"))
RENEWAL = Aside(PLAN_DOOR, "contract/erp/K-2", at_door("erp", "K-2", licence="licence/erp/L-1"))
OTHER_CONTRACT = Aside(
    PLAN_DOOR, "contract/erp/K-3", at_door("erp", "K-3", customer="customer/erp/C-9", licence="licence/erp/L-9")
)
PARTS = {
    "its calendar": part("calendar", centre="france"),
    "the calendar of an absorbed ticket": part("calendar", centre="japan"),
    "another calendar": part("calendar", centre="americas"),
    "targets": part("targets"),
    "tz data": part("tz"),
    "prices": part("prices", currency="EUR"),
    "versions": part("versions", product="printshop-mail"),
    "reminders": part("reminders"),
}
MOVES: dict[tuple[str, str], bool] = {
    # A promise is moved by what is said of its ticket, of those merged with it, and by hours, targets and tz data. Its
    # customer and their contracts were looked at once, when the ticket was opened, and move no deadline since.
    ("promises_due", "its ticket"): True,
    ("promises_due", "a merged ticket"): True,
    ("promises_due", "another ticket"): False,
    ("promises_due", "its customer"): False,
    ("promises_due", "its contract"): False,
    ("promises_due", "its calendar"): True,
    ("promises_due", "the calendar of an absorbed ticket"): True,
    ("promises_due", "another calendar"): False,
    ("promises_due", "targets"): True,
    ("promises_due", "tz data"): True,
    ("promises_due", "prices"): False,
    ("promises_due", "versions"): False,
    ("promises_due", "reminders"): False,
    # Cycles are reckoned on the calendar of their ticket's centre alone.
    ("cycles_due", "its ticket"): True,
    ("cycles_due", "a merged ticket"): True,
    ("cycles_due", "another ticket"): False,
    ("cycles_due", "its customer"): False,
    ("cycles_due", "its calendar"): True,
    ("cycles_due", "the calendar of an absorbed ticket"): False,
    ("cycles_due", "targets"): True,
    ("cycles_due", "tz data"): True,
    ("cycles_due", "prices"): False,
    # A term lapses unless another one of its licence follows, which may be left aside, or its customer.
    ("terms_that_ended", "its contract"): True,
    ("terms_that_ended", "its customer"): True,
    ("terms_that_ended", "a term of its licence"): True,
    ("terms_that_ended", "a contract of others"): False,
    ("terms_that_ended", "its calendar"): False,
    ("terms_that_ended", "prices"): False,
    # A renewal is offered and reminded of unless it is signed for, and whatever its licence is worth.
    ("renewals_to_tell", "its contract"): True,
    ("renewals_to_tell", "its customer"): True,
    ("renewals_to_tell", "a term of its licence"): True,
    ("renewals_to_tell", "a contract of others"): False,
    ("renewals_to_tell", "its calendar"): False,
}
ASIDE = {
    "its ticket": TICKET,
    "a merged ticket": MERGED,
    "another ticket": OTHER_TICKET,
    "its customer": CUSTOMER,
    "its contract": CONTRACT,
    "a term of its licence": RENEWAL,
    "a contract of others": OTHER_CONTRACT,
    **PARTS,
}


class Found:
    """Queries that find one row, and nothing of tickets that were merged."""

    async def rows(self, name: str, **values: object) -> list[dict[str, Any]]:  # noqa: ARG002 - whatever is asked
        return [ROWS[name]] if name in ROWS else []

    async def row(self, name: str, **values: object) -> dict[str, Any] | None:  # noqa: ARG002 - whatever is asked
        return {"content": OFFSETS.model_dump_json()} if name == "notice_offsets" else None


async def fired(deadline: str, aside: Aside | None) -> list[str]:
    """Give the streams of which the duty does something."""
    log, clock = MemoryLog(1), Machine()
    if aside:
        log.write(Outgoing(aside.source.topic, 0, aside.key.encode(), json.dumps(aside.said).encode()))
        log.committed[aside.source.group, aside.source.topic, 0] = 1
        log.remarks[aside.source.group, aside.source.topic, 0] = remark_of([0], aside.source.topic)
    host: Any = SimpleNamespace(queries=Found(), clock=clock)
    find, inputs = {
        "promises_due": (PromiseDuties(host, host).due, OF_PROMISES),
        "cycles_due": (CycleDuties(host, host).due, OF_CYCLES),
        "terms_that_ended": (TermDuties(host).ended, OF_TERMS),
        "renewals_to_tell": (TermDuties(host).to_tell, OF_TERMS),
    }[deadline]
    done: list[str] = []

    async def answer(commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        done.extend(issued.stream for issued in commands)
        return [Answer(issued, None) for issued in commands]

    duty = Duty(deadline, find, SafeTime(log, clock, [], inputs=inputs))
    loop = DutyLoop(clock, is_open, [duty], answer, no_rest)
    await loop.round(duty)
    assert loop.keeps_back is (not done)
    return done


@pytest.mark.parametrize("deadline", ROWS)
async def test_a_deadline_fires_where_nothing_is_left_aside(deadline: str) -> None:
    assert await fired(deadline, None) == [ROWS[deadline]["stream"]]


@pytest.mark.parametrize(("deadline", "name"), MOVES)
async def test_what_may_move_a_deadline_holds_it_back_and_nothing_else_does(deadline: str, name: str) -> None:
    done = await fired(deadline, ASIDE[name])
    assert (not done) is MOVES[deadline, name]


@pytest.mark.parametrize("source", [REACTION, MERGES])
async def test_what_a_reaction_of_its_own_left_aside_holds_a_promise_back(source: Source) -> None:
    assert await fired("promises_due", Aside(source, "promise/crm/1", {"data": {}})) == []


@pytest.mark.parametrize("value", ["", "[]", "7", '{"publication": 7}', '{"publication": {"part": "calendar"}}'])
def test_a_record_that_says_nothing_of_the_plan_names_none_of_its_parts(value: str) -> None:
    record: Any = SimpleNamespace(value=value.encode())
    assert list(PLAN_DOOR.also(record)) == []
