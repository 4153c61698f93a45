"""What asks for an event: a command for one stream, issued under an id that its cause gives it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from libs.decider import IdUsedOtherwise
from libs.eventlog.wire.cloudevents import Message
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.ids import door_command_id, duty_command_id, otherwise_command_id, reaction_command_id


class Command(Protocol):
    """A wish in the imperative; `occurred_at` is the instant in the world that it is about."""

    @property
    def occurred_at(self) -> datetime:
        """The instant: it becomes the event's `time`."""
        ...


class Reaction(NamedTuple):
    """What another service's event asks of a stream of ours; `name` tells apart several commands of one event."""

    name: str
    stream: str
    command: Command


@dataclass(frozen=True)
class IssuedCommand:
    """One command for one stream; `id` is its causation id, `correlation` the message that began it all."""

    id: str
    stream: str
    command: Any
    correlation: str
    traceparent: str | None = None
    fingerprint: str | None = None
    """Of what the message says that asks for it, where it was made at a door."""
    caused_by: str | None = None
    """The id of the event, or the address of the record at a door, that asks for it."""
    rests_on: tuple[str, ...] = ()
    """Streams beside its own whose news may let a duty's command come out otherwise: it waits while they are stuck."""


def issued_at_door(message: Message, stream: str, command: Command) -> IssuedCommand:
    """The command of an upstream message; the same (source, id) on a stream is the same command."""
    identity = door_command_id(message.source, message.id, stream)
    return IssuedCommand(identity, stream, command, identity, message.traceparent)


def refused_as_used_otherwise(message: Message, issued: IssuedCommand, fingerprint: str) -> IssuedCommand:
    """The command of a message under whose (source, id) something else was said of the stream before."""
    identity = otherwise_command_id(message.source, message.id, issued.stream, fingerprint)
    return replace(issued, id=identity, correlation=identity, command=IdUsedOtherwise(message.time, issued.command))


def issued_by_event(event: RecordedEvent, reaction: Reaction) -> IssuedCommand:
    """The command that another service's event causes."""
    identity = reaction_command_id(event.id, reaction.name, reaction.stream)
    told = event.correlationid, event.traceparent
    return IssuedCommand(identity, reaction.stream, reaction.command, *told, caused_by=event.id)


def issued_by_duty(row: Mapping[str, Any], command: Command, *more: str, rests_on: Iterable[str] = ()) -> IssuedCommand:
    """The command of a row (`stream`, `head`, `correlation`) that a duty found; `more` tells attempts on a head apart.

    A stream without events has no head, and is named by itself.
    """
    identity = duty_command_id(row["head"] or row["stream"], type(command).__name__, *more)
    rests = tuple(rests_on)
    return IssuedCommand(identity, row["stream"], command, row["correlation"], caused_by=row["head"], rests_on=rests)
