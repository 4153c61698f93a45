"""`olcare dlq`: what a door could never take. It is sent in again as it came, or marked as done with."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import typer
from pydantic import Field, TypeAdapter

from libs.eventlog.client.door_client import DoorClient, taken
from libs.eventlog.kafka.brokers import Address
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.reading import records
from libs.eventlog.wire.receipts import dead_letters_of, in_dead_letters
from libs.eventlog.wire.record import Outgoing, Record
from libs.messages.actions import PrivateKind
from libs.messages.catalogue import UPSTREAM
from libs.messages.places import RecordAddress
from libs.messages.receipts import DeadLetter, DeadLetterDiscarded, Outcome, Receipt
from services.ops.cli.arguments import By, PlaceGiven
from services.ops.cli.door_client import door_client
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, Refused, run, show, table
from services.ops.door.dead_letter_selection import (
    DryRun,
    OfReason,
    OfSource,
    OfTopic,
    PlaceIfOne,
    Selection,
    Since,
    by_door,
    require_one_or_some,
    source_of,
    too_large,
)
from services.ops.door.viewings import CaseNumber, Looker, Reason, Viewer, put_on_record, viewer

app = typer.Typer(
    no_args_is_help=True, help="What the doors could not read: look, send it in again, or mark it as done with."
)
AT_ONCE = 500  # records sent in again before their markers are written
NOT_KEPT, WOULD_BE_SENT, WOULD_BE_DISCARDED, DISCARDED = "not kept", "would be sent", "would be discarded", "discarded"
NOT_TAKEN = {NOT_KEPT, Outcome.REFUSED.value, Outcome.UNREADABLE.value}
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
            "source": source_of(self.letter),
            "where": self.letter.where,
            "message": self.letter.message,
            "done_by": self.marker.by if self.marker else None,
            "done_why": self.marker.why if self.marker else None,
        }


@app.command("list")
def list_(
    ctx: typer.Context,
    *,
    topic: OfTopic = None,
    reason: OfReason = None,
    source: OfSource = None,
    since: Since = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that are done with.")] = False,
    as_json: AsJson = False,
) -> None:
    """Which records of the doors could not be read, and why."""
    asked = Selection(topic, reason, source, since)
    found = run(_letters(environment(ctx)))
    rows = [x.row() for x in found if (every or x.marker is None) and asked.has(x.letter, x.written_at)]
    columns = (
        "place",
        "written_at",
        "reason",
        "source",
        "where",
        "message",
        *(("done_by", "done_why") if every else ()),
    )
    show(rows, as_json=as_json, otherwise=lambda: table(rows, columns) if rows else "no dead letters")


@app.command("show")
def show_(
    ctx: typer.Context,
    place: PlaceGiven,
    *,
    reason: Reason = None,
    by: Looker = None,
    case: CaseNumber = None,
    as_json: AsJson = False,
) -> None:
    """Show one with what it holds, which may be personal: who looks says why, and that is recorded first."""
    who = viewer(by, reason, case, "`olcare dlq list` shows all but what the record holds")
    letter = run(_letter(environment(ctx), place, who))
    found = {**letter.row(), **_content(letter.letter)}
    show(found, as_json=as_json, otherwise=lambda: table(_lines(found), ("what", "is")))


@app.command()
def retry(
    ctx: typer.Context,
    place: PlaceIfOne = None,
    by: By = "olcare",
    *,
    topic: OfTopic = None,
    reason: OfReason = None,
    source: OfSource = None,
    since: Since = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Send in again as it came, key and headers too; what is unreadable still comes back at its new place."""
    here, some = environment(ctx), Selection(topic, reason, source, since)
    require_one_or_some(place, some)
    if place is None or dry_run:
        _show_many(run(_retry_some(here, place, some, by, dry_run=dry_run)), as_json=as_json)
        return
    receipt = run(_retry(here, place, by))
    found = receipt.model_dump(mode="json")
    show(found, as_json=as_json, otherwise=lambda: f"{receipt.place.text()} is {receipt.outcome}")
    if not taken(receipt):
        raise typer.Exit(1)


