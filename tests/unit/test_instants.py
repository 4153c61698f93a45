"""How an instant is written: as long as messages are kept, in one form."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from libs.messages.base import Instant, rfc3339


def lies_in_utc(instant: datetime) -> bool:
    """Whether the instant lies in the years 1 to 9999 of UTC."""
    try:
        return bool(instant.astimezone(UTC))
    except OverflowError:
        return False


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS: TypeAdapter[datetime] = TypeAdapter(Instant)


@given(st.datetimes(timezones=OFFSETS | st.just(UTC)).filter(lies_in_utc))
@example(datetime(1, 1, 1, tzinfo=UTC))
@example(datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
@example(datetime(2026, 11, 24, 10, 5, tzinfo=timezone(timedelta(0))))
@example(datetime(2026, 11, 24, 10, 5, 0, 100, tzinfo=UTC))
def test_an_instant_is_written_in_utc_with_microseconds_and_read_back(instant: datetime) -> None:
    in_utc = instant.astimezone(UTC).replace(tzinfo=None)
    text = rfc3339(instant)
    assert text == f"{in_utc.isoformat(timespec='microseconds')}Z"
    assert INSTANTS.dump_json(instant) == f'"{text}"'.encode()
    assert INSTANTS.validate_json(f'"{text}"') == instant


@pytest.mark.parametrize("offset", [0, 90, -300])
def test_an_instant_is_kept_in_utc(offset: int) -> None:
    kept = INSTANTS.validate_python(datetime(2026, 11, 24, 10, 5, tzinfo=timezone(timedelta(minutes=offset))))
    assert kept.tzinfo is UTC
    assert kept == datetime(2026, 11, 24, 10, 5, tzinfo=UTC) - timedelta(minutes=offset)
