"""A decider: what may happen to one stream, as two pure functions and the state before anything happened."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E")


@dataclass(frozen=True)
class Decider(Generic[S, C, E]):
    """`decide` answers a command with exactly one event (a duty may come to nothing: None), `evolve` folds an event."""

    initial: S
    decide: Callable[[S, C], E | None]
    evolve: Callable[[S, E], S]

    def replay(self, events: Iterable[E]) -> S:
        """Fold a history from its beginning."""
        state = self.initial
        for event in events:
            state = self.evolve(state, event)
        return state


@dataclass(frozen=True)
class IdUsedOtherwise(Generic[C]):
    """A wish whose id had named another one of this stream: it is refused, whatever it asks for."""

    occurred_at: datetime
    wish: C


Deciders = Mapping[str, Decider[Any, Any, Any]]
"""Kind of stream → the decider of all streams of that kind."""


def decider_of(deciders: Deciders, stream: str) -> Decider[Any, Any, Any]:
    """The decider of a stream, by the kind that its id begins with; KeyError where no such streams are ours."""
    return deciders[stream.partition("/")[0]]
