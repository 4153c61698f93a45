"""The files of the plan: what they say, and that what is no plan is refused with its place."""

import csv
from importlib.resources import files
from pathlib import Path

import pytest

from libs.messages.plan import CentreCalendar, CycleTargets, Status
from libs.plan import FILES, BadPlan, NoPlan, export_plan, parse_exported, parse_plan, working_calendar
from libs.workcal import is_open, next_opening
from services.contract.plan import read_plan
from tests.unit.plan.seed import CENTRES, PLAN, day, utc

CASES = Path(__file__).parents[2] / "cases"
SHIPPED = {name: files("services.contract.plan").joinpath(name).read_text(encoding="utf-8") for name in FILES}
EURO = next(line for line in SHIPPED["prices.yaml"].splitlines(keepends=True) if "currency: EUR" in line)


def test_the_eight_centres_are_there_in_the_order_of_the_page() -> None:
    names = "Amériques Royaume-Uni Allemagne France Pays-Bas Australie Malaisie Japon"
    assert [centre.printed_name for centre in PLAN.centres] == names.split()


def test_the_eight_rows_of_the_page_are_there_word_by_word() -> None:
    assert [
        (c.printed_name, c.printed_hours, c.zone, c.language, ", ".join(phone.printed for phone in c.phones))
        for c in PLAN.centres
    ] == [
        (
            "Amériques",
            "Lundi au vendredi 9 h à 20 h, heure de l'Est",
            "America/Toronto",
            "fr",
            "+1 514 798-8714, +1 866 348-5863",
        ),
        ("Royaume-Uni", "Lundi au vendredi 9 h à 17 h, UTC +0", "Europe/London", "en", "+44 845 505 6349"),
        ("Allemagne", "Lundi au vendredi 9 h à 17 h, UTC +1", "Europe/Berlin", "de", "+49 6151 7809 103"),
        ("France", "Lundi au vendredi 9 h à 17 h, UTC +1", "Europe/Paris", "fr", "+33 1 80 87 52 86"),
        ("Pays-Bas", "Lundi au vendredi 9 h à 17 h, UTC +1", "Europe/Amsterdam", "nl", "+31 79 361 8036"),
        ("Australie", "Lundi au vendredi 9 h à 19 h, AEST", "Australia/Melbourne", "en", "+61 3 8548 4894"),
        ("Malaisie", "Lundi au vendredi 9 h à 17 h, MYT", "Asia/Kuala_Lumpur", "en", "+60 327 834 307"),
        ("Japon", "Lundi au vendredi 9 h à 17 h, JST", "Asia/Tokyo", "ja", "+81 50 3488 5816"),
    ]


def test_the_holidays_are_those_of_the_cases() -> None:
    assert SHIPPED["holidays.csv"] == (CASES / "holidays.csv").read_text(encoding="utf-8")


def test_no_row_and_no_column_of_the_holidays_is_lost() -> None:
    rows = csv.DictReader((CASES / "holidays.csv").read_text(encoding="utf-8").splitlines())
    assert [
        (centre.centre, str(closure.day), closure.name, str(closure.status), closure.note or "")
        for centre in PLAN.centres
        for closure in centre.closures
    ] == [tuple(row.values()) for row in rows]


def test_the_calendars_are_published_for_three_years() -> None:
    assert {(centre.first_day, centre.last_day) for centre in PLAN.centres} == {(day("2026-01-01"), day("2028-12-31"))}


def test_a_telephone_call_is_answered_in_two_hours_and_a_mail_or_the_web_form_in_four() -> None:
    targets = PLAN.targets.targets
    assert (targets.phone_seconds, targets.email_seconds, targets.web_seconds) == (7200, 14400, 14400)


def test_a_channel_may_have_no_target_and_the_exported_plan_keeps_that() -> None:
    without = SHIPPED["targets.yaml"].replace("phone_seconds: 7200, ", "")
    plan = parse_plan(SHIPPED | {"targets.yaml": without})
    assert (plan.targets.targets.phone_seconds, plan.targets.targets.email_seconds) == (None, 14400)
    assert parse_exported(export_plan(plan)) == plan


@pytest.mark.parametrize("centre", PLAN.centres, ids=lambda centre: str(centre.centre))
def test_hours_are_as_printed(centre: CentreCalendar) -> None:
    opens, closes = {(window.opens, window.closes) for window in centre.weekly}.pop()
    assert centre.printed_hours.startswith(f"Lundi au vendredi {int(opens[:2])} h à {int(closes[:2])} h, ")
    assert [window.weekday for window in centre.weekly] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("phone", [phone for centre in PLAN.centres for phone in centre.phones], ids=str)
