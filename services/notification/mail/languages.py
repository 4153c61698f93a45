"""The languages that we write in, and how instants, days and opening hours are said in them."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby

from libs.messages.plan import WeeklyWindow
from libs.workcal.zones import zone

LANGUAGES = ("fr", "en")
LAST_RESORT = "en"

_WEEKDAYS = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = {
    "fr": (
        "janvier", "février", "mars", "avril", "mai", "juin",
        "juillet", "août", "septembre", "octobre", "novembre", "décembre",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip


def choose_language(*wishes: str | None) -> str:
    """The first wish (`fr`, `fr-CA`, `de` …) that we can write in, else English."""
    spoken = (wish.partition("-")[0] for wish in wishes if wish)
    return next((language for language in spoken if language in LANGUAGES), LAST_RESORT)


def say_instant(at: datetime, zone_name: str, language: str) -> str:
    """An instant in the civil time of a zone, rounded down to the minute, with the name of the zone."""
    local = at.astimezone(zone(zone_name))
    day, clock = say_day(local.date(), language), _say_clock(f"{local:%H:%M}", language)
    where = f"{zone_name}, {_say_offset(local.utcoffset())}"
    return f"{day} à {clock} ({where})" if language == "fr" else f"{day} at {clock} ({where})"


def say_day(day: date, language: str) -> str:
    """A date in words: `mardi 1er décembre 2026`, `Tuesday 1 December 2026`."""
    number = "1er" if language == "fr" and day.day == 1 else str(day.day)
    return f"{_WEEKDAYS[language][day.weekday()]} {number} {_MONTHS[language][day.month - 1]} {day.year}"


def say_hours(weekly: Iterable[WeeklyWindow], language: str) -> str:
    """Opening hours in words, days with the same hours together: `lundi au vendredi, 9 h à 17 h`."""
    by_day: dict[int, list[str]] = {}
    for window in sorted(weekly, key=lambda w: (w.weekday, w.opens)):
        by_day.setdefault(window.weekday, []).append(_say_window(window, language))
    runs = [list(run) for _, run in groupby(enumerate(by_day.items()), key=lambda at: (at[1][0] - at[0], at[1][1]))]
    return "; ".join(_say_run([day for _, (day, _) in run], run[0][1][1], language) for run in runs)


def _say_run(days: Sequence[int], windows: Sequence[str], language: str) -> str:
    between, et = (" au ", " et ") if language == "fr" else (" to ", " and ")
    names = [_WEEKDAYS[language][day - 1] for day in (days[:1] if len(days) == 1 else (days[0], days[-1]))]
    return f"{between.join(names)}, {et.join(windows)}"


def _say_window(window: WeeklyWindow, language: str) -> str:
    opens, closes = (_say_clock(clock, language) for clock in (window.opens, window.closes))
    return f"{opens} à {closes}" if language == "fr" else f"{opens} to {closes}"


def _say_clock(clock: str, language: str) -> str:
    """`09:30` → `9 h 30`, in French; seconds are left out."""
    hours, minutes = clock.split(":")[:2]
    if language != "fr":
        return f"{hours}:{minutes}"
    return f"{int(hours)} h {minutes}" if minutes != "00" else f"{int(hours)} h"


def _say_offset(offset: timedelta | None) -> str:
    minutes = int((offset or timedelta()) / timedelta(minutes=1))
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")
