"""What deadlines rest on, calendars and targets with the instants of their publication: from files, log or tables."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from libs.eventlog.tables.database import Database
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.catalogue import PLAN
from libs.messages.plan import CentreCalendar, CentreCalendarPublished, ResponseTargets, TargetsPublished
from libs.plan import BadPlan, Plan, working_calendar
from libs.plan.checks import objections
from libs.workcal import WorkingCalendar
from services.ops.cli.environment import Environment, open_log
from services.ops.cli.output import Refused
from services.ops.plan.files import plan_at
from services.ops.watch.counting import counting_events
from services.ops.watch.services import queries
from services.sla_timer.published.publications import PublishedCalendar, PublishedTargets, in_force

EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Grounds:
    """Every publication, each calendar under its centre."""

    calendars: Mapping[str, Sequence[PublishedCalendar]]
    targets: Sequence[PublishedTargets]

    @cached_property
    def _laid_out(self) -> Mapping[tuple[str, int], WorkingCalendar]:
        published = [one for several in self.calendars.values() for one in several]
        return {(one.stream, one.sequence): working_calendar(one.content) for one in published}

    def at(self, centre: str, opened_at: datetime) -> tuple[WorkingCalendar, ResponseTargets]:
        """What was in force for a ticket opened then; raises LookupError for an unknown centre."""
        targets = in_force(self.targets, opened_at)
        if targets is None:
            raise LookupError("no targets are published")
        return self.calendar_at(centre, opened_at), targets.content

    def calendar_at(self, centre: str, instant: datetime) -> WorkingCalendar:
        """A centre's calendar in force at an instant; raises LookupError for an unknown centre."""
        return self._laid(centre, in_force(self.calendars.get(centre, ()), instant))

    def published_at(self, centre: str, instant: datetime) -> PublishedCalendar:
        """The publication of a centre in force at an instant; raises LookupError for an unknown centre."""
        found = in_force(self.calendars.get(centre, ()), instant)
        if found is None:
            raise LookupError(f"no calendar is published for {centre}")
        return found

    def newest(self, centre: str) -> WorkingCalendar:
        """A centre's last calendar; raises LookupError for an unknown centre."""
        ordered = sorted(self.calendars.get(centre, ()), key=lambda one: one.sequence)
        return self._laid(centre, ordered[-1] if ordered else None)

    def only(self, known: Collection[tuple[str, int]]) -> "Grounds":
        """Those of the calendars alone that are known, by stream and sequence."""
        each = {
            c: [one for one in several if (one.stream, one.sequence) in known] for c, several in self.calendars.items()
        }
        return Grounds({centre: several for centre, several in each.items() if several}, self.targets)

    def _laid(self, centre: str, published: PublishedCalendar | None) -> WorkingCalendar:
        if published is None:
            raise LookupError(f"no calendar is published for {centre}")
        return self._laid_out[published.stream, published.sequence]


def grounds_in_files(path: Path) -> Grounds:
    """Grounds by which a plan has always been in force; raises BadPlan."""
    plan = plan_at(path)
    if found := tuple(objections(plan)):
        raise BadPlan(*found)
    return grounds_of(plan)


def grounds_of(plan: Plan) -> Grounds:
    """Grounds by which a plan has always been in force."""
    calendars = {c.centre: [PublishedCalendar(f"calendar/plan/{c.centre}", 1, EVER, c)] for c in plan.centres}
    return Grounds(calendars, [PublishedTargets("targets/plan/first-response", 1, EVER, plan.targets)])


async def grounds_in_log(here: Environment) -> Grounds:
    """Read what counts of the plan's topic; raises Refused, Unavailable and Halted."""
    async with open_log(here) as log:
        return gathered([event async for event in counting_events(log, here.cards()[PLAN])])


def gathered(events: Sequence[RecordedEvent]) -> Grounds:
    """Gather publications; raises Refused where there are not enough of them for any deadline."""
    calendars: dict[str, list[PublishedCalendar]] = {}
    targets: list[PublishedTargets] = []
    for event in events:
        match event.data:
            case CentreCalendarPublished(published_at=at, calendar=calendar):
                one = PublishedCalendar(event.stream, event.sequence, at, calendar)
                calendars.setdefault(calendar.centre, []).append(one)
            case TargetsPublished(published_at=at, targets=content):
                targets.append(PublishedTargets(event.stream, event.sequence, at, content))
            case _:
                pass
    if not calendars or not targets:
        raise Refused("no calendars and targets are published yet: `olcare plan publish` does it")
    return Grounds(calendars, targets)


async def grounds_in_tables(database: Database) -> Grounds:
    """Read every calendar that sla_timer knows of, and no targets; raises Unavailable."""
    calendars: dict[str, list[PublishedCalendar]] = {}
    for row in await queries(database).rows("calendars_published"):
        content = CentreCalendar.model_validate_json(row["content"])
        one = PublishedCalendar(row["stream"], row["sequence"], row["published_at"], content)
        calendars.setdefault(content.centre, []).append(one)
    return Grounds(calendars, ())
