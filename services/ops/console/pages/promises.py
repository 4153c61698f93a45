"""`/promises`: tickets that nobody has answered yet, what is due first before the others; and how days were kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from libs.eventlog.tables.queries import Queries, expressions_of
from libs.messages.tickets import Channel
from libs.workcal import zone
from services.ops.console.pages.board import DayKept, OpenPromise, PromiseStanding, as_csv, days_kept, open_promise
from services.ops.console.pages.page import NotThere, Page, PageView, Query, of_a_centre
from services.ops.console.sources import Sources
from services.ops.console.words import N_, InLanguage
from services.ops.report.accounts import Ledger
from services.ops.report.attainment import Miss
from services.ops.report.command import account_of
from services.ops.report.misses import why
from services.ops.report.scope import AROUND
from services.ops.sla.grounds import Grounds, grounds_in_tables
from services.ops.speech.speech import Speech, speech_of
from services.ops.trail.promises import promises_then
from services.ops.watch.services import SERVICES

BOARD = Path(__file__).parents[1] / "promise_board.sql"
WHOLE = 100_000
"""Lines of the board as CSV at most."""
A_DAY = timedelta(days=1)


class PromiseFilters(Query, InLanguage):
    """Which promises are meant."""

    centre: str | None = None
    channel: Channel | None = None
    customer: str | None = Field(default=None, description="customer/<source>/<number>")
    state: PromiseStanding | None = None
    known_at: datetime | None = Field(default=None, description="As it was known then; UTC without an offset")
    after: str | None = Field(default=None, description="The stream of the last one of the page before")
    most: int = Field(default=200, ge=1, le=1000)
    days: int = Field(default=30, ge=1, le=366, description="Over so many days attainment is counted")
    misses: int = Field(default=25, ge=0, le=1000, description="So many misses are listed")
    format: Literal["csv"] | None = None

    @property
    def stands_still(self) -> bool:
        """What was known at an instant does not change."""
        return self.known_at is not None


class Missed(PageView):
    """A promise that was not kept."""

    ticket: str
    centre: str
    channel: str
    due_at: datetime
    responded_at: datetime | None
    zone: str
    why: str


class PromisesView(PageView):
    """The board, and how promises were kept."""

    now: datetime
    """At which it is counted: the instant of which it is asked, else this one."""
    known_at: datetime | None
    asked: dict[str, str]
    centres: tuple[str, ...]
    counts: dict[PromiseStanding, int]
    promises: tuple[OpenPromise, ...]
    after: str | None
    """From where the next page goes on; None where this is the last one."""
    days: tuple[DayKept, ...]
    missed: tuple[Missed, ...]


@dataclass(frozen=True)
class Known:
    """Where it is asked, and on which calendars."""

    queries: Queries
    grounds: Grounds
    now: datetime


async def known(sources: Sources, known_at: datetime | None) -> Known:
    """What is known now, or was at an instant; raises Refused and Unavailable."""
    database = await sources.database("sla_timer")
    grounds = await grounds_in_tables(database)
    if known_at is None:
        return Known(await sources.queries("sla_timer", BOARD), grounds, sources.clock.now())
    chain = await sources.chain()
    then = await promises_then(chain, await sources.log(), sources.cards, known_at)
    expressions = expressions_of(SERVICES["sla_timer"].readers)
    queries = Queries(database, BOARD, expressions=expressions, instead=then.instead, values=then.values)
    return Known(queries, grounds.only(then.calendars), known_at)


async def look(sources: Sources, query: PromiseFilters) -> PromisesView:
    """The board as it is now, or as it was known; raises NotThere for an instant that lies ahead."""
    if query.known_at and query.known_at > sources.clock.now():
        raise NotThere("known_at lies ahead: nobody knows yet what will be known then")
    here = await known(sources, query.known_at)
    whose = {"centre": query.centre, "channel": query.channel, "customer": query.customer}
    most = WHOLE if query.format else query.most
    found = await here.queries.rows(
        "promises_open", now=here.now, standing=query.state, after=query.after, most=most + 1, **whose
    )
    counted = await here.queries.rows("promises_counted", now=here.now, **whose)
    kept, missed = await kept_and_missed(here, query, whose)
    listed = tuple(open_promise(row, here.grounds, here.now) for row in found[:most])
    return PromisesView(
        now=here.now,
        known_at=query.known_at,
        asked=_asked(query),
        centres=tuple(sorted(here.grounds.calendars)),
        counts={
            **dict.fromkeys(PromiseStanding, 0),
            **{PromiseStanding(row["standing"]): row["promises"] for row in counted},
        },
        promises=listed,
        after=listed[-1].stream if len(found) > most else None,
        days=kept,
        missed=missed,
    )


def _asked(query: PromiseFilters) -> dict[str, str]:
    said = query.model_dump(mode="json", exclude_defaults=True, exclude={"format", "after"}, exclude_none=True)
    return {name: str(value) for name, value in said.items()}


async def kept_and_missed(
    here: Known, query: PromiseFilters, whose: Mapping[str, object]
) -> tuple[tuple[DayKept, ...], tuple[Missed, ...]]:
    """How the last days were kept, by the local days of each centre, and what was missed."""
    zones = {centre: here.grounds.newest(centre).zone for centre in here.grounds.calendars}
    first = last_day(here.now, zones.values()) - (query.days - 1) * A_DAY
    since = datetime.combine(first, time(), UTC) - AROUND
    span = {"since": since, "until": here.now + AROUND, **whose}
    rows = await here.queries.rows("verdicts_by_day", centres=list(zones), zones=list(zones.values()), **span)
    missed = await here.queries.rows("promises_missed", most=query.misses, **span)
    speech = speech_of(query.language)
    return days_kept(rows, first, query.days), tuple(_missed(row, here.grounds, zones, speech) for row in missed)


def last_day(now: datetime, zones: Iterable[str]) -> date:
    """The latest local day that it is in one of some zones."""
    return max((now.astimezone(zone(name)).date() for name in zones), default=now.date())


def _missed(row: Mapping[str, Any], grounds: Grounds, zones: Mapping[str, str], speech: Speech) -> Missed:
    account = account_of(row)
    times = account.times(Ledger.PROMISED, grounds)
    miss = Miss(account, row["due_at"], times.late if times else None)
    return Missed(
        ticket=account.ticket,
        centre=account.centre,
        channel=account.channel,
        due_at=miss.due_at,
        responded_at=account.responded_at,
        zone=zones.get(account.centre, "UTC"),
        why=why(miss, Ledger.PROMISED, speech),
    )


def lines(view: PromisesView) -> str:
    """The board as CSV."""
    return as_csv(view.promises)


PAGE = Page(
    "/promises",
    look,
    PromiseFilters,
    PromisesView,
    "promises.html",
    N_("Promises"),
    nav=3,
    csv=lines,
    narrowed=of_a_centre,
)
