"""The chain: of every counting event of every log topic where it stands, what caused it, and when; and how many came.

A record has a row if and only if it counts, so whether one does is read from here: the row of its stream and sequence
names its place, or that of the record that it repeats or lost to.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from libs.eventlog.projection import Key, Register, Tally
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.catalogue import EVENTS

SHORT: Mapping[str, str] = MappingProxyType({topic: topic.split(".")[1] for topic in EVENTS})
"""Log topic → what it is called in the names of tables: `olcare.tickets.v1` → `tickets`."""


def _link(event: RecordedEvent) -> Iterable[tuple[Any, ...]]:
    return (
        (
            event.stream,
            event.sequence,
            event.id,
            event.causationid,
            event.correlationid,
            event.causedby,
            event.type,
            event.time,
            event.recordedtime,
            event.source,
        ),
    )


def _grounds(event: RecordedEvent) -> Iterable[tuple[Any, ...]]:
    """The facts that an event rests on, where it follows another one in its stream.

    Those that are newer than that one are the reason why it was written; the first event of a stream has a cause of its
    own.
    """
    rests_on = event.data.rests_on if event.sequence > 1 else ()
    return dict.fromkeys((event.stream, event.sequence, fact.stream, fact.sequence) for fact in rests_on)


def _minute(event: RecordedEvent) -> Key:
    return event.recordedtime.replace(second=0, microsecond=0), event.type


def registers_of(topic: str) -> tuple[Register, ...]:
    """The chain of a topic; and which facts its events rest on, where some do."""
    resting = tuple(event for event in EVENTS[topic] if "rests_on" in event.model_fields)
    chain = Register(
        table=f"chain_{SHORT[topic]}",
        columns="""
            stream text collate "C" not null, sequence bigint not null, id uuid not null, causation uuid not null,
            correlation text not null, caused_by text, type text not null, occurred_at timestamptz not null,
            recorded_at timestamptz not null, source text not null""",
        key=("stream", "sequence"),
        entries=_link,
        indexes=("(id)", "using hash (caused_by)", "using hash (correlation)", "using brin (recorded_at)"),
    )
    grounds = Register(
        table=f"grounds_{SHORT[topic]}",
        columns="""
            stream text collate "C" not null, sequence bigint not null, fact text collate "C" not null,
            fact_sequence bigint not null""",
        key=("fact", "fact_sequence", "stream", "sequence"),
        entries=_grounds,
        events=resting,
        indexes=("(stream, sequence)",),
    )
    return (chain, grounds) if resting else (chain,)


def counts_of(topic: str) -> Tally:
    """How many events of each type were recorded in each minute."""
    columns = "minute timestamptz not null, type text not null"
    return Tally(f"counts_{SHORT[topic]}", columns, ("minute", "type"), _minute)
