"""Everything that the pages say is said in every language, and the language is the reader's choice."""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

import services.ops.console
from services.ops.console.words import ENGLISH, FOLDER, LANGUAGES, language_for, translations

CONSOLE = Path(services.ops.console.__file__).parent
OTHERS = [language for language in LANGUAGES if language != ENGLISH]
PLACE = re.compile(r"%\((\w+)\)[sd]")
Message = tuple[str, ...]
"""A text; with its plural where it has one."""


def said() -> Iterator[Message]:
    keywords = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
    for path in (*CONSOLE.rglob("*.py"), *CONSOLE.rglob("*.html")):
        method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
        options = {"trimmed": "true", "newstyle_gettext": "true", "encoding": "utf-8"}
        found = extract(method, BytesIO(path.read_bytes()), keywords, options=options)
        for _, message, *_ in found:
            yield message if isinstance(message, tuple) else (message,)


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_there_and_none_is_left_over(language: str) -> None:
    catalog = read_po(BytesIO((FOLDER / f"{language}.po").read_bytes()))
    known = {m.id if isinstance(m.id, tuple) else (m.id,) for m in catalog if m.id and all(_texts(m.string))}
    assert set(said()) - known == set(), "without a translation"
    assert known - set(said()) == set(), "said nowhere"


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_places_of_its_text(language: str) -> None:
    for message in read_po(BytesIO((FOLDER / f"{language}.po").read_bytes())):
        if message.id:
            wanted = {place for text in _texts(message.id) for place in PLACE.findall(text)}
            for text in _texts(message.string):
                assert set(PLACE.findall(text)) <= wanted, message.id
                assert len(PLACE.findall(text)) == len(PLACE.findall(_texts(message.id)[-1])), message.id


def _texts(found: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (found or "",) if isinstance(found, str | None) else tuple(found)


def test_a_plural_is_the_language_s_own() -> None:
    french = translations("fr")
    assert french.ngettext("in %(days)s day", "in %(days)s days", 1) == "dans %(days)s jour"
    assert french.ngettext("in %(days)s day", "in %(days)s days", 2) == "dans %(days)s jours"


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        (None, None, "en"),
        ("fr", "en", "fr"),
        ("xx", "fr", "fr"),
        (None, "fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        (None, "en;q=0.3,fr;q=0.9", "fr"),
        (None, "fr;q=0,en", "en"),
        (None, "de,es;q=0.5", "en"),
        (None, "fr;q=many", "en"),
        (None, ",;,", "en"),
    ],
)
def test_the_language_is_the_one_chosen_then_the_best_that_is_accepted(
    chosen: str | None, accepted: str | None, language: str
) -> None:
    assert language_for(chosen, accepted) == language
