"""Foreign facts: what a decision rests on beside its own stream."""

from typing import Protocol

from libs.messages.base import FactVersion


class Fact(Protocol):
    """A foreign stream, and how far it had been read."""

    @property
    def stream(self) -> str:
        """Its id."""
        ...

    @property
    def sequence(self) -> int:
        """The sequence of the newest event of the stream that was read."""
        ...


def resting_on(*facts: Fact | None) -> tuple[FactVersion, ...]:
    """Name the facts that are there, for an event."""
    return tuple(FactVersion(stream=fact.stream, sequence=fact.sequence) for fact in facts if fact)
