"""From a record at the door to an issued command about a ticket, and to what in it is personal."""

from datetime import datetime, timedelta
from typing import assert_never

from libs.eventlog.commands import IssuedCommand, issued_at_door
from libs.eventlog.loops.fact_waves import Resting
from libs.eventlog.wire.cloudevents import Message, parse
from libs.eventlog.wire.private import private_key
from libs.eventlog.wire.record import Record
from libs.messages import upstream
from libs.messages.catalogue import TICKETS_DOOR, UPSTREAM
from libs.messages.receipts import Outcome
from libs.messages.streams import stream_id
from libs.messages.tickets import (
    CoverRestated,
    CustomerCallRecorded,
    MergeUndone,
    MessageHeld,
    MessageRefused,
    NoteRecorded,
    ResponseRecorded,
    ResponseRefused,
    TicketEvent,
    TicketOpened,
    TicketPaused,
    TicketRefused,
    TicketReopened,
    TicketResolved,
    TicketResumed,
    TicketsMerged,
    TicketTransferred,
    TicketWithdrawn,
    WorkExcluded,
)
from libs.messages.upstream import TicketUpstream
from services.intake.described import description
from services.intake.domain import EXACT, Command, TakeMessage
from services.intake.facts import FactsNeeded, TicketFacts
from services.intake.from_upstream import message_held
from services.intake.opening import OpenTicket


def read(record: Record) -> Message[TicketUpstream]:
    """Parse a record; raises Unreadable."""
    return parse(record.value, record.headers, UPSTREAM[TICKETS_DOOR])


def stream_of(message: Message[TicketUpstream]) -> str:
    """Name the ticket that a message is about."""
    return stream_id("ticket", message.source, message.subject)


def facts_needed(message: Message[TicketUpstream]) -> FactsNeeded | None:
    """The facts that the decision rests on; None where it rests on none."""
    match message.data:
        case upstream.TicketSubmitted(customer=customer, product=product) as submitted:
            return FactsNeeded(customer, product, description(submitted).get("number_dialled"))
        case upstream.CustomerCalled() as call:
            number = description(call).get("number_dialled")
            return FactsNeeded(number=number) if number else None
        case upstream.TicketTransferred(to_centre=centre):
            return FactsNeeded(receiving=centre)
        case upstream.TicketsMerged(into=survivor):
            return FactsNeeded(survivor=survivor)
        case upstream.TicketReopened():
            return FactsNeeded(ticket=stream_of(message))
        case upstream.ResponseGiven() | upstream.NoteAdded() | upstream.TicketPaused() | upstream.TicketResumed():
            return None
        case upstream.WorkExcluded() | upstream.TicketResolved() | upstream.TicketWithdrawn():
            return None
        case _:
            assert_never(message.data)


def resting(message: Message[TicketUpstream]) -> Resting:
    """What a message says something about, and the other ticket that its decision rests on."""
    needed = facts_needed(message)
    survivors = {needed.survivor} if needed and needed.survivor else set[str]()
    return Resting(frozenset({stream_of(message)}), frozenset(survivors))


def command_of(
    record: Record,
    message: Message[TicketUpstream],
    facts: TicketFacts,
    not_after: datetime,
    tolerance: timedelta = EXACT,
) -> IssuedCommand:
    """Make the issued command of a message; one about an instant after `not_after` will be refused."""
    stream = stream_of(message)
    return issued_at_door(message, stream, _command(record, message, facts, not_after, tolerance))


def outcome_of(event: TicketEvent) -> Outcome:
    """The outcome of a message, from its counting event."""
    match event:
        case MessageHeld():
            return Outcome.HELD
        case TicketRefused() | ResponseRefused() | MessageRefused():
            return Outcome.REFUSED
        case TicketOpened() | ResponseRecorded() | CustomerCallRecorded() | NoteRecorded() | TicketTransferred():
            return Outcome.ACCEPTED
        case TicketPaused() | TicketResumed() | TicketReopened() | TicketResolved() | TicketWithdrawn():
            return Outcome.ACCEPTED
        case TicketsMerged() | MergeUndone() | WorkExcluded() | CoverRestated():
            return Outcome.ACCEPTED
        case _:
            assert_never(event)


def _command(
    record: Record, message: Message[TicketUpstream], facts: TicketFacts, not_after: datetime, tolerance: timedelta
) -> Command:
    if isinstance(message.data, upstream.TicketSubmitted):
        return _open_ticket(record, message, message.data, facts, not_after)
    return TakeMessage(
        occurred_at=message.time,
        not_after=not_after,
        ticket=stream_of(message),
        message=message_held(record, message, message.data, facts.called),
        facts=facts,
        tolerance=tolerance,
    )


def _open_ticket(
    record: Record,
    message: Message[TicketUpstream],
    submitted: upstream.TicketSubmitted,
    facts: TicketFacts,
    not_after: datetime,
) -> OpenTicket:
    described = description(submitted)
    return OpenTicket(
        occurred_at=message.time,
        not_after=not_after,
        upstream_type=message.type,
        customer=submitted.customer,
        requester=submitted.requester.person,
        private=private_key(record, submitted.requester.person),
        language=described.get("language"),
        channel=submitted.channel,
        number_dialled=described.get("number_dialled"),
        request_kind=submitted.request_kind,
        product=submitted.product,
        version=described.get("version"),
        facts=facts,
        doubts=described.doubts,
    )
