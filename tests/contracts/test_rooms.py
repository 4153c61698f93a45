"""Every service has the files of all others, and whatever has wings has them as layers of import-linter."""

import re
import tomllib
from pathlib import Path

import pytest

from libs.stack.run import PROJECT

SERVICES = ("intake", "contract", "sla_timer", "notification")
LAYERED = {
    container
    for rule in tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    if rule["type"] == "layers" and rule.get("exhaustive")
    for container in rule["containers"]
}


def wings(package: Path) -> list[Path]:
    """The packages of modules within a package; one of data alone has nothing but its `__init__`."""
    return [folder for folder in package.iterdir() if folder.is_dir() and len([*folder.glob("*.py")]) > 1]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_files_that_the_recipe_names(service: str) -> None:
    recipe = (PROJECT / "CONTRIBUTING.md").read_text().partition("## Add a service")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\w+\.(?:py|sql))`", recipe))
    assert {"domain.py", "reactions.py", "projections.py", "duties.sql", "__main__.py"} <= named
    assert {name for name in named if not (PROJECT / "services" / service / name).is_file()} == set()


def test_wings_are_layers() -> None:
    packages = [path for root in ("libs", "services") for path in (PROJECT / root).iterdir() if path.is_dir()]
    winged = {f"{path.parent.name}.{path.name}" for path in packages if wings(path)}
    assert {"libs.eventlog", "services.ops"} <= winged
    assert winged - LAYERED == set()


def test_the_rules_name_what_has_wings() -> None:
    rules = " ".join((PROJECT / "CONTRIBUTING.md").read_text().split())
    named = re.search(r"((?:`\w+`(?:, | and )?)+) have wings", rules)
    assert named
    assert {*re.findall(r"\w+", named[1])} - {"and"} == {name.rpartition(".")[2] for name in LAYERED} - {
        "libs",
        "services",
    }
