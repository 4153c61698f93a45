"""The longest files are dealt out first, and what shares an installation stays together."""

from types import SimpleNamespace
from typing import Any, cast

from libs.stack.run import PROJECT
from tests.longest_first import LONGEST, TOGETHER, longest_first


def test_each_file_that_comes_first_is_there_and_named_once() -> None:
    assert [file for file in LONGEST if not (PROJECT / file).is_file()] == []
    assert len(set(LONGEST)) == len(LONGEST)


def test_what_takes_longest_comes_first_and_all_else_as_it_was() -> None:
    named = ["tests/unit/b.py::one", f"{LONGEST[1]}::two", "tests/unit/a.py::three", f"{LONGEST[0]}::four[tests/a::b]"]
    items = [cast("Any", SimpleNamespace(nodeid=nodeid)) for nodeid in named]
    longest_first(items)
    assert [item.nodeid for item in items] == [named[3], named[1], named[0], named[2]]


def test_files_on_one_installation_are_there() -> None:
    assert list((PROJECT / TOGETHER).glob("test_*.py"))
