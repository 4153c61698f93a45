"""A day of support is played twice, on the plan as it is and with a draft published first, as a rehearsal foresees."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

import asyncpg
import pytest

from libs.messages.plan import CentreCalendar, Closure, ResponseTargets, Status
from libs.messages.sources import PLAN_SOURCE
from libs.plan import Plan, export_plan
from libs.stack.run import PROJECT, Run
from services.contract.plan import read_plan
from services.ops.cli.environment import Environment
from services.ops.rehearse.draft import EXPORTED
from services.ops.rehearse.findings import Rehearsed
from services.ops.rehearse.reading import LocalDays, past, rehearse
from services.ops.report.accounts import Ledger
from services.ops.report.attainment import Attainment
from services.ops.report.command import reported
from services.ops.report.scope import Scope
from tests.faults.load import Upstream
from tests.faults.script import CONTRACTS_DOOR, Day, Message, contracts, customers, said, the_plan
from tests.faults.system import System

BEGIN = datetime(2026, 11, 23, 8, tzinfo=UTC)
"""A Monday; nobody promised anything before."""
DRAFTED = datetime(2026, 11, 23, 13, tzinfo=UTC)
"""When the 24th begins in Melbourne: the first day that is rehearsed, wherever a centre is."""
DAYS = LocalDays(date(2026, 11, 24), date(2026, 11, 27))
END = datetime(2026, 11, 26, 12, tzinfo=UTC)
TODAY = Day(seed=11, tickets=14, hours=20, begin=DRAFTED - timedelta(hours=3))
AUDIT = {"audit": "services.ops.audit"}
SERVICES = ("contract", "intake", "sla_timer", "notification", "audit")
Stand = tuple[str, datetime | None]
Mails = Counter[tuple[str, str]]


class Played(NamedTuple):
    """How all promises stand, which mails were asked for about them, and the report."""

    promises: dict[str, Stand]
    mails: Mails
    report: Attainment


def plan_with_a_draft() -> Plan:
    """The plan with a closure of one centre, and with other targets of before."""
    plan = read_plan()
    france, *others = sorted(plan.centres, key=lambda centre: centre.centre != "france")
    closure = Closure(
        day=date(2026, 11, 24), name="Grève", status=Status.CONFIRMED, closed_from="09:00", closed_to="14:00"
    )
    closures = tuple(sorted((*france.closures, closure), key=lambda one: one.day))
    targets = plan.targets.targets.model_copy(
        update={"phone_seconds": 2_700, "email_seconds": 1_800, "web_seconds": 3_600}
    )
    return Plan(
        (france.model_copy(update={"version": france.version + 1, "closures": closures}), *others),
        plan.targets.model_copy(update={"version": 2, "targets": targets, "at_risk_percents": (50, 75)}),
        plan.prices,
        plan.products,
        plan.notices,
    )


def drafts(plan: Plan) -> list[Message]:
    """What is new of it, as it is published."""
    france = next(centre for centre in plan.centres if centre.centre == "france")
    parts: list[tuple[str, CentreCalendar | ResponseTargets]] = [("calendar", france), ("targets", plan.targets)]
    return [
        said(
            CONTRACTS_DOOR,
            DRAFTED,
            PLAN_SOURCE,
            f"draft-{part}",
            part,
            "PlanPartSubmitted",
            {"publication": {"part": part, "content": content.model_dump(mode="json", exclude_none=True)}},
        )
        for part, content in parts
    ]


@asynccontextmanager
async def played(draft: Sequence[Message]) -> AsyncIterator[tuple[System, Environment]]:
    """An installation on which the day was played, each message at its own instant."""
    with Run.create(name="rehearsal") as run:
        system = System(run, BEGIN, modules=AUDIT)
        await system.start()
        await system.serve(*SERVICES)
        upstream = Upstream(system.kafka.address)
        for messages in (the_plan(BEGIN, cycles=None), customers(BEGIN), contracts(BEGIN)):
            await upstream.say(messages)
            await system.quiet()
        script = sorted([*TODAY.messages(), *draft], key=lambda message: message.at)
        for at, together in groupby(script, key=lambda message: message.at):
            await system.advance(at)
            await upstream.say([*together])
            await system.quiet()
        await system.advance(END)
        await system.quiet()
        await upstream.close()
        kafka, postgres, cards = system.kafka.address, system.postgres.dsn, PROJECT / "contracts"
        yield system, Environment(kafka, postgres, system.clock_file, None, cards, run.folder)


async def stands(system: System, here: Environment) -> Played:
    """Read it all."""
    rows = await _rows(system, "sla_timer", "select ticket, state, due_at, opened_at from promises")
    notices = await _rows(
        system, "notification", "select template, role from notices where about_stream like 'promise/%'"
    )
    return Played(
        {row["ticket"]: (row["state"], row["due_at"]) for row in rows},
        Counter((row["template"], row["role"]) for row in notices),
        await reported(here, Scope(*DAYS, Ledger.PROMISED, None, None, None)),
    )


async def _rows(system: System, service: str, query: str) -> list[Any]:
    connection = await asyncpg.connect(f"{system.postgres.dsn}/olcare_{service}")
    try:
        schemas = await connection.fetchval(
            "select string_agg(schema, ', ') from olcare.generation where state = 'live'"
        )
        await connection.execute(f"set search_path to {schemas}, public")
        return list(await connection.fetch(query))
    finally:
        await connection.close()


@pytest.mark.timeout(1500)
async def test_what_a_rehearsal_says_is_what_comes_of_the_same_day_under_the_draft() -> None:
    plan = plan_with_a_draft()
    async with played(()) as (system, here):
        was = await stands(system, here)
        async with past(here) as read:
            found = await rehearse(read, {EXPORTED: export_plan(plan)}, DAYS, lambda *_: None)
    async with played(drafts(plan)) as (system, here):
        would = await stands(system, here)
    assert not found.summary.doubtful
    assert found.summary.begins_at == DRAFTED
    _same_verdicts(found, was, would)
    _same_figures(found, was, would)


def _same_verdicts(found: Rehearsed, was: Played, would: Played) -> None:
    others = {ticket for ticket in was.promises if was.promises[ticket][0] != would.promises[ticket][0]}
    assert {flip.ticket for flip in found.flips} == others
    assert others
    for flip in found.flips:
        assert (flip.before.verdict, flip.before.due_at) == was.promises[flip.ticket]
        assert (flip.after.verdict, flip.after.due_at) == would.promises[flip.ticket]
        assert flip.explained_before
        assert flip.explained_after
    both = {ticket: (was.promises[ticket][1], would.promises[ticket][1]) for ticket in was.promises}
    moved = {ticket: due for ticket, due in both.items() if None not in due and due[0] != due[1]}
    assert {one.ticket: (one.before, one.after) for one in found.moved} == moved


def _same_figures(found: Rehearsed, was: Played, would: Played) -> None:
    assert Counter({(m.template, m.role): m.before for m in found.summary.mails if m.before}) == was.mails
    assert Counter({(m.template, m.role): m.after for m in found.summary.mails if m.after}) == would.mails
    for side, report in (("before", was.report), ("after", would.report)):
        counted = {(g.centre, g.channel): getattr(g, side) for g in found.summary.attainment}
        for group in (*report.groups, report.total):
            kept = counted[group.centre, group.channel]
            assert (kept.promised, kept.met, kept.breached) == (group.promised, group.met, group.breached)
            assert (kept.running, kept.cancelled, kept.attainment) == (group.running, group.cancelled, group.attainment)
