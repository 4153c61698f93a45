"""What the calendar makes of contracts in the week is reckoned from their terms, by the days of their centres."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from libs.messages.catalogue import CONTRACTS_DOOR, TICKETS_DOOR
from libs.messages.notices import NoticeClass
from libs.plan import working_calendar, yearly_term
from services.ops.demo.contract_life import Timetable, happenings
from services.ops.demo.figures import ContractFigure, ContractNews
from services.ops.demo.reckoning import reckon
from services.ops.demo.register import Contract, Money, TermKnownSince
from tests.unit.ops_demo.scripts import plan, script

MONDAY, ENDS = datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 30, 12, tzinfo=UTC)
FRANCE = next(centre for centre in plan().centres if centre.centre == "france")
TIMETABLE = Timetable(plan().notices, working_calendar(FRANCE), ENDS)
VALUE = Money("12345.67", "EUR")
SHOWN = ("ContractLapsed", "RenewalOffered", "RenewalReminded", "RenewalReminderSkipped", "TermBegan")


def contract(first_day: date, *, value: Money | None = VALUE) -> Contract:
    term = yearly_term(first_day)
    return Contract("customer/erp/C-1", ("pres-connect",), "france", FRANCE.zone, value, [TermKnownSince(term, MONDAY)])


def counted(of: Contract, timetable: Timetable = TIMETABLE) -> dict[str, int]:
    events = Counter(happening.event.event.split(".")[1] for happening in happenings(of, timetable))
    return {name: events[name] for name in SHOWN if events[name]}


def letters(of: Contract) -> dict[NoticeClass, datetime]:
    return {h.letter.notice_class: h.letter.leaves_at for h in happenings(of, TIMETABLE) if h.letter}


def renewed(first_day: date, known_at: datetime) -> Contract:
    made = contract(first_day)
    following = TermKnownSince(yearly_term(first_day, 2), known_at, Money("2469.13", "EUR"))
    return replace(made, terms=[*made.terms, following])


def test_what_was_due_before_the_contract_is_known_is_skipped_and_the_rest_is_told() -> None:
    friday_ends = contract(date(2025, 11, 28))
    assert counted(friday_ends) == {
        "ContractLapsed": 1,
        "RenewalOffered": 1,
        "RenewalReminded": 1,
        "RenewalReminderSkipped": 3,
        "TermBegan": 1,
    }


def test_who_has_signed_does_not_lapse_and_is_told_of_no_end() -> None:
    wednesday = datetime(2026, 11, 25, 9, tzinfo=UTC)
    assert counted(renewed(date(2025, 11, 28), wednesday)) == {
        "RenewalOffered": 1,
        "RenewalReminderSkipped": 3,
        "TermBegan": 1,
    }


@pytest.mark.parametrize(("first_day", "offers"), [(date(2026, 2, 28), 1), (date(2026, 3, 1), 0)])
def test_an_offer_belongs_to_the_day_that_lies_ninety_local_days_before_the_last(first_day: date, offers: int) -> None:
    before_midnight = replace(TIMETABLE, ends=datetime(2026, 11, 29, 22, 59, tzinfo=UTC))
    assert counted(contract(first_day), before_midnight).get("RenewalOffered", 0) == offers


def test_mails_leave_when_the_centre_opens_and_a_welcome_at_once() -> None:
    ends_on_friday = letters(contract(date(2025, 11, 28)))
    assert ends_on_friday[NoticeClass.WELCOME] == MONDAY
    assert ends_on_friday[NoticeClass.RENEWAL_OFFER] == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert ends_on_friday[NoticeClass.LAPSE] == datetime(2026, 11, 30, 8, tzinfo=UTC)


def test_an_offer_that_would_not_leave_before_the_end_is_no_part_of_the_story() -> None:
    saturday = datetime(2026, 11, 28, 12, tzinfo=UTC)
    ends_on_sunday = replace(contract(MONDAY.date()), terms=[TermKnownSince(yearly_term(date(2025, 11, 30)), saturday)])
    with pytest.raises(ValueError, match="untrue before its mail leaves"):
        list(happenings(ends_on_sunday, TIMETABLE))


def test_the_week_has_all_that_becomes_of_contracts_with_the_money() -> None:
    found = reckon(script(16), plan()).contracts
    assert {key.what for key in found} == set(ContractNews)
    assert found[ContractFigure("france", ContractNews.RENEWED, "2469.13", "EUR")] == 1
    assert found[ContractFigure("germany", ContractNews.OFFERED, "1700.00", "EUR")] == 1
    for what in (ContractNews.LAPSED, ContractNews.REFUSED, ContractNews.TAKEN_UP):
        assert found[ContractFigure("germany", what, "2125.00", "EUR")] == 1
        assert found[ContractFigure("japan", what, "312500", "JPY")] == 1


def test_signatures_go_through_the_door_of_contracts_and_are_never_repeated() -> None:
    said = [line for line in script().lines if line.record.topic == CONTRACTS_DOOR]
    kinds = Counter(line.event["type"].split(".")[2] for line in said if line.event)
    assert kinds == {"RenewalSigned": 4, "ResubscriptionSigned": 2}
    assert {line.record.topic for line in script().lines} == {CONTRACTS_DOOR, TICKETS_DOOR}
