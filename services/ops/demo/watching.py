"""Shows on standard error how far the story is: plan time, messages, tickets, mails."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from libs.messages.upstream import TicketSubmitted, upstream_type
from libs.stack.catcher import MailCatcher
from services.ops.demo.play import Moment, OnMoment
from services.ops.demo.script import Script

ASKED = upstream_type(TicketSubmitted)


@contextmanager
def watching(script: Script, catcher: MailCatcher) -> Iterator[OnMoment]:
    """A callback, to be called with each instant that the story has reached."""
    console = Console(stderr=True)
    asked = (line.event is not None and line.event["type"] == ASKED for line in script.lines)
    tickets = [0, *accumulate(asked)]
    columns = (
        TextColumn("{task.fields[at]}", style="bold"),
        BarColumn(),
        TextColumn(
            "{task.completed} of {task.total} messages, {task.fields[tickets]} tickets, {task.fields[mails]} mails"
        ),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=len(script.lines), at="", tickets=0, mails=0)

        def told(moment: Moment) -> None:
            mails, at = len(catcher.messages()), f"{moment.at:%a %d %b %H:%M} UTC"
            bar.update(task, completed=moment.lines, at=at, tickets=tickets[moment.lines], mails=mails)

        yield told
