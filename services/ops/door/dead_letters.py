"""`olcare dlq`: what a door could never take. It is sent in again as it came, or marked as done with."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import typer
from pydantic import Field, TypeAdapter

from libs.eventlog.client.door_client import DoorClient, taken
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.reading import records
from libs.eventlog.wire.receipts import dead_letters_of, in_dead_letters
from libs.eventlog.wire.record import Outgoing, Record
from libs.messages.catalogue import UPSTREAM
from libs.messages.receipts import DeadLetter, DeadLetterDiscarded, Receipt, RecordAddress, Unreadability
from services.ops.cli.arguments import By, PlaceGiven
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, Refused, run, show, table
from services.ops.door.client import door_client

app = typer.Typer(
    no_args_is_help=True, help="What the doors could not read: look, send it in again, or mark it as done with."
)
_ENTRY: TypeAdapter[DeadLetter | DeadLetterDiscarded] = TypeAdapter(
    Annotated[DeadLetter | DeadLetterDiscarded, Field(discriminator="kind")]
)


class StoredDeadLetter(NamedTuple):
    """A dead letter, when the broker took it, and the marker that somebody left."""

    letter: DeadLetter
    written_at: datetime
    marker: DeadLetterDiscarded | None = None

    def row(self) -> dict[str, object]:
        """A row of a table, without what the record holds."""
        return {
            "place": self.letter.place.text(),
            "written_at": self.written_at,
            "reason": str(self.letter.reason),
            "where": self.letter.where,
            "message": self.letter.message,
            "done_by": self.marker.by if self.marker else None,
            "done_why": self.marker.why if self.marker else None,
        }


@app.command("list")
def list_(
    ctx: typer.Context,
    *,
    every: Annotated[bool, typer.Option("--all", help="Also those that are done with.")] = False,
    as_json: AsJson = False,
) -> None:
    """Which records of the doors could not be read, and why."""
    found = run(_letters(environment(ctx)))
    rows = [letter.row() for letter in found if every or letter.marker is None]
    columns = ("place", "written_at", "reason", "where", "message", *(("done_by", "done_why") if every else ()))
    show(rows, as_json=as_json, otherwise=lambda: table(rows, columns) if rows else "no dead letters")


@app.command("show")
def show_(ctx: typer.Context, place: PlaceGiven, *, as_json: AsJson = False) -> None:
    """Show one with what it holds, which may be personal."""
    letter = run(_letter(environment(ctx), place))
    found = {**letter.row(), **_content(letter.letter)}
    show(found, as_json=as_json, otherwise=lambda: table(_lines(found), ("what", "is")))


@app.command()
def retry(ctx: typer.Context, place: PlaceGiven, by: By = "olcare", *, as_json: AsJson = False) -> None:
    """Send it in again as it came, key and headers too; what is unreadable still comes back at its new place."""
    receipt = run(_retry(environment(ctx), place, by))
    found = receipt.model_dump(mode="json")
    show(found, as_json=as_json, otherwise=lambda: f"{receipt.place.text()} is {receipt.outcome}")
    if not taken(receipt):
        raise typer.Exit(1)


@app.command()
def discard(
    ctx: typer.Context,
    place: PlaceGiven,
    by: By,
    why: Annotated[str, typer.Option(help="One line, kept with the marker.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Mark it as needing nothing more, with who says so and why."""
    marker = run(_discard(environment(ctx), place, by, why))
    show(marker, as_json=as_json, otherwise=lambda: f"{marker.place.text()} needs nothing more")


async def letters(kafka: str, log: KafkaLog) -> list[StoredDeadLetter]:
    """Read all dead letters with their markers, the oldest first."""
    found: dict[RecordAddress, StoredDeadLetter] = {}
    markers: dict[RecordAddress, DeadLetterDiscarded] = {}
    for door in UPSTREAM:
        async for record in records(kafka, log, dead_letters_of(door)):
            entry = _ENTRY.validate_json(record.value or b"")
            if isinstance(entry, DeadLetter):
                found.setdefault(entry.place, StoredDeadLetter(entry, _written_at(record)))
            else:
                markers[entry.place] = entry
    marked = (letter._replace(marker=markers.get(place)) for place, letter in found.items())
    return sorted(marked, key=lambda letter: letter.written_at)


def again(letter: DeadLetter) -> Outgoing:
    """The door's record as it came, for the same partition, so that its key keeps its order.

    Raises Refused where it was too large to be kept: there is nothing to send in.
    """
    if letter.value is None and letter.reason is not Unreadability.NO_VALUE:
        raise Refused(f"{letter.place.text()} was too large to be kept; only its sender can say it again")
    place, headers = letter.place, [(h.name, h.value) for h in letter.headers]
    return Outgoing(place.topic, place.partition, letter.key, letter.value, headers)  # type: ignore[arg-type] # a header may have no value


def marked(place: RecordAddress, by: str, why: str, partitions: int) -> tuple[DeadLetterDiscarded, Outgoing]:
    """Make a marker and its record."""
    marker = DeadLetterDiscarded(place=place, by=by, why=why)
    return marker, in_dead_letters(place.topic, place, marker, partitions)


async def _letters(here: Environment) -> list[StoredDeadLetter]:
    async with door_client(here) as at:
        return await letters(at.kafka, at.log)


async def _letter(here: Environment, place: RecordAddress) -> StoredDeadLetter:
    async with door_client(here) as at:
        return await _find(at, place)


async def _find(at: DoorClient, place: RecordAddress) -> StoredDeadLetter:
    for letter in await letters(at.kafka, at.log):
        if letter.letter.place == place:
            return letter
    raise Refused(f"there is no dead letter of {place.text()}")


async def _retry(here: Environment, place: RecordAddress, by: str) -> Receipt:
    async with door_client(here) as at:
        letter = await _find(at, place)
        [receipt] = await at.ask([again(letter.letter)])
        _, record = marked(
            letter.letter.place, by, f"sent in again as {receipt.place.text()}", _partitions(here, letter)
        )
        await at.say([record])
        return receipt


async def _discard(here: Environment, place: RecordAddress, by: str, why: str) -> DeadLetterDiscarded:
    async with door_client(here) as at:
        letter = await _find(at, place)
        marker, record = marked(letter.letter.place, by, why, _partitions(here, letter))
        await at.say([record])
        return marker


def _partitions(here: Environment, letter: StoredDeadLetter) -> int:
    return here.cards()[dead_letters_of(letter.letter.place.topic)].partitions


def _written_at(record: Record) -> datetime:
    return datetime.fromtimestamp(record.timestamp / 1000, UTC)


def _content(letter: DeadLetter) -> dict[str, object]:
    headers = {header.name: _text(header.value) for header in letter.headers}
    return {"key": _text(letter.key), "headers": headers, "value": _text(letter.value)}


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="backslashreplace")


def _lines(found: Mapping[str, object]) -> Sequence[dict[str, object]]:
    return [{"what": name, "is": value} for name, value in found.items() if value is not None]
