"""`olcare sla cycles`: next responses, resolutions and periodic updates of a ticket, with their working time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from pydantic import TypeAdapter

import services.sla_timer
from libs.eventlog.queries import Queries
from libs.messages.cycles import TargetedCycle
from libs.plan import working_calendar
from libs.workcal import CalendarEnds, WorkingCalendar
from services.ops.given import Given, given
from services.ops.output import AsJson, Refused, run, show, table
from services.ops.tickets import ticket_id
from services.ops.watched import WATCHED, tables
from services.sla_timer.cycle_targets import Begun
from services.sla_timer.cycle_time import is_met, wall_time, working_time
from services.sla_timer.cycles import Cycle, Story, cycles_of
from services.sla_timer.publications import in_force
from services.sla_timer.reactions import FACTS

COLUMNS = (
    *("measure", "instance", "state", "started_at", "ended_at", "ended_by"),
    *("working_time", "wall_time", "pauses", "target", "due_at"),
)
STORY: TypeAdapter[Story] = TypeAdapter(Story)
CYCLES: TypeAdapter[tuple[TargetedCycle, ...]] = TypeAdapter(tuple[TargetedCycle, ...])
MISSED: TypeAdapter[tuple[Begun, ...]] = TypeAdapter(tuple[Begun, ...])
QUERIES = Path(services.sla_timer.__file__).with_name("queries.sql")


class Measured(NamedTuple):
    """A cycle with its figures, in seconds; a void one has none."""

    measure: str
    instance: int
    state: str
    """running, paused, ended, void; with a target: met or missed."""
    started_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    working_seconds: float | None
    """None also where the calendar is not published for all of it."""
    wall_seconds: float | None
    pauses: list[dict[str, datetime | None]]
    target_seconds: int | None
    due_at: datetime | None
    """None without a target, and while it is paused before that."""


class Known(NamedTuple):
    """What the tables say of a ticket."""

    story: Story
    calendar: WorkingCalendar | None
    reckoned: Mapping[Begun, TargetedCycle]
    missed: frozenset[Begun]


def cycles(
    ctx: typer.Context,
    ticket: Annotated[str, typer.Argument(parser=ticket_id, metavar="ID", help="source/number, both percent-encoded.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show the cycles of a ticket: what was measured by now, and where the plan gives a target whether it was kept."""
    here = given(ctx)
    known = run(_known(here, ticket))
    if known is None:
        raise Refused(f"there is no {ticket} that was opened")
    found = list(measured(known, here.clock().now()))
    said = {"ticket": ticket, "centre": known.story.centre, "opened_at": known.story.opened_at}
    told = {**said, "cycles": [one._asdict() for one in found]}
    show(told, as_json=as_json, otherwise=lambda: table(map(_row, found), COLUMNS, title=ticket))


def measured(known: Known, now: datetime) -> Iterator[Measured]:
    """Give the figures of all cycles, what runs until now."""
    for cycle in cycles_of(known.story):
        begun = Begun(cycle.measure, cycle.started_at)
        targeted = known.reckoned.get(begun)
        yield Measured(
            measure=str(cycle.measure),
            instance=cycle.instance,
            state=_state(cycle, targeted, is_missed=begun in known.missed),
            started_at=cycle.started_at,
            ended_at=cycle.ended_at,
            ended_by=str(cycle.ended_by) if cycle.ended_by else None,
            working_seconds=None if cycle.is_void else _working_seconds(cycle, known.calendar, now),
            wall_seconds=None if cycle.is_void else wall_time(cycle, now).total_seconds(),
            pauses=[pause._asdict() for pause in cycle.pauses],
            target_seconds=targeted.target_seconds if targeted else None,
            due_at=targeted.due_at if targeted else None,
        )


def _state(cycle: Cycle, targeted: TargetedCycle | None, *, is_missed: bool) -> str:
    if is_missed:
        return "missed"
    if cycle.is_void:
        return "void"
    if cycle.ended_at is None:
        return "paused" if cycle.is_paused else "running"
    return "met" if targeted and is_met(cycle, targeted.due_at) else "ended"


def _working_seconds(cycle: Cycle, calendar: WorkingCalendar | None, now: datetime) -> float | None:
    try:
        return working_time(cycle, calendar, now).total_seconds() if calendar else None
    except CalendarEnds:
        return None


async def _known(here: Given, ticket: str) -> Known | None:
    async with tables(here.postgres_address(), WATCHED["sla_timer"]) as database:
        queries = Queries(database, QUERIES)
        row = await queries.row("facts_of_cycles", tickets=[ticket])
        if row is None:
            return None
        story = STORY.validate_json(row["story"])
        (published,) = await queries.rows("facts_for_promises", centres=[story.centre], since=here.clock().now())
        reckoned = await queries.rows("cycles_reckoned", ticket=ticket)
    calendar = in_force(FACTS.validate_json(published["facts"]).calendars, here.clock().now())
    return Known(story, working_calendar(calendar.content) if calendar else None, *_reckoned(reckoned))


def _reckoned(rows: Sequence[Mapping[str, Any]]) -> tuple[Mapping[Begun, TargetedCycle], frozenset[Begun]]:
    every: Iterable[TargetedCycle] = (cycle for row in rows for cycle in CYCLES.validate_json(row["cycles"]))
    missed = frozenset(begun for row in rows for begun in MISSED.validate_json(row["missed"]))
    return {Begun(cycle.measure, cycle.started_at): cycle for cycle in every}, missed


def _row(one: Measured) -> Mapping[str, object]:
    return {
        **one._asdict(),
        "working_time": _span(one.working_seconds),
        "wall_time": _span(one.wall_seconds),
        "pauses": len(one.pauses) or None,
        "target": _span(one.target_seconds),
    }


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
