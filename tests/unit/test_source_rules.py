"""What no code of ours may hold, whatever a linter was told."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(path for folder in ("libs", "services") for path in (ROOT / folder).rglob("*.py"))
FORBIDDEN = re.compile(
    r"CERT_NONE|check_hostname\s*=\s*False|_create_unverified_context|verify\s*=\s*False|\bpickle\b|\bmarshal\b"
    r"|shell\s*=\s*True|yaml\.(?:unsafe_|full_)?load\((?!.*CSafeLoader)|os\.system\("
)
CALLS = frozenset({"eval", "exec", "compile", "__import__"})
NAMES_OF_TABLES = (
    "libs/eventlog/tables/",
    "libs/eventlog/rebuild/",
    "libs/eventlog/loops/state_topic.py",
    "services/ops/ticket/history.py",
    "services/ops/watch/lag.py",
    "services/ops/watch/projections.py",
)
ASKING = frozenset({"execute", "fetch", "fetchval", "fetchrow", "executemany"})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_forbidden_stands_there(path: Path) -> None:
    text = path.read_text()
    assert FORBIDDEN.findall(text) == []
    names = [node.func.id for node in calls(text) if isinstance(node.func, ast.Name)]
    assert [name for name in names if name in CALLS] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_statements_are_put_together_where_they_name_tables_alone(path: Path) -> None:
    """There they hold names of our own; all else is a parameter, and queries stand in files."""
    statements = [
        node.args[0]
        for node in calls(path.read_text())
        if isinstance(node.func, ast.Attribute) and node.func.attr in ASKING and node.args
    ]
    put_together = [ast.unparse(one) for one in statements if not isinstance(one, ast.Constant | ast.Name)]
    assert not put_together or path.relative_to(ROOT).as_posix().startswith(NAMES_OF_TABLES)


def calls(text: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))


def test_what_is_forbidden_would_be_found() -> None:
    for line in (
        "context.verify_mode = ssl.CERT_NONE",
        "requests.get(u, verify=False)",
        "yaml.load(x)",
        "import pickle",
    ):
        assert FORBIDDEN.search(line)
