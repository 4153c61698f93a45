"""Files and commands that a page names are there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from libs.stack.run import PROJECT
from services.contract.settings import ContractSettings
from services.intake.settings import IntakeSettings
from services.notification.settings import NotificationSettings
from services.ops.__main__ import app
from services.ops.audit.settings import AuditSettings
from services.ops.cli.lazy import imported
from services.ops.console.settings import ConsoleSettings
from services.sla_timer.settings import SlaTimerSettings

PAGES = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")]
FILE = re.compile(r"`((?:libs|services|tests|contracts|docs)/[\w/.-]+)`")
LINK = re.compile(r"\]\((?!http|#)([^)#]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_a_page_names_files_that_are_there(page: Path) -> None:
    text = page.read_text()
    named = [PROJECT / name for name in FILE.findall(text) if "<" not in name]
    assert [path for path in (*named, *(page.parent / link for link in LINK.findall(text))) if not path.exists()] == []


COMMAND = re.compile(r"(?:olcare|python -m services\.ops) ([a-z-]+(?: [^`|;#>\n]*)?)")
CODE = re.compile(r"```.*?\n(.*?)```|`([^`]+)`", re.DOTALL)


def commands(page: Path) -> Iterator[str]:
    """What follows `olcare` in the code of a page, lines that go on joined."""
    for block, inline in CODE.findall(page.read_text()):
        yield from COMMAND.findall(block.replace("\\\n", " ") if block else " ".join(inline.split()))


def unknown(words: list[str]) -> list[str]:
    """What of a command's words `olcare` does not know: the name of a command, or an option."""
    at: Any = get_command(app)
    while hasattr(at, "commands"):
        if not words or words[0] not in at.commands:
            return [word for word in words[:1] if word != "--help"]
        at, words = imported(at.commands[words[0]]), words[1:]
    known = {"--help"} | {option for parameter in at.params for option in (*parameter.opts, *parameter.secondary_opts)}
    return [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_a_page_names_commands_that_are_there(page: Path) -> None:
    named = [command for command in commands(page) if unknown(command.strip("[]… ").split())]
    assert named == []


def test_a_command_that_is_not_there_is_found() -> None:
    assert unknown(["projections", "forget"]) == ["forget"]
    assert unknown(["plan", "publish", "--plan", "x", "--force"]) == ["--force"]
    assert len(list(commands(PROJECT / "docs/runbook/README.md"))) > 20


SERVICES = (
    *(IntakeSettings, ContractSettings, SlaTimerSettings, NotificationSettings),
    *(AuditSettings, ConsoleSettings),
)
SETTINGS = PROJECT / "docs/runbook/credentials.md"


def test_every_setting_is_in_the_runbook_and_nothing_else() -> None:
    there = {f"OLCARE_{name.upper()}" for kind in SERVICES for name in kind.model_fields if name != "service"}
    table = SETTINGS.read_text().partition("## All settings")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(OLCARE_\w+[A-Z])`", table)) == there


SECURITY = (PROJECT / "docs/security.md").read_text()


def test_every_check_of_security_is_a_test_or_says_what_brings_it() -> None:
    first = [line.split("|")[1] for line in SECURITY.splitlines() if line.startswith("| SEC-")]
    assert sorted(re.findall(r"SEC-\d\d", " ".join(first))) == [f"SEC-{n:02}" for n in range(1, 41)]


def test_every_bad_input_has_its_test() -> None:
    rows = " ".join(line.split("|")[1] for line in SECURITY.splitlines() if re.match(r"\| K\d", line))
    here = (PROJECT / "tests/unit/test_bad_inputs.py").read_text()
    named = {*re.findall(r"\bK\d+\b", rows), *re.findall(r'"(K\d+)"', here)}
    assert named | {"K27"} == {f"K{n}" for n in range(1, 37)}


def test_the_tests_of_security_are_there() -> None:
    paths = set(re.findall(r"tests/[a-z_/]+\.py", SECURITY))
    assert {path for path in paths if not (PROJECT / path).is_file()} == set()
    assert len(paths) > 20
