"""What describes a ticket and its people, as far as it can be taken: none of it costs the ticket.

What can not be taken is left out, or mended where it is shown; it is named as a doubt, and kept as it came with what
is private.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from libs.messages import upstream
from libs.messages.addresses import smtp_address
from libs.messages.base import Language, ProductVersion
from libs.messages.doubts import Doubt, DoubtCode
from libs.messages.private import LONGEST_BODY, LONGEST_LINE, AsGiven, EmailAddress, PersonPhone
from libs.messages.upstream import DialledNumber, TicketUpstream

AT_HAND = 1000
"""So many messages are under way at most: each is asked for what describes it at several places of the door."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")


class TakenField(NamedTuple):
    """What a field is taken as, and what is doubtful about it."""

    value: str | None
    doubt: DoubtCode | None = None


class Description(NamedTuple):
    """The describing fields of a message by their names, as they are taken."""

    values: Mapping[str, str | None]
    doubts: tuple[Doubt, ...]
    as_given: tuple[AsGiven, ...]

    def get(self, name: str) -> str | None:
        """What a field is taken as; None where it is not there, or left out."""
        return self.values.get(name)


@lru_cache(AT_HAND)
def description(said: TicketUpstream) -> Description:
    """Take what a message says that only describes."""
    given = {name: (text, read(text)) for name, text, read in _given(said) if text is not None}
    doubts = tuple(Doubt(field=name, code=found.doubt) for name, (_, found) in given.items() if found.doubt)
    doubtful = [doubt.field for doubt in doubts if given[doubt.field][0]]
    kept = tuple(AsGiven(field=name, text=_storable(given[name][0])) for name in doubtful)
    return Description({name: found.value for name, (_, found) in given.items()}, doubts, kept)


def _storable(text: str) -> str:
    """Leave out what no table holds, and what is beyond the longest text that is kept."""
    return text.replace("\0", "\ufffd")[:LONGEST_BODY]


def _given(said: TicketUpstream) -> Iterator[tuple[str, str | None, Callable[[str], TakenField]]]:
    """The describing fields of a message, each with how it is read."""
    match said:
        case upstream.TicketSubmitted():
            yield "language", said.language, _language
            yield "version", said.version, _version
            yield "number_dialled", said.number_dialled, _number_dialled
            yield from _of_somebody("requester", said.requester)
            yield "subject", said.subject, _line
        case upstream.CustomerCalled():
            yield "number_dialled", said.number_dialled, _number_dialled
            yield from _of_somebody("caller", said.caller)
        case upstream.NoteAdded():
            yield from _of_somebody("author", said.author)
        case _:
            return


def _of_somebody(name: str, somebody: upstream.Person) -> Iterator[tuple[str, str | None, Callable[[str], TakenField]]]:
    yield f"{name}.name", somebody.name, _line
    yield f"{name}.email", somebody.email, _address
    yield f"{name}.phone", somebody.phone, _phone


@cache
def _adapter(kind: Any) -> TypeAdapter[str]:
    return TypeAdapter(kind)


def _fitting(kind: Any, text: str, doubt: DoubtCode) -> TakenField:
    if not text.strip():
        return TakenField(None, DoubtCode.EMPTY)
    try:
        return TakenField(_adapter(kind).validate_python(text))
    except ValidationError:
        return TakenField(None, doubt)


def _language(text: str) -> TakenField:
    """Take it in any case, and with `_` as programs write it."""
    language, _, country = text.strip().replace("_", "-").partition("-")
    said = f"{language.lower()}-{country.upper()}" if country else language.lower()
    return _fitting(Language, said, DoubtCode.NOT_A_LANGUAGE)


def _version(text: str) -> TakenField:
    return _fitting(ProductVersion, text.strip(), DoubtCode.NOT_A_VERSION)


def _number_dialled(text: str) -> TakenField:
    return _fitting(DialledNumber, text, DoubtCode.NOT_A_NUMBER)


def _phone(text: str) -> TakenField:
    return _fitting(PersonPhone, text, DoubtCode.NOT_A_NUMBER)


def _address(text: str) -> TakenField:
    found = _fitting(EmailAddress, text.strip(), DoubtCode.NOT_AN_ADDRESS)
    if found.value is None:
        return found
    try:
        smtp_address(found.value)
    except ValueError:
        return TakenField(None, DoubtCode.NOT_WRITABLE)
    return found


def _line(text: str) -> TakenField:
    """Show a text as one line of at most so many characters."""
    line = _CONTROLS.sub(" ", text)
    if len(line) > LONGEST_LINE:
        return TakenField(f"{line[: LONGEST_LINE - 1]}…", DoubtCode.TOO_LONG)
    return TakenField(line, DoubtCode.CONTROL_CHARACTERS if line != text else None)
