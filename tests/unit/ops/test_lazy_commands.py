"""What `olcare --help` says of a command without importing it is what the command says of itself."""

import subprocess
import sys

import pytest

from services.ops.__main__ import COMMANDS
from services.ops.cli.lazy import LazyCommand

SLOW = {"aiokafka", "asyncpg", "faststream", "holidays", "numpy", "pydantic", "pydantic_settings", "structlog"}
IMPORTED = "import sys; sys.argv[1:] = ['--help']\ntry: main()\nexcept SystemExit: print('modules', *sys.modules)"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_the_same_of_itself(name: str) -> None:
    at, words = COMMANDS[name]
    itself = LazyCommand(name, at, words).itself
    assert " ".join(itself.help.partition("\n\n")[0].split()) == words


def test_help_imports_nothing_that_takes_long() -> None:
    program = f"from services.ops.__main__ import main\n{IMPORTED}"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "projections" in said
    modules = set(said.rpartition("modules ")[2].split())
    assert "typer" in modules
    assert modules & SLOW == set()
    assert len(modules) < 400
