"""Causes that the plan does not help with, as somebody finds them who has read the ticket."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from libs.messages.clauses import Clause


class Exclusion(StrEnum):
    """« Le support technique n'apportera pas d'aide pour les problèmes causés par »."""

    MISUSE = "misuse"
    NEGLIGENCE = "negligence"
    OTHER_LANGUAGES = "other-languages"


CLAUSES: Mapping[Exclusion, Clause] = MappingProxyType(
    {
        Exclusion.MISUSE: Clause.MISUSE,
        Exclusion.NEGLIGENCE: Clause.NEGLIGENCE,
        Exclusion.OTHER_LANGUAGES: Clause.OTHER_LANGUAGES,
    }
)
SCRIPT_LANGUAGES = ("PressTalk", "JavaScript", "VBScript", "JQuery", "CSS", "HTML")
"""The languages that the plan helps with, as printed."""
SCRIPT_LANGUAGE_CODES = frozenset(name.lower() for name in SCRIPT_LANGUAGES)
"""The same as codes."""