@app.command()
def discard(
    ctx: typer.Context,
    place: PlaceIfOne = None,
    *,
    by: By,
    why: Annotated[str, typer.Option(help="One line, kept with the marker.")],
    topic: OfTopic = None,
    reason: OfReason = None,
    source: OfSource = None,
    since: Since = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Mark as needing nothing more, with who says so and why."""
    here, some = environment(ctx), Selection(topic, reason, source, since)
    require_one_or_some(place, some)
    if place is None or dry_run:
        _show_many(run(_discard_some(here, place, some, by, why, dry_run=dry_run)), as_json=as_json)
        return
    marker = run(_discard(here, place, by, why))
    show(marker, as_json=as_json, otherwise=lambda: f"{marker.place.text()} needs nothing more")


def _show_many(rows: Sequence[Mapping[str, object]], *, as_json: bool) -> None:
    """Show what became of each, or would; raises Exit with code 1 where one was not taken."""
    columns = ("place", "written_at", "reason", "source", "outcome", "now_at")
    show(rows, as_json=as_json, otherwise=lambda: table(rows, columns) if rows else "no dead letters")
    if any(row["outcome"] in NOT_TAKEN for row in rows):
        raise typer.Exit(1)


async def letters(kafka: Address, log: KafkaLog) -> list[StoredDeadLetter]:
    """Read all dead letters with their markers, the oldest first."""
    found: dict[RecordAddress, StoredDeadLetter] = {}
    markers: dict[RecordAddress, DeadLetterDiscarded] = {}
    for door in UPSTREAM:
        async for record in records(kafka, log, dead_letters_of(door)):
            entry = entry_of(record.value or b"")
            if isinstance(entry, DeadLetter):
                found.setdefault(entry.place, StoredDeadLetter(entry, _written_at(record)))
            else:
                markers[entry.place] = entry
    marked = (letter._replace(marker=markers.get(place)) for place, letter in found.items())
    return sorted(marked, key=lambda letter: letter.written_at)


def entry_of(value: bytes) -> DeadLetter | DeadLetterDiscarded:
    """Read a record of dead letters; raises ValidationError."""
    return _ENTRY.validate_json(value)


def again(letter: DeadLetter) -> Outgoing:
    """The door's record as it came, for the same partition, so that its key keeps its order.

    Raises Refused where it was too large to be kept: there is nothing to send in.
    """
    if too_large(letter):
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


async def _letter(here: Environment, place: RecordAddress, who: Viewer) -> StoredDeadLetter:
    """Find a dead letter, and have it recorded who is shown it."""
    async with door_client(here) as at:
        letter = await _find(at, place)
        await put_on_record(here, at, who.request(PrivateKind.DEAD_LETTER, place.text()))
        return letter


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


async def _retry_some(
    here: Environment, place: RecordAddress | None, some: Selection, by: str, *, dry_run: bool
) -> list[dict[str, object]]:
    """Send in again all that are meant, and mark each by its receipt; what was not kept is passed over."""
    async with door_client(here) as at:
        meant = await _meant(at, place, some)
        became: dict[RecordAddress, dict[str, object]] = {}
        sendable = [] if dry_run else [x.letter for x in meant if not too_large(x.letter)]
        for group in by_door(sendable, AT_ONCE):
            receipts = await at.ask([again(letter) for letter in group])
            await at.say([_sent_again(here, old.place, new, by) for old, new in zip(group, receipts, strict=True)])
            for old, new in zip(group, receipts, strict=True):
                became[old.place] = {"outcome": str(new.outcome), "now_at": new.place.text()}
    return [
        {
            **letter.row(),
            "outcome": NOT_KEPT if too_large(letter.letter) else WOULD_BE_SENT,
            **became.get(letter.letter.place, {}),
        }
        for letter in meant
    ]


async def _discard_some(
    here: Environment, place: RecordAddress | None, some: Selection, by: str, why: str, *, dry_run: bool
) -> list[dict[str, object]]:
    """Mark all that are meant."""
    async with door_client(here) as at:
        meant = await _meant(at, place, some)
        markers = [marked(x.letter.place, by, why, _partitions(here, x))[1] for x in meant]
        if markers and not dry_run:
            await at.say(markers)
    return [{**letter.row(), "outcome": WOULD_BE_DISCARDED if dry_run else DISCARDED} for letter in meant]


async def _meant(at: DoorClient, place: RecordAddress | None, some: Selection) -> list[StoredDeadLetter]:
    """The one at a place (Refused where there is none), or those of a selection that nobody is done with."""
    if place is not None:
        return [await _find(at, place)]
    found = await letters(at.kafka, at.log)
    return [x for x in found if x.marker is None and some.has(x.letter, x.written_at)]


def _sent_again(here: Environment, place: RecordAddress, receipt: Receipt, by: str) -> Outgoing:
    partitions = here.cards()[dead_letters_of(place.topic)].partitions
    return marked(place, by, f"sent in again as {receipt.place.text()}", partitions)[1]


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
