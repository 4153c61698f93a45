"""Dead letters that have the same wrong: by door, reason and field, with what a good message has at that place."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from libs.messages.catalogue import UPSTREAM, split_door
from libs.messages.places import RecordAddress
from libs.messages.receipts import DeadLetter
from services.ops.door.dead_letter_selection import source_of

_TYPE_HEADER = "ce_type"
NOTHING = object()


class InCommon(NamedTuple):
    """What the letters of a group have in common."""

    door: str
    reason: str
    where: str
    kind: str | None
    """The type that they say they have, where the door takes such a one."""


class LetterGroup(NamedTuple):
    """Some dead letters that nobody is done with; nothing of what they hold."""

    door: str
    reason: str
    where: str
    kind: str | None
    message: str
    letters: int
    sources: tuple[str, ...]
    since: datetime
    until: datetime


class KnownLetter(NamedTuple):
    """What is known of a dead letter without what it holds."""

    place: RecordAddress
    reason: str
    where: str
    message: str
    kind: str | None
    source: str | None
    written_at: datetime

    def in_common(self) -> InCommon:
        """By what it is grouped; the entries of a list count as one field."""
        return InCommon(self.place.topic, self.reason, in_any(self.where), self.kind)


def known(letter: DeadLetter, written_at: datetime) -> KnownLetter:
    """What may be kept of a dead letter, and shown to everybody."""
    kind, source = kind_of(letter), source_of(letter)
    return KnownLetter(letter.place, str(letter.reason), letter.where, letter.message, kind, source, written_at)


def groups(found: Iterable[KnownLetter]) -> list[LetterGroup]:
    """The largest first, among those of one size the one that grows last."""
    by: dict[InCommon, list[KnownLetter]] = {}
    for one in found:
        by.setdefault(one.in_common(), []).append(one)
    made = [_group(what, letters) for what, letters in by.items()]
    return sorted(made, key=lambda group: (-group.letters, -group.until.timestamp(), group.door, group.where))


def in_any(where: str) -> str:
    """A JSON Pointer with the numbers of entries left open: `/data/products/3` is `/data/products/*`."""
    return "/".join("*" if part.isdigit() else part for part in where.split("/"))


def kind_of(letter: DeadLetter) -> str | None:
    """The type that a dead letter says it has; None where its door takes no such type, or it can not be read."""
    said = next((header.value for header in letter.headers if header.name == _TYPE_HEADER), None)
    kind = said.decode(errors="replace") if said is not None else _in_envelope(letter.value)
    return kind if isinstance(kind, str) and kind in UPSTREAM[split_door(letter.place.topic)[0]] else None


def _in_envelope(value: bytes | None) -> object:
    try:
        event = json.loads(value or b"")
        return event.get("type") if isinstance(event, dict) else None
    except (ValueError, RecursionError):
        return None


def _group(what: InCommon, found: Sequence[KnownLetter]) -> LetterGroup:
    newest = max(found, key=lambda one: one.written_at)
    return LetterGroup(
        *what,
        message=newest.message,
        letters=len(found),
        sources=tuple(sorted({one.source for one in found if one.source})),
        since=min(one.written_at for one in found),
        until=newest.written_at,
    )


def event_of(letter: DeadLetter) -> Any:
    """A dead letter's event as structured mode writes it, as far as it can be read; None where it can not."""
    attributes = {h.name.removeprefix("ce_"): h.value for h in letter.headers if h.name.startswith("ce_") and h.value}
    try:
        content = json.loads(letter.value or b"")
    except (ValueError, RecursionError):
        return None
    if not attributes:
        return content
    return {**{name: value.decode(errors="replace") for name, value in attributes.items()}, "data": content}


def at(pointer: str, event: Any) -> Any:
    """What stands at a JSON Pointer (RFC 6901), `NOTHING` where nothing does; `*` is the first entry of a list."""
    found = event
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        match found:
            case dict() if name in found:
                found = found[name]
            case list() if found and (name == "*" or (name.isdigit() and int(name) < len(found))):
                found = found[0 if name == "*" else int(name)]
            case _:
                return NOTHING
    return found


def example(contracts: Path, kind: str) -> Mapping[str, Any]:
    """The example of an upstream type, as the contracts have it."""
    path = contracts / "examples" / "door" / f"{kind.split('.')[2]}.json"
    found: Mapping[str, Any] = json.loads(path.read_text())
    return found


def what_fits(contracts: Path, kind: str | None, where: str) -> str | None:
    """What the example of a type has at a place, as JSON; None where there is no example, or nothing there."""
    found = at(where, example(contracts, kind)) if kind else NOTHING
    return None if found is NOTHING else json.dumps(found, ensure_ascii=False, indent=2)
