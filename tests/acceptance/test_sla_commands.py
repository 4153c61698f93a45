"""Deadlines reckoned on what is published in the log, of an installation that `olcare up` starts."""

import csv
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any, NamedTuple
from unittest import mock

import pytest

from libs.stack.run import PROJECT
from tests.acceptance.olcare import done, olcare

MONDAY, NOON = "2026-11-23T07:00:00Z", "2026-11-23T11:00:00Z"
PLAN = PROJECT / "services/contract/plan"
FIELDS = ("id", "centre", "channel", "opened_at")
with (PROJECT / "tests/cases/deadlines.csv").open(encoding="utf-8") as rows:
    CASES = [{name: row[name] for name in (*FIELDS, "due_at")} for row in csv.DictReader(rows)]


class Answered(NamedTuple):
    code: int
    answers: list[dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def _up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Servers of its own, whatever is given: topics have their names."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("KAFKA", "POSTGRES", "SMTP", "CLOCK", "SERVICES"):
            patch.delenv(f"OLCARE_{name}", raising=False)
        patch.setenv("OLCARE_RUN", str(tmp_path_factory.mktemp("up")))
        done("up", "--clock", MONDAY)
        yield
        assert done("down") == {"ended": True}


def sla(*words: str, given: list[dict[str, Any]]) -> Answered:
    raw = "\n".join(map(json.dumps, given)).encode()
    with mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw))):
        said = olcare("sla", *words)
    assert not said.err
    return Answered(said.code, [json.loads(line) for line in said.out.splitlines()])


def asked(opened_at: str, centre: str = "france") -> dict[str, Any]:
    return {"id": opened_at, "centre": centre, "channel": "web", "opened_at": opened_at}


def test_the_log_answers_like_the_files_that_were_published() -> None:
    in_log, in_files = sla("due", given=CASES), sla("due", "--plan", str(PLAN), given=CASES)
    assert in_log == in_files
    assert [answer["due_at"] for answer in in_log.answers] == [row["due_at"] for row in CASES]
    assert sla("verify-certificate", given=in_log.answers).code == 0


def test_a_ticket_rests_on_what_was_published_when_it_was_opened(tmp_path: Path) -> None:
    folder = copytree(PLAN, tmp_path / "plan")
    centres = (folder / "centres.yaml").read_text(encoding="utf-8")
    before, france = centres.split("- centre: france\n")
    newer = france.replace("version: 1", "version: 2", 1)
    (folder / "centres.yaml").write_text(f"{before}- centre: france\n{newer}", encoding="utf-8")
    with (folder / "holidays.csv").open("a", encoding="utf-8") as holidays:
        holidays.write("france,2026-11-24,pont,confirmed\n")
    done("clock", "advance", "--to", NOON)
    published = {part["part"]: part["outcome"] for part in done("plan", "publish", "--plan", str(folder))}
    assert [part for part, outcome in published.items() if outcome == "new"] == ["calendar/plan/france"]
    earlier, later, elsewhere = "2026-11-23T10:59:59.999999Z", NOON, asked("2026-11-23T14:00:00Z", "germany")
    done("clock", "advance", "--by", "1h")
    code, answers = sla("due", given=[asked("2026-11-23T14:00:00Z"), asked(later), asked(earlier), elsewhere])
    versions = [answer["certificate"]["calendar_version"] for answer in answers]
    dues = [answer["due_at"] for answer in answers]
    assert (code, versions) == (0, [2, 2, 1, 1])
    assert dues == [
        "2026-11-25T10:00:00Z",
        "2026-11-23T15:00:00Z",
        "2026-11-23T14:59:59.999999Z",
        "2026-11-24T10:00:00Z",
    ]
    assert sla("verify-certificate", given=answers).code == 0


def test_a_centre_that_is_not_published_is_a_bad_line_among_good_ones() -> None:
    code, [good, bad] = sla("due", given=[asked(MONDAY), asked(MONDAY, "belgium")])
    assert (code, good["certificate"]["centre"], bad["error"]["code"]) == (1, "france", "unknown_centre")
