"""The printed plan as data, the first plan that is published."""

from collections.abc import Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable

from libs.plan import FILES, NoPlan, Plan, parse_plan

SHIPPED = files(__name__)


def read_plan(folder: Traversable | None = None) -> Plan:
    """Read a folder of plan files (a `pathlib.Path` is one), by default those shipped here; raises `BadPlan`."""
    return parse_plan(read_texts(folder or SHIPPED, FILES))


def read_texts(folder: Traversable, names: Iterable[str]) -> dict[str, str]:
    """Read files of a folder by their names, line endings unchanged; raises `NoPlan`."""
    try:
        return {name: folder.joinpath(name).read_bytes().decode() for name in names}
    except (OSError, UnicodeDecodeError) as error:
        raise NoPlan(f"{folder}: {error}") from error
