"""What a page is: a frozen view, what it is asked with, and the function that looks."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from libs.messages.base import YEARS
from services.ops.console.sources import Sources
from services.ops.trail.as_of import Cut


class PageView(BaseModel):
    """What a page shows; its JSON is this too."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Parameters(BaseModel):
    """What a page is asked with, or a form says: nothing that no table and no log can be asked for.

    An instant without an offset is one of UTC.
    """

    @field_validator("*")
    @classmethod
    def _askable(cls, value: Any) -> Any:
        match value:
            case str() if "\0" in value:
                raise ValueError("a NUL character stands in nothing that can be asked for")
            case date() if value.year not in YEARS:
                raise ValueError(f"only the years {YEARS.start} to {YEARS.stop - 1} can be asked for")
            case datetime():
                return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
            case _:
                return value


class Query(Parameters):
    """The parameters of a page's path and URL; an empty one is as good as none."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @property
    def stands_still(self) -> bool:
        """Whether it asks of an instant of before, so that what it shows does not change."""
        return False


class TwoClocks(Query):
    """How something stood: by what was true, and by what was known."""

    as_of: datetime | None = Field(default=None, description="By what had occurred; UTC without an offset")
    known_at: datetime | None = Field(default=None, description="By what had been recorded")

    @property
    def cut(self) -> Cut | None:
        """Where history is cut."""
        return Cut(self.as_of, self.known_at) if self.as_of or self.known_at else None

    @property
    def stands_still(self) -> bool:
        """How it stood at a cut does not change."""
        return self.cut is not None


class NotThere(Exception):  # noqa: N818 - it says what is so
    """There is no such thing; the text is one sentence that says what, and where to look."""


class NotTheirs(Exception):  # noqa: N818 - likewise
    """What is asked for is another centre's."""


class Elsewhere(Exception):  # noqa: N818 - likewise
    """What is asked for has a page of its own; the text is its path."""


Q = TypeVar("Q", bound=Query)
V = TypeVar("V", bound=PageView)
F = TypeVar("F", bound=Parameters)


def of_a_centre(query: Q, centres: frozenset[str]) -> Q:
    """A query with a field `centre`, of one of these alone: the first where none is asked for; raises NotTheirs."""
    named = getattr(query, "centre", None)
    if named is None:
        return query.model_copy(update={"centre": min(centres)})
    if named not in centres:
        raise NotTheirs
    return query


@dataclass(frozen=True)
class Page(Generic[Q, V]):
    """One page: served as HTML and as JSON at its path, and live at `<path>/live`."""

    path: str
    look: Callable[[Sources, Q], Awaitable[V]]
    query: type[Q]
    view: type[V]
    template: str
    title: str
    """In English, as the translations have it."""
    nav: int | None = None
    """Its place in the navigation; None where it is reached from another page."""
    live: bool = True
    scripts: tuple[str, ...] = ()
    """Scripts of others beside those that every page has."""
    csv: Callable[[V], str] | None = None
    """What it shows as lines, where it has any; its query has a `format` then."""
    narrowed: Callable[[Q, frozenset[str]], Q] | None = None
    """For agents: what is asked, of their centres alone; raises NotTheirs where it is another one's."""
    centres: Callable[[V], Iterable[str | None]] | None = None
    """For agents: whose it is that is shown; it must be a centre of theirs."""


@dataclass(frozen=True)
class Action(Generic[F]):
    """What is done by a POST: `act(sources, form, who)` gives the path to go on to; `who` is who says so."""

    path: str
    form: type[F]
    act: Callable[[Sources, F, str], Awaitable[str]]
    centres: Callable[[Sources, F], Awaitable[Iterable[str | None]]] | None = None
    """For agents: whose it is that a form is about; it must be a centre of theirs."""


AnyPage = Page[Any, Any]
AnyAction = Action[Any]
