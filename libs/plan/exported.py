"""A whole plan as one JSON text, for who has no folder of plan files."""

import json

from pydantic import TypeAdapter, ValidationError

from libs.plan.published import BadPlan, Plan

FORMAT = "olcare-plan-1"
_PLAN = TypeAdapter(Plan)


def export_plan(plan: Plan) -> str:
    """Give the text that `parse_exported` reads back into an equal plan."""
    parts = _PLAN.dump_python(plan, mode="json", exclude_none=True)
    return json.dumps({"format": FORMAT, **parts}, ensure_ascii=False, indent=1) + "\n"


def parse_exported(text: str) -> Plan:
    """Read what `export_plan` gave; raises `BadPlan`, which names the place."""
    try:
        parts = json.loads(text)
    except ValueError as error:
        raise BadPlan(f"no JSON: {error}") from error
    if not isinstance(parts, dict) or parts.pop("format", None) != FORMAT:
        raise BadPlan(f"format: no exported plan, that says {FORMAT}")
    try:
        return _PLAN.validate_python(parts, extra="forbid")
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadPlan(f"{place}: {first['msg']}") from error
