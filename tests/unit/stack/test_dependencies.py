"""What the image installs is what its code imports; what only tests need stays out of it."""

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions

from libs.stack.run import PROJECT

DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
PINNED_ELSEWHERE = {"olcare", "pydantic-core"}  # ours, and one that comes with pydantic at its very version

OF_DEVELOPMENT = {"testcontainers"}  # imported where `STACK=docker` asks for containers, and missed with a sentence


def name(requirement: str) -> str:
    return re.split(r"[\[<>=]", requirement)[0].lower().replace("_", "-")


def imported() -> Iterator[str]:
    """The distributions whose modules are imported by name."""
    of = packages_distributions()
    for path in (path for folder in ("libs", "services") for path in (PROJECT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            yield from (name(d) for module in modules for d in of.get(module.partition(".")[0], []))


def test_what_is_installed_is_imported_and_what_is_imported_is_installed() -> None:
    declared = {name(one) for one in (*DECLARED["dependencies"], *DECLARED["optional-dependencies"]["stack"])}
    assert set(imported()) - PINNED_ELSEWHERE - OF_DEVELOPMENT == declared


def test_what_is_of_development_is_imported_in_one_place_alone() -> None:
    users = [p for f in ("libs", "services") for p in (PROJECT / f).rglob("*.py") if "testcontainers" in p.read_text()]
    assert [path.relative_to(PROJECT).as_posix() for path in users] == ["libs/stack/docker.py"]


def test_the_mail_catcher_alone_needs_the_extra_of_the_stack() -> None:
    users = [p.name for f in ("libs", "services") for p in (PROJECT / f).rglob("*.py") if "aiosmtpd" in p.read_text()]
    assert users == ["mail.py"]


def test_the_image_has_what_its_mail_catcher_needs_and_no_tools_of_tests() -> None:
    locked = set(re.findall(r"^([\w.-]+)==", (PROJECT / "requirements-image.lock").read_text(), re.MULTILINE))
    assert "aiosmtpd" in locked
    assert locked.isdisjoint({"httpx", "pytest", "hypothesis", "mypy", "ruff"})


def test_every_lock_names_the_hash_of_whatever_it_installs() -> None:
    locks = [*PROJECT.glob("*.lock"), *(PROJECT / "libs/stack/wheels").glob("*.lock")]
    assert len(locks) >= 6
    for lock in locks:
        pinned = re.findall(r"^[\w.-]+==.*?(?=^[\w.-]+==|\Z)", lock.read_text(), re.MULTILINE | re.DOTALL)
        assert pinned
        assert [entry.split()[0] for entry in pinned if "--hash=sha256:" not in entry] == []
