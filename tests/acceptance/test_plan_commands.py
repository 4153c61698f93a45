"""The plan as files, from the command line alone: drafted, checked, exported. Nothing of it needs the stack."""

import json
import subprocess
from pathlib import Path
from shutil import copytree

import pytest

from libs.stack.run import PROJECT
from libs.workcal import tz_version
from services.contract.plan import read_plan
from services.ops.plan.files import plan_at
from tests.acceptance.olcare import done, olcare

SHIPPED = PROJECT / "services/contract/plan"
SUMMER = ("--on", "2026-07-01")
NOTHING_FOUND = {"errors": [], "warnings": [], "tz_version": tz_version()}


@pytest.fixture(autouse=True)
def _nothing_is_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("KAFKA", "POSTGRES", "CLOCK", "SERVICES"):
        monkeypatch.delenv(f"OLCARE_{name}", raising=False)
    monkeypatch.setenv("OLCARE_RUN", str(tmp_path / "run"))


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return copytree(SHIPPED, tmp_path / "plan")


def change(plan: Path, file: str, old: str, new: str) -> None:
    content = (plan / file).read_bytes()
    assert old.encode() in content
    (plan / file).write_bytes(content.replace(old.encode(), new.encode()))


def apply(drafted: str, plan: Path) -> None:
    command = ("git", "apply", "--unsafe-paths", f"--directory={plan}", "-")
    subprocess.run(command, input=drafted.encode(), cwd=plan, check=True)


def test_next_years_are_drafted_applied_by_a_person_and_pass_the_check(plan: Path) -> None:
    assert len(done("plan", "check", "--plan", str(plan), "--on", "2028-12-01")["warnings"]) == 8
    before = {file.name: file.read_bytes() for file in plan.iterdir() if file.is_file()}
    drafted = olcare("calendar", "propose", "--years", "2029..2030", "--plan", str(plan))
    assert drafted.code == 0
    assert {file.name: file.read_bytes() for file in plan.iterdir() if file.is_file()} == before
    apply(drafted.out, plan)
    assert done("plan", "check", "--plan", str(plan), "--on", "2028-12-01") == NOTHING_FOUND
    assert done("calendar", "propose", "--years", "2026..2030", "--plan", str(plan))["changes"] == []


def test_a_draft_of_one_centre_says_what_was_decided_and_why() -> None:
    drafted = olcare("calendar", "propose", "--years", "2029", "--centre", "netherlands").out
    assert drafted.startswith("# netherlands 2029-03-30 Goede vrijdag: remove, a day off only where a collective")
    assert "+netherlands,2029-04-27,Koningsdag,confirmed," in drafted.splitlines()
    assert "+france" not in drafted


def test_a_draft_as_json_names_every_change() -> None:
    drafted = done("calendar", "propose", "--years", "2029", "--centre", "japan")
    assert drafted["calendars"] == [{"centre": "japan", "version": 2, "last_day": "2029-12-31"}]
    first, *others = drafted["changes"]
    assert (first["day"], first["before"], first["after"][0]["name"]) == ("2029-01-01", [], "元日")
    assert len(others) == 18
    assert drafted["decisions"] == []


def test_what_is_published_already_is_compared_with_what_would_be_drafted(plan: Path) -> None:
    change(plan, "holidays.csv", "japan,2027-03-21,春分の日,confirmed,\r\n", "")
    change(plan, "holidays.csv", "france,2027-07-14,Fête nationale", "france,2027-07-14,Le 14 juillet")
    found = done("calendar", "propose", "--years", "2026..2028", "--plan", str(plan))
    said = [
        (each["day"], [c["name"] for c in each["before"]], [c["name"] for c in each["after"]])
        for each in found["changes"]
    ]
    assert said == [("2027-07-14", ["Le 14 juillet"], ["Fête nationale"]), ("2027-03-21", [], ["春分の日"])]


def test_where_nothing_would_change_that_is_said() -> None:
    assert olcare("calendar", "propose", "--years", "2027", "--centre", "germany").out == "nothing would change\n"


def test_no_year_is_left_out() -> None:
    said = olcare("calendar", "propose", "--years", "2030")
    assert (said.code, said.err) == (1, "olcare: americas is published until 2028-12-31: propose 2029..2030\n")


@pytest.mark.parametrize("years", ["2030..2029", "29..30", "2029-2030", "2029..2039", ""])
def test_what_are_no_years_is_asked_in_a_wrong_way(years: str) -> None:
    assert olcare("calendar", "propose", "--years", years).code == 2


def test_a_centre_that_is_not_there_is_refused() -> None:
    said = olcare("calendar", "propose", "--years", "2029", "--centre", "lyon")
    assert said.code == 1
    assert "there is no centre lyon; there are americas, " in said.err


def test_a_plan_may_bring_its_own_decisions(plan: Path) -> None:
    change(plan, "overrides.yaml", "names: [Goede vrijdag]", "names: [Koningsdag]")
    drafted = olcare("calendar", "propose", "--years", "2029", "--centre", "netherlands", "--plan", str(plan)).out
    assert "+netherlands,2029-03-30,Goede vrijdag" in drafted
    assert "+netherlands,2029-04-27" not in drafted


