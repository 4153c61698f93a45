"""What became of a message, by its source and its id, for ever: from the event that counts, as a door answers a repeat.

A command's id follows from source, id and stream, so the event is found by trying the streams of the source. What no
event came of stands among the dead letters, as long as these are kept.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from libs.eventlog.kafka.topics import Card
from libs.eventlog.ports import Log
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.actions import ActionRefused
from libs.messages.base import PrivateKey, event_type
from libs.messages.catalogue import CONTRACTS, OPS, PLAN, STREAMS_OF, TICKETS
from libs.messages.ids import door_command_id, otherwise_command_id
from libs.messages.notices import NoticeOrderRefused, NoticeResendOrdered, NoticeSettled
from libs.messages.places import DoorRecord, RecordAddress
from libs.messages.receipts import Outcome
from libs.messages.streams import stream_id
from services.contract.door import outcome_of as outcome_of_contracts
from services.intake.door import outcome_of as outcome_of_tickets
from services.ops.trail.as_of import events_of
from services.ops.trail.links import Chain, Link

KINDS = (*STREAMS_OF[TICKETS], *STREAMS_OF[CONTRACTS], *STREAMS_OF[OPS])
"""Kinds of streams that carry the source of the messages that they go back to."""


class KnownReceipt(NamedTuple):
    """What became of a message: a receipt, and when."""

    source: str
    id: str
    outcome: Outcome
    place: str | None
    """Of the first record at the door that said it; None where it was written before events named it."""
    command: str
    stream: str
    event: str
    event_type: str
    recorded_at: datetime
    reason: str | None
    clause: Any
    doubts: Sequence[Any]


async def receipts(
    chain: Chain, log: Log, cards: Mapping[str, Card], source: str, message: str, number: str | None = None
) -> list[KnownReceipt]:
    """What became of a message, the oldest first; empty where no event came of it. Raises Unavailable.

    More than one where it was held and decided later, where it says something of several streams, or where its id was
    used for another message. With the `number` of what it is about, that stream alone is looked at.
    """
    links = await _links(chain, source, message, number)
    events = await events_of(log, cards, links)
    found = (_told((source, message), link, event) for link, event in zip(links, events, strict=True))
    return sorted((one for one in found if one), key=lambda one: (one.recorded_at, one.event))


async def _links(chain: Chain, source: str, message: str, number: str | None) -> list[Link]:
    """The events of the streams on which a command of the message counts."""
    if number is None:
        streams = [one for kind in KINDS for one in await chain.commands_of(kind, source)]
    else:
        named = [stream_id(kind, source, number) for kind in KINDS]
        streams = [(link.stream, link.causation) for link in await chain.of_streams(named)]
    matching = {stream for stream, command in streams if command == _command(source, message, stream)}
    if not matching:
        orders = map(event_type, (NoticeResendOrdered, NoticeSettled, NoticeOrderRefused))
        others = await chain.not_of_sources(orders)
        matching = {link.stream for link in others if link.causation == _command(source, message, link.stream)}
    return await chain.of_streams(matching)


def _command(source: str, message: str, stream: str) -> str:
    return door_command_id(source, message, stream)


def _told(named: tuple[str, str], link: Link, event: RecordedEvent) -> KnownReceipt | None:
    """The receipt that an event gives under a message's name; None where another message caused it."""
    command = _command(*named, link.stream)
    otherwise = otherwise_command_id(*named, link.stream, event.fingerprint or "")
    held: DoorRecord | None = getattr(event.data, "door_record", None)
    decides = held is not None and held.command == command
    if link.causation not in {command, otherwise} and not decides:
        return None
    place = link.caused_by or (held.place.text() if held else None)
    return _receipt(named, link._replace(causation=command) if decides else link, event, place)


def _receipt(named: tuple[str, str], link: Link, event: RecordedEvent, place: str | None) -> KnownReceipt:
    private = getattr(event.data, "private", None)
    if place is None and isinstance(private, PrivateKey):
        place = RecordAddress(topic=private.topic, partition=private.partition, offset=private.offset).text()
    return KnownReceipt(
        source=named[0],
        id=named[1],
        outcome=outcome_of(link.topic, event.data),
        place=place,
        command=link.causation,
        stream=link.stream,
        event=link.id,
        event_type=link.type,
        recorded_at=link.recorded_at,
        reason=getattr(event.data, "reason", None),
        clause=getattr(event.data, "clause", None),
        doubts=getattr(event.data, "doubts", ()),
    )


def outcome_of(topic: str, event: Any) -> Outcome:
    """What the door of a topic's writer says of an event."""
    match topic:
        case _ if topic == TICKETS:
            return outcome_of_tickets(event)
        case _ if topic in {CONTRACTS, PLAN}:
            return outcome_of_contracts(event)
        case _:
            return Outcome.REFUSED if isinstance(event, NoticeOrderRefused | ActionRefused) else Outcome.ACCEPTED
