"""A whole plan as one JSON text, for those without a folder of plan files."""

import json

from libs.plan.problems import NoPlan, Problem
from libs.plan.published import PLAN, Plan, validated

FORMAT = "olcare-plan-1"


def export_plan(plan: Plan) -> str:
    """The text that `parse_exported` reads back into an equal plan."""
    parts = PLAN.dump_python(plan, mode="json", exclude_none=True)
    return json.dumps({"format": FORMAT, **parts}, ensure_ascii=False, indent=1) + "\n"


def parse_exported(text: str, file: str = "exported plan") -> Plan:
    """Read what `export_plan` gave; raises `BadPlan` with every problem and its place in the file, or `NoPlan`."""
    try:
        parts = json.loads(text)
    except ValueError as error:
        raise NoPlan(Problem(file, "", f"no JSON: {error}")) from error
    if not isinstance(parts, dict) or parts.pop("format", None) != FORMAT:
        raise NoPlan(Problem(file, "format", f"an exported plan says {FORMAT} here"))
    return validated(parts, lambda steps: (file, ".".join(steps)))
