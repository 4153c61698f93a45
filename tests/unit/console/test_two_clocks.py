"""What was true beside what was known: of events by their two instants, and of what was made of them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.ticket_rows import TicketRow
from services.ops.console.pages.two_clocks import ClockDifference, both_clocks, differences, standing
from services.ops.trail.as_of import Cut
from services.ops.trail.tickets import TicketThen

NINE = datetime(2026, 11, 30, 9, tzinfo=UTC)
TEN = NINE + timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
NOTHING = TicketThen(None, None, (), (), (), ())
INSTANTS = st.one_of(st.none(), st.sampled_from((NINE, TEN)))


@pytest.mark.parametrize(
    ("occurred", "recorded", "stands"),
    [
        (NINE, NINE, "stands"),
        (NINE, NINE + MICROSECOND, "not-known"),
        (NINE + MICROSECOND, NINE, "not-yet"),
        (NINE + MICROSECOND, NINE + MICROSECOND, "later"),
    ],
)
def test_an_event_stands_to_both_clocks(occurred: datetime, recorded: datetime, stands: str) -> None:
    assert standing(Cut(NINE, NINE), occurred, recorded) == stands


def test_without_instants_everything_stands() -> None:
    assert standing(Cut(), TEN, TEN) == "stands"


@pytest.mark.parametrize("cut", [Cut(NINE), Cut(known_at=NINE), Cut(NINE, NINE)])
def test_one_clock_alone_is_asked_of_both(cut: Cut) -> None:
    assert both_clocks(cut) == Cut(NINE, NINE)


@given(INSTANTS, INSTANTS, st.sampled_from((NINE, TEN)), st.sampled_from((NINE, TEN)))
def test_what_stands_is_what_the_cut_holds(
    as_of: datetime | None, known_at: datetime | None, occurred: datetime, recorded: datetime
) -> None:
    cut = Cut(as_of, known_at)
    assert (standing(cut, occurred, recorded) == "stands") is cut.holds(occurred, recorded)


def test_what_was_true_and_not_known_is_named() -> None:
    stood = TicketRow("ticket/crm-eu/1", "open", customer="customer/erp/1", responses=1, first_responded_at=NINE)
    true = NOTHING._replace(ticket=stood)
    known = NOTHING._replace(ticket=stood._replace(responses=0, first_responded_at=None))
    assert differences(true, known) == [
        ClockDifference(what="ticket", of=None, name="responses", true=1, known=0),
        ClockDifference(what="ticket", of=None, name="first_responded_at", true=NINE, known=None),
    ]
    assert differences(true, true) == []
    assert [one.name for one in differences(true, NOTHING)] == ["state", "responses", "first_responded_at"]
