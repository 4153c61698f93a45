"""Deadlines and certificates on the command line: a line in, a line out, whatever the line is."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from shutil import copytree
from subprocess import PIPE
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from libs.messages.certificates import Certificate
from libs.messages.tickets import Channel
from libs.plan import export_plan, promise, with_calendar, with_call, working_calendar
from services.contract.plan import read_plan
from services.ops.__main__ import main
from services.ops.cli.output import Refused
from services.ops.sla.grounds import gathered
from services.ops.sla.json_lines import LONGEST_LINE, lines

PLAN_FILES = Path(__file__).parents[3] / "services/contract/plan"
PLAN = read_plan()
with (Path(__file__).parents[2] / "cases" / "deadlines.csv").open(encoding="utf-8") as rows:
    DEADLINES = list(csv.DictReader(rows))
ASKED = {"id": "T1", "centre": "france", "channel": "web", "opened_at": "2026-11-27T15:30:00Z"}


class Said(NamedTuple):
    code: int
    answers: list[Any]
    err: str


class Terminal:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def due(self, *given: object, plan: Path = PLAN_FILES, words: Iterable[str] = ()) -> Said:
        return self.types("due", "--plan", str(plan), *words, given=given)

    def verify(self, *given: object) -> Said:
        return self.types("verify-certificate", given=given)

    def types(self, *words: str, given: Iterable[object] = ()) -> Said:
        raw = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in given)
        self._monkeypatch.setattr("sys.argv", ["olcare", "sla", *words])
        self._monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))
        with pytest.raises(SystemExit) as ended:
            main()
        said = self._capsys.readouterr()
        return Said(int(ended.value.code or 0), [json.loads(line) for line in said.out.splitlines()], said.err)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Terminal:
    for name in ("KAFKA", "POSTGRES", "CLOCK", "SERVICES"):
        monkeypatch.delenv(f"OLCARE_{name}", raising=False)
    monkeypatch.setenv("OLCARE_RUN", str(tmp_path))
    return Terminal(monkeypatch, capsys)


def asked(row: dict[str, str]) -> dict[str, str]:
    return {name: row[name] for name in ("id", "centre", "channel", "opened_at")}


@pytest.mark.parametrize("row", DEADLINES, ids=[row["id"] for row in DEADLINES])
def test_a_ticket_of_the_cases_is_due(terminal: Terminal, row: dict[str, str]) -> None:
    code, [answer], err = terminal.due(asked(row))
    assert (code, err) == (0, "")
    assert (answer["id"], answer["due_at"]) == (row["id"], row["due_at"])
    certificate = Certificate.model_validate(answer["certificate"])
    assert certificate.due_at == datetime.fromisoformat(row["due_at"])
    assert certificate.opened_at == datetime.fromisoformat(row["opened_at"])


def test_all_of_the_cases_are_answered_in_order_and_their_certificates_are_true(terminal: Terminal) -> None:
    code, answers, _ = terminal.due(*map(asked, DEADLINES))
    assert (code, [answer["id"] for answer in answers]) == (0, [row["id"] for row in DEADLINES])
    assert len(answers) == 27
    code, verdicts, _ = terminal.verify(*answers)
    assert (code, verdicts) == (0, [{"id": row["id"], "valid": True, "reason": None} for row in DEADLINES])


def test_many_lines_are_reckoned_together_and_have_the_same_deadlines(terminal: Terminal) -> None:
    lines = [asked(row) for row in DEADLINES]
    one_by_one, together = terminal.due(*lines), terminal.due(*lines, words=("--many",))
    assert together.answers == [{"id": one["id"], "due_at": one["due_at"]} for one in one_by_one.answers]
    assert together.code == one_by_one.code == 0


def test_among_many_lines_a_bad_one_is_answered_as_it_is_alone(terminal: Terminal) -> None:
    beyond = {**ASKED, "id": "late", "opened_at": "2198-01-01T00:00:00Z"}
    for bad in (b"{", {**ASKED, "id": "nowhere", "centre": "belgium"}, beyond):
        alone, among = terminal.due(ASKED, bad), terminal.due(ASKED, bad, words=("--many",))
        good, found = among.answers
        assert (good["due_at"], found) == (alone.answers[0]["due_at"], alone.answers[1])
        assert among.code == 1


def test_a_channel_without_a_target_is_told_from_one_that_there_is_not(terminal: Terminal, tmp_path: Path) -> None:
    targets = PLAN.targets.model_copy(update={"targets": PLAN.targets.targets.model_copy(update={"web_seconds": None})})
    exported = tmp_path / "plan.json"
    exported.write_text(export_plan(replace(PLAN, targets=targets)))
    code, [answer, mailed], _ = terminal.due(ASKED, ASKED | {"channel": "email"}, plan=exported)
    assert (code, answer["id"], answer["error"]["code"]) == (1, "T1", "no_target_for_channel")
    assert mailed["due_at"] == "2026-11-30T11:30:00Z"


def test_a_plan_may_be_one_exported_file(terminal: Terminal, tmp_path: Path) -> None:
    exported = tmp_path / "plan.json"
    exported.write_text(export_plan(PLAN))
    assert terminal.due(ASKED, plan=exported) == terminal.due(ASKED)


BAD = {
    "not json": (b"{", "not_json", None),
    "two objects": (b"{} {}", "not_json", None),
    "no number of json": (b'{"id": NaN}', "not_json", None),
    "minus infinity": (b'{"id": -Infinity}', "not_json", None),
    "a number of 5000 digits": (b'{"id": ' + b"1" * 5000 + b"}", "not_json", None),
    "nested for ever": (b"[" * 100_000, "not_json", None),
    "no utf-8": (b'{"id": "\xff"}', "not_utf8", None),
    "a line of a megabyte": (b'{"id": "' + b"x" * LONGEST_LINE + b'"}', "too_long", None),
    "a list": ([], "not_an_object", None),
    "a text": ("x", "not_an_object", None),
    "null": (None, "not_an_object", None),
    "a field twice": (b'{"id": "a", "id": "b"}', "duplicate_key", None),
    "an id that is null": (ASKED | {"id": None}, "wrong_type", "id"),
    "an id that is true": (ASKED | {"id": True}, "wrong_type", "id"),
    "an id that is half": (ASKED | {"id": 0.5}, "wrong_type", "id"),
    "an id beyond all numbers": (b'{"id": 1e999}', "wrong_type", "id"),
    "an id of 54 bits": (ASKED | {"id": 2**53}, "too_long", "id"),
    "an id of 201 characters": (ASKED | {"id": "x" * 201}, "too_long", "id"),
    "an id with half a character": (b'{"id": "\\ud83d"}', "not_utf8", "id"),
    "a centre in a list": (ASKED | {"centre": ["france"]}, "wrong_type", "centre"),
    "a centre in capitals": (ASKED | {"centre": "France"}, "unknown_centre", "centre"),
    "a centre of halves of characters": (ASKED | {"centre": "\ud83d" * 999}, "unknown_centre", "centre"),
    "no channel": (ASKED | {"channel": ""}, "unknown_channel", "channel"),
    "another channel": (ASKED | {"channel": "fax"}, "unknown_channel", "channel"),
    "a number for an instant": (ASKED | {"opened_at": 1_790_000_000}, "wrong_type", "opened_at"),
    "an ambiguous time": (ASKED | {"opened_at": "2026-10-25 02:30"}, "naive_instant", "opened_at"),
    "no offset": (ASKED | {"opened_at": "2026-11-27T15:30:00.5"}, "naive_instant", "opened_at"),
    "a day": (ASKED | {"opened_at": "2026-11-27"}, "bad_instant", "opened_at"),
    "seconds of the epoch": (ASKED | {"opened_at": "1790000000"}, "bad_instant", "opened_at"),
    "no such day": (ASKED | {"opened_at": "2026-02-29T10:00:00Z"}, "bad_instant", "opened_at"),
    "a leap second": (ASKED | {"opened_at": "2026-06-30T23:59:60Z"}, "bad_instant", "opened_at"),
    "nanoseconds": (ASKED | {"opened_at": "2026-11-27T15:30:00.000000001Z"}, "bad_instant", "opened_at"),
    "other digits": (ASKED | {"opened_at": "٢٠٢٦-11-27T15:30:00Z"}, "bad_instant", "opened_at"),
    "before all time": (ASKED | {"opened_at": "0001-01-01T00:00:00+10:00"}, "bad_instant", "opened_at"),
    "long ago": (ASKED | {"opened_at": "1960-01-01T00:00:00Z"}, "bad_instant", "opened_at"),
    "before the calendar": (ASKED | {"opened_at": "2025-12-31T22:59:59Z"}, "calendar_ends", "opened_at"),
    "after the calendar": (ASKED | {"opened_at": "2028-12-31T23:00:00Z"}, "calendar_ends", "opened_at"),
    "due after the calendar": (ASKED | {"opened_at": "2028-12-29T13:00:00Z"}, "calendar_ends", "opened_at"),
} | {f"no {name}": ({k: v for k, v in ASKED.items() if k != name}, "missing", name) for name in ASKED}


@pytest.mark.parametrize(("line", "code", "field"), BAD.values(), ids=BAD)
def test_a_bad_line_is_answered_and_the_others_are_too(
    terminal: Terminal, line: object, code: str, field: str | None
) -> None:
    exit_code, [before, bad, after], err = terminal.due(ASKED, line, ASKED)
    assert (exit_code, err) == (1, "")
    assert before == after
    assert before["due_at"] == "2026-11-30T11:30:00Z"
    assert bad.keys() == {"id", "line", "error"}
    assert bad["error"].keys() == {"code", "field", "message"}
    assert (bad["line"], bad["error"]["code"], bad["error"]["field"]) == (2, code, field)
    assert bad["id"] == (None if field in {None, "id"} else "T1")
    assert 0 < len(bad["error"]["message"]) < 250


def test_an_empty_line_is_a_line(terminal: Terminal) -> None:
    code, answers, _ = terminal.due(b"", b" \t\r", ASKED)
    assert code == 1
    assert [answer.get("error", {}).get("code") for answer in answers] == ["empty_line", "empty_line", None]


def test_no_line_is_no_answer(terminal: Terminal) -> None:
    assert terminal.due() == Said(0, [], "")
    assert terminal.verify() == Said(0, [], "")


def test_a_closed_year_is_too_far_ahead(terminal: Terminal, tmp_path: Path) -> None:
    folder = copytree(PLAN_FILES, tmp_path / "plan")
    days = (date(2026, 1, 2) + timedelta(days=n) for n in range(600))
    table = "".join(f"france,{day},fermé,confirmed\n" for day in days)
    (folder / "holidays.csv").write_text(f"centre,date,name,status\n{table}", encoding="utf-8")
    code, [answer], _ = terminal.due(ASKED | {"opened_at": "2026-01-01T17:00:00Z"}, plan=folder)
    assert (code, answer["error"]["code"], answer["error"]["field"]) == (1, "too_far_ahead", "opened_at")


@pytest.mark.parametrize(
    "line",
    [
        json.dumps(ASKED).encode() + b"\r",
        b"\xef\xbb\xbf" + json.dumps(ASKED).encode(),
        ASKED | {"opened_at": "2026-11-27T16:30:00+01:00"},
        ASKED | {"opened_at": "2026-11-27t15:30:00.000z"},
        ASKED | {"opened_at": "2026-11-27 15:30Z"},
        json.dumps(ASKED).encode()[:-1] + b', "more": {"any": ["thing", 1e999]}}',
    ],
)
def test_the_same_may_be_said_in_other_ways(terminal: Terminal, line: object) -> None:
    assert terminal.due(line) == terminal.due(ASKED)


@pytest.mark.parametrize("identity", [0, -7, 2**53 - 1, "", "é ☎", "x" * 200])
def test_an_id_comes_back_as_it_was(terminal: Terminal, identity: str | int) -> None:
    _, [answer], _ = terminal.due(ASKED | {"id": identity})
    assert answer["id"] == identity


def test_instants_have_microseconds_only_where_they_are(terminal: Terminal) -> None:
    _, [answer], _ = terminal.due(ASKED | {"opened_at": "2026-11-27T15:30:00.000001Z"})
    assert answer["due_at"] == answer["certificate"]["due_at"] == "2026-11-30T11:30:00.000001Z"


@pytest.mark.parametrize("words", ["due --plan /nowhere", "due --nonsense", "due extra", "verify-certificate x", "x"])
def test_wrong_usage_is_told_apart(terminal: Terminal, words: str) -> None:
    code, answers, err = terminal.types(*words.split())
    assert (code, answers) == (2, [])
    assert "Usage: olcare" in err


def a_bad_plan(folder: Path) -> Iterator[Path]:
    yield folder
    (folder / "plan.json").write_text("{}")
    yield folder / "plan.json"
    shut = copytree(PLAN_FILES, folder / "shut")
    centres = (shut / "centres.yaml").read_text(encoding="utf-8")
    (shut / "centres.yaml").write_text(centres.replace("Europe/Paris", "Europe/Nowhere"), encoding="utf-8")
    yield shut


def test_a_bad_plan_is_one_sentence_and_no_answer(terminal: Terminal, tmp_path: Path) -> None:
    plans = list(a_bad_plan(tmp_path))
    assert len(plans) == 3
    for plan in plans:
        code, answers, err = terminal.due(ASKED, plan=plan)
        assert (code, answers, err.count("\n")) == (2, [], 1)
        assert err.startswith("olcare: ")


def test_without_a_plan_the_log_is_asked(terminal: Terminal) -> None:
    code, answers, err = terminal.types("due", given=[ASKED])
    assert (code, answers) == (1, [])
    assert err.startswith("olcare: no Kafka is given")


def test_a_line_is_answered_before_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    said, answered = io.StringIO(), list[int]()

    def readline(_: int) -> bytes:
        answered.append(said.getvalue().count("\n"))
        return b"x\n" if len(answered) < 3 else b""

    monkeypatch.setattr("sys.argv", ["olcare", "sla", "verify-certificate"])
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=SimpleNamespace(readline=readline)))
    monkeypatch.setattr("sys.stdout", said)
    with pytest.raises(SystemExit, match="1"):
        main()
    assert answered == [0, 1, 2]


@pytest.mark.timeout(60)
def test_each_line_is_answered_at_once_and_a_reader_that_goes_away_is_no_crash() -> None:
    command = [sys.executable, "-m", "services.ops", "sla", "verify-certificate"]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, bufsize=0) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        for identity in ("one", "two"):
            process.stdin.write(f'{{"id": "{identity}"}}\n'.encode())
            assert json.loads(process.stdout.readline())["id"] == identity
        process.stdout.close()
        process.stdin.write(b"{}\n")
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_a_log_without_a_plan_says_what_to_do() -> None:
    with pytest.raises(Refused, match="olcare plan publish"):
        gathered([])


def test_a_line_without_end_is_not_held() -> None:
    raw = b"x" * (3 * LONGEST_LINE + 5) + b"\n{}\n" + b"y" * LONGEST_LINE
    found = list(lines(io.BytesIO(raw)))
    assert [(line.number, len(line.raw) > LONGEST_LINE) for line in found] == [(1, True), (2, False), (3, False)]
    assert max(len(line.raw) for line in found) == LONGEST_LINE + 1


FR = working_calendar(next(centre for centre in PLAN.centres if centre.centre == "france"))
MADE = promise(FR, PLAN.targets, Channel.WEB, datetime.fromisoformat("2026-11-27T15:30:00Z"))
ALONE = MADE.model_dump(mode="json")


def test_a_certificate_may_stand_alone(terminal: Terminal) -> None:
    code, verdicts, _ = terminal.verify(ALONE, ALONE | {"id": "T1"}, {"certificate": ALONE})
    assert (code, [verdict["id"] for verdict in verdicts]) == (0, [None, "T1", None])
    assert all(verdict["valid"] for verdict in verdicts)


def test_a_certificate_with_changes_is_judged_as_well(terminal: Terminal) -> None:
    content = next(centre for centre in PLAN.centres if centre.centre == "france").model_copy(update={"version": 2})
    other = working_calendar(content)
    changed = with_calendar(MADE, other, datetime.fromisoformat("2026-11-28T10:00:00Z"))
    called = with_call(changed, other, PLAN.targets, datetime.fromisoformat("2026-11-30T08:30:00Z"))
    assert [str(change.cause) for change in called.changes] == ["calendar", "call"]
    good = called.model_dump(mode="json")
    bad = good | {"changes": good["changes"][:1]}
    assert [verdict["valid"] for verdict in terminal.verify(good, bad).answers] == [True, False]


FORGED = {
    "zone": "Europe/Nowhere",
    "channel": "fax",
    "centre": "",
    "opened_at": "2026-11-27T15:00:00Z",
    "clock_started_at": "2026-11-27T15:31:00Z",
    "target_seconds": 7_200,
    "at_risk": [{"percent": 75, "at_risk_at": "2026-11-30T10:31:00Z"}],
    "due_at": "2026-11-30T11:30:00.000001Z",
    "calendar_version": 0,
    "targets_version": None,
    "tz_version": 2026,
    "intervals": ALONE["intervals"][:1],
    "closed_since": "2026-11-27T15:30:00Z",
    "changes": [{}],
}


@pytest.mark.parametrize(("name", "forged"), FORGED.items())
def test_a_forged_certificate_is_found(terminal: Terminal, name: str, forged: object) -> None:
    true, false = {"id": 1, "certificate": ALONE}, {"id": 2, "certificate": {**ALONE, name: forged}}
    code, [good, bad], _ = terminal.verify(true, false)
    assert (code, good["valid"], bad["id"], bad["valid"]) == (1, True, 2, False)
    assert bad["reason"]


def test_every_field_of_a_certificate_is_forged_above() -> None:
    assert FORGED.keys() == Certificate.model_fields.keys()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "no JSON"),
        (b"", "nothing in the line"),
        ({}, "Field required"),
        ({"certificate": 7}, "no object"),
        ({"id": "T1", "line": 2, "error": {"code": "unknown_centre"}}, "an error, and no certificate"),
        ({**ALONE, "came_later": 1}, "came_later: Extra inputs"),
        ({**ALONE, "due_at": "0001-01-01T00:00:00+10:00"}, "in the years 1 to 9999"),
        ({**ALONE, "due_at": 1_790_000_000}, "a number is no date"),
        ({"due_at": "2026-11-30T11:31:00Z", "certificate": ALONE}, "beside the certificate"),
        (json.dumps(ALONE).replace("14400", "9" * 4000).encode(), "less than or equal to 2147483647"),
        ({**ALONE, "\ud83d": 1}, "unable to parse"),
    ],
)
def test_what_is_no_certificate_is_not_valid(terminal: Terminal, line: object, reason: str) -> None:
    code, [verdict, good], err = terminal.verify(line, ALONE)
    assert (code, err, good["valid"]) == (1, "", True)
    assert verdict.keys() == {"id", "valid", "reason"}
    assert not verdict["valid"]
    assert reason in verdict["reason"]
