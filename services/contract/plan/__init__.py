"""The plan of the printed page as data, the first that is published."""

from importlib.resources import files
from importlib.resources.abc import Traversable

from libs.plan import FILES, NoPlan, Plan, parse_plan


def read_plan(folder: Traversable | None = None) -> Plan:
    """Read a folder of plan files (a `pathlib.Path` is one), by default those shipped here; raises `BadPlan`."""
    source = folder or files(__name__)
    try:
        texts = {name: source.joinpath(name).read_text(encoding="utf-8") for name in FILES}
    except (OSError, UnicodeDecodeError) as error:
        raise NoPlan(f"{source}: {error}") from error
    return parse_plan(texts)
