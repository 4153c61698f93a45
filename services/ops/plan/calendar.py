"""`olcare calendar propose`: draft closures of years to come as a change of the plan's files, for a person to judge."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer

from libs.messages.plan import CentreCalendar, Closure
from libs.plan import FILES, Plan, parse_plan
from services.contract.plan import SHIPPED, read_texts
from services.ops.cli.output import AsJson, Refused, say, show
from services.ops.plan.closure_drafts import draft
from services.ops.plan.closure_overrides import OVERRIDES, Overrides, read_overrides
from services.ops.plan.proposals import Proposal, difference, proposed

MOST_YEARS = 10
"""Drafted at once; in later years the holidays that follow the moon are too uncertain."""
app = typer.Typer(no_args_is_help=True, help="Draft the calendars of years to come.")


def _years(text: str) -> range:
    match = re.fullmatch(r"(\d{4})(?:\.\.(\d{4}))?", text)
    if match is None:
        raise typer.BadParameter(f"{text!r} is no span of years like 2029..2030")
    found = range(int(match[1]), int(match[2] or match[1]) + 1)
    if not 0 < len(found) <= MOST_YEARS:
        raise typer.BadParameter(f"{text} are not 1 to {MOST_YEARS} years")
    return found


@app.callback()
def _group() -> None:
    """Let `propose` be named, though it is alone."""


@app.command()
def propose(
    years: Annotated[range, typer.Option(parser=_years, metavar="YEARS", help="2029 or 2029..2030.")],
    centre: Annotated[str | None, typer.Option(help="Of this centre alone.")] = None,
    folder: Annotated[
        Path | None, typer.Option("--plan", exists=True, file_okay=False, help="Files of a plan; else those shipped.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Draft the closures of some years and show what would change in the plan's files; nothing is changed."""
    texts = _texts(folder)
    overrides = read_overrides(texts[OVERRIDES])
    found = [_proposal(calendar, overrides, years) for calendar in _calendars(parse_plan(texts), centre)]
    after = proposed(texts, found)
    change = difference(texts, after)
    if as_json:
        show(_as_json(found, change), as_json=True, otherwise=str)
    else:  # as it is: a change that is folded to a width can not be applied
        say(_for_people(found, change))


def _texts(folder: Path | None) -> dict[str, str]:
    """Read the plan's files with the overrides that lie there, else those that are shipped."""
    texts = read_texts(folder or SHIPPED, FILES)
    own = folder is not None and (folder / OVERRIDES).exists()
    return texts | read_texts(folder if own and folder else SHIPPED, [OVERRIDES])


def _calendars(plan: Plan, centre: str | None) -> list[CentreCalendar]:
    if found := [calendar for calendar in plan.centres if centre in {None, calendar.centre}]:
        return found
    raise Refused(f"there is no centre {centre}; there are {', '.join(c.centre for c in plan.centres)}")


def _proposal(calendar: CentreCalendar, overrides: Overrides, years: range) -> Proposal:
    if years[0] > calendar.last_day.year + 1:
        first = calendar.last_day.year + 1
        raise Refused(f"{calendar.centre} is published until {calendar.last_day}: propose {first}..{years[-1]}")
    drafted = draft(overrides, calendar.centre, years)
    closures = tuple(closure for closure in drafted.closures if closure.day >= calendar.first_day)
    return Proposal(calendar, years, closures, drafted.decisions)


def _for_people(proposals: Iterable[Proposal], change: str) -> str:
    """The change as `patch` takes it, after the decisions that differ from the library."""
    decided = [
        f"# {proposal.calendar.centre} {each.day} {each.name}: {each.action}, {each.reason}\n"
        for proposal in proposals
        for each in proposal.decisions
    ]
    return "".join(decided) + (change or "nothing would change\n")


def _as_json(proposals: Iterable[Proposal], change: str) -> Mapping[str, Any]:
    changing = [proposal for proposal in proposals if proposal.changes]
    return {
        "calendars": [
            {"centre": p.calendar.centre, "version": p.calendar.version + 1, "last_day": p.last_day} for p in changing
        ],
        "changes": [change for proposal in changing for change in _changes(proposal)],
        "decisions": [{"centre": p.calendar.centre, **each._asdict()} for p in proposals for each in p.decisions],
        "diff": change,
    }


def _changes(proposal: Proposal) -> Iterator[Mapping[str, Any]]:
    """Each day whose closures would change, with those before and after."""
    before, after = _by_day(proposal.standing), _by_day(proposal.closures)
    for day in sorted(before.keys() | after.keys()):
        if before.get(day) != after.get(day):
            yield {
                "centre": proposal.calendar.centre,
                "day": day,
                "before": before.get(day, []),
                "after": after.get(day, []),
            }


def _by_day(closures: Iterable[Closure]) -> dict[Any, list[Closure]]:
    ordered = sorted(closures, key=lambda closure: closure.day)
    return {day: list(found) for day, found in groupby(ordered, key=lambda closure: closure.day)}
