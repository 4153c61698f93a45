"""`/topics/{topic}`: its newest records as they come, filtered; and a search over the whole log, newest first."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import Field, field_validator

from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.topics import Card
from libs.eventlog.wire.record import Record
from services.ops.console.masking import OPEN, Shape, shape
from services.ops.console.pages.page import NotThere, Page, PageView
from services.ops.console.pages.record_filter import RecordFilter, wanted
from services.ops.console.pages.topics import types_of
from services.ops.console.sources import Sources
from services.ops.console.tail import backwards
from services.ops.console.words import N_

LIVE = 50
"""Records on a page that is kept up to date: each look that finds others sends them all."""
MOST = 100
"""Records on a page of a search."""
BUDGET = 1.5
"""Machine seconds of searching before a page is shown; it goes on from there."""
LARGEST = 20_000
"""Characters of a record's content that are shown."""


class TailQuery(RecordFilter):
    """A topic, and which of its records."""

    topic: str


class SearchQuery(TailQuery):
    """Where a search stands: before which offsets it goes on, and how far it has come."""

    partition: int | None = Field(default=None, ge=0, description="Only this partition …")
    offset: int | None = Field(default=None, ge=0, description="… from this offset backwards")
    before: Mapping[int, int] | None = Field(default=None, description="Go on before these: partition:offset,…")
    scanned: int = Field(default=0, ge=0)
    of: int = Field(default=0, ge=0)

    @field_validator("before", mode="before")
    @classmethod
    def _places(cls, text: object) -> object:
        if not isinstance(text, str):
            return text
        places = [part.split(":") for part in text.split(",")]
        if any(len(place) != 2 for place in places):  # noqa: PLR2004 - a partition and an offset
            raise ValueError("it is partition:offset,… as the page before said it")
        return dict(places)


class TailRecordView(PageView):
    """One record; `masked` where its content may be personal and its shape alone is shown."""

    partition: int
    offset: int
    at: datetime
    type: str | None
    stream: str | None
    key: str | None
    size: int
    headers: Mapping[str, str]
    attributes: Mapping[str, str]
    data: Any
    masked: bool


class TailView(PageView):
    """The newest records that are asked for, among those that are kept."""

    topic: str
    kind: str
    about: str
    types: tuple[str, ...]
    asked: Mapping[str, str]
    kept: int
    matching: int
    records: tuple[TailRecordView, ...]
    masked: bool


class LogSearchView(PageView):
    """What a search has found on this stretch; `next` has the parameters that it goes on with, None at the end."""

    topic: str
    kind: str
    about: str
    types: tuple[str, ...]
    asked: Mapping[str, str]
    records: tuple[TailRecordView, ...]
    scanned: int
    of: int
    next: Mapping[str, str] | None
    masked: bool


def record_view(record: Record, found: Shape) -> TailRecordView:
    """A record as it may be shown."""
    return TailRecordView(
        partition=record.partition,
        offset=record.offset,
        at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
        type=found.type,
        stream=found.stream,
        key=None if found.masked else _text(record.key),
        size=len(record.value or b""),
        headers={} if found.masked else {name: _text(value) or "" for name, value in record.headers},
        attributes=found.attributes,
        data=found.data,
        masked=found.masked,
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="backslashreplace")


def chosen(records: Iterable[Record], asked: RecordFilter, *, is_open: bool) -> list[TailRecordView]:
    """Those of some records that are asked for."""
    shaped = ((record, shape(record, is_open=is_open)) for record in records)
    return [record_view(record, found) for record, found in shaped if wanted(asked, record, found)]


def card_of(sources: Sources, topic: str) -> Card:
    """A topic's card; raises NotThere."""
    card = sources.cards.get(topic)
    if card is None:
        raise NotThere(f"there is no topic {topic}; /topics has those that there are")
    return card


async def look(sources: Sources, query: TailQuery) -> TailView:
    """The newest records of a topic."""
    card = card_of(sources, query.topic)
    kept = await sources.tails.newest(await sources.log(), query.topic)
    found = chosen(kept if query.asks else kept[:LIVE], query, is_open=card.kind in OPEN)
    return TailView(
        topic=card.topic,
        kind=card.kind,
        about=card.about,
        types=tuple(types_of(card)),
        asked=query.filters(),
        kept=len(kept),
        matching=len(found) if query.asks else len(kept),
        records=tuple(found[:LIVE]),
        masked=card.kind not in OPEN,
    )


async def search(sources: Sources, query: SearchQuery) -> LogSearchView:
    """Search backwards until a page is full, time is used up or the log is at its beginning; raises NotThere."""
    card, log, clock = card_of(sources, query.topic), await sources.log(), sources.clock
    starts = await _starts(log, query)
    before = dict(query.before) if query.before is not None else await _from(log, query)
    if unknown := before.keys() - starts.keys():
        raise NotThere(f"{query.topic} has no partition {min(unknown)}")
    of = query.of or sum(max(0, end - starts[p]) for p, end in before.items())
    found, scanned, until = list[TailRecordView](), query.scanned, clock.monotonic() + BUDGET
    while before and len(found) < MOST and clock.monotonic() < until:
        stretch = await backwards(log, query.topic, before, starts)
        found += chosen(stretch.records, query, is_open=card.kind in OPEN)
        before, scanned = dict(stretch.before), scanned + stretch.scanned
    return LogSearchView(
        topic=card.topic,
        kind=card.kind,
        about=card.about,
        types=tuple(types_of(card)),
        asked=query.filters(),
        records=tuple(found),
        scanned=scanned,
        of=max(of, scanned),
        next={**query.filters(), **_cursor(before), "scanned": str(scanned), "of": str(of)} if before else None,
        masked=card.kind not in OPEN,
    )


async def _starts(log: KafkaLog, query: SearchQuery) -> Mapping[int, int]:
    """The first offset of each partition that a search comes to."""
    starts = await log.starts(query.topic)
    if query.since is None:
        return starts
    ends = await log.ends(query.topic)
    later = await log.since(query.topic, int(query.since.timestamp() * 1000))
    return {p: later.get(p, ends[p]) for p in starts}


async def _from(log: KafkaLog, query: SearchQuery) -> dict[int, int]:
    """Before which offsets a search begins: an instant, an offset of one partition, or the end."""
    ends = dict(await log.ends(query.topic))
    if query.until is not None:
        later = await log.since(query.topic, int(query.until.timestamp() * 1000))
        ends = {p: later.get(p, end) for p, end in ends.items()}
    if query.partition is None:
        return ends
    if query.partition not in ends:
        raise NotThere(f"{query.topic} has no partition {query.partition}")
    end = ends[query.partition]
    return {query.partition: end if query.offset is None else min(end, query.offset + 1)}


def _cursor(before: Mapping[int, int]) -> dict[str, str]:
    return {"before": ",".join(f"{partition}:{offset}" for partition, offset in before.items())}


def compact(data: Any) -> str:
    """The content in one line."""
    return json.dumps(data, ensure_ascii=False)[:300]


def laid_out(record: TailRecordView) -> str:
    """Everything of a record in lines."""
    whole = {**record.attributes, "data": record.data} if record.attributes else record.data
    text = json.dumps(whole, ensure_ascii=False, indent=2)
    return text if len(text) <= LARGEST else f"{text[:LARGEST]}\n…"


PAGE = Page("/topics/{topic}", look, TailQuery, TailView, "tail.html", N_("Records of a topic"))
SEARCH = Page(
    "/topics/{topic}/search", search, SearchQuery, LogSearchView, "search.html", N_("Search in a topic"), live=False
)
