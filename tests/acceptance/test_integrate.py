"""The programs of docs/integrate.md, taken from the page and run against an installation that `olcare up` starts."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from libs.stack.errors import StackError
from libs.stack.run import PROJECT
from tests.acceptance.clients.prepared import CLIENTS
from tests.acceptance.olcare import done, installation
from tests.faults.checked.reading import read_topics
from tests.support import eventually

PAGE = (PROJECT / "docs/integrate.md").read_text()
FILES: Mapping[str, str] = dict(re.findall(r"```\w+ (\S+)\n(.*?)```", PAGE, re.DOTALL))
"""By name, what the page says to save."""
RUN = re.compile(r"^### (\S+)\n(?:(?!^#).)*?^Run it: `(.+?)`$", re.DOTALL | re.MULTILINE)
TOLD: Mapping[str, str] = dict(RUN.findall(re.sub(r"^```.*?^```$", "", PAGE, flags=re.DOTALL | re.MULTILINE)))
"""By the heading of a language, the command that the page tells to run."""
STEPS = [step for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL) for step in block.split("$ ")[1:]]
"""Each command that the page shows with what it prints, in order."""
CLOCK = "2026-11-23T08:00:00Z"
PATIENCE = 800  # machine seconds: a compiler that runs for the first time, beside others
PLACE = re.compile(r'"(partition|offset)":\d+')
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Servers and services of its own, begun as the page says."""
    assert f"olcare up --clock {CLOCK}" in PAGE
    with installation(tmp_path_factory.mktemp("up"), "--clock", CLOCK) as up:
        done("seed")
        yield up["kafka"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        tmp_path.joinpath(name).write_text(content)
    return tmp_path


def prepared(language: str, folder: Path) -> Mapping[str, str]:
    client = CLIENTS[language]
    if shutil.which(client.program) is None:
        pytest.skip(f"{client.program} is not here, which the program for {language} needs")
    try:
        return client.prepare(folder)
    except StackError as error:
        pytest.skip(f"what the program for {language} needs can not be fetched: {error}")


def said(command: str, folder: Path, variables: Mapping[str, str]) -> str:
    own = [variables["PATH"]] if "PATH" in variables else []
    path = os.pathsep.join([*own, str(Path(sys.executable).parent), os.environ["PATH"]])
    run = subprocess.run(
        ["bash", "-c", command],  # noqa: S607 - the page's own commands, for any shell
        cwd=folder,
        env={**os.environ, **variables, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def alike(text: str) -> str:
    """Without what differs from place to place."""
    return UUID.sub("-", PLACE.sub(r'"\1":-', text))


def test_the_page_has_a_program_for_each_language() -> None:
    assert TOLD.keys() == CLIENTS.keys()
    assert {name for name in FILES if name.lower().startswith("say.")} == {
        *("say.sh", "say.py", "say.mjs", "Say.java", "say.go", "Say.cs")
    }
    assert len(STEPS) > 5


@pytest.mark.parametrize("language", CLIENTS)
def test_a_ticket_is_accepted_from_each_language(language: str, folder: Path, kafka: str) -> None:
    variables = prepared(language, folder)
    number = f"5{list(CLIENTS).index(language)}"
    answer = said(TOLD[language].replace("4711", number), folder, {**variables, "KAFKA": kafka})
    assert '"outcome":"accepted"' in answer
    assert alike(answer) == alike(FILES["receipt.json"].replace("4711", number))


async def test_each_command_prints_what_the_page_shows(folder: Path, kafka: str) -> None:
    variables = {**prepared("Python", folder), "KAFKA": kafka}
    for step in STEPS:
        command, _, printed = step.partition("\n")
        printed_now = await asyncio.to_thread(said, command, folder, variables)
        assert alike(printed_now) == alike(printed), command
        await eventually(partial(answered, kafka))


async def answered(kafka: str) -> bool:
    """Whether every message that was held and is decided has its second receipt."""
    topics = await read_topics(kafka)
    events = [json.loads(record.value or b"") for record in topics["olcare.tickets.v1"].records]
    decided = {e["id"] for e in events if e["data"].get("door_record") and e["type"] != "olcare.MessageHeld.v1"}
    receipts = [json.loads(record.value or b"") for record in topics["olcare.tickets.receipts.v1"].records]
    return decided <= {receipt.get("event") for receipt in receipts}
