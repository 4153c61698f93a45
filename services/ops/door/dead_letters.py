"""`olcare dlq`: what a door could never take. It is looked at, tried, sent in again, mended, or marked as done with."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import click
import typer

from libs.eventlog.client.door_client import DoorClient, taken, why_not
from libs.eventlog.wire.record import CONTENT_TYPE
from libs.messages.actions import PrivateKind
from libs.messages.places import RecordAddress
from libs.messages.receipts import DeadLetter, Outcome
from services.ops.cli.arguments import By, PlaceGiven
from services.ops.cli.door_client import door_client
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, Refused, counting, run, show, table, tell
from services.ops.door.dead_letter_edits import Changes, changed
from services.ops.door.dead_letter_groups import KnownLetter, LetterGroup, groups, known
from services.ops.door.dead_letter_orders import discard as discard_letters
from services.ops.door.dead_letter_orders import send_again, send_edited
from services.ops.door.dead_letter_selection import (
    ALL,
    DryRun,
    OfReason,
    OfSource,
    OfTopic,
    PlaceIfOne,
    Selection,
    Since,
    require_one_or_some,
    too_large,
)
from services.ops.door.dead_letter_trial import record_of, trial, trial_of
from services.ops.door.redrive import USUAL, Pace, RedriveProgress, Sent
from services.ops.door.stored_dead_letters import StoredDeadLetter, draft, letters
from services.ops.door.viewings import CaseNumber, Looker, Reason, Viewer, put_on_record, viewer
from services.ops.watch.recording import order

app = typer.Typer(
    no_args_is_help=True,
    help="What the doors could not read: look, send it in again, or mark it as done with.",
)
NOT_KEPT, WOULD_BE_SENT, WOULD_BE_DISCARDED, DISCARDED = "not kept", "would be sent", "would be discarded", "discarded"
NOT_SENT, WOULD_BE_READ, STILL_UNREADABLE = "not sent", "would be read", "still unreadable"
NOT_TAKEN = {NOT_KEPT, NOT_SENT, STILL_UNREADABLE, Outcome.REFUSED.value, Outcome.UNREADABLE.value}
COLUMNS = ("place", "written_at", "reason", "source", "where", "message")
Rate = Annotated[int, typer.Option("--rate", min=1, help="So many a second at most.")]
StopAfter = Annotated[int, typer.Option("--stop-after", min=1, help="Stop once so many came back as unreadable again.")]


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
    columns = (*COLUMNS, *(("done_by", "done_why") if every else ()))
    show(rows, as_json=as_json, otherwise=lambda: table(rows, columns) if rows else "no dead letters")


@app.command("groups")
def groups_(
    ctx: typer.Context,
    *,
    topic: OfTopic = None,
    reason: OfReason = None,
    source: OfSource = None,
    since: Since = None,
    as_json: AsJson = False,
) -> None:
    """Those that nobody is done with, together where they have the same wrong; the most numerous first."""
    asked = Selection(topic, reason, source, since)
    found = run(_letters(environment(ctx)))
    rows = [group._asdict() for group in groups(waiting(found, asked))]
    said = [{**row, "sources": ", ".join(row["sources"])} for row in rows]
    columns = tuple(name for name in LetterGroup._fields if name != "kind")
    show(rows, as_json=as_json, otherwise=lambda: table(said, columns) if said else "no dead letters")


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


@app.command("try")
def try_(
    ctx: typer.Context,
    place: PlaceIfOne = None,
    *,
    topic: OfTopic = None,
    reason: OfReason = None,
    source: OfSource = None,
    since: Since = None,
    as_json: AsJson = False,
) -> None:
    """Say which would be read now, by today's code and policy; nothing is sent. Exit code 1 where one would not be."""
    here, some = environment(ctx), Selection(topic, reason, source, since)
    require_one_or_some(place, some)
    _show_many(run(_try(here, place, some)), as_json=as_json, columns=(*COLUMNS, "outcome"))


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
    rate: Rate = USUAL.rate,
    stop_after: StopAfter = USUAL.stop_after,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Send in again as it came, key and headers too, in the order of the keys; what is unreadable still comes back."""
    here, some = environment(ctx), Selection(topic, reason, source, since)
    require_one_or_some(place, some)
    if place is None or dry_run:
        _show_many(run(_retry_some(here, place, some, by, Pace(rate, stop_after), dry_run=dry_run)), as_json=as_json)
        return
    _show_sent(run(_retry(here, place, by)), as_json=as_json)


@app.command()
def edit(
    ctx: typer.Context,
    place: PlaceGiven,
    *,
    by: Looker = None,
    changes: Changes = None,
    file: Annotated[
        Path | None, typer.Option("--file", exists=True, dir_okay=False, help="Holds the event as it is to be sent.")
    ] = None,
    reason: Reason = None,
    case: CaseNumber = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say whether it would be read, and send nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send a mended copy of one: by --set, a --file, or in an editor ($EDITOR); the one that came is marked with it.

    An editor shows what the record holds: who looks says why (--reason), and that is recorded first.
    """
    if by is None:
        raise typer.BadParameter("say who mends it by --by: that is recorded")
    if changes and file:
        raise typer.BadParameter("--set changes what came, --file has all of it: say one of them")
    here = environment(ctx)
    if changes or file:
        text = file.read_text() if file else changed(run(_one(here, place)).letter, changes or [])
    else:
        who = viewer(by, reason, case, "--set FIELD=TEXT changes a field without showing the record")
        before = draft(run(_letter(here, place, who)).letter)
        text = click.edit(before, extension=".json") or before
    sent = run(_edit(here, place, text, by, dry_run=dry_run))
    if sent is None:
        show({"place": place.text(), "outcome": WOULD_BE_READ}, as_json=as_json, otherwise=lambda: WOULD_BE_READ)
        return
    _show_sent(sent, as_json=as_json)


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
    rows = run(_discard(here, place, some, by, why, dry_run=dry_run))
    if place is None or dry_run:
        _show_many(rows, as_json=as_json)
        return
    found = {"kind": "discarded", "place": place, "by": by, "why": why}
    show(found, as_json=as_json, otherwise=lambda: f"{place.text()} needs nothing more")


