"""Every named query is asked by a program."""

import re
from collections.abc import Iterator

from libs.stack.run import PROJECT

CALL, WORD = re.compile(r"\b_?(?:rows|row|stream|facts)\("), re.compile(r"\"(\w+)\"")
NAMED = re.compile(r"^-- name: (\w+)$", re.M)


def asked() -> Iterator[str]:
    for path in (*PROJECT.glob("services/**/*.py"), *PROJECT.glob("libs/**/*.py")):
        for line in path.read_text().splitlines():
            if CALL.search(line):
                yield from WORD.findall(line)


def test_no_query_is_there_for_nobody() -> None:
    named = {name for path in PROJECT.glob("services/**/*.sql") for name in NAMED.findall(path.read_text())}
    assert named
    assert named - set(asked()) == set()
