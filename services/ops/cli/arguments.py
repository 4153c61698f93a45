"""Arguments of the command line: read, or refused with a sentence."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from libs.messages.base import CustomerId, Day, Instant, NoticeId, PersonId, Reference
from libs.messages.places import RecordAddress

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def _fits(kind: Any, text: str, what: str) -> Any:
    try:
        return TypeAdapter(kind).validate_python(text)
    except ValidationError:
        raise typer.BadParameter(f"{text!r} is not {what}") from None


def fitting(kind: Any, text: str, what: str) -> str:
    """Read a text of a constrained type; raises BadParameter."""
    return str(_fits(kind, text, what))


def reference(text: str) -> str:
    """Read a reference."""
    return str(_fits(Reference, text, "a reference: letters, digits and . _ ~ -, at most 64"))


def instant(text: str) -> datetime:
    """Read an instant (BadParameter); a date alone is its beginning in UTC, a time without an offset is in UTC."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no instant like 2026-11-23T07:00:00Z") from None
    aware: datetime = _fits(Instant, text, "an instant") if read.tzinfo else read.replace(tzinfo=UTC)
    return aware


def plan_time(text: str) -> datetime | None:
    """Read an instant, or `real` as none."""
    return None if text == "real" else instant(text)


def duration(text: str) -> timedelta:
    """Read a span of time like 90s, 15m, 4h or 1d12h; raises BadParameter."""
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise typer.BadParameter(f"{text!r} is no span of time like 90s, 15m, 4h or 1d12h")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def day(text: str) -> date:
    """Read a local date."""
    read: date = _fits(Day, text, "a date like 2026-11-23")
    return read


def place(text: str) -> RecordAddress:
    """Read the address of a record at a door; raises BadParameter."""
    try:
        topic, partition, offset = text.split("/")
        return RecordAddress(topic=topic, partition=int(partition), offset=int(offset))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not topic/partition/offset") from None


def notice(text: str) -> str:
    """Read the id of a notice."""
    return str(_fits(NoticeId, text, "the id of a notice: notice/<event id>/<role>"))


def person(text: str) -> str:
    """Read the id of a person."""
    return str(_fits(PersonId, text, "the id of a person: person/<source>/<number>"))


def customer(text: str) -> str:
    """Read the id of a customer."""
    return str(_fits(CustomerId, text, "the id of a customer: customer/<source>/<number>"))


By = Annotated[str, typer.Option(parser=reference, metavar="WHO", help="Who decides it: a reference, not a name.")]
PlaceGiven = Annotated[
    RecordAddress, typer.Argument(parser=place, metavar="PLACE", help="topic/partition/offset, as `dlq list` gives it.")
]
NoticeGiven = Annotated[str, typer.Argument(parser=notice, metavar="NOTICE", help="notice/<event id>/<role>")]
PersonGiven = Annotated[str, typer.Argument(parser=person, metavar="PERSON", help="person/<source>/<number>")]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", parser=instant, metavar="INSTANT", help="What had occurred by this instant, and no more."),
]
KnownAt = Annotated[
    datetime | None,
    typer.Option("--known-at", parser=instant, metavar="INSTANT", help="What we knew by this instant, and no more."),
]
