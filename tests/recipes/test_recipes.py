"""The recipes of CONTRIBUTING.md lead where they say, and mypy names each step that was left out."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from libs.stack.run import PROJECT
from tests.recipes.recipe import DECIDED, MAIL, NewFile, apply

EXAMPLE = """
from pathlib import Path
from libs.messages.tickets import TicketRated
from tests.recipes.recipe import AT, example
event = TicketRated(rated_at=AT, score=4, by="person/crm-eu/p-17", centre="france")
Path("contracts/examples/log/TicketRated.json").write_text(example(event))
"""
CREATED = {step.file for step in MAIL if isinstance(step, NewFile)}
TESTS = ("tests/contracts", "tests/unit/intake", "tests/unit/notification", "tests/unit/sla_timer")


class Copy:
    """A copy of the project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in (part for part in PROJECT.iterdir() if part.is_dir() and not part.name.startswith(".")):
            shutil.copytree(part, folder / part.name, ignore=shutil.ignore_patterns("__pycache__"))
        for file in (file for file in PROJECT.iterdir() if file.is_file()):
            shutil.copy(file, folder)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "OLCARE_SEEDS": "50"}
        words = (sys.executable, *words)
        return subprocess.run(words, cwd=self.folder, env=env, capture_output=True, text=True, check=False)

    def mypy(self) -> str:
        return self.run("-m", "mypy", "--no-error-summary", "libs", "services").stdout

    def complaints_without(self, file: str) -> str:
        """What mypy says where a file stands as it was before the recipe."""
        followed = (self.folder / file).read_text()
        shutil.copy(PROJECT / file, self.folder / file)
        complaints = self.mypy()
        (self.folder / file).write_text(followed)
        return complaints


@pytest.mark.thorough
def test_a_message_an_event_and_a_mail_are_added_as_the_recipes_say(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    apply(copy.folder)
    assert copy.mypy() == ""
    for words in (("-c", EXAMPLE), ("-m", "tests.contracts.write"), ("-m", "tests.contracts.recorded_log")):
        made = copy.run(*words)
        assert made.returncode == 0, made.stderr
    tested = copy.run("-m", "pytest", "--quiet", "-m", "not thorough", "-p", "no:cacheprovider", *TESTS)
    assert tested.returncode == 0, tested.stdout[-5000:]


@pytest.mark.thorough
def test_a_step_that_is_left_out_does_not_type_check(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    apply(copy.folder)
    edited = sorted({step.file for step in (*DECIDED, *MAIL) if step.file.startswith("services")} - CREATED)
    unseen = [file for file in edited if not copy.complaints_without(file)]
    assert unseen == []
