"""The plan that a person names on the command line: a folder of plan files, or one exported file."""

from pathlib import Path

from libs.plan import BadPlan, Plan
from libs.plan.exported import parse_exported
from services.contract.plan import read_plan


def plan_at(path: Path | None) -> Plan:
    """Read a folder of plan files or an exported plan, by default the plan that is shipped; raises `BadPlan`."""
    if path is None or path.is_dir():
        return read_plan(path)
    try:
        return parse_exported(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # BadPlan and text that is no UTF-8 are ValueErrors
        raise BadPlan(f"{path}: {error}") from error