def test_numbers_are_as_printed(phone: object) -> None:
    number, printed = getattr(phone, "number", ""), getattr(phone, "printed", "")
    assert number == "+" + "".join(each for each in printed if each.isdigit())


def test_what_the_page_does_not_give_is_marked_as_an_assumption() -> None:
    assert {centre.mailbox_status for centre in PLAN.centres} == {Status.ASSUMPTION}
    assert {prices.status for prices in PLAN.prices} == {Status.ASSUMPTION}
    assert PLAN.targets.at_risk_status is Status.ASSUMPTION
    assert {release.status for product in PLAN.products for release in product.releases} == {Status.ASSUMPTION}


def test_there_is_a_price_list_for_the_currency_of_every_centre_and_for_dollars() -> None:
    currencies = [prices.currency for prices in PLAN.prices]
    assert sorted(currencies) == ["AUD", "CAD", "EUR", "GBP", "JPY", "MYR", "USD"]
    assert {centre.currency for centre in PLAN.centres} <= set(currencies)


def test_every_price_list_asks_a_fifth_for_a_year_and_a_quarter_for_coming_back_from_2026_on() -> None:
    assert {(each.first_year, each.renewal, each.resubscription, each.applies_from) for each in PLAN.prices} == {
        (2_000, 2_000, 2_500, day("2026-01-01"))
    }


def test_a_currency_may_have_several_price_lists() -> None:
    newer = EURO.replace("version: 1", "version: 2").replace("2026-01-01", "2027-01-01")
    plan = parse_plan(SHIPPED | {"prices.yaml": SHIPPED["prices.yaml"] + newer})
    assert [(one.version, one.applies_from) for one in plan.prices if one.currency == "EUR"] == [
        (1, day("2026-01-01")),
        (2, day("2027-01-01")),
    ]


def test_what_is_wrong_with_one_of_several_price_lists_is_said_with_its_version() -> None:
    wrong = EURO.replace("version: 1", "version: 2").replace("renewal: 2000", "renewal: a fifth")
    with pytest.raises(BadPlan, match=r"prices.yaml: EUR version 2.renewal: "):
        parse_plan(SHIPPED | {"prices.yaml": SHIPPED["prices.yaml"] + wrong})


def test_a_version_of_a_price_list_stands_there_once() -> None:
    with pytest.raises(BadPlan, match=r"prices.yaml: version 1 of currency EUR stands there twice; keep one"):
        parse_plan(SHIPPED | {"prices.yaml": SHIPPED["prices.yaml"] + EURO.replace("2027", "2028")})


def test_a_printed_offset_is_read_as_civil_time() -> None:
    assert is_open(working_calendar(CENTRES["united-kingdom"]), utc("2026-07-01 08:00"))
    assert next_opening(working_calendar(CENTRES["australia"]), utc("2026-12-01 12:00")) == utc("2026-12-01 22:00")


