"""Another release of the tz database in place of the installed one, as the `tzdata` package would bring it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from struct import pack

import pytest
import tzdata  # type: ignore[import-untyped] # the package ships no types

from libs.plan import working_calendar
from libs.workcal import offsets, zone, zones

PACKAGE = files(tzdata)
SINCE, UNTIL = datetime(2025, 12, 1, tzinfo=UTC), datetime(2029, 2, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Offsets = Iterable[tuple[datetime, timedelta]]


def moved(name: str, change: datetime, to: datetime) -> Offsets:
    """Give the offsets of a zone with one change at another instant."""
    found = list(offsets(name, SINCE, UNTIL))
    assert change in [at for at, _ in found]
    return [(to if at == change else at, offset) for at, offset in found]


def tzif(found: Offsets) -> bytes:
    """Write a compiled zone (RFC 9636, version 2); the first offset holds from the beginning of all."""
    (_, first), *changes = found
    known = sorted({first, *(offset for _, offset in changes)})
    known.insert(0, known.pop(known.index(first)))
    header = b"TZif2" + bytes(15)
    counts = pack(">6l", 0, 0, 0, len(changes), len(known), 4)
    instants = b"".join(pack(">q", (at - EPOCH) // timedelta(seconds=1)) for at, _ in changes)
    types = bytes(known.index(offset) for _, offset in changes)
    infos = b"".join(pack(">lBB", offset // timedelta(seconds=1), 0, 0) for offset in known)
    return header + bytes(24) + header + counts + instants + types + infos + b"LMT\0" + b"\n\n"


class Installed:
    """The package as this process finds it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self._monkeypatch, self._folder = monkeypatch, folder

    def release(self, version: str, **changed: Offsets) -> None:
        """Put another release in place, with other offsets for some zones (`Europe__Paris`)."""
        for name, found in changed.items():
            place = self._folder.joinpath("zoneinfo", *name.split("__"))
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(tzif(found))
        self._monkeypatch.setattr(tzdata, "IANA_VERSION", version)
        self._monkeypatch.setattr(zones, "files", lambda _: self)
        forget()

    def joinpath(self, *parts: str) -> Traversable:
        """Give a file of the release: what it does not change is as it was."""
        changed = self._folder.joinpath(*parts)
        return changed if changed.exists() else PACKAGE.joinpath(*parts)


def forget() -> None:
    """Let nothing be known of zones that were read before."""
    zone.cache_clear()
    working_calendar.cache_clear()


@contextmanager
def installed(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Installed]:
    """Let a test put other releases in place."""
    with monkeypatch.context() as context:
        yield Installed(context, folder)
    forget()
