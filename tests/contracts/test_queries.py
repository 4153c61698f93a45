"""Every named query is asked by a program."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.eventlog.tables.queries import USE, expressions_of, put_together
from libs.stack.run import PROJECT
from services.ops.watch.services import SERVICES

ASK = {"rows", "_rows", "row", "stream", "facts", "_links"}
NAMED = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def asked() -> Iterator[str]:
    for path in (*PROJECT.glob("services/**/*.py"), *PROJECT.glob("libs/**/*.py")):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            if getattr(call.func, "attr", getattr(call.func, "id", None)) in ASK:
                yield from (str(arg.value) for arg in call.args if isinstance(arg, ast.Constant))
            yield from (
                str(word.value.value)
                for word in call.keywords
                if word.arg == "asks" and isinstance(word.value, ast.Constant)
            )


def test_no_query_is_there_for_nobody() -> None:
    named = {name for path in PROJECT.glob("services/**/*.sql") for name in NAMED.findall(path.read_text())}
    assert named
    assert named - set(asked()) == set()


@pytest.mark.parametrize("path", sorted(PROJECT.glob("services/**/*.sql")), ids=lambda path: path.parent.name)
def test_every_name_that_a_query_has_in_braces_is_expanded(path: Path) -> None:
    expressions = expressions_of(reader for service in SERVICES.values() for reader in service.readers)
    assert USE.findall(put_together(path.read_text(), expressions)) == []
