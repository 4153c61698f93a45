"""A history and a plan as Kafka and the tables have them, and the rehearsal of a draft on them."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.topics import Card
from libs.eventlog.tables.queries import Queries
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.base import event_type
from libs.messages.catalogue import PLAN
from libs.messages.plan import PriceList
from libs.messages.tickets import (
    Channel,
    CustomerCallRecorded,
    MergeUndone,
    ResponseRecorded,
    TicketOpened,
    TicketsMerged,
    TicketWithdrawn,
)
from libs.workcal import start_of_day, zone
from services.ops.cli.environment import Environment, open_log
from services.ops.cli.output import Refused, Told
from services.ops.rehearse.account import EXPLAINED, Account, account, explained
from services.ops.rehearse.draft import contents_of, new_in, stood_on
from services.ops.rehearse.findings import PriceChange, PriceTotal, Rehearsed
from services.ops.rehearse.prices import PRICED, price_changes
from services.ops.rehearse.rehearsal import Rehearsal, RehearsedSpan, StandingPromise
from services.ops.rehearse.replay import groups
from services.ops.rehearse.stories import SOON, ShortStory, short_story
from services.ops.rehearse.timeline import DraftPlan, PlanTimeline, timeline_of
from services.ops.speech.languages import ENGLISH, LANGUAGES
from services.ops.speech.speech import Speech, speech_of
from services.ops.trail.as_of import events_of
from services.ops.trail.links import Chain, trail_queries
from services.ops.watch.counting import counting_events
from services.ops.watch.services import SERVICES, tables
from services.sla_timer.promise.histories import FactKind, PromiseFact, PromiseHistory

AT_ONCE = 2_000
"""Streams that are read back together."""
TOLD = (TicketOpened, ResponseRecorded, CustomerCallRecorded, TicketsMerged, MergeUndone, TicketWithdrawn)
"""The events of tickets of which it matters when they were told."""


class LocalDays(NamedTuple):
    """Local days of every centre, the last one excluded."""

    first: date
    last: date

    def span(self, timeline: PlanTimeline, now: datetime) -> RehearsedSpan:
        """The instants between which they lie, wherever the centres are."""
        zones = {zone(one.content.zone) for one in timeline.calendars} or {zone("UTC")}
        begins, ends = ([start_of_day(day, civil) for civil in zones] for day in self)
        return RehearsedSpan(self.first, self.last, min(begins), max(ends), now)


@dataclass(frozen=True)
class Past:
    """Where what happened is read from."""

    log: KafkaLog
    cards: Mapping[str, Card]
    promises: Queries
    audit: Queries
    chain: Chain
    now: datetime

    async def plan(self) -> list[RecordedEvent]:
        """What counts of the plan's topic; raises Unavailable and Halted."""
        return [event async for event in counting_events(self.log, self.cards[PLAN])]

    async def events(self, streams: Iterable[str]) -> list[RecordedEvent]:
        """All events of some streams, as they were recorded; raises Unavailable."""
        links = await self.chain.of_streams(streams)
        ordered = sorted(links, key=lambda link: (link.recorded_at, link.stream, link.sequence))
        return await events_of(self.log, self.cards, ordered)


@asynccontextmanager
async def past(here: Environment) -> AsyncIterator[Past]:
    """Open the log and the tables; raises Refused and Unavailable."""
    postgres, own = here.postgres_address(), Path(__file__)
    async with (
        open_log(here) as log,
        tables(postgres, SERVICES["sla_timer"]) as promises,
        tables(postgres, SERVICES["audit"]) as audit,
    ):
        yield Past(
            log,
            here.cards(),
            Queries(promises, own.with_name("promises.sql")),
            Queries(audit, own.with_name("chain.sql")),
            Chain(trail_queries(audit)),
            here.clock().now(),
        )


@dataclass
class RehearsedTickets:
    """The promises of a history, which of them were told of late, and which tickets were merged."""

    standing: dict[str, StandingPromise] = field(default_factory=dict)
    stories: dict[str, ShortStory] = field(default_factory=dict)
    together: list[tuple[str, str]] = field(default_factory=list)
    centres: dict[str, str] = field(default_factory=dict)
    """Of the tickets that were merged."""


async def rehearse(past: Past, texts: Mapping[str, str], days: LocalDays, told: Told) -> Rehearsed:
    """Rehearse a draft on what happened; raises Refused, Unavailable and Halted."""
    plan = await past.plan()
    timeline, new = timeline_of(plan), new_in(texts, plan, past.now)
    span = days.span(timeline, past.now)
    if span.begins_at >= past.now:
        raise Refused(f"{days.first} is still to come: a draft is rehearsed on days that have been")
    tickets = await _tickets(past, span)
    draft = DraftPlan(span.begins_at, contents_of(new))
    rehearsal = Rehearsal(timeline, draft, span, tickets.standing)
    await _replay(past, rehearsal, tickets, told)
    prices = await _prices(past, rehearsal)
    found = account(Account(rehearsal, new, stood_on(timeline), prices, _others()))
    return await _explained(past, rehearsal, tickets, found)


