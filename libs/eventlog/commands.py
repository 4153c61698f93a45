"""What asks for an event: one command for one stream, under an id that its cause gives it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol


class Command(Protocol):
    """A wish in the imperative; `occurred_at` is the instant in the world that it is about."""

    @property
    def occurred_at(self) -> datetime:
        """Give the instant: it becomes the event's `time`."""
        ...


class Reaction(NamedTuple):
    """What another service's event asks of a stream of ours; `name` tells apart several commands of one event."""

    name: str
    stream: str
    command: Command


@dataclass(frozen=True)
class Request:
    """One command for one stream; `id` is its causation id, `correlation` the message that began it all."""

    id: str
    stream: str
    command: Any
    correlation: str
    traceparent: str | None = None
