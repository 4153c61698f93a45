"""Output of the command line: what was found on standard output, as a table or as JSON; all else on standard error.

What people wrote elsewhere may hold characters that steer a terminal: they are shown, and steer nothing.
"""

import asyncio
import re
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, TypeVar

import typer
from pydantic_core import to_json
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.segment import Segment
from rich.table import Column, Table
from rich.text import Text

from libs.messages.base import rfc3339

T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="Say it as JSON.")]

PLAIN_WIDTH = 200  # characters of a line where no terminal sets a width
_errors = Console(stderr=True)
_STEERING = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f]|\r(?!\n)")
"""C0 and C1 controls beside tab and ends of lines, separators of lines, and what turns the direction of writing."""


class Refused(Exception):  # noqa: N818 - it says what happened
    """What was asked can not be done; the text is one sentence that says why, and what to do."""


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do the work to its end."""
    return asyncio.run(work)


def visible(text: str) -> str:
    """The text with what would steer a terminal shown by its number, as Python writes it."""
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def json_of(found: object, *, indent: int | None = None) -> str:
    """What was found as JSON; in its strings, what would steer a terminal is an escape of JSON."""
    return _STEERING.sub(lambda one: f"\\u{ord(one[0]):04x}", to_json(found, indent=indent).decode())


class _Visible:
    """What a renderable comes out as, with nothing in it that steers a terminal but its own styles."""

    def __init__(self, inner: RenderableType) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self._inner, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)


def show(found: object, *, as_json: bool, otherwise: Callable[[], RenderableType]) -> None:
    """Print what was found."""
    if as_json:
        print(json_of(found, indent=2))
        return
    said = otherwise()
    shown = Text(visible(said)) if isinstance(said, str) else _Visible(said)
    Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH).print(shown, highlight=False, markup=False)


def say(text: str) -> None:
    """Print a text on standard output with its own lines, not folded to a width."""
    print(visible(text), end="")


def tell(sentence: str) -> None:
    """Print a sentence on standard error."""
    _errors.print(visible(sentence), highlight=False, markup=False, soft_wrap=True)


def table(
    rows: Iterable[Mapping[str, object]],
    columns: Sequence[str],
    *,
    title: str | None = None,
    alarming: Callable[[Mapping[str, object]], bool] = lambda _: False,
) -> Table:
    """Make a table of some columns of the rows; rows that are alarming stand in red."""
    headers = (Column(name, overflow="fold") for name in columns)
    made = Table(*headers, title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for row in rows:
        made.add_row(*(Text(cell(row.get(column))) for column in columns), style="red" if alarming(row) else None)
    return made


def cell(value: object) -> str:
    """A value as text in a table, with nothing in it that steers a terminal; empty for None."""
    match value:
        case None:
            return ""
        case datetime():
            return rfc3339(value).replace(".000000Z", "Z")
        case bool():
            return "yes" if value else "no"
        case _:
            return visible(str(value))


class Speed(ProgressColumn):
    """How many per second."""

    def render(self, task: Task) -> Text:
        """The speed, once something is done."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="cyan")


Told = Callable[[int, int | None], None]
"""Called with how much is done, and of how much where that is known."""


@contextmanager
def counting(what: str, unit: str, *, lines: bool = False) -> Iterator[Told]:
    """Show on standard error how far long work is: how many of how many where that is known, how fast, what is left.

    `lines`: for programs, a JSON object a line.
    """
    if lines:
        yield lambda done, total: tell(json_of({"what": what, "done": done, "total": total}))
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit), Speed())
    hidden = not _errors.is_terminal
    with Progress(*columns, TimeRemainingColumn(), console=_errors, transient=True, disable=hidden) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
