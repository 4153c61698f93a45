"""Which dead letters are meant: the options that choose some of them, and what each of them asks."""

import json
from datetime import datetime
from typing import Annotated, NamedTuple

import typer
from pydantic import TypeAdapter

from libs.messages.base import Reference
from libs.messages.catalogue import UPSTREAM, split_door
from libs.messages.places import RecordAddress
from libs.messages.receipts import DeadLetter, Unreadability
from services.ops.cli.arguments import instant, place

_SOURCE_HEADER = "ce_source"
_SOURCE: TypeAdapter[str] = TypeAdapter(Reference)


def _door(text: str) -> str:
    if split_door(text)[0] not in UPSTREAM:
        raise typer.BadParameter(f"{text!r} is no door; there are {', '.join(UPSTREAM)}, and clients' own")
    return text


PlaceIfOne = Annotated[
    RecordAddress | None,
    typer.Argument(parser=place, metavar="PLACE", help="Of one: topic/partition/offset, as `dlq list` gives it."),
]
OfTopic = Annotated[
    str | None,
    typer.Option("--topic", parser=_door, metavar="DOOR", help="Of this door alone, clients' own among it."),
]
OfReason = Annotated[Unreadability | None, typer.Option("--reason", help="With this reason alone.")]
OfSource = Annotated[
    str | None, typer.Option("--source", help="From this upstream system alone, where the record says it.")
]
Since = Annotated[
    datetime | None,
    typer.Option("--since", parser=instant, metavar="INSTANT", help="Written at this instant of real time or later."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say which these are, and do nothing.")]


class Selection(NamedTuple):
    """What is asked of a dead letter; what is None is not asked."""

    topic: str | None = None
    reason: Unreadability | None = None
    source: str | None = None
    since: datetime | None = None

    def has(self, letter: DeadLetter, written_at: datetime) -> bool:
        """Whether a dead letter is one of those meant."""
        return (
            self.topic in {None, letter.place.topic, split_door(letter.place.topic)[0]}
            and self.reason in {None, letter.reason}
            and self.source in {None, source_of(letter)}
            and (self.since is None or self.since <= written_at)
        )


ALL = Selection()
"""Nothing is asked."""


def source_of(letter: DeadLetter) -> str | None:
    """The upstream system, by the header or the envelope; None where neither has one that is well formed."""
    try:
        return _SOURCE.validate_python(_from_header(letter) or json.loads(letter.value or b"")["source"])
    except (ValueError, TypeError, KeyError, RecursionError):  # it may be any bytes
        return None


def _from_header(letter: DeadLetter) -> str | None:
    values = (h.value for h in letter.headers if h.name == _SOURCE_HEADER and h.value is not None)
    return next((value.decode() for value in values), None)


def require_one_or_some(one: RecordAddress | None, some: Selection) -> None:
    """Refuse a place together with a selection, and neither of them; raises BadParameter."""
    if one is not None and some != Selection():
        raise typer.BadParameter("a place names one dead letter, --topic, --reason, --source and --since name some")
    if one is None and some == Selection():
        raise typer.BadParameter("name a place, or some by --topic, --reason, --source or --since")


def too_large(letter: DeadLetter) -> bool:
    """Whether there is nothing to send in, as the record was too large to be kept."""
    return letter.value is None and letter.reason is not Unreadability.NO_VALUE
