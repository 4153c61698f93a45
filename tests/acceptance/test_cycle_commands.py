"""A ticket that waits for its customer, and targets for cycles, of an installation that `olcare up` starts."""

import csv
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from libs.stack.run import PROJECT
from tests.acceptance.olcare import done, installation, olcare

MONDAY = "2026-11-23T07:00:00Z"  # 8 h in France, an hour before it opens
PLAN = PROJECT / "services/contract/plan"
TARGETS = "cycles: {next_response_seconds: 3600, resolution_seconds: 28800}"


@pytest.fixture(scope="module", autouse=True)
def _up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with installation(tmp_path_factory.mktemp("up"), "--clock", MONDAY):
        done("seed")
        yield


def say(kind: str, number: str, *changes: str, at: str | None = None) -> None:
    if at:
        done("clock", "advance", "--to", f"2026-11-23T{at}:00Z")
    words = ("trigger", kind, "--wait", "--subject", number)
    done(*words, *(word for change in changes for word in ("--set", change)))


def cycles(number: str, measure: str) -> list[dict[str, Any]]:
    done("clock", "advance", "--by", "1s")
    shown = done("sla", "cycles", f"crm-eu/{number}")["cycles"]
    return [cycle for cycle in shown if cycle["measure"] == measure]


def types_in(number: str) -> list[str]:
    history = done("ticket", "show", f"crm-eu/{number}")["history"]
    return [entry["type"].removeprefix("olcare.").removesuffix(".v1") for entry in history]


def test_without_a_target_cycles_are_measured_and_make_no_event() -> None:
    say("TicketSubmitted", "plain")
    (resolution,) = cycles("plain", "resolution")
    assert (resolution["state"], resolution["working_seconds"], resolution["due_at"]) == ("running", 0, None)
    assert not {"CycleReckoned", "CycleTargetMissed"} & set(types_in("plain"))


def test_a_target_is_used_up_by_running_time_alone_and_missed_once(tmp_path: Path) -> None:
    folder = copytree(PLAN, tmp_path / "plan")
    targets = (folder / "targets.yaml").read_text(encoding="utf-8").replace("version: 1", "version: 2")
    (folder / "targets.yaml").write_text(f"{targets}{TARGETS}\n", encoding="utf-8")
    published = {part["part"]: part["outcome"] for part in done("plan", "publish", "--plan", str(folder))}
    assert published["targets/plan/first-response"] == "new"

    say("TicketSubmitted", "waits", at="08:00")
    say("ResponseGiven", "waits", at="09:00")
    say("NoteAdded", "waits", "by=customer", at="09:30")
    say("TicketPaused", "waits", at="10:00")
    (asked,) = cycles("waits", "next-response")
    assert (asked["state"], asked["working_seconds"], asked["target_seconds"], asked["due_at"]) == (
        "paused",
        1800,
        3600,
        None,
    )

    say("TicketResumed", "waits", at="12:00")
    (asked,) = cycles("waits", "next-response")
    assert (asked["state"], asked["due_at"]) == ("running", "2026-11-23T12:30:00Z")

    done("clock", "advance", "--to", "2026-11-23T13:00:00Z")
    say("ResponseGiven", "waits", at="13:30")
    (asked,) = cycles("waits", "next-response")
    assert (asked["state"], asked["ended_by"], asked["working_seconds"]) == ("missed", "answered", 7200)
    assert types_in("waits").count("CycleTargetMissed") == 1

    say("TicketResolved", "waits", at="14:00")
    (resolution,) = cycles("waits", "resolution")
    assert (resolution["state"], resolution["working_seconds"]) == ("met", 14400)
    assert "missed" in olcare("sla", "cycles", "crm-eu/waits").out
    done("clock", "advance", "--by", "7d")
    assert types_in("waits").count("CycleTargetMissed") == 1


def test_the_report_counts_what_ended_on_a_day_and_what_runs() -> None:
    asked = ("sla", "report", "--from", "2026-11-23", "--to", "2026-11-24")
    counts = ("ended", "abandoned", "running", "met", "missed")
    found = {one["measure"]: one for one in done(*asked)["cycles"]["totals"]}
    assert {measure: tuple(one[name] for name in counts) for measure, one in found.items()} == {
        "next-response": (1, 0, 0, 0, 1),
        "resolution": (1, 0, 1, 1, 0),
        "periodic-update": (1, 1, 0, None, None),
    }
    took = [found[name]["took"] for name in ("next-response", "resolution", "periodic-update")]
    assert [one["working"]["median_seconds"] for one in took] == [7200, 14400, 9000]
    assert [one["wall"]["p95_seconds"] for one in took] == [14400, 21600, 16200]
    rows = list(csv.DictReader(olcare(*asked, "--cycles", "--csv").out.splitlines()))
    assert [(row["measure"], row["centre"], row["missed"]) for row in rows if row["centre"] == "all"] == [
        ("next-response", "all", "1"),
        ("resolution", "all", "0"),
        ("periodic-update", "all", ""),
    ]
    assert "measured, without a promise" in olcare(*asked).out
    assert "first responses" not in olcare(*asked, "--cycles").out


def test_an_explanation_tells_the_cycles_beside_the_promise() -> None:
    explained = done("sla", "explain", "crm-eu/waits")
    assert explained["cycles"] == done("sla", "cycles", "crm-eu/waits")["cycles"] != []
    said = olcare("sla", "explain", "crm-eu/waits").out
    assert said.index("Life of the promise") < said.index("Measured, without a promise") < said.index("next-response")


def test_what_began_before_there_was_a_target_has_none() -> None:
    assert [cycle["target_seconds"] for cycle in cycles("plain", "resolution")] == [None]
    assert "CycleReckoned" not in types_in("plain")


def test_a_ticket_that_was_never_opened_has_no_cycles() -> None:
    assert "there is no ticket/crm-eu/nobody that was opened" in olcare("sla", "cycles", "crm-eu/nobody").err


def test_every_table_is_what_a_rebuild_makes_of_the_log() -> None:
    assert {proof["equal"] for proof in done("projections", "verify", "sla_timer")} == {True}
