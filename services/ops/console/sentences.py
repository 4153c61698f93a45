"""Sentences that were said in English somewhere else, by a library or another process, in a reader's language.

Where something is refused or can not be done, whoever finds that out says it in an English sentence. A catalogue has
these sentences with places, `{0}`, for what differs; what fits none of them stays as it is.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from babel.messages.pofile import read_po

from services.ops.console.words import ENGLISH

FOLDER = Path(__file__).with_suffix("")
JOINT = "; "
"""Between sentences that are said as one."""
OF = ": "
"""Between a field, a file or a part and what is said of it."""
REMEMBERED = 2_000
"""Sentences of one language whose translation is kept."""
_PLACE = re.compile(r"\{\d+\}")


class SentenceShape(NamedTuple):
    """A sentence with places, and how it is said; `known` counts the letters outside its places."""

    known: int
    fits: re.Pattern[str]
    said: str


def shape_of(sentence: str, said: str) -> SentenceShape:
    """What sentences are this one."""
    literal = _PLACE.split(sentence)
    return SentenceShape(sum(map(len, literal)), re.compile("(.+?)".join(map(re.escape, literal)), re.DOTALL), said)


class Sentences:
    """Those of one language."""

    def __init__(self, catalogue: Mapping[str, str]) -> None:
        self._whole = {sentence: said for sentence, said in catalogue.items() if not _PLACE.search(sentence)}
        open_ones = (shape_of(*one) for one in catalogue.items() if _PLACE.search(one[0]))
        self._open = sorted(open_ones, key=lambda shape: -shape.known)
        self.say = lru_cache(REMEMBERED)(self._say)

    def _say(self, sentence: str) -> str | None:
        """A sentence, or several, in the language; None where one of them is not in the catalogue."""
        if JOINT not in sentence:
            return self._one(sentence)
        return self._one(sentence, alone=True) or self._several(sentence.split(JOINT)) or self._one(sentence)

    def _several(self, parts: Sequence[str]) -> str | None:
        said = [self._one(part) for part in parts]
        known = [one for one in said if one is not None]
        return JOINT.join(known) if len(known) == len(parts) else None

    def _one(self, sentence: str, *, alone: bool = False) -> str | None:
        """A sentence; `alone` where no other one may follow within it."""
        if sentence in self._whole:
            return self._whole[sentence]
        if not alone and (said := self._about(*sentence.partition(OF))):
            return said
        for shape in self._open:
            found = shape.fits.fullmatch(sentence)
            if found and not (alone and any(JOINT in text for text in found.groups())):
                return shape.said.format(*(self._within(text) for text in found.groups()))
        return None

    def _about(self, place: str, _: str, rest: str) -> str | None:
        """A sentence about a place, as `email: Field required`."""
        said = self._one(rest) if rest and " " not in place else None
        return f"{place}{OF}{said}" if said else None

    def _within(self, text: str) -> str:
        """What stands at a place: it may be a sentence itself."""
        return (self._say(text) if " " in text else None) or text


@cache
def sentences_of(language: str) -> Sentences | None:
    """Those of a language; English needs none."""
    if language == ENGLISH:
        return None
    with (FOLDER / f"{language}.po").open("rb") as file:
        return Sentences({str(one.id): str(one.string) for one in read_po(file, locale=language) if one.id})


def said_in(language: str, sentence: str) -> str:
    """A sentence in a language; in English where it is not known in that one."""
    sentences = sentences_of(language)
    return (sentences.say(sentence) if sentences else None) or sentence


def is_said_in(language: str, sentence: str) -> bool:
    """Whether a sentence is known in a language."""
    sentences = sentences_of(language)
    return sentences is None or sentences.say(sentence) is not None
