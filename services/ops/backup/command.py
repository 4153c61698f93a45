"""`olcare backup` and `olcare restore`."""

from pathlib import Path
from typing import Annotated

import typer

from libs.messages.base import rfc3339
from libs.messages.catalogue import PRIVATE
from services.ops.backup.files import Backup, find
from services.ops.backup.restoring import Restored, check_cards
from services.ops.backup.restoring import restore as fill
from services.ops.backup.saving import save
from services.ops.backup.sealing import identities, recipient
from services.ops.cli.environment import environment
from services.ops.cli.output import AsJson, counting, run, show, tell

Folder = Annotated[Path, typer.Argument(metavar="FOLDER")]


def backup(
    ctx: typer.Context,
    folder: Folder,
    to: Annotated[
        list[str] | None,
        typer.Option("--recipient", metavar="age1…", help="Who alone can read it; may be said more than once."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Save all topics, their offsets and how far every group has come; services run on meanwhile.

    The folder must be empty, or not be there yet. It holds all that is personal: have it sealed for a recipient, whose
    key `age-keygen` makes, or keep it as the brokers' disks.
    """
    recipients = [recipient(text) for text in to or ()]
    with counting("saving", "offsets") as count:
        made = run(save(environment(ctx), folder, count, recipients))
    show(_found(made), as_json=as_json, otherwise=lambda: f"{folder} holds {_words(made)}")


def restore(
    ctx: typer.Context,
    folder: Folder,
    identity: Annotated[
        Path | None, typer.Option("--identity", metavar="FILE", help="The key of a recipient, where it is sealed.")
    ] = None,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Look whether the backup is whole, and write nothing.")
    ] = False,
    drop_tables: Annotated[
        bool, typer.Option("--drop-tables", help="Drop what the services' databases hold; it is built anew.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fill an empty cluster from a backup, before any service runs; interrupted, it can be begun again."""
    here, found = environment(ctx), find(folder, identities(identity) if identity else ())
    if check:
        check_cards(found, here.cards())
        known = {**_found(found), "fingerprint_key": _id_of(found, PRIVATE)}
        show(known, as_json=as_json, otherwise=lambda: f"{folder} is whole: it holds {_words(found)}")
        return
    with counting("restoring", "offsets") as count:
        restored = run(fill(here, found, count, drop_tables=drop_tables))
    for sentence in _to_know(restored):
        tell(sentence)
    shown = {**_found(found), "otherwise": [*restored.otherwise]}
    show(shown, as_json=as_json, otherwise=lambda: f"restored {_words(found)}")


def _words(found: Backup) -> str:
    manifest = found.manifest
    return (
        f"{manifest.records:,} records of {len(manifest.topics)} topics, the places of {manifest.groups} groups, as of"
        f" {rfc3339(manifest.begun_at)}"
    )


def _found(found: Backup) -> dict[str, object]:
    manifest = found.manifest
    return {
        "folder": str(found.folder),
        "name": found.name,
        "made_by": manifest.made_by,
        "begun_at": rfc3339(manifest.begun_at),
        "ended_at": rfc3339(manifest.ended_at),
        "topics": len(manifest.topics),
        "records": manifest.records,
        "groups": manifest.groups,
    }


def _id_of(found: Backup, topic: str) -> str | None:
    """The id that a topic had."""
    return next((one.id for one in found.manifest.topics if one.name == topic), None)


def _to_know(restored: Restored) -> list[str]:
    """What whoever restores has to know and to do."""
    since = rfc3339(restored.backup.manifest.begun_at)
    return [
        *restored.otherwise,
        f"what was said after {since} is lost unless it is sent in again, under the same ids",
        f"mails that were sent after {since} are sent once more",
        f"whoever was erased after {since} is there again: `olcare person erase` for each of them",
        "give intake and contract OLCARE_FINGERPRINT_KEY, unless they have one (--check --json shows it)",
        "start the services: they build their tables from the log",
    ]
