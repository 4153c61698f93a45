"""What may still be published by a message that was left aside: deadlines wait for it."""

import json
from collections.abc import Iterable

from libs.eventlog.wire.record import Record
from libs.messages.streams import stream_id

TARGETS, TZ = stream_id("targets", "plan", "first-response"), stream_id("tz", "plan", "iana")


def calendar_of(centre: str) -> str:
    """Name the stream of a centre's calendar."""
    return stream_id("calendar", "plan", centre)


def parts_of_plan(centres: Iterable[str]) -> tuple[str, ...]:
    """The parts of the plan that may move a deadline which is reckoned on the calendars of some centres."""
    return (*(calendar_of(centre) for centre in centres), TARGETS, TZ)


def part_in(record: Record) -> Iterable[str]:
    """The part of the plan that a record at the door says something of, where that moves deadlines."""
    try:
        said = json.loads(record.value or b"")
    except ValueError:
        return ()
    match said:
        case {"data": {"publication": dict() as publication}} | {"publication": dict() as publication}:
            return _streams(publication)
        case _:
            return ()


def _streams(publication: dict[str, object]) -> Iterable[str]:
    match publication:
        case {"part": "calendar", "content": {"centre": str() as centre}}:
            return (calendar_of(centre),)
        case {"part": "targets"}:
            return (TARGETS,)
        case {"part": "tz"}:
            return (TZ,)
        case _:
            return ()
