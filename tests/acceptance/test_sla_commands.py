"""Deadlines reckoned on what is published in the log, of an installation that `olcare up` starts."""

import asyncio
import csv
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any, NamedTuple
from unittest import mock

import pytest

from libs.chassis.clock import Clock
from libs.chassis.metrics import Metrics
from libs.stack.run import PROJECT
from services.ops.cli.environment import Environment
from services.ops.serve import Watch
from tests.acceptance.olcare import done, installation, olcare

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
    with installation(tmp_path_factory.mktemp("up"), "--clock", MONDAY):
        yield


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


def test_a_call_that_moves_a_deadline_is_told_to_the_requester_and_to_the_centre() -> None:
    done("trigger", "TicketSubmitted", "--wait", "--subject", "moved")
    done("clock", "advance", "--by", "1m")
    done("trigger", "CustomerCalled", "--wait", "--subject", "moved", "--set", "help_given:=false")
    told = notices_about("moved")
    assert {(notice["notice_class"], notice["role"], notice["state"]) for notice in told} == {
        ("acknowledgement", "requester", "sent"),
        ("deadline-moved", "requester", "sent"),
        ("deadline-moved", "centre", "sent"),
    }


def test_a_ticket_on_a_channel_without_a_target_is_listed_and_its_centre_is_told(tmp_path: Path) -> None:
    folder = copytree(PLAN, tmp_path / "plan")
    targets = (folder / "targets.yaml").read_text(encoding="utf-8")
    fewer = targets.replace("version: 1", "version: 2").replace(", web_seconds: 14400", "")
    (folder / "targets.yaml").write_text(fewer, encoding="utf-8")
    published = olcare("plan", "publish", "--plan", str(folder), "--json").json()  # France stands on a newer calendar
    assert ("targets/plan/first-response", "new") in {(part["part"], part["outcome"]) for part in published}
    done("clock", "advance", "--by", "1m")
    done("trigger", "TicketSubmitted", "--wait", "--subject", "nothing", "--set", "channel=web")
    assert {(notice["notice_class"], notice["role"], notice["state"]) for notice in notices_about("nothing")} == {
        ("acknowledgement", "requester", "sent"),
        ("no-promise", "centre", "sent"),
    }
    [listed] = done("sla", "not-promised", "--open")
    assert (listed["ticket"], listed["reason"]) == ("ticket/crm-eu/nothing", "no-target-for-channel")
    assert 'olcare_tickets_without_promise{reason="no-target-for-channel"} 1.0' in gauges()
    done("trigger", "ResponseGiven", "--wait", "--subject", "nothing")
    done("clock", "advance", "--by", "1m")
    assert done("sla", "not-promised", "--open") == []
    assert 'olcare_tickets_without_promise{reason="no-target-for-channel"} 0.0' in gauges()
    assert [row["responded_at"] is not None for row in done("sla", "not-promised")] == [True]


def gauges() -> str:
    """Look as `olcare serve` does."""
    metrics = Metrics("ops", "ops-1")
    here = Environment(None, None, None, None, PROJECT / "contracts", Path(os.environ["OLCARE_RUN"]))
    assert asyncio.run(Watch(here, Clock(None), metrics).look()) is None
    return metrics.text().decode()


def notices_about(number: str) -> list[dict[str, Any]]:
    done("clock", "advance", "--by", "1m")
    about = f"promise/crm-eu/{number}"
    return [notice for notice in done("notices", "list") if notice["about_stream"] == about]
