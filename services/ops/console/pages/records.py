"""`/records/{topic}/{partition}/{offset}`: one record for ever: whether it counts, why it came, what it led to."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from pydantic import Field

from libs.eventlog.wire.record import Record
from libs.messages.places import RecordAddress
from services.ops.cli.output import Refused
from services.ops.console.masking import OPEN, shape
from services.ops.console.pages.page import NotThere, Page, PageView, Query
from services.ops.console.pages.tail import card_of, record_view
from services.ops.console.sources import Sources
from services.ops.console.words import N_
from services.ops.trail.causes import Why, causes
from services.ops.trail.effects import Effects, effects
from services.ops.trail.links import Link
from services.ops.trail.records import record_at
from services.ops.trail.verdicts import verdict

LISTED = 100
"""Effects that are listed."""
COUNTED = 20_000
"""Effects that are counted; where there are more, it is said."""
LARGEST = 20_000
"""Bytes of a record that are shown."""
IN_A_LINE = 16
"""Bytes in a line of a dump."""
PRINTABLE = range(0x20, 0x7F)


class WhichRecord(Query):
    """Which record."""

    topic: str
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)


class LinkView(PageView):
    """An event that counts."""

    place: str
    id: str
    type: str
    stream: str
    sequence: int
    occurred_at: datetime
    recorded_at: datetime


class StepView(PageView):
    """A step back from a record; `event` is None where it is a record at a door."""

    depth: int
    asker: str | None
    door: str | None
    event: LinkView | None
    seen: bool
    """Whether what it goes back to stands above already."""


class EffectsView(PageView):
    """What a record led to: how many of each type, the most first, and the earliest of them."""

    counts: Mapping[str, int]
    links: tuple[LinkView, ...]
    more: bool
    """Whether there are more than were counted."""


class RecordPageView(PageView):
    """One record; `masked` where it may be personal and its shape alone is shown."""

    place: str
    topic: str
    kind: str
    appended_at: datetime
    type: str | None
    stream: str | None
    key: str | None
    size: int
    sha256: str
    headers: Mapping[str, str]
    attributes: Mapping[str, str]
    data: Any
    hex: str | None
    """The first bytes of its value; None where they are not shown."""
    masked: bool
    standing: str
    counting: LinkView | None
    """The event that counts in its place; itself where it counts."""
    dead_letter: bool
    """Whether its door could not read it."""
    causes: tuple[StepView, ...]
    effects: EffectsView


def link_view(link: Link) -> LinkView:
    """An event as a page shows it."""
    return LinkView(
        place=link.address.text(),
        id=link.id,
        type=link.type,
        stream=link.stream,
        sequence=link.sequence,
        occurred_at=link.occurred_at,
        recorded_at=link.recorded_at,
    )


def steps(why: Why, depth: int = 0) -> Iterator[StepView]:
    """What it goes back to, each a step further in; it comes first itself."""
    event = link_view(why.link) if why.link else None
    asker = str(why.asker) if why.asker else None
    yield StepView(depth=depth, asker=asker, door=why.door, event=event, seen=why.seen)
    for each in why.because:
        yield from steps(each, depth + 1)


def effects_view(found: Effects) -> EffectsView:
    """Effects, counted by type."""
    counts = dict(sorted(found.counts.items(), key=lambda item: (-item[1], item[0])))
    return EffectsView(counts=counts, links=tuple(map(link_view, found.links[:LISTED])), more=found.more)


def dump(digits: str) -> str:
    """Bytes, given in hexadecimal, in lines of sixteen: where each begins, its bytes, and what is printable of them."""
    value = bytes.fromhex(digits)
    lines = (value[at : at + IN_A_LINE] for at in range(0, len(value), IN_A_LINE))
    return "\n".join(f"{n * IN_A_LINE:06x}  {line.hex(' '):<47}  {_printable(line)}" for n, line in enumerate(lines))


def _printable(line: bytes) -> str:
    return "".join(chr(byte) if byte in PRINTABLE else "." for byte in line)


async def look(sources: Sources, query: WhichRecord) -> RecordPageView:
    """Look at one; raises NotThere."""
    card, log = card_of(sources, query.topic), await sources.log()
    address = RecordAddress(topic=query.topic, partition=query.partition, offset=query.offset)
    try:
        record = await record_at(log, sources.cards, address)
    except Refused as error:
        raise NotThere(str(error)) from error
    chain = await sources.chain()
    found = await verdict(chain, sources.cards, record)
    counting = found.counting
    told = await causes(chain, [counting.id]) if counting else {}
    after = await effects(chain, counting or address, COUNTED)
    shown = record_view(record, shape(record, is_open=card.kind in OPEN))
    return RecordPageView(
        place=address.text(),
        topic=card.topic,
        kind=card.kind,
        appended_at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
        size=shown.size,
        sha256=sha256(record.value or b"").hexdigest(),
        **{name: getattr(shown, name) for name in ("type", "stream", "key", "headers", "attributes", "data", "masked")},
        hex=None if shown.masked else _hex(record),
        standing=str(found.standing),
        counting=link_view(counting) if counting else None,
        dead_letter=card.kind == "door" and await sources.dead_letters.find(log, address) is not None,
        causes=tuple(steps(told[counting.id])) if counting and counting.id in told else (),
        effects=effects_view(after),
    )


def _hex(record: Record) -> str:
    return (record.value or b"")[:LARGEST].hex()


PATH = "/records/{topic}/{partition}/{offset}"
PAGE = Page(PATH, look, WhichRecord, RecordPageView, "record.html", N_("Record"), live=False)