def _show_many(
    rows: Sequence[Mapping[str, object]],
    *,
    as_json: bool,
    columns: Sequence[str] = ("place", "written_at", "reason", "source", "outcome", "now_at"),
) -> None:
    """Show what became of each, or would; raises Exit with code 1 where one was not taken."""
    show(rows, as_json=as_json, otherwise=lambda: table(rows, columns) if rows else "no dead letters")
    if any(row["outcome"] in NOT_TAKEN for row in rows):
        raise typer.Exit(1)


def _show_sent(sent: Sent, *, as_json: bool) -> None:
    """Show the receipt of one; raises Exit with code 1 where it was not taken."""
    receipt = sent.receipt
    found = receipt.model_dump(mode="json")
    why = "" if taken(receipt) else f": {why_not(receipt)}"
    show(found, as_json=as_json, otherwise=lambda: f"{receipt.place.text()} is {receipt.outcome}{why}")
    if not taken(receipt):
        raise typer.Exit(1)


def waiting(found: Sequence[StoredDeadLetter], some: Selection = ALL) -> list[KnownLetter]:
    """Those of a selection that nobody is done with."""
    return [
        known(one.letter, one.written_at)
        for one in found
        if one.marker is None and some.has(one.letter, one.written_at)
    ]


async def _letters(here: Environment) -> list[StoredDeadLetter]:
    async with door_client(here) as at:
        return await letters(at.kafka, at.log)


async def _one(here: Environment, place: RecordAddress) -> StoredDeadLetter:
    async with door_client(here) as at:
        return await _find(at, place)


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


