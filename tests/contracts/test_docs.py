"""Files, commands, settings, metrics and topics that a page names are there, and its tables are complete."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from libs.eventlog.kafka.topics import load_cards
from libs.messages.notices import DeliveryProblem
from libs.messages.sources import GROUPS
from libs.stack.run import PROJECT
from services.contract.settings import ContractSettings
from services.intake.settings import IntakeSettings
from services.notification.notice.delivery import SENT_AGAIN
from services.notification.settings import NotificationSettings
from services.ops.__main__ import app
from services.ops.audit.settings import AuditSettings
from services.ops.backup.cut import derived_first
from services.ops.cli.lazy import imported
from services.ops.console.followers import Trend
from services.ops.console.pages import PAGES as CONSOLE
from services.ops.console.settings import ConsoleSettings
from services.ops.watch.services import SERVICES as WATCHED
from services.sla_timer.settings import SlaTimerSettings
from tests.acceptance.measured import described

PAGES = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")]
FILE = re.compile(r"`((?:libs|services|tests|contracts|docs)/[\w/.-]+)`")
LINK = re.compile(r"\]\((?!http|#)([^)#]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_a_page_names_files_that_are_there(page: Path) -> None:
    text = page.read_text()
    named = [PROJECT / name for name in FILE.findall(text) if "<" not in name]
    assert [path for path in (*named, *(page.parent / link for link in LINK.findall(text))) if not path.exists()] == []


def test_every_page_is_found_from_the_first_one() -> None:
    found, ahead = set[Path](), [PROJECT / "README.md"]
    while ahead:
        page = ahead.pop()
        found.add(page)
        links = [(page.parent / link).resolve() for link in LINK.findall(page.read_text())]
        pages = [link / "README.md" if link.is_dir() else link for link in links]
        ahead += [link for link in pages if link.suffix == ".md" and link not in found]
    assert {*PAGES} - found == set()


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


def lacking(words: list[str]) -> list[str]:
    """The options that a command asks for and that are not there, where it is written with an argument."""
    at: Any = get_command(app)
    while hasattr(at, "commands") and words and words[0] in at.commands:
        at, words = imported(at.commands[words[0]]), words[1:]
    if hasattr(at, "commands") or not words or words[0].startswith("-"):
        return []
    required = [parameter.opts for parameter in at.params if parameter.required and parameter.opts[0].startswith("-")]
    return [options[0] for options in required if not {*options} & {*words}]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_a_command_that_is_written_with_its_argument_has_all_that_it_asks_for(page: Path) -> None:
    written = {command: command.strip("[]… ").split() for command in commands(page)}
    assert {command: lacks for command, words in written.items() if (lacks := lacking(words))} == {}


def test_a_command_that_is_not_there_is_found() -> None:
    assert unknown(["projections", "forget"]) == ["forget"]
    assert unknown(["plan", "publish", "--plan", "x", "--force"]) == ["--force"]
    assert lacking(["dlq", "discard", "PLACE", "--by", "WHO"]) == ["--why"]
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


def test_what_holds_without_a_setting_is_said() -> None:
    table = SETTINGS.read_text().partition("## All settings")[2].partition("\n## ")[0]
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table.splitlines()]
    without = {name: row[-1] for row in cells for name in re.findall(r"`OLCARE_(\w+[A-Z])`", row[0])}
    fields = {(name, field.default) for kind in SERVICES for name, field in kind.model_fields.items()}
    told = {(name, value) for name, value in fields if type(value) in {str, int} and name != "service"}
    assert len(told) > 10
    assert [(name, value) for name, value in told if f"`{value}`" not in without[name.upper()]] == []


def test_the_groups_of_messages_that_a_client_may_say_are_in_the_runbook() -> None:
    rows = SETTINGS.read_text().partition("| group | is |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE)) == set(GROUPS)


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


RUNBOOK, CARDS = PROJECT / "docs/runbook", load_cards(PROJECT / "contracts/topics")


def told(page: str, after: str, until: str) -> str:
    """What a page of the runbook says between two wordings, wherever its lines end."""
    found = " ".join((RUNBOOK / page).read_text().split()).partition(after)[2]
    assert found, after
    return found.partition(until)[0]


CHECK = re.compile(r'health\.checks\[f?"([a-z ]+)')
"""What a process waits for is said under the name of a check; one that is made by name begins with these words."""


def test_the_runbook_has_every_check_that_readyz_can_name() -> None:
    sources = [*PROJECT.glob("libs/**/*.py"), *PROJECT.glob("services/**/*.py")]
    checks = {found.strip() for path in sources for found in CHECK.findall(path.read_text())}
    table = (RUNBOOK / "README.md").read_text().partition("## `/readyz` says …")[2].partition("\n## ")[0]
    assert {"gate", "door", "tz database"} <= checks
    assert [check for check in sorted(checks) if not re.search(rf"`{check}\b[^`]*: ", table)] == []


def test_the_runbook_names_the_topics_that_are_the_only_copy() -> None:
    kept = {card.topic for card in CARDS.values() if card.kind in {"log", "state"}}
    assert set(re.findall(r"`(olcare\.[\w.]+)`", told("disk-full.md", "shorten no", " 2. "))) == kept


def test_the_runbook_asks_for_the_ends_of_the_logs_in_the_order_of_a_backup() -> None:
    logs = [topic for topic in derived_first(CARDS.values()) if CARDS[topic].kind == "log"]
    assert re.findall(r"`([^`]+)`", told("restore.md", "of the logs (", ")")) == logs


def containers(kind: str) -> set[str]:
    """The names of the containers that are of a kind."""
    composition = (PROJECT / "docker-compose.yml").read_text()
    return set(re.findall(rf"^  ([a-z-]+):\n    <<: \*{kind}\n", composition, re.MULTILINE))


def test_a_new_version_and_a_password_reach_every_container() -> None:
    upgraded = (RUNBOOK / "upgrade.md").read_text()
    assert set(re.findall(r"--wait ([a-z-]+)$", upgraded, re.MULTILINE)) == containers("service")
    assert set(re.findall(r"docker compose run --rm (?:--no-deps\s+)?([a-z]+)`", upgraded)) == containers("once")
    named = re.findall(r"`([a-z-]+)`", told("credentials.md", "## In the composition", "## "))
    assert {*named, "intake"} == containers("service")


def test_the_runbook_says_which_notices_are_sent_once_more() -> None:
    codes = re.findall(r"`([a-z-]+)`", told("README.md", "## Ambiguous notices", " are sent once more"))
    assert set(codes) == set(map(str, SENT_AGAIN))


TRIED_AGAIN = {
    *(DeliveryProblem.NO_CONNECTION, DeliveryProblem.CONNECTION_LOST),
    *(DeliveryProblem.TIMEOUT, DeliveryProblem.REFUSED_FOR_NOW),
}


def test_the_runbook_says_why_a_notice_failed_for_good() -> None:
    codes = re.findall(r"`([a-z-]+)`", told("README.md", "## Failed notices", "## "))
    assert set(map(str, DeliveryProblem)) - set(codes) == set(map(str, TRIED_AGAIN))


METRIC = re.compile(r"\b(olcare_[a-z_]+)\b")


def test_metrics_that_the_runbook_names_are_there() -> None:
    databases = {f"olcare_{name}" for name in (*WATCHED, "read", "a", "b")}
    named = {name for page in RUNBOOK.glob("*.md") for name in METRIC.findall(page.read_text())} - databases
    assert {"olcare_failures_total", "olcare_promises"} <= named
    assert named - described().keys() == set()


def test_the_page_of_the_console_has_every_word_for_a_trend() -> None:
    text = " ".join((PROJECT / "docs/console.md").read_text().split())
    said = text.partition("- **Trend**: ")[2].partition(" - **")[0]
    assert set(re.findall(r"\*([a-z ]+)\*", said)) == set(map(str, Trend))


PAGE_OF_THE_CONSOLE = re.compile(r"^\| `(/[^`]*)`", re.MULTILINE)


def test_the_pages_of_the_console_are_those_of_its_table() -> None:
    table = {path.split("{")[0] for path in PAGE_OF_THE_CONSOLE.findall((PROJECT / "docs/console.md").read_text())}
    assert table - {page.path.split("{")[0] for page in CONSOLE} == set()
    assert {page.path for page in CONSOLE if page.nav} - table == {"/tickets"}  # stands with the page that it leads to


def test_records_of_decisions_are_numbered_one_by_one() -> None:
    records = sorted(PROJECT.glob("docs/adr/*.md"))
    numbers = [int(record.name[:4]) for record in records]
    assert numbers == [*range(1, len(records) + 1)]
    assert [
        record.read_text().startswith(f"# {number}. ") for number, record in zip(numbers, records, strict=True)
    ] == [True] * len(records)