def test_a_plan_without_decisions_takes_those_that_are_shipped(plan: Path) -> None:
    (plan / "overrides.yaml").unlink()
    assert done("calendar", "propose", "--years", "2026..2028", "--plan", str(plan))["changes"] == []


def test_the_shipped_plan_can_be_published() -> None:
    said = olcare("plan", "check", *SUMMER)
    assert (said.code, said.out, said.err) == (0, f"the plan can be published, with tz database {tz_version()}\n", "")


def test_a_year_that_ends_without_a_successor_is_warned_of_and_no_error() -> None:
    said = olcare("plan", "check", "--on", "2028-07-04")
    assert (said.code, said.out) == (0, f"the plan can be published, with tz database {tz_version()}\n")
    assert said.err.splitlines()[0].startswith("warning: centres.yaml: americas.last_day: 2028-12-31, days left: 180; ")
    assert len(said.err.splitlines()) == 8
    assert olcare("plan", "check", "--on", "2028-07-03").err == ""


def test_the_plans_own_time_decides_what_is_about_to_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clock = tmp_path / "clock.json"
    clock.write_text('{"mode": "stepped", "at": "2028-12-30T12:00:00.000000Z"}', encoding="utf-8")
    monkeypatch.setenv("OLCARE_CLOCK", str(clock))
    assert {each["what"].split(";")[0] for each in done("plan", "check")["warnings"]} == {"2028-12-31, days left: 1"}


LAST_DAY = "last_day: 2028-12-31\n  weekly: *nine_to_five\n- centre: france"
EURO = "currency: EUR, version: 1, minor_digits: 2, first_year: 2000, renewal: 2000, resubscription: "
TUESDAY = '{weekday: 2, opens: "09:00", closes: "19:00"}'


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        ("centres.yaml", "Europe/Paris", "Europe/Atlantis", "centres.yaml: france: 'Europe/Atlantis' is no zone"),
        ("centres.yaml", TUESDAY, TUESDAY.replace("2", "1", 1), "centres.yaml: australia: monday: 09:00-19:00 and "),
        ("centres.yaml", LAST_DAY, LAST_DAY.replace("31", "25"), "holidays.csv: germany 2028-12-26: is outside 2026-"),
        ("centres.yaml", '"+815034885816"', '"+33180875286"', "centres.yaml: number +33180875286 stands there twice"),
        ("holidays.csv", "france,2026-12-25,", "france,2026-12-32,", "holidays.csv: line 94: day: "),
        ("prices.yaml", f"{EURO}2500", f"{EURO}2000", "prices.yaml: EUR: 2000 for coming back is not above 2000"),
    ],
)
def test_what_would_be_refused_is_one_line_with_its_place(plan: Path, file: str, old: str, new: str, line: str) -> None:
    change(plan, file, old, new)
    said = olcare("plan", "check", "--plan", str(plan), *SUMMER)
    assert said.code == 1
    assert [each[: len(line)] for each in said.out.splitlines()] == [line]
    found = olcare("plan", "check", "--plan", str(plan), *SUMMER, "--json").json()
    assert [each["file"] for each in found["errors"]] == [line.partition(":")[0]]


def test_every_error_has_a_line(plan: Path) -> None:
    change(plan, "centres.yaml", "zone: Europe/Paris", "zone: Europe/Atlantis")
    change(plan, "prices.yaml", "resubscription: 2500", "resubscription: 1999")
    assert len(olcare("plan", "check", "--plan", str(plan), *SUMMER).out.splitlines()) == 1 + 7


@pytest.mark.parametrize("words", [("--plan", "nowhere"), ("--on", "tomorrow"), ("--plan", str(PROJECT))])
def test_what_is_no_plan_at_all_is_asked_in_a_wrong_way(words: tuple[str, ...]) -> None:
    said = olcare("plan", "check", *words)
    assert (said.code, said.out) == (2, "")


def test_an_exported_plan_is_the_plan(plan: Path, tmp_path: Path) -> None:
    change(plan, "centres.yaml", "- centre: japan\n  version: 1", "- centre: japan\n  version: 7")
    file = tmp_path / "plan.json"
    assert done("plan", "export", "--plan", str(plan), str(file)) == {"file": str(file), "parts": 21}
    assert plan_at(file) == plan_at(plan) == read_plan(plan) != plan_at(None)
    assert json.loads(file.read_text(encoding="utf-8"))["centres"][7]["version"] == 7
    assert done("plan", "check", "--plan", str(file), *SUMMER) == NOTHING_FOUND


def test_problems_of_an_exported_plan_name_that_file(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    assert olcare("plan", "export", str(file)).code == 0
    change(tmp_path, "plan.json", "Asia/Tokyo", "Asia/Edo")
    said = olcare("plan", "check", "--plan", str(file), *SUMMER)
    assert (said.code, said.out.startswith(f"{file}: japan: 'Asia/Edo' is no zone of IANA ")) == (1, True)


def test_a_plan_is_not_exported_to_where_nothing_can_be_written(tmp_path: Path) -> None:
    said = olcare("plan", "export", str(tmp_path / "none" / "plan.json"))
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "No such file" in said.err
