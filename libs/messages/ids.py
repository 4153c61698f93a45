"""Ids are computed, never drawn: the same cause on the same history is the same event (docs/adr/0001)."""

import re
from collections.abc import Sequence
from hashlib import sha1
from uuid import UUID

from pydantic_core import to_json

_EVENT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NAMESPACE = UUID("6f1d3c52-2f0b-5a39-9d4c-0c1a5e0b7c11")


def name_id(*parts: str) -> UUID:
    """The uuid5 of the parts, written as a JSON array so that no two lists of parts look alike."""
    return UUID(_name(parts))


def _name(parts: Sequence[str]) -> str:
    """A uuid5 as text: the first half of a SHA-1, its version 5, its variant 10 in bits."""
    digest = sha1(NAMESPACE.bytes + to_json(parts), usedforsecurity=False).digest()
    text = digest[:16].hex()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{'89ab'[digest[8] >> 4 & 3]}{text[17:20]}-{text[20:]}"


def door_command_id(source: str, message_id: str, stream: str) -> str:
    """Name the command of an upstream message by its (source, id) and its stream.

    A source that looks like the id of an event has a name space of its own: else an upstream system could choose its
    source and id so that its command has the id of a reaction, which would then find an answer and never act.
    """
    if _EVENT_ID.fullmatch(source):
        return _name(("door", source, message_id, stream))
    return _name((source, message_id, stream))


def otherwise_command_id(source: str, message_id: str, stream: str, fingerprint: str) -> str:
    """Name the command of an upstream message whose (source, id) had said something else of the stream before."""
    return _name(("door", source, message_id, stream, fingerprint))


def reaction_command_id(event_id: UUID | str, command: str, stream: str) -> str:
    """Name the command that another service's event causes on a stream."""
    return _name((str(event_id), command, stream))


def duty_command_id(head_id: UUID | str, command: str, *more: str) -> str:
    """Name the command that follows from a stream's own state, known by its head; `more` tells attempts apart."""
    return _name((str(head_id), command, *more))


def event_id(stream: str, causation: UUID | str, previous: UUID | str | None, kind: str, time: str, data: str) -> str:
    """Name an event by its whole history and its content: `time` and `data` as they stand in the record."""
    return _name((stream, str(causation), str(previous or ""), kind, time, data))
