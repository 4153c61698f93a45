"""The languages of the pages: English is what the code says, each other one a file of `words/`, read at the start."""

from collections.abc import Iterable
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from babel import negotiate_locale
from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from services.ops.speech.languages import ENGLISH, LANGUAGES, N_, translations_in

__all__ = ["ENGLISH", "FOLDER", "LANGUAGE", "LANGUAGES", "N_", "InLanguage", "language_for", "translations"]
FOLDER = Path(__file__).with_name("words")
LANGUAGE = "language"


class InLanguage(BaseModel):
    """What is asked for in a language: the reader's, never taken from an address."""

    language: SkipJsonSchema[str] = Field(default=ENGLISH, exclude=True)


@cache
def translations(language: str) -> NullTranslations:
    """What the file of a language says; English needs none."""
    return translations_in(FOLDER, language)


def language_for(chosen: str | None, accepted: str | None) -> str:
    """The language of an answer: the one that was chosen, else the best of an Accept-Language header, else English."""
    if chosen is not None and chosen in LANGUAGES:
        return chosen
    found = negotiate_locale(list(_accepted(accepted or "")), list(LANGUAGES), sep="-")
    return str(found) if found else ENGLISH


def _accepted(header: str) -> Iterable[str]:
    """The languages of a header, the best first, each followed by its language without a country."""
    weighed = [_weighed(part) for part in header.split(",") if part.strip()]
    for _, name in sorted((one for one in weighed if one[0] > 0), key=lambda one: -one[0]):
        yield name
        yield name.partition("-")[0]


def _weighed(part: str) -> tuple[float, str]:
    name, _, weight = part.partition(";")
    try:
        return float(weight.strip().removeprefix("q=") or 1), name.strip().lower()
    except ValueError:
        return 0.0, name.strip().lower()
