"""The plan that a person names on the command line: a folder of plan files, or one exported file."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from libs.plan import BadPlan, NoPlan, Plan, Problem, export_plan, parse_exported
from libs.plan.checks import objections, warnings
from libs.workcal import tz_version
from services.contract.plan import read_plan
from services.ops.cli.environment import environment
from services.ops.cli.output import AsJson, Refused, show, tell

PlanGiven = Annotated[
    Path | None,
    typer.Option("--plan", exists=True, help="A folder of plan files, or an exported plan; else the one shipped."),
]


def plan_at(path: Path | None) -> Plan:
    """Read a folder of plan files or an exported plan, by default the plan that is shipped; raises `BadPlan`.

    It is a `NoPlan` where there is nothing to read.
    """
    if path is None or path.is_dir():
        return read_plan(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NoPlan(f"{path}: {error}") from error
    return parse_exported(text, str(path))


def check(
    ctx: typer.Context,
    path: PlanGiven = None,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="As if it were this day; else today.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Why a plan would be refused, and what somebody should see to; exit code 1 where it would be refused."""
    today = (on or environment(ctx).clock().now()).date()
    try:
        errors, warned = _checked(path, today)
    except NoPlan as error:
        tell(f"olcare: {error}")
        raise typer.Exit(2) from None
    found = {
        "errors": [asdict(each) for each in errors],
        "warnings": [asdict(each) for each in warned],
        "tz_version": tz_version(),
    }
    show(found, as_json=as_json, otherwise=lambda: _for_people(errors, warned))
    if errors:
        raise typer.Exit(1)


def export(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to; what is there is replaced.")],
    path: PlanGiven = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Write the whole plan, every part with its version, as one JSON file that `--plan` takes."""
    plan = plan_at(path)
    try:
        file.write_text(export_plan(plan), encoding="utf-8")
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}") from error
    several, alone = (plan.centres, plan.prices, plan.products), (plan.targets, plan.notices)
    found = {"file": file, "parts": sum(map(len, several)) + len(alone)}
    show(found, as_json=as_json, otherwise=lambda: f"{file}: {found['parts']} parts of the plan")


def _checked(path: Path | None, today: date) -> tuple[Sequence[Problem], Sequence[Problem]]:
    """What is wrong and what is only warned of; raises `NoPlan`."""
    try:
        plan = plan_at(path)
    except NoPlan:
        raise
    except BadPlan as error:
        return [each if isinstance(each, Problem) else Problem("", "", str(each)) for each in error.args], []
    return _of(path, objections(plan)), _of(path, warnings(plan, today))


def _of(path: Path | None, problems: Iterable[Problem]) -> Sequence[Problem]:
    """Name the file that was given, where all parts stand in one."""
    one = None if path is None or path.is_dir() else str(path)
    return [replace(problem, file=one) if one else problem for problem in problems]


def _for_people(errors: Iterable[Problem], warned: Iterable[Problem]) -> Text:
    for problem in warned:
        tell(f"warning: {problem}")
    said = "\n".join(map(str, errors)) or f"the plan can be published, with tz database {tz_version()}"
    return Text(said, no_wrap=True, overflow="ignore")
