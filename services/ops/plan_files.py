"""The plan that a person names on the command line: a folder of plan files, or one exported file."""

from pathlib import Path

from libs.plan import NoPlan, Plan, parse_exported
from services.contract.plan import read_plan


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
