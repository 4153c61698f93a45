"""A proposal is a change of the plan's files that can be read, applied and published."""

from dataclasses import replace
from datetime import date

import pytest

from libs.messages.plan import CentreCalendar, Closure, Status
from libs.plan import FILES, Plan, parse_plan
from libs.plan.checks import objections, warnings
from services.contract.plan import SHIPPED, read_texts
from services.ops.cli.output import Refused
from services.ops.plan.closure_drafts import draft
from services.ops.plan.closure_overrides import OVERRIDES, read_overrides
from services.ops.plan.proposals import Proposal, difference, proposed

TEXTS = read_texts(SHIPPED, FILES)
PLAN = parse_plan(TEXTS)
FRANCE = next(calendar for calendar in PLAN.centres if calendar.centre == "france")
EVE = Closure(day=date(2026, 12, 24), name="Réveillon", status=Status.ASSUMPTION, note="said at noon, by mail")
MAY_DAY = date(2026, 5, 1)


def of_france(*closures: Closure, years: range = range(2026, 2027)) -> Proposal:
    return Proposal(FRANCE, years, closures, ())


def standing() -> list[Closure]:
    return [closure for closure in FRANCE.closures if closure.day.year == 2026]


def lines(proposal: Proposal) -> list[str]:
    """The lines of a difference that are added or removed."""
    said = difference(TEXTS, proposed(TEXTS, [proposal])).splitlines()
    return [line for line in said if line[0] in "+-" and line[:3] not in {"+++", "---"}]


def drafted(years: range) -> list[Proposal]:
    overrides = read_overrides(SHIPPED.joinpath(OVERRIDES).read_text(encoding="utf-8"))
    return [Proposal(c, years, draft(overrides, c.centre, years).closures, ()) for c in PLAN.centres]


def after(proposals: list[Proposal]) -> Plan:
    return parse_plan(TEXTS | proposed(TEXTS, proposals))


def test_the_published_years_are_proposed_as_they_stand() -> None:
    assert difference(TEXTS, proposed(TEXTS, drafted(range(2026, 2029)))) == ""


def test_the_next_years_applied_are_a_plan_that_can_be_published_until_their_end() -> None:
    plan = after(drafted(range(2029, 2031)))
    assert list(objections(plan)) == list(warnings(plan, date(2028, 12, 31))) == []
    assert {c.last_day for c in plan.centres} == {date(2030, 12, 31)}
    assert [c.version for c in plan.centres] == [before.version + 1 for before in PLAN.centres]


def test_the_next_years_change_nothing_of_those_before() -> None:
    plan = after(drafted(range(2029, 2031)))
    before = [tuple(c for c in calendar.closures if c.day.year < 2029) for calendar in plan.centres]
    assert before == [calendar.closures for calendar in PLAN.centres]
    assert replace(plan, centres=PLAN.centres) == PLAN


def test_closures_of_every_centre_stand_in_the_order_of_their_days() -> None:
    for calendar in after(drafted(range(2028, 2031))).centres:
        assert [c.day for c in calendar.closures] == sorted(c.day for c in calendar.closures)


def test_a_new_closure_is_one_line_and_a_new_version() -> None:
    assert lines(of_france(*standing(), EVE)) == [
        '+france,2026-12-24,Réveillon,assumption,"said at noon, by mail"',
        "-  version: 1",
        "+  version: 2",
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_new_line_ends_like_the_others(end: str) -> None:
    texts = TEXTS | {"holidays.csv": end.join(TEXTS["holidays.csv"].splitlines()) + end}
    found = proposed(texts, [of_france(*standing(), EVE)])["holidays.csv"]
    assert f'by mail"{end}france,2026-12-25' in found
    assert found.count("\n") == found.count(end) == texts["holidays.csv"].count("\n") + 1


def test_a_closure_that_goes_is_one_line() -> None:
    assert (
        lines(of_france(*(c for c in standing() if c.day != MAY_DAY)))[0]
        == "-france,2026-05-01,Fête du Travail,confirmed,"
    )


def test_a_closure_of_another_name_is_two_lines() -> None:
    renamed = [c.model_copy(update={"name": "Muguet"}) if c.day == MAY_DAY else c for c in standing()]
    assert lines(of_france(*renamed))[:2] == [
        "-france,2026-05-01,Fête du Travail,confirmed,",
        "+france,2026-05-01,Muguet,confirmed,",
    ]


def test_a_first_closure_of_a_centre_stands_where_there_is_room() -> None:
    bare = "centre,date,name,status,note\njapan,2026-01-01,元日,confirmed,\n"
    texts = TEXTS | {"holidays.csv": bare.rstrip("\n")}
    calendar: CentreCalendar = FRANCE.model_copy(update={"closures": ()})
    found = proposed(texts, [Proposal(calendar, range(2026, 2027), (EVE,), ())])
    assert found["holidays.csv"] == bare + 'france,2026-12-24,Réveillon,assumption,"said at noon, by mail"\n'


def test_a_note_that_the_file_has_no_column_for_is_not_lost_in_silence() -> None:
    texts = TEXTS | {"holidays.csv": "centre,date,name,status\nfrance,2026-01-01,Jour de l'an,confirmed\n"}
    with pytest.raises(Refused, match="no column note"):
        proposed(texts, [of_france(EVE)])


def test_a_calendar_without_a_version_of_its_own_is_not_changed_elsewhere() -> None:
    text = TEXTS["centres.yaml"].replace("- centre: france\n  version: 1\n", "- centre: france\n")
    with pytest.raises(Refused, match="write version of france"):
        proposed(TEXTS | {"centres.yaml": text}, [of_france(EVE)])


def test_a_calendar_that_reaches_further_than_the_years_is_not_cut() -> None:
    assert of_france(years=range(2026, 2027)).last_day == FRANCE.last_day
    assert of_france(years=range(2028, 2030)).last_day == date(2029, 12, 31)
