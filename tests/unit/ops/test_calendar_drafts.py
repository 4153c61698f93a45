"""Years to come are drafted from a library and from what the owner of the plan decides, and from nowhere else."""

import ast
from datetime import date
from pathlib import Path

import pytest

from libs.messages.plan import CentreCalendar, Status
from libs.plan import BadPlan
from services.contract.plan import SHIPPED, read_plan
from services.ops.plan.closure_drafts import draft
from services.ops.plan.closure_overrides import (
    OVERRIDES,
    Add,
    HolidayList,
    Mark,
    Overrides,
    Remove,
    Rename,
    read_overrides,
)

PROJECT = Path(__file__).parents[3]
TEXT = SHIPPED.joinpath(OVERRIDES).read_text(encoding="utf-8")
DECIDED = read_overrides(TEXT)
PLAN = read_plan()
PUBLISHED, NEXT = range(2026, 2029), range(2029, 2031)
FRANCE = HolidayList(centre="france", country="FR", language="fr", reason="of a test")
NOEL = date(2029, 12, 25)


def closures(
    *overrides: Add | Mark | Remove | Rename, source: HolidayList = FRANCE
) -> dict[date, tuple[str, str, str | None]]:
    drafted = draft(Overrides(sources=(source,), overrides=overrides), "france", [2029])
    return {closure.day: (closure.name, str(closure.status), closure.note) for closure in drafted.closures}


@pytest.mark.parametrize("calendar", PLAN.centres, ids=lambda calendar: str(calendar.centre))
def test_library_and_decisions_give_exactly_what_is_published(calendar: CentreCalendar) -> None:
    assert draft(DECIDED, calendar.centre, PUBLISHED).closures == calendar.closures


def test_what_the_library_alone_says_otherwise_is_what_was_decided() -> None:
    decisions = {c.centre: draft(DECIDED, c.centre, PUBLISHED).decisions for c in PLAN.centres}
    assert {
        (centre, str(each.day), each.name, each.action) for centre, found in decisions.items() for each in found
    } == {
        ("americas", "2026-04-03", "Vendredi saint", "mark"),
        ("americas", "2027-03-26", "Vendredi saint", "mark"),
        ("americas", "2027-12-27", "Jour de Noël (observé)", "remove"),
        ("americas", "2028-01-03", "Jour de l'an (observé)", "remove"),
        ("americas", "2028-04-14", "Vendredi saint", "mark"),
        ("france", "2026-05-25", "Lundi de Pentecôte", "mark"),
        ("france", "2027-05-17", "Lundi de Pentecôte", "mark"),
        ("france", "2028-06-05", "Lundi de Pentecôte", "mark"),
        ("netherlands", "2026-04-03", "Goede vrijdag", "remove"),
        ("netherlands", "2027-03-26", "Goede vrijdag", "remove"),
        ("netherlands", "2028-04-14", "Goede vrijdag", "remove"),
        ("australia", "2027-09-24", "Friday before the AFL Grand Final", "mark"),
        ("australia", "2028-09-29", "Friday before the AFL Grand Final", "mark"),
        ("malaysia", "2028-02-09", "Hari Thaipusam", "mark"),
        ("malaysia", "2028-11-15", "Hari Deepavali", "mark"),
        ("malaysia", "2027-06-08", "Awal Muharam (cuti ganti)", "add"),
    }


@pytest.mark.parametrize("centre", [calendar.centre for calendar in PLAN.centres])
def test_every_decision_does_something_in_some_year(centre: str) -> None:
    reasons = {each.reason for each in draft(DECIDED, centre, range(2026, 2036)).decisions}
    assert reasons == {override.reason for override in DECIDED.of(centre)}


def test_days_that_follow_the_moon_are_estimated_and_so_are_their_substitutes() -> None:
    drafted = {str(c.day): (c.name, c.status) for c in draft(DECIDED, "malaysia", NEXT).closures}
    assert drafted["2029-02-15"] == ("Hari Raya Puasa (anggaran)", Status.ESTIMATED)
    assert drafted["2029-05-28"] == ("Cuti Hari Wesak (anggaran)", Status.ESTIMATED)
    assert drafted["2029-11-05"] == ("Hari Deepavali", Status.ESTIMATED)
    assert drafted["2029-08-31"] == ("Hari Kebangsaan", Status.CONFIRMED)


BY_THE_MOON = ("Thaipusam", "Nuzul", "Raya", "Wesak", "Muharam", "Nabi", "Deepavali", "Tahun Baharu Cina")


def test_every_published_day_that_follows_the_moon_is_estimated_from_2028_on() -> None:
    (malaysia,) = (calendar for calendar in PLAN.centres if calendar.centre == "malaysia")
    moon = [c for c in malaysia.closures if c.day.year >= 2028 and any(name in c.name for name in BY_THE_MOON)]
    assert {c.name: str(c.status) for c in moon if c.status is not Status.ESTIMATED} == {}
    assert "2028-11-15" in {str(c.day) for c in moon}


