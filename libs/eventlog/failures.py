"""What failed unexpectedly: by a reference, without the error's text, which may repeat what a customer wrote."""

import traceback
from collections.abc import Callable
from typing import NamedTuple

from libs.eventlog.errors import Fenced, Halted, Unavailable
from libs.messages.ids import name_id

EXPECTED = (Unavailable, Halted, Fenced)
"""Errors that say by their type what becomes of them; any other one is a fault of the program."""


class Failure(NamedTuple):
    """A fault of the program while a loop worked on one record, stream or duty."""

    loop: str
    about: str
    """The record's address, the stream, or the name of the duty."""
    reference: str
    """Follows from the loop and what it worked on, so that it is the same when that fails again."""
    error: str
    """The type of the error."""
    trace: tuple[str, ...]
    """`file:line function`, the innermost last."""

    @property
    def place(self) -> str:
        """Where it was raised: `file.py:line function`."""
        return self.trace[-1].rpartition("/")[2] if self.trace else "an unknown place"

    def text(self) -> str:
        """One line for people."""
        return f"{self.loop}: {self.about} failed by {self.error} ({self.reference})"


Report = Callable[[Failure], None]
"""Takes note of a failure: a log line and a metric."""


def unreported(failure: Failure) -> None:
    """Report a failure to nobody."""


def failure_of(loop: str, about: str, error: Exception) -> Failure:
    """Describe an error by its type and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    trace = tuple(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
    return Failure(loop, about, str(name_id("failure", loop, about)), type(error).__name__, trace)
