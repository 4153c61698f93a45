"""The languages that are spoken, and the files of their words."""

from collections.abc import Mapping
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ENGLISH = "en"
LANGUAGES: Mapping[str, str] = {"en": "English", "fr": "Français"}
"""By code, what each calls itself."""


def N_(text: str) -> str:  # noqa: N802 - the name by which gettext's tools know it
    """Mark a text that is translated where it is shown."""
    return text


def translations_in(folder: Path, language: str) -> NullTranslations:
    """What the file of a language in a folder says; English needs none."""
    if language == ENGLISH:
        return NullTranslations()
    with (folder / f"{language}.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)
