"""Change fields of a dead letter without looking at it."""

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from libs.messages.receipts import DeadLetter
from services.ops.cli.output import Refused
from services.ops.door.dead_letter_groups import event_of
from services.ops.door.trigger import set_field

Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=TEXT",
        help="A field of the event, data.channel=email or subject=4711; a value in JSON by :=, nothing behind it takes"
        " the field away.",
    ),
]


def changed(letter: DeadLetter, changes: Sequence[str]) -> str:
    """The event of a dead letter with fields changed; raises Refused where it is no JSON object, and BadParameter."""
    event = event_of(letter)
    if not isinstance(event, dict):
        raise Refused(f"{letter.place.text()} holds no JSON object: send it whole by --file, or in an editor")
    for change in changes:
        set_field(event, change)
    return json.dumps(event, ensure_ascii=False, indent=2)
