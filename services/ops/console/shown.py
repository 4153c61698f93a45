"""How values are written for a reader: numbers, instants, spans of time and days, by Babel in the reader's language."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, get_day_names
from babel.numbers import format_currency, format_decimal, format_percent
from babel.units import format_unit

MINUTE, HOUR, DAY = 60, 3600, 86_400
KILO = 1000
BYTES = ("digital-byte", "digital-kilobyte", "digital-megabyte", "digital-gigabyte", "digital-terabyte")
NOTHING_KNOWN = "\N{EN DASH}"


class Shown:
    """The writing of one language; instants in the reader's time zone."""

    def __init__(self, language: str, zone: ZoneInfo | None = None) -> None:
        self.locale, self.zone = Locale(language), zone or UTC

    def number(self, value: float | None) -> str:
        """A number with its groups of digits."""
        return NOTHING_KNOWN if value is None else format_decimal(value, locale=self.locale)

    def percent(self, value: float | None) -> str:
        """A share, 1 for all."""
        return NOTHING_KNOWN if value is None else format_percent(value, locale=self.locale, format="#,##0.# %")

    def money(self, amount: Decimal | str, currency: str) -> str:
        """An amount with its currency, to the minor unit."""
        return format_currency(Decimal(amount), currency, locale=self.locale)

    def size(self, value: int | None) -> str:
        """So many bytes, to three digits."""
        if value is None:
            return NOTHING_KNOWN
        size, step = float(value), 0
        while size >= KILO and step < len(BYTES) - 1:
            size, step = size / KILO, step + 1
        pattern = "#,##0" if step == 0 or size >= 100 else "#,##0.0"  # noqa: PLR2004 - three digits are shown
        return format_unit(size, BYTES[step], length="short", format=pattern, locale=self.locale)

    def span(self, value: timedelta | float | None) -> str:
        """A span of time by its two greatest units: `2h 13m`, `3d 4h`, `12s`."""
        if value is None:
            return NOTHING_KNOWN
        seconds = int(abs(value.total_seconds() if isinstance(value, timedelta) else value))
        days, rest = divmod(seconds, DAY)
        hours, rest = divmod(rest, HOUR)
        minutes, left = divmod(rest, MINUTE)
        units = (("duration-day", days), ("duration-hour", hours), ("duration-minute", minutes))
        first = next((at for at, (_, many) in enumerate(units) if many), len(units))
        both = (*units, ("duration-second", left))[first : first + 2]
        said = [format_unit(many, unit, length="narrow", locale=self.locale) for unit, many in both if many]
        return " ".join(said) or format_unit(0, "duration-second", length="narrow", locale=self.locale)

    def instant(self, value: datetime | None, zone: str | None = None) -> str:
        """An instant, day and time to the second, in the reader's zone or in another one."""
        if value is None:
            return NOTHING_KNOWN
        where = ZoneInfo(zone) if zone else self.zone
        return format_datetime(value.astimezone(where), "d MMM y HH:mm:ss", locale=self.locale)

    def moment(self, value: datetime | None, zone: str | None = None) -> str:
        """An instant without its year and its seconds, as in a table of these days."""
        if value is None:
            return NOTHING_KNOWN
        where = ZoneInfo(zone) if zone else self.zone
        return format_datetime(value.astimezone(where), "EEE d MMM HH:mm", locale=self.locale)

    def weekday_and_clock(self, value: datetime | None, zone: str | None = None) -> str:
        """A weekday and a time of day, as of the next days."""
        if value is None:
            return NOTHING_KNOWN
        where = ZoneInfo(zone) if zone else self.zone
        return format_datetime(value.astimezone(where), "EEE HH:mm", locale=self.locale)

    def countdown(self, value: timedelta) -> str:
        """A span of time in whole minutes, rounded up, so that it ends where nothing is left."""
        return self.span(-(-value // timedelta(minutes=1)) * MINUTE)

    def clock(self, value: datetime | None, zone: str | None = None) -> str:
        """A time of day, to the minute."""
        if value is None:
            return NOTHING_KNOWN
        where = ZoneInfo(zone) if zone else self.zone
        return format_time(value.astimezone(where), "HH:mm", locale=self.locale)

    def weekday(self, number: int) -> str:
        """The name of a weekday, 1 for Monday."""
        names: Mapping[int, str] = get_day_names("abbreviated", "stand-alone", self.locale)
        return names[number - 1]

    def day(self, value: date | None) -> str:
        """A date with its weekday."""
        return NOTHING_KNOWN if value is None else format_date(value, "EEE d MMM y", locale=self.locale)