async def _try(here: Environment, place: RecordAddress | None, some: Selection) -> list[dict[str, object]]:
    async with door_client(here) as at:
        meant = await _meant(at, place, some)
    policy = here.source_policy()
    rows: list[dict[str, object]] = []
    for one in meant:
        found = trial_of(one.letter, policy)
        now = {} if found.readable else {"reason": found.reason, "where": found.where, "message": found.message}
        rows.append({**one.row(), **now, "outcome": WOULD_BE_READ if found.readable else STILL_UNREADABLE})
    return rows


async def _retry(here: Environment, place: RecordAddress, by: str) -> Sent:
    async with door_client(here) as at:
        letter = await _find(at, place)
        progress = await send_again(order(at, here.cards(), by), [letter], USUAL)
        return progress.sent[0]


async def _edit(here: Environment, place: RecordAddress, text: str, by: str, *, dry_run: bool) -> Sent | None:
    """Send a mended copy; None where it was only tried. Raises Refused where it would come back."""
    async with door_client(here) as at:
        letter = await _find(at, place)
        copied = record_of(letter.letter)._replace(value=text.encode(), headers=CONTENT_TYPE)
        found = trial(copied, here.source_policy())
        if not found.readable:
            raise Refused(f"it would come back as {found.reason}: {found.message}; nothing is sent")
        return None if dry_run else await send_edited(order(at, here.cards(), by), letter, text)


async def _discard(
    here: Environment, place: RecordAddress | None, some: Selection, by: str, why: str, *, dry_run: bool
) -> list[dict[str, object]]:
    """Mark all that are meant."""
    async with door_client(here) as at:
        meant = await _meant(at, place, some)
        if meant and not dry_run:
            await discard_letters(order(at, here.cards(), by), meant, why, some)
    return [{**letter.row(), "outcome": WOULD_BE_DISCARDED if dry_run else DISCARDED} for letter in meant]


async def _retry_some(
    here: Environment, place: RecordAddress | None, some: Selection, by: str, pace: Pace, *, dry_run: bool
) -> list[dict[str, object]]:
    """Send in again all that are meant, and mark each by its receipt; what was not kept is passed over."""
    async with door_client(here) as at:
        meant = await _meant(at, place, some)
        sendable = [] if dry_run else [x for x in meant if not too_large(x.letter)]
        sent: Sequence[Sent] = ()
        if sendable:
            with counting("dead letters", "records") as told:
                progress = await send_again(
                    order(at, here.cards(), by), sendable, pace, some, lambda p: told(len(p.sent), p.total)
                )
            sent = progress.sent
            _say_why_it_stopped(progress)
    became = {one.place: {"outcome": str(one.receipt.outcome), "now_at": one.receipt.place.text()} for one in sent}
    otherwise = WOULD_BE_SENT if dry_run else NOT_SENT
    return [
        {
            **letter.row(),
            "outcome": NOT_KEPT if too_large(letter.letter) else otherwise,
            **became.get(letter.letter.place, {}),
        }
        for letter in meant
    ]


def _say_why_it_stopped(progress: RedriveProgress) -> None:
    if left := progress.total - len(progress.sent):
        again = progress.count(Outcome.UNREADABLE)
        tell(f"stopped: {again} came back as unreadable again, {left} were not sent (--stop-after lets more come back)")


async def _meant(at: DoorClient, place: RecordAddress | None, some: Selection) -> list[StoredDeadLetter]:
    """The one at a place (Refused where there is none), or those of a selection that nobody is done with."""
    if place is not None:
        return [await _find(at, place)]
    found = await letters(at.kafka, at.log)
    return [x for x in found if x.marker is None and some.has(x.letter, x.written_at)]


def _content(letter: DeadLetter) -> dict[str, object]:
    headers = {header.name: _text(header.value) for header in letter.headers}
    return {"key": _text(letter.key), "headers": headers, "value": _text(letter.value)}


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="backslashreplace")


def _lines(found: Mapping[str, object]) -> Sequence[dict[str, object]]:
    return [{"what": name, "is": value} for name, value in found.items() if value is not None]
