"""given / when / then over any decider: given past events, when one command, then exactly one event."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from libs.decider import Decider

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E")


@dataclass(frozen=True)
class Outcome(Generic[E]):
    event: E | None

    def then(self, expected: E | None) -> None:
        assert self.event == expected


@dataclass(frozen=True)
class Specification(Generic[S, C, E]):
    decider: Decider[S, C, E]
    events: tuple[E, ...] = ()

    def given(self, *events: E) -> "Specification[S, C, E]":
        return Specification(self.decider, events)

    def when(self, command: C) -> Outcome[E]:
        return Outcome(self.decider.decide(self.decider.replay(self.events), command))
