"""intake as it is, but that it notes when each part of its way began and ended.

One line of JSON a span in the file that BENCH_SPANS names: its name, and both instants in machine seconds. The file is
only written where somebody made it.
"""

import json
import os
import sys
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import Any

from libs.chassis.start import started
from libs.eventlog.kafka.faststream_subscription import FastStreamSubscription
from libs.eventlog.loops.door import DoorLoop
from libs.eventlog.loops.followers import Gate
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.loops.writer import Writer
from libs.eventlog.tables.store import PostgresStore
from libs.stack.wait import machine_seconds
from services.intake.__main__ import main
from services.intake.handlers import TicketDoor

FILE = "BENCH_SPANS"
SPANS: tuple[tuple[type, str, str], ...] = (
    (DoorLoop, "process", "the door answers"),
    (DoorLoop, "_write", "it writes to the broker (what is private, the receipt)"),
    (Gate, "passed", "it asks whether the tables are young enough"),
    (TicketDoor, "issue", "it asks for the facts"),
    (Writer, "_load", "the writer loads the stream"),
    (Writer, "_append", "it appends the event and waits for the reader"),
    (PostgresStore, "next_position", "of that, it waits for the reader"),
    (ReaderLoop, "apply", "the reader stores it"),
    (ReaderLoop, "_apply_all", "the reader stores several"),
    (PostgresStore, "counted", "the writer asks whether it counts"),
    (FastStreamSubscription, "commit", "the door commits its offset"),
)
Method = Callable[..., Awaitable[Any]]


def noted(name: str, method: Method, note: Callable[[str, float], None]) -> Method:
    """A method that notes its span."""

    @wraps(method)
    async def spanned(*args: Any, **named: Any) -> Any:
        began = machine_seconds()
        try:
            return await method(*args, **named)
        finally:
            note(name, began)

    return spanned


def in_file(name: str, began: float) -> None:
    """Note a span that ends now."""
    file = Path(os.environ[FILE])
    if file.exists():
        with file.open("a") as spans:
            spans.write(json.dumps({"name": name, "began": began, "ended": machine_seconds()}) + "\n")


if __name__ == "__main__":
    for owner, attribute, what in SPANS:
        setattr(owner, attribute, noted(what, getattr(owner, attribute), in_file))
    sys.exit(started(main))
