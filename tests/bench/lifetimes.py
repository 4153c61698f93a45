"""Tickets that are over, in any number: opened, promised, answered in time, the promise met; four events each.

They are real events of the shipped plan, with real certificates, of which few serve many tickets.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from libs.eventlog.ports import Appender
from libs.eventlog.wire.record import Cause, Head, Outgoing, encode
from libs.messages.base import Event
from libs.messages.catalogue import SLA, TICKETS
from libs.messages.ids import name_id
from libs.messages.sla import FirstResponseClockStarted, FirstResponseMet
from libs.messages.streams import partition_of
from libs.messages.tickets import Channel, ResponseRecorded, TicketOpened
from tests.bench.history import opened_and_answered
from tests.bench.promises import certified
from tests.faults.system import CARDS

EVENTS_EACH = 4
WAVE = 1_000  # tickets
BEGAN = datetime(2026, 8, 3, 6, tzinfo=UTC)
APART = timedelta(seconds=37)
TRIES = 5
KINDS = 500
"""Certificates; a multiple of the centres and channels."""
SOURCES = {TICKETS: "olcare/intake", SLA: "olcare/sla_timer"}


class Entry(NamedTuple):
    """An event of a stream on its topic."""

    topic: str
    stream: str
    event: Event
    at: datetime


async def write(appender: Appender, tickets: int) -> None:
    """Append the lives of so many tickets, wave by wave."""
    kinds = [certified(n, BEGAN + n * timedelta(hours=4)) for n in range(KINDS)]
    for first in range(0, tickets, WAVE):
        numbers = range(first, min(first + WAVE, tickets))
        await _append(appender, [*_records(kinds, numbers)])


async def _append(appender: Appender, wave: Sequence[Outgoing]) -> None:
    """Append a wave, and again what a broker that has just started did not take: repeats are void."""
    for _ in range(TRIES):
        if min(await appender.append(wave)) >= 0:
            return
    raise ValueError("the history could not be written")


def _records(kinds: list[FirstResponseClockStarted], numbers: range) -> Iterator[Outgoing]:
    heads: dict[str, Head] = {}
    for each in zip(*(_life(number, kinds[number % KINDS]) for number in numbers), strict=True):
        for topic, stream, event, at in each:
            command = str(name_id(stream, type(event).__name__))
            written = encode(SOURCES[topic], stream, heads.get(stream), event, Cause(command, command, at), at)
            heads[stream] = written.head
            partition = partition_of(stream, CARDS[topic].partitions)
            yield Outgoing(topic, partition, stream.encode(), written.value)


def _life(number: int, promised: FirstResponseClockStarted) -> tuple[Entry, ...]:
    name, opened_at = f"h-{number}", promised.certificate.opened_at
    ticket, promise = f"ticket/crm-eu/{name}", f"promise/crm-eu/{name}"
    answered_at = promised.certificate.due_at - timedelta(minutes=5)
    opening, answer = opened_and_answered(number, opened_at, answered_at)
    opened = TicketOpened.model_validate({**opening, "centre": promised.centre, "channel": promised.channel})
    recorded = ResponseRecorded.model_validate(answer)
    started = promised.model_copy(update={"ticket": ticket, "customer": opened.customer})
    met = FirstResponseMet(
        ticket=ticket,
        centre=promised.centre,
        channel=Channel(promised.channel),
        responded_at=answered_at,
        due_at=promised.certificate.due_at,
    )
    return (
        Entry(TICKETS, ticket, opened, opened_at),
        Entry(SLA, promise, started, opened_at),
        Entry(TICKETS, ticket, recorded, answered_at),
        Entry(SLA, promise, met, answered_at),
    )
