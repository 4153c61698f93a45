"""Plants faults in a service: Python imports this at its start where its folder stands in PYTHONPATH.

`OLCARE_PLANTED` names functions, `module:function` with commas between. While the file `OLCARE_FAULTS` has a line with
the function and a text, the function fails where one of its arguments says the text.
"""

import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

PLANTED = [place.split(":") for place in os.environ.get("OLCARE_PLANTED", "").split(",") if place]
FAULTS = Path(os.environ.get("OLCARE_FAULTS", "/nowhere"))


class Planted(Exception):  # noqa: N818 - a fault of the program, of a kind that nobody expects
    """It fails here."""


def failing(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with the fault."""

    @wraps(function)
    def instead(*arguments: Any) -> Any:
        lines = [line.split() for line in FAULTS.read_text().splitlines()] if FAULTS.exists() else []
        if any(line[0] == name and line[1] in repr(arguments) for line in lines):
            raise Planted(repr(arguments))
        return function(*arguments)

    return instead


class Planter(MetaPathFinder):
    """Finds the modules as ever, and plants the faults when they have been executed."""

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,  # noqa: ARG002 - not needed
    ) -> ModuleSpec | None:
        """The module's spec, whose loader plants the faults."""
        functions = [function for module, function in PLANTED if module == name]
        spec = PathFinder.find_spec(name, path) if functions else None
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            for function in functions:
                setattr(module, function, failing(f"{name}:{function}", getattr(module, function)))

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, Planter())
