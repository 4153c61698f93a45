"""How the mail catcher fails on request."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

At = Literal["recipient", "body"]
Do = Literal["refuse", "defer", "cut", "wait", "keep and cut", "keep and wait"]


@dataclass(frozen=True)
class Fault:
    """One way to fail: where in the conversation, how, for whom and how often.

    `refuse` answers 550 and `defer` 451; `cut` drops the connection unanswered; `wait` answers 451 after so many
    `seconds`. With `keep and` before it, which makes sense at the body alone, the message is accepted and written
    down first, and `keep and wait` answers 250. `to` is a part of the recipient's address; empty means everybody.
    """

    at: At
    do: Do
    to: str = ""
    times: int = 1_000_000_000
    seconds: float = 0

    @property
    def keeps(self) -> bool:
        """Whether the message is accepted all the same."""
        return self.do.startswith("keep")


_FAULTS = TypeAdapter(list[Fault])


def write_faults(path: Path, faults: Sequence[Fault]) -> None:
    """Replace the faults of the catcher, and reset their counts."""
    draft = path.with_suffix(".new")
    draft.write_bytes(_FAULTS.dump_json(list(faults)))
    draft.replace(path)


class Faults:
    """The faults of a file, each as often as it says."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[int, int] | None = None
        self._left: list[tuple[Fault, int]] = []

    def pick(self, at: At, recipients: Sequence[str]) -> Fault | None:
        """The first that applies, counted as used."""
        self._refresh()
        for index, (fault, left) in enumerate(self._left):
            if fault.at == at and left > 0 and any(fault.to in recipient for recipient in recipients):
                self._left[index] = (fault, left - 1)
                return fault
        return None

    def _refresh(self) -> None:
        if not self._path.is_file():
            return
        status = self._path.stat()
        version = (status.st_ino, status.st_mtime_ns)
        if version != self._read:
            self._read = version
            self._left = [(fault, fault.times) for fault in _FAULTS.validate_json(self._path.read_bytes())]
