"""How values are written: by Babel, in the reader's language."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ops.console.shown import Shown

ENGLISH, FRENCH = Shown("en", ZoneInfo("Europe/Paris")), Shown("fr")
MONDAY = datetime(2026, 11, 30, 7, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "english", "french"),
    [
        (0, "0s", "0s"),
        (59, "59s", "59s"),
        (60, "1m", "1min"),
        (3 * 3600 + 60 * 7 + 5, "3h 7m", "3h 7min"),
        (86_400, "1d", "1j"),
        (2 * 86_400 + 3600, "2d 1h", "2j 1h"),
        (-90, "1m 30s", "1min 30s"),
    ],
)
def test_a_span_has_its_two_greatest_units(seconds: int, english: str, french: str) -> None:
    def plain(text: str) -> str:
        return text.replace("\N{NARROW NO-BREAK SPACE}", "").replace("\N{NO-BREAK SPACE}", "")

    assert plain(ENGLISH.span(seconds)) == english
    assert plain(FRENCH.span(timedelta(seconds=seconds))) == french


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)))
def test_a_countdown_says_nothing_is_left_only_where_nothing_is(left: timedelta) -> None:
    assert (ENGLISH.countdown(left) == "0s") == (left == timedelta(0))


def test_numbers_sizes_and_instants_are_written_as_the_language_has_it() -> None:
    assert (ENGLISH.number(12345), FRENCH.number(12345)) == ("12,345", "12\N{NARROW NO-BREAK SPACE}345")
    assert (ENGLISH.size(999), ENGLISH.size(1_234_567)) == ("999 byte", "1.2 MB")
    assert ENGLISH.instant(MONDAY) == "30 Nov 2026 08:05:09"
    assert FRENCH.instant(MONDAY) == "30 nov. 2026 07:05:09"
    assert FRENCH.instant(MONDAY, "Asia/Tokyo") == "30 nov. 2026 16:05:09"
    assert ENGLISH.clock(MONDAY) == "08:05"


def test_what_is_not_known_is_a_dash() -> None:
    assert {ENGLISH.number(None), ENGLISH.span(None), ENGLISH.instant(None), ENGLISH.size(None)} == {"\N{EN DASH}"}
