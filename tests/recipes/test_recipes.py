"""The recipes of CONTRIBUTING.md lead where they say, and mypy names each step that was left out."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

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


class FollowedRecipe(NamedTuple):
    """A copy in which the recipes were followed, and what mypy says of it."""

    copy: Copy
    complaints: str


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> FollowedRecipe:
    copy = Copy(tmp_path_factory.mktemp("recipes"))
    apply(copy.folder)
    return FollowedRecipe(copy, copy.mypy())


@pytest.mark.thorough
def test_a_step_that_is_left_out_does_not_type_check(followed: FollowedRecipe) -> None:
    edited = sorted({step.file for step in (*DECIDED, *MAIL) if step.file.startswith("services")} - CREATED)
    unseen = [file for file in edited if not followed.copy.complaints_without(file)]
    assert unseen == []


@pytest.mark.thorough
def test_a_message_an_event_and_a_mail_are_added_as_the_recipes_say(followed: FollowedRecipe) -> None:
    copy = followed.copy
    assert followed.complaints == ""
    for words in (("-c", EXAMPLE), ("-m", "tests.contracts.write"), ("-m", "tests.contracts.recorded_log")):
        made = copy.run(*words)
        assert made.returncode == 0, made.stderr
    tested = copy.run("-m", "pytest", "--quiet", "-m", "not thorough", "-p", "no:cacheprovider", *TESTS)
    assert tested.returncode == 0, tested.stdout[-5000:]
