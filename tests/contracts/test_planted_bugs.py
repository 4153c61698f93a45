"""The list of planted bugs is true of the code, and a bug that is caught is told from one that is not."""

import re
from collections import Counter
from importlib import import_module
from operator import attrgetter
from pathlib import Path

import pytest

from libs.stack.run import PROJECT
from tests.planted import trial
from tests.planted.bug import Bug
from tests.planted.bugs import BUGS
from tests.planted.trial import Copy, Outcome, planted

AT_LEAST = 40


def test_there_are_enough_and_each_has_a_name_of_its_own() -> None:
    assert len(BUGS) >= AT_LEAST
    assert [name for name, times in Counter(bug.name for bug in BUGS).items() if times > 1] == []
    assert [bug.name for bug in BUGS if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", bug.name)] == []


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_what_a_bug_replaces_stands_once_in_code_of_ours(bug: Bug) -> None:
    assert bug.file.startswith(("libs/", "services/"))
    sound = (PROJECT / bug.file).read_text()
    assert planted(bug, sound) != sound


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_test_that_must_fail_is_there(bug: Bug) -> None:
    file, *names = bug.test.split("::")
    text = (PROJECT / file).read_text()
    match names:
        case []:
            assert "def test_" in text
        case [name]:
            assert re.search(rf"^(async )?def {name}\(", text, re.MULTILINE)
        case _:  # a test that a class has from a suite
            module = import_module(file.removesuffix(".py").replace("/", "."))
            assert callable(attrgetter(".".join(names))(module))


HALF = "def half(number: int) -> int:\n    return number // 2\n"
TESTS = """
import half

def test_half() -> None:
    assert half.half(4) == 2

def test_nothing() -> None:
    assert half
"""


@pytest.fixture
def tree(tmp_path: Path) -> Copy:
    (tmp_path / "half.py").write_text(HALF)
    (tmp_path / "test_half.py").write_text(TESTS)
    return Copy(tmp_path)


def bug_of(after: str, test: str = "test_half.py::test_half") -> Bug:
    return Bug("half", "half.py", "number // 2", after, "a half would be something else", test)


@pytest.mark.parametrize(
    ("bug", "outcome"),
    [
        (bug_of("number // 3"), Outcome.CAUGHT),
        (bug_of("number // 3", "test_half.py"), Outcome.CAUGHT),
        (bug_of("number / 2"), Outcome.PASSED),
        (bug_of("number // 3", "test_half.py::test_nothing"), Outcome.PASSED),
        (bug_of("number // 3", "test_half.py::test_third"), Outcome.NOT_RUN),
        (bug_of("number // "), Outcome.NOT_RUN),
    ],
)
def test_only_a_test_that_fails_has_caught_a_bug(tree: Copy, tmp_path: Path, bug: Bug, outcome: Outcome) -> None:
    assert tree.trial(bug).outcome is outcome
    assert (tmp_path / "half.py").read_text() == HALF


def test_a_test_that_does_not_end_has_caught_nothing(tree: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "PATIENCE", 3.0)
    assert tree.trial(bug_of("__import__('time').sleep(3600)")).outcome is Outcome.TOO_LONG


def test_a_test_that_fails_by_itself_is_named(tree: Copy, tmp_path: Path) -> None:
    assert tree.fails_without_bug(["test_half.py"]) == set()
    third = "test_half.py::test_third"
    assert tree.fails_without_bug(["test_half.py::test_half", third]) == {third}
    (tmp_path / "test_half.py").write_text(f"{TESTS}\ndef test_third() -> None:\n    assert half.half(3) == 1.5\n")
    assert tree.fails_without_bug(["test_half.py::test_half", third]) == {third}


def test_what_does_not_stand_once_can_not_be_planted() -> None:
    with pytest.raises(ValueError, match=r"stands 0 times in half\.py, not once"):
        planted(bug_of("number // 3"), "def half() -> None: ...")
