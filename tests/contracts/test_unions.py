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
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest

from libs.messages import tickets, upstream
from libs.messages.catalogue import EVENT_OF_TYPE, STREAMS, UPSTREAM
from libs.stack.run import PROJECT

MESSAGES, INTAKE = "libs/messages", "services/intake"
UNIONS = {
    "TicketEvent": f"{MESSAGES}/tickets.py",
    "PromiseEvent": f"{MESSAGES}/sla.py",
    "CyclesEvent": f"{MESSAGES}/cycles.py",
    "CustomerEvent": f"{MESSAGES}/contracts.py",
    "ContractEvent": f"{MESSAGES}/contracts.py",
    "LicenceEvent": f"{MESSAGES}/licences.py",
    "EntitlementsEvent": f"{MESSAGES}/entitlements.py",
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
PLAN_PART = {
    "contract.door.outcome_of",
    "contract.plan_parts.evolve",
    "contract.projections._plan_part",
    "ops.console.pages.plan.content_of",
}
MUST_DECIDE = {
    "TicketEvent": {
        "intake.domain.evolve",
        "intake.door.outcome_of",
        "intake.reconsidering.lacks_customer",
        "intake.restating.lacks_cover",
        "intake.ticket_rows._told",
        "notification.news.news_of",
        "sla_timer.cycles.rows.facts_in",
        "sla_timer.promise.history_rows.fact_in",
        "sla_timer.reactions.asking",
    },
    "PromiseEvent": {
        "notification.news.news_of",
        "notification.projections._stands",
        "notification.truth.later_facts",
        "ops.explain.life._happening",
        "sla_timer.promise.decider.evolve",
        "sla_timer.promise.rows._moved",
        "sla_timer.reactions.react_to_promise",
    },
    "CyclesEvent": {
        "notification.news.news_of",
        "notification.projections._stands",
        "notification.truth.later_facts",
        "sla_timer.cycles.decider.evolve",
        "sla_timer.reactions.react_to_promise",
    },
    "CustomerEvent": {
        "contract.customers.evolve",
        "contract.door.outcome_of",
        "contract.projections._customer",
        "contract.projections._erased",
        "contract.reactions.asking",
        "intake.projections._customer",
        "notification.projections._customer",
        "notification.projections._erased_person",
        "notification.news.news_of",
    },
    "ContractEvent": {
        "contract.contracts.evolve",
        "contract.door.outcome_of",
        "contract.contract_rows._contract",
        "contract.reactions.asking",
        "intake.projections._term",
        "notification.news.news_of",
        "notification.projections._term",
        "notification.truth.later_facts",
    },
    "LicenceEvent": {
        "contract.contract_rows._licence",
        "contract.door.outcome_of",
        "contract.licences.evolve",
        "contract.reactions.asking",
        "intake.projections._licence",
        "notification.news.news_of",
    },
    "EntitlementsEvent": {
        "contract.door.outcome_of",
        "contract.entitlements.evolve",
        "contract.reactions.asking",
        "notification.news.news_of",
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
        "contract.door.personal",
        "contract.door.resting",
        "contract.door.stream_of",
    },
    "NoticeUpstream": {"notification.handlers._command"},
    "OpsUpstream": {"ops.audit.handlers.command_of", "ops.audit.handlers.stream_of"},
    "HeldContent": {"intake.held_message._named", "intake.life.asked_again", "intake.life.judged"},
    "LifeEvent": {"intake.domain._judged", "intake.life.lived"},
}
"""Union → the functions that must decide what becomes of a message more."""
SOME_ALONE = {
    "intake.described._given": "no other message describes anybody, and what does not describe is not doubted",
    "intake.life._crossing": "of a stage and a merge, or its undoing: any other pair leaves the stage",
    "intake.life._waiting": "of a stage and a pause, or its end: all other pairs are refused",
    "intake.reactions.react": "an event that decides a message is a `Decision`, and no other one answers",
    "intake.reconsidering.is_dealt_with": "only what a refused ticket refuses says so",
    "intake.restating.restate": "what else an opening comes to is no cover",
    "notification.news.news_of": "`NO_NEWS` and `News` are all, and mypy holds them to it",
    "ops.explain.life._answer": "no other event judges an answer",
    "ops.explain.life._happenings": "all others are told by `_happening`, which decides about each",
    "ops.rehearse.prices._priced": "only an offer binds, and only a renewal is bound by it",
    "ops.rehearse.prices.asked_in": "no other event says a price that nothing said before",
    "ops.rehearse.timeline.timeline_of": "nothing else that is published moves a deadline or a price",
    "ops.sla.grounds.gathered": "only calendars and targets give deadlines",
    "sla_timer.promise.rows._promise": "all others are folded by `_moved`, which decides about each",
}
"""Function → why it may leave aside, unnamed, what it does not match."""
PLAYS = "ops.demo."
"""The demo reckons what its own script says, and nothing else."""


def with_a_message_more(text: str, union: str) -> str:
    """Add a message to a union, whichever way that is written."""
    base = "Upstream" if "class Upstream(" in text else "Event"
    probe = f'class Probe{union}({base}):\n    """Nobody has decided about it."""\n\n\n{union} = \\g<1>Probe{union} | '
    found, number = re.subn(rf"^{union} = (\(\n    )?", probe, text, flags=re.MULTILINE)
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


def decides_by_message(match: ast.Match) -> bool:
    """Whether it tells messages apart, by classes of theirs."""
    messages = {message.__name__ for message in EVENT_OF_TYPE.values()} | {"Decision"}
    messages |= {message.__name__ for door in UPSTREAM.values() for message in door.values()}
    classes = (ast.unparse(found.cls) for case in match.cases for found in outermost(case.pattern))
    return any(name.rpartition(".")[2] in messages for name in classes)


def outermost(pattern: ast.pattern) -> Iterator[ast.MatchClass]:
    """The classes that a pattern tells apart; what stands within them is a part of theirs."""
    if isinstance(pattern, ast.MatchClass):
        yield pattern
    else:
        for part in ast.iter_child_nodes(pattern):
            if isinstance(part, ast.pattern):
                yield from outermost(part)


def is_closed(match: ast.Match) -> bool:
    """Whether mypy finds what it leaves out: its last case is `assert_never`."""
    last = match.cases[-1]
    takes_all = isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None
    return takes_all and "assert_never" in ast.unparse(last)


def matches(path: Path) -> Iterator[tuple[str, ast.Match]]:
    """Every match over messages, with the function that it stands in."""
    module = path.relative_to(PROJECT).with_suffix("").as_posix().partition("/")[2].replace("/", ".")
    source = path.read_text()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Match) and decides_by_message(node):
            yield f"{module}.{function_at(source, node.lineno)}", node


def test_each_kind_of_stream_and_each_door_has_its_union_tried() -> None:
    tried = [set(get_args(union) or (union,)) for union in map(named, UNIONS) if union is not None]
    assert [kind for kind, events in STREAMS.items() if set(events) not in tried] == []
    said = {message for door in UPSTREAM.values() for message in door.values()}
    assert said - set().union(*tried) == {upstream.TicketSubmitted}  # an opening is no follow-up


def named(union: str) -> Any:
    """A union of `libs.messages`; None for those of a service."""
    module = UNIONS[union].removesuffix(".py").replace("/", ".")
    return getattr(import_module(module), union) if module.startswith("libs.") else None


def test_a_match_over_messages_leaves_none_aside_unnamed() -> None:
    found = [place for path in PROJECT.glob("services/**/*.py") for place in matches(path)]
    assert len(found) > len(SOME_ALONE)
    open_ones = {name for name, match in found if not is_closed(match) and not name.startswith(PLAYS)}
    assert open_ones == SOME_ALONE.keys()


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