def test_columns_from_and_to_close_a_part_of_a_day() -> None:
    holidays = "centre,date,name,status,from,to\nfrance,2026-11-24,inventaire,confirmed,12:00,13:00\n"
    france = next(each for each in parse_plan(SHIPPED | {"holidays.csv": holidays}).centres if each.centre == "france")
    calendar = working_calendar(france)
    assert is_open(calendar, utc("2026-11-24 10:59"))
    assert not is_open(calendar, utc("2026-11-24 11:00"))
    assert is_open(calendar, utc("2026-11-24 12:00"))


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("centres.yaml", "zone: Europe/Paris", "zoen: Europe/Paris", r"centres.yaml: france.zone: Field required"),
        ("centres.yaml", "language: ja", "language: ja\n  colour: red", r"centres.yaml: japan.colour: Extra inputs"),
        ("centres.yaml", "centre: japan", "centre: france", r"holidays.csv: line \d+: japan is no centre"),
        ("centres.yaml", "countries: [JP]", "countries: [FR]", "country FR stands there twice"),
        ("centres.yaml", '"+815034885816"', '"+33180875286"', r"number \+33180875286 stands there twice"),
        ("centres.yaml", "- centre: japan", "- centre: [", "centres.yaml: while parsing"),
        ("holidays.csv", "france,2026-01-01,", "france,2026-02-30,", r"holidays.csv: line \d+: day"),
        ("holidays.csv", "france,2026-01-01,Jour de l'an,confirmed", "france,2026-01-01", r"line \d+: name"),
        ("holidays.csv", "france,2026-01-01,", "frnace,2026-01-01,", "frnace is no centre"),
        ("holidays.csv", "centre,date,name", "centre,day,name", "no column date"),
        ("holidays.csv", ",status,note", ",status,form", "line 1: not a column of holidays: form"),
        ("holidays.csv", 'gazette to confirm"', 'gazette" to confirm', r"line \d+: .*expected after"),
        ("holidays.csv", "Vendredi saint,assumption,", "Vendredi saint,assumption,or not,", r"line 3: too many fields"),
        (
            "holidays.csv",
            "france,2026-12-25",
            "france,2026-11-11",
            "holidays.csv: france 2026-11-11 stands there twice",
        ),
        ("centres.yaml", "zone: Asia/Tokyo", "zone: Asia/Tokyo\n  closures: []", "japan: closures stand in holidays"),
        ("targets.yaml", "14400", "four hours", "targets.yaml: targets"),
        ("targets.yaml", "version: 1", "version: 1\ncycles: {resolution_seconds: 0}", "cycles.resolution_seconds"),
        ("targets.yaml", "version: 1", "version: 1\ncycles: {resolution: 3600}", "cycles.resolution: Extra inputs"),
        ("prices.yaml", "currency: GBP", "currency: EUR", "currency EUR stands there twice"),
        ("versions.yaml", "product: pres-connect", "product: planetpress-connect", "planetpress-connect stands there"),
    ],
)
def test_what_is_no_plan_is_refused_with_its_place(file: str, old: str, new: str, message: str) -> None:
    assert old in SHIPPED[file]
    with pytest.raises(BadPlan, match=message):
        parse_plan(SHIPPED | {file: SHIPPED[file].replace(old, new)})


def test_a_plan_may_give_targets_for_cycles_and_is_exported_with_them() -> None:
    targets = SHIPPED["targets.yaml"] + "cycles: {next_response_seconds: 28800}\n"
    plan = parse_plan(SHIPPED | {"targets.yaml": targets})
    assert plan.targets.cycles == CycleTargets(next_response_seconds=28800)
    assert parse_exported(export_plan(plan)) == plan
    assert PLAN.targets.cycles is None


def test_every_problem_is_named_at_once() -> None:
    centres = SHIPPED["centres.yaml"].replace("zone: Europe/Paris", "zoen: Europe/Paris")
    holidays = SHIPPED["holidays.csv"].replace("japan,2026-01-01", "japan,2026-01-32")
    with pytest.raises(BadPlan, match=r"\(and 2 more\)") as refused:
        parse_plan(SHIPPED | {"centres.yaml": centres, "holidays.csv": holidays})
    places = [(problem.file, problem.place) for problem in refused.value.args]
    assert places == [
        ("centres.yaml", "france.zone"),
        ("centres.yaml", "france.zoen"),
        ("holidays.csv", "line 250: day"),
    ]


def test_a_centre_that_stands_there_twice_is_refused() -> None:
    centres = SHIPPED["centres.yaml"].replace("centre: japan", "centre: france")
    holidays = SHIPPED["holidays.csv"].replace("\njapan,", "\nfrance,")
    with pytest.raises(BadPlan, match="centre france stands there twice"):
        parse_plan(SHIPPED | {"centres.yaml": centres, "holidays.csv": holidays})


def test_a_missing_file_is_named() -> None:
    with pytest.raises(NoPlan, match=r"prices.yaml: missing"):
        parse_plan({name: text for name, text in SHIPPED.items() if name != "prices.yaml"})


def test_any_folder_with_the_files_is_a_plan(tmp_path: Path) -> None:
    for name, text in SHIPPED.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_plan(tmp_path) == PLAN


def test_a_folder_without_the_files_is_none(tmp_path: Path) -> None:
    with pytest.raises(NoPlan, match=r"centres.yaml"):
        read_plan(tmp_path)


def test_a_term_that_ends_is_told_of_ninety_days_before_and_four_times_after() -> None:
    assert (PLAN.notices.renewal_offer_days, PLAN.notices.reminder_days) == (90, (60, 30, 7, 1))
    assert PLAN.notices.status is Status.ASSUMPTION


def test_a_folder_without_a_part_is_refused_with_the_name_of_the_file() -> None:
    without = {name: text for name, text in SHIPPED.items() if name != "notices.yaml"}
    with pytest.raises(NoPlan, match=r"^notices.yaml: missing$"):
        parse_plan(without)
