"""A message that nobody has decided about does not type-check: mypy names every place that must decide.

Each union gets a message more, in a copy of the code; what mypy then complains of is what a new message touches.
"""

import ast
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from libs.messages import tickets, upstream
from libs.stack.run import PROJECT

MESSAGES, INTAKE = "libs/messages", "services/intake"
UNIONS = {
    "TicketEvent": f"{MESSAGES}/tickets.py",
    "PromiseEvent": f"{MESSAGES}/sla.py",
    "CyclesEvent": f"{MESSAGES}/cycles.py",
    "CustomerEvent": f"{MESSAGES}/contracts.py",
    "ContractEvent": f"{MESSAGES}/contracts.py",
    "CalendarEvent": f"{MESSAGES}/plan.py",
    "TargetsEvent": f"{MESSAGES}/plan.py",
    "PricesEvent": f"{MESSAGES}/plan.py",
    "VersionsEvent": f"{MESSAGES}/plan.py",
    "RemindersEvent": f"{MESSAGES}/plan.py",
    "TzEvent": f"{MESSAGES}/plan.py",
    "NoticeEvent": f"{MESSAGES}/notices.py",
    "ActionEvent": f"{MESSAGES}/actions.py",
    "TicketFollowUp": f"{MESSAGES}/upstream.py",
    "ContractUpstream": f"{MESSAGES}/upstream.py",
    "NoticeUpstream": f"{MESSAGES}/upstream.py",
    "OpsUpstream": f"{MESSAGES}/upstream.py",
    "HeldContent": f"{INTAKE}/held_message.py",
    "LifeEvent": f"{INTAKE}/life.py",
}
"""Union → where it stands."""
PLAN_PART = {"contract.door.outcome_of", "contract.plan_parts.evolve", "contract.projections._plan_part"}
MUST_DECIDE = {
    "TicketEvent": {
        "intake.domain.evolve",
        "intake.door.outcome_of",
        "intake.ticket_rows._told",
        "notification.news.news_of",
        "sla_timer.cycles.rows.facts_in",
        "sla_timer.promise.history_rows.fact_in",
        "sla_timer.reactions.asking",
    },
    "PromiseEvent": {
        "notification.news.news_of",
        "notification.truth.later_facts",
        "ops.explain.life._happening",
        "sla_timer.promise.decider.evolve",
        "sla_timer.promise.rows._moved",
        "sla_timer.reactions.react_to_promise",
    },
    "CyclesEvent": {
        "notification.news.news_of",
        "notification.truth.later_facts",
        "sla_timer.cycles.decider.evolve",
        "sla_timer.reactions.react_to_promise",
    },
    "CustomerEvent": {
        "contract.customers.evolve",
        "contract.door.outcome_of",
        "contract.projections._customer",
        "contract.projections._erased",
        "intake.projections._customer",
        "notification.projections._customer",
        "notification.projections._erased_person",
        "notification.news.news_of",
    },
    "ContractEvent": {
        "contract.contracts.evolve",
        "contract.door.outcome_of",
        "contract.contract_rows._contract",
        "intake.projections._term",
        "notification.news.news_of",
        "notification.projections._term",
        "notification.truth.later_facts",
    },
    "CalendarEvent": PLAN_PART
    | {
        "intake.projections._centre",
        "notification.projections._centre",
        "sla_timer.published.rows._calendar",
        "sla_timer.published.rows._calendar_changes",
    },
    "TargetsEvent": PLAN_PART | {"sla_timer.published.rows._targets"},
    "PricesEvent": PLAN_PART | {"contract.projections._price_list", "intake.projections._price_list"},
    "VersionsEvent": PLAN_PART | {"intake.projections._product"},
    "RemindersEvent": PLAN_PART,
    "TzEvent": PLAN_PART | {"contract.projections._tz_database", "sla_timer.published.tz_rows._tz_database"},
    "NoticeEvent": {
        "notification.domain.evolve",
        "notification.handlers.outcome",
        "notification.projections._moved",
    },
    "ActionEvent": {
        "ops.audit.domain.evolve",
        "ops.audit.handlers.outcome",
        "ops.audit.projections._by_order",
        "ops.audit.projections._mending",
        "ops.audit.projections._viewing",
    },
    "TicketFollowUp": {"intake.door.facts_needed", "intake.from_upstream._content", "intake.personal.personal"},
    "ContractUpstream": {
        "contract.door._command",
        "contract.door.facts_needed",
        "contract.door.personal", "contract.door.resting",
        "contract.door.stream_of",
    },
    "NoticeUpstream": {"notification.handlers._command"},
    "OpsUpstream": {"ops.audit.handlers.command_of", "ops.audit.handlers.stream_of"},
    "HeldContent": {"intake.held_message._named", "intake.life.asked_again", "intake.life.judged"},
    "LifeEvent": {"intake.domain._judged", "intake.life.lived"},
}
"""Union → the functions that must decide what becomes of a message more."""


def with_a_message_more(text: str, union: str) -> str:
    """Add a message to a union, whichever way that is written."""
    base = "Upstream" if "class Upstream(" in text else "Event"
    probe = f'class Probe{union}({base}):\n    """Nobody has decided about it."""\n\n\n{union} = \\g<1>Probe{union} | '
    found, number = re.subn(rf"^{union} = (\(\n    )?", probe, text, flags=re.M)
    assert number == 1, union
    return "from libs.messages.base import Event\n" + found


def function_at(source: str, line: int) -> str:
    """Name the function that a line stands in."""
    defs = (ast.FunctionDef, ast.AsyncFunctionDef)
    inner = [n for n in ast.walk(ast.parse(source)) if isinstance(n, defs) and n.lineno <= line <= (n.end_lineno or 0)]
    return max(inner, key=lambda n: n.lineno).name


def complaints(folder: Path) -> Iterator[tuple[str, str]]:
    """What mypy says of the code in a folder: the function that is meant (`service.module.function`), and the text."""
    mypy = [sys.executable, "-m", "mypy", "--no-error-summary", "--cache-dir", str(folder / "cache")]
    said = subprocess.run([*mypy, "libs", "services"], cwd=folder, capture_output=True, text=True, check=False)
    for line in said.stdout.splitlines():
        file, number, _, text = line.split(":", 3)
        module = file.removesuffix(".py").partition("/")[2].replace("/", ".")
        yield f"{module}.{function_at((folder / file).read_text(), int(number))}", text


@pytest.mark.thorough
def test_a_new_message_is_named_wherever_it_must_be_decided_about(tmp_path: Path) -> None:
    for folder in ("libs", "services"):
        shutil.copytree(PROJECT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    for union, file in UNIONS.items():
        path = tmp_path / file
        path.write_text(with_a_message_more(path.read_text(), union))
    named: dict[str, set[str]] = defaultdict(set)
    for function, text in complaints(tmp_path):
        for union in re.findall(r"Probe(\w+)", text.partition("expected")[0]):
            named[union].add(function)
    assert named == MUST_DECIDE


def test_upstream_messages_that_are_named_like_events_are_told_apart_by_their_module() -> None:
    doors = [message.__name__ for message in get_args(upstream.TicketUpstream)]
    alike = {name for name in doors if name in vars(tickets)}
    assert alike
    for path in (*PROJECT.glob("libs/**/*.py"), *PROJECT.glob("services/**/*.py"), *PROJECT.glob("tests/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "libs.messages.upstream":
                assert not alike & {name.name for name in node.names}, path