async def _tickets(past: Past, span: RehearsedSpan) -> RehearsedTickets:
    found = RehearsedTickets()
    late = await _told_late(past, span)
    rows = past.promises.stream("promises_rehearsed", since=span.begins_at, until=span.ends_at)
    async for row in rows:
        ticket = row["ticket"]
        found.standing[ticket] = StandingPromise(
            row["centre"], row["channel"], row["opened_at"], row["state"], row["due_at"]
        )
        if row["is_plain"] and ticket not in late and (story := _story(row)):
            found.stories[ticket] = story
    for row in await past.promises.rows("tickets_merged"):
        found.together += ((row["ticket"], survivor) for survivor in row["survivors"])
        found.centres[row["ticket"]] = row["centre"]
    for ticket in found.centres:
        found.stories.pop(ticket, None)
    return found


async def _told_late(past: Past, span: RehearsedSpan) -> set[str]:
    types = [event_type(kind) for kind in TOLD]
    rows = await past.audit.rows("told_late", since=span.begins_at, seconds=SOON.total_seconds(), types=types)
    return {row["stream"] for row in rows}


_FACTS = msgspec.json.Decoder(list[tuple[datetime, str, str | None]])


def _story(row: Mapping[str, Any]) -> ShortStory | None:
    facts = tuple(
        PromiseFact(at.astimezone(UTC), FactKind(kind), into) for at, kind, into in _FACTS.decode(row["facts"])
    )
    return short_story(PromiseHistory(row["ticket"], row["centre"], Channel(row["channel"]), row["opened_at"], facts))


async def _replay(past: Past, rehearsal: Rehearsal, tickets: RehearsedTickets, told: Told) -> None:
    """Reckon the short stories, and replay all others that the draft may concern."""
    wanted = set[str]()
    for ticket, known in tickets.standing.items():
        story = tickets.stories.get(ticket)
        if story is None or (rehearsal.concerns([known.centre]) and not rehearsal.tell(story)):
            wanted.add(ticket)
    every = _families(wanted, tickets.together)
    concerned = [
        family for family in every if rehearsal.concerns(centre for one in family if (centre := _centre(one, tickets)))
    ]
    done, total = 0, sum(map(len, concerned))
    for some in _in_batches(concerned):
        events = await past.events(ticket for family in some for ticket in family)
        own = (event for event in events if event.stream.startswith("ticket/"))
        for group in groups(own, tickets.together):
            rehearsal.replay(group)
        done += sum(map(len, some))
        told(done, total)


def _centre(ticket: str, tickets: RehearsedTickets) -> str | None:
    known = tickets.standing.get(ticket)
    return known.centre if known else tickets.centres.get(ticket)


def _families(wanted: Iterable[str], together: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Tickets with all that they were ever merged with."""
    near: dict[str, set[str]] = {}
    for one, other in together:
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    left, found = set(wanted), list[list[str]]()
    while left:
        family, more = set[str](), {left.pop()}
        while more:
            family |= more
            more = {other for one in more for other in near.get(one, ())} - family
        left -= family
        found.append(sorted(family))
    return sorted(found)


def _in_batches(families: Sequence[list[str]]) -> Iterable[list[list[str]]]:
    some, many = list[list[str]](), 0
    for family in families:
        some.append(family)
        many += len(family)
        if many >= AT_ONCE:
            yield some
            some, many = [], 0
    if some:
        yield some


async def _prices(past: Past, rehearsal: Rehearsal) -> tuple[list[PriceChange], list[PriceTotal]]:
    if not any(isinstance(one, PriceList) for one in rehearsal.draft.contents):
        return [], []
    since = rehearsal.span.begins_at
    types = [event_type(kind) for kind in PRICED]
    rows = await past.audit.rows("priced_since", since=since, types=types)
    events = await past.events(row["stream"] for row in rows)
    before = datetime.max.replace(tzinfo=UTC) if rehearsal.span.ends_at >= past.now else rehearsal.span.ends_at
    some = (event for event in events if event.recordedtime < before)
    return price_changes(some, rehearsal.timeline, rehearsal.drafted, since)


async def _explained(past: Past, rehearsal: Rehearsal, tickets: RehearsedTickets, found: Rehearsed) -> Rehearsed:
    """Say of the first flips why, by the explanation of each of the two ways."""
    first = [flip.ticket for flip in found.flips[:EXPLAINED]]
    families = _families(first, tickets.together)
    events = await past.events(ticket for family in families for ticket in family)
    own = [event for event in events if event.stream.startswith("ticket/")]
    return explained(rehearsal, found, groups(own, tickets.together), _others())


def _others() -> list[Speech]:
    """Every language but English."""
    return [speech_of(language) for language in LANGUAGES if language != ENGLISH]


def last_days(now: datetime, many: int) -> LocalDays:
    """So many days up to today, today included."""
    today = now.date()
    return LocalDays(today - timedelta(days=many), today + timedelta(days=1))