def test_a_day_of_two_names_is_as_well_known_as_the_better_known() -> None:
    drafted = {str(c.day): (c.name, c.status) for c in draft(DECIDED, "malaysia", NEXT).closures}
    assert drafted["2029-02-01"] == ("Hari Nuzul Al-Quran (anggaran); Hari Wilayah Persekutuan", Status.CONFIRMED)


@pytest.mark.parametrize(
    ("centre", "day", "name"),
    [
        ("australia", "2029-11-06", "Melbourne Cup Day"),
        ("germany", "2029-05-31", "Fronleichnam"),
        ("japan", "2029-02-12", "振替休日"),
        ("united-kingdom", "2029-08-27", "Late Summer Bank Holiday"),
        ("americas", "2029-06-24", "Fête nationale du Québec"),
    ],
)
def test_days_of_the_centres_own_place_are_among_them(centre: str, day: str, name: str) -> None:
    assert (day, name) in {(str(c.day), c.name) for c in draft(DECIDED, centre, NEXT).closures}


def test_a_day_is_added() -> None:
    eve = Add(centre="france", action="add", day=date(2029, 12, 24), name="Réveillon", status=Status.ASSUMPTION,
              note="half the team is away", reason="of a test")  # fmt: skip
    assert closures(eve)[date(2029, 12, 24)] == ("Réveillon", "assumption", "half the team is away")
    assert NOEL in closures(eve)


def test_a_day_of_another_year_is_not() -> None:
    eve = Add(
        centre="france", action="add", day=date(2030, 12, 24), name="Réveillon", status=Status.ASSUMPTION, reason="-"
    )
    assert closures(eve) == closures()


def test_a_day_is_removed_renamed_or_marked_by_its_name() -> None:
    names = ("Noël",)
    remove = Remove(centre="france", reason="-", names=names, action="remove")
    rename = Rename(centre="france", reason="-", names=names, action="rename", to="Nativité")
    mark = Mark(centre="france", reason="-", names=names, action="mark", status=Status.ASSUMPTION, note="may be worked")
    assert NOEL not in closures(remove)
    assert closures(rename)[NOEL] == ("Nativité", "confirmed", None)
    assert closures(mark)[NOEL] == ("Noël", "assumption", "may be worked")
    assert closures(rename, remove) == closures(rename)


@pytest.mark.parametrize(
    ("from_year", "to_year", "there"), [(2029, 2029, False), (2030, 9999, True), (1970, 2028, True)]
)
def test_a_decision_holds_in_its_years(from_year: int, to_year: int, there: bool) -> None:  # noqa: FBT001 - a column
    remove = Remove(centre="france", action="remove", names=("Noël",), reason="-", from_year=from_year, to_year=to_year)
    assert (NOEL in closures(remove)) is there


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"country": "XX"}, "sources.france: "),
        ({"subdivision": "Bavaria"}, "sources.france: "),
        ({"language": "it"}, "it is"),
    ],
)
def test_a_list_that_the_library_does_not_have_is_refused(change: dict[str, str], message: str) -> None:
    with pytest.raises(BadPlan, match=f"overrides.yaml: .*{message}"):
        closures(source=FRANCE.model_copy(update=change))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("action: remove", "action: forget", r"overrides.yaml: overrides.0: Input tag 'forget'"),
        ("- centre: netherlands", "- centre: holland", r"overrides of holland, of which there is no source"),
        ("sources:", "sauces:", r"overrides.yaml: sources: Field required"),
        ("overrides:\n-", "overrides: [", r"overrides.yaml: while parsing"),
        ("  reason: a day off only where a collective agreement says so\n", "", r"overrides.3.remove.reason: Field"),
    ],
)
def test_decisions_that_can_not_be_read_are_refused_with_their_place(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(BadPlan, match=message):
        read_overrides(TEXT.replace(old, new))


def test_a_centre_without_a_source_is_refused() -> None:
    with pytest.raises(BadPlan, match="sources: none for lyon"):
        draft(DECIDED, "lyon", NEXT)


def imports(file: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {f"{n.module}.{alias.name}" for n in nodes if isinstance(n, ast.ImportFrom) for alias in n.names}


def test_no_library_of_ours_and_no_service_asks_for_holidays_or_reads_the_plans_files() -> None:
    ours = [*PROJECT.glob("libs/**/*.py"), *PROJECT.glob("services/**/*.py")]
    asking = {
        str(file.relative_to(PROJECT))
        for file in ours
        if any(f"{name}.".startswith(("holidays.", "services.contract.plan.")) for name in imports(file))
    }
    assert "services/ops/plan/closure_drafts.py" in asking
    assert all(file.startswith("services/ops/") for file in asking), asking
