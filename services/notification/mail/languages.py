"""The languages that we write in, and how days, times, money, numbers and lists are said in them.

A language is a folder of texts under its CLDR name; everything else that it needs is in CLDR (Unicode's repository of
locales, by Babel), also the forms of one territory, such as `fr-CA`.
"""

from collections.abc import Iterable, Sequence
from copy import copy
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from itertools import groupby
from pathlib import Path

from babel import Locale, localedata
from babel.core import get_global
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.numbers import format_percent
from babel.units import format_unit

from libs.messages.money import Price
from libs.messages.plan import WeeklyWindow
from libs.plan.currencies import minor_digits
from libs.workcal.zones import zone

FOLDER = Path(__file__).with_name("texts")
LANGUAGES = tuple(sorted(path.name for path in FOLDER.iterdir() if localedata.exists(path.name)))
LAST_RESORT = "en"
_BASIS_POINTS = 10_000


def choose_language(*wishes: str | None) -> str:
    """The first wish (`fr`, `fr-CA`, `de` …) that we can write in, else English."""
    spoken = (wish.partition("-")[0] for wish in wishes if wish)
    return next((language for language in spoken if language in LANGUAGES), LAST_RESORT)


def choose_territory(*wishes: str | None) -> str | None:
    """The territory that the first wish with one names (`CA` of `fr-CA`)."""
    return next((territory for wish in wishes if wish and (territory := wish.partition("-")[2])), None)


@cache
def locale_of(language: str, territory: str | None, zone_name: str | None) -> Locale:
    """The language as written in the territory, else where the zone is; without it where CLDR has no such form."""
    where = territory or (get_global("zone_territories").get(zone_name) if zone_name else None)
    return Locale(language, where if where and localedata.exists(f"{language}_{where}") else None)


def say_day(day: date, locale: Locale) -> str:
    """A date in words: `mardi 1 décembre 2026`, `Tuesday, 1 December 2026`."""
    return format_date(day, "full", locale=locale)


def say_time(at: time, locale: Locale) -> str:
    """A time of day without seconds: `14:30`, `14 h 30`, `2:30 PM`."""
    return format_time(at.replace(tzinfo=None), "short", locale=locale)


def say_offset(at: datetime, zone_name: str) -> str:
    """What the civil time of a zone differs by from UTC: `UTC+1`, `UTC-3:30`."""
    minutes = int((at.astimezone(zone(zone_name)).utcoffset() or timedelta()) / timedelta(minutes=1))
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")


def say_money(amount: str, currency: str, locale: Locale) -> str:
    """An amount with the minor digits of its currency by ISO 4217, and with more where it has more: `2 469,10 €`."""
    pattern, digits = copy(locale.currency_formats["standard"]), minor_digits(currency) or 0
    pattern.frac_prec = (max(digits, len(amount.partition(".")[2])),) * 2
    return str(pattern.apply(Decimal(amount), locale, currency=currency, currency_digits=False))


def say_rate(price: Price, locale: Locale) -> str:
    """The share of the licence's value that a price is: `20 %`, `12.5%`."""
    return format_percent(Decimal(price.rate) / _BASIS_POINTS, locale=locale, decimal_quantization=False)


def say_list(several: Iterable[str], locale: Locale, *, style: str = "standard") -> str:
    """Several things in one sentence, `standard` with *and*, `or` with *or*."""
    return format_list(list(several), style="or" if style == "or" else "standard", locale=locale)


def say_days(number: int, locale: Locale) -> str:
    """So many days: `30 jours`, `1 day`."""
    return format_unit(number, "duration-day", "long", locale=locale)


def say_hours(weekly: Iterable[WeeklyWindow], locale: Locale) -> str:
    """Opening hours in words, days with the same hours together: `lundi - vendredi, 09:00 - 17:00`."""
    by_day: dict[int, list[str]] = {}
    for window in sorted(weekly, key=lambda w: (w.weekday, w.opens)):
        opens, closes = (say_time(_clock(at), locale) for at in (window.opens, window.closes))
        by_day.setdefault(window.weekday, []).append(_from_to(opens, closes, locale))
    runs = [list(run) for _, run in groupby(enumerate(by_day.items()), key=lambda at: (at[1][0] - at[0], at[1][1]))]
    return "; ".join(_say_run([day for _, (day, _) in run], run[0][1][1], locale) for run in runs)


def _say_run(days: Sequence[int], windows: Sequence[str], locale: Locale) -> str:
    first, last = (locale.days["stand-alone"]["wide"][day - 1] for day in (days[0], days[-1]))
    return f"{first if len(days) == 1 else _from_to(first, last, locale)}, {say_list(windows, locale)}"


def _from_to(first: str, last: str, locale: Locale) -> str:
    return str(locale.interval_formats[None]).format(first, last)


def _clock(clock: str) -> time:
    """`09:30`, or `24:00`, which is midnight."""
    hours, minutes = clock.split(":")[:2]
    return time(int(hours) % 24, int(minutes))
