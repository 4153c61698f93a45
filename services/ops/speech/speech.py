"""One language, handed down to whatever says a sentence: templates, lengths, days and instants."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from babel.dates import format_date, get_day_names
from babel.units import format_unit

from libs.workcal.hours import WEEKDAYS
from services.ops.speech.languages import ENGLISH, N_, translations_in

WORDS = Path(__file__).with_name("words")
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Speech:
    """A language and its words; English is written as the templates are."""

    language: str
    words: NullTranslations

    def say(self, template: str, **fields: object) -> str:
        """A template in the language, its `{named}` places filled."""
        return self.words.gettext(template).format_map(fields)

    def word(self, code: str) -> str:
        """A code in the language; one that has no words as it is."""
        return self.words.gettext(code) if code else code

    def length(self, length: timedelta) -> str:
        """A length without its sign: `1 h 30 min`, `0 s`, `0.000001 s`."""
        whole, micros = divmod(abs(length) // MICROSECOND, 1_000_000)
        minutes, seconds = divmod(whole, 60)
        hours, minutes = divmod(minutes, 60)
        parts = [self._hours(hours)] * bool(hours) + [self._minutes(minutes)] * bool(minutes)
        if seconds or micros or not parts:
            parts.append(self._seconds(seconds, micros))
        return " ".join(parts)

    def local(self, instant: datetime, civil: tzinfo) -> str:
        """An instant in civil time: `Tue 2026-11-24 14:00 CET`, to the microsecond where there are any."""
        at = instant.astimezone(civil)
        return self.say(N_("{day} {clock} {zone}"), day=self.day(at.date()), clock=self.clock(at), zone=f"{at:%Z}")

    def day(self, day: date) -> str:
        """A day in words: `Tue 2026-11-24`."""
        if self.language == ENGLISH:
            return f"{WEEKDAYS[day.weekday()][:3].capitalize()} {day}"
        return str(format_date(day, "EEE d MMM y", locale=self.language))

    def weekday(self, day: date) -> str:
        """The name of a day of the week, as within a sentence."""
        if self.language == ENGLISH:
            return WEEKDAYS[day.weekday()].capitalize()
        return str(get_day_names("wide", "format", self.language)[day.weekday()])

    def clock(self, at: datetime) -> str:
        """The time of day, `14:00`, to the microsecond where there are any."""
        text = at.time().isoformat("auto" if at.second or at.microsecond else "minutes")
        return text if self.language == ENGLISH else text.replace(".", ",")

    def _hours(self, hours: int) -> str:
        return f"{hours} h" if self.language == ENGLISH else self._unit(hours, "duration-hour")

    def _minutes(self, minutes: int) -> str:
        return f"{minutes} min" if self.language == ENGLISH else self._unit(minutes, "duration-minute")

    def _seconds(self, seconds: int, micros: int) -> str:
        if self.language == ENGLISH:
            fraction = f".{micros:06}".rstrip("0") if micros else ""
            return f"{seconds}{fraction} s"
        return self._unit(seconds + micros / 1_000_000, "duration-second")

    def _unit(self, number: float, unit: str) -> str:
        return str(format_unit(number, unit, length="short", format="#,##0.######", locale=self.language))


@cache
def speech_of(language: str) -> Speech:
    """The speech of one of the LANGUAGES; its file is read once."""
    return Speech(language, translations_in(WORDS, language))


IN_ENGLISH = Speech(ENGLISH, NullTranslations())
