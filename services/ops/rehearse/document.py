"""A rehearsal as lines of canonical JSON, the summary first; it is named by its digest, by which it is checked."""

import json
from collections.abc import Iterable, Iterator
from functools import cached_property
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic_core import to_jsonable_python

from services.ops.rehearse.findings import (
    Finding,
    Flip,
    MovedDeadline,
    OtherMail,
    PriceChange,
    Rehearsed,
    Summary,
)

F = TypeVar("F", bound=Finding)
FOLDER = "rehearsals"
"""Below the folder in which an installation keeps what it needs while it runs."""


class NotRehearsed(Exception):  # noqa: N818 - it says what is so
    """There is no such rehearsal, or what stands there is another one; the text says which."""


def lines(found: Rehearsed) -> Iterator[str]:
    """Everything, a line each."""
    yield _canonical(found.summary)
    for several in (found.flips, found.moved, found.other_mails, found.price_changes):
        yield from map(_canonical, several)


def _canonical(found: Finding) -> str:
    """JSON of which there is one way to write it: names in order, no white space, instants in UTC."""
    data = to_jsonable_python(found.model_dump())
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def digest_of(found: Rehearsed) -> str:
    """The SHA-256 of all lines."""
    return _digest(lines(found))


def _digest(each: Iterable[str]) -> str:
    digest = sha256()
    for line in each:
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()


def keep(folder: Path, found: Rehearsed) -> str:
    """Write a rehearsal under its digest, which is returned; raises OSError."""
    name = digest_of(found)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{name}.part"
    part.write_text("".join(f"{line}\n" for line in lines(found)), encoding="utf-8")
    part.replace(folder / name)
    return name


class Listed(NamedTuple):
    """Where a list stands: how many lines are before it, the summary's apart, and how many it has."""

    before: int
    length: int


class KeptRehearsal:
    """A rehearsal that was written: read line by line, since its lists may be long."""

    def __init__(self, folder: Path, digest: str) -> None:
        """Raises NotRehearsed where there is none."""
        if len(digest) != 64 or not digest.isalnum():  # noqa: PLR2004 - hexadecimal digits
            raise NotRehearsed(f"{digest} is no digest of a rehearsal: it has 64 hexadecimal digits")
        self.digest, self._path = digest, folder / digest
        if not self._path.is_file():
            raise NotRehearsed(f"there is no rehearsal {digest[:12]} here: rehearse the draft once more")

    def checked(self) -> Summary:
        """The summary, after all lines are seen to be those that the digest names; raises NotRehearsed."""
        with self._path.open(encoding="utf-8") as text:
            if _digest(line.rstrip("\n") for line in text) != self.digest:
                raise NotRehearsed(f"what is kept of rehearsal {self.digest[:12]} is not what was rehearsed")
        return self.summary

    @cached_property
    def summary(self) -> Summary:
        """What it comes to."""
        with self._path.open(encoding="utf-8") as text:
            return Summary.model_validate_json(next(text))

    def flips(self, first: int, many: int) -> list[Flip]:
        """So many of the promises with another verdict, from one on."""
        return self._some(Flip, Listed(0, self.summary.flips), first, many)

    def moved(self, first: int, many: int) -> list[MovedDeadline]:
        """So many of the listed deadlines."""
        known = self.summary
        return self._some(MovedDeadline, Listed(known.flips, known.moved), first, many)

    def other_mails(self, first: int, many: int) -> list[OtherMail]:
        """So many of the listed mails."""
        known = self.summary
        return self._some(OtherMail, Listed(known.flips + known.moved, known.other_mails), first, many)

    def price_changes(self, first: int, many: int) -> list[PriceChange]:
        """So many of the other prices."""
        known = self.summary
        before = known.flips + known.moved + known.other_mails
        return self._some(PriceChange, Listed(before, known.price_changes), first, many)

    def _some(self, kind: type[F], listed: Listed, first: int, many: int) -> list[F]:
        begin, end = listed.before + first, listed.before + min(first + many, listed.length)
        with self._path.open(encoding="utf-8") as text:
            next(text)
            return [kind.model_validate_json(line) for line in islice(text, begin, max(begin, end))]


def as_data(digest: str, found: Rehearsed) -> dict[str, Any]:
    """Everything for other programs."""
    return {"digest": digest, **found.model_dump(mode="json")}
