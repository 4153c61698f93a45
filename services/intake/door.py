"""From a record at the door to a request about a ticket, and to what in it is personal."""

from datetime import datetime
from typing import NamedTuple, assert_never

from libs.eventlog.cloudevents import Message, parse
from libs.eventlog.record import Record
from libs.eventlog.request import Request
from libs.messages.base import PrivateKey
from libs.messages.catalogue import TICKETS_DOOR, UPSTREAM
from libs.messages.door import ResponseGiven, TicketSubmitted
from libs.messages.ids import door_command_id
from libs.messages.private import PrivateRecord
from libs.messages.receipts import Outcome
from libs.messages.streams import stream_id
from libs.messages.tickets import (
    MessageHeld,
    MessageRefused,
    ResponseRecorded,
    ResponseRefused,
    TicketEvent,
    TicketOpened,
    TicketRefused,
)
from services.intake.cover import Facts
from services.intake.domain import AnswerMessage, Command, OpenTicket, RecordResponse


class Asked(NamedTuple):
    """What foreign facts are asked for, by the parameters of the query `facts_for_tickets`."""

    customer: str
    product: str
    number: str | None


def read(record: Record) -> Message:
    """Take a record apart; raises Unreadable."""
    return parse(record.value, record.headers, UPSTREAM[TICKETS_DOOR])


def stream_of(message: Message) -> str:
    """Name the ticket that a message is about."""
    return stream_id("ticket", message.source, message.subject)


def asked(message: Message) -> Asked | None:
    """Say which facts the decision rests on; None where on none."""
    data = message.data
    return Asked(data.customer, data.product, data.number_dialled) if isinstance(data, TicketSubmitted) else None


def private_of(record: Record, message: Message) -> tuple[PrivateKey, PrivateRecord] | None:
    """Give what is personal in a message that an event will refer to; it goes to the private topic and nowhere else."""
    data = message.data
    if not isinstance(data, TicketSubmitted):
        return None
    requester = data.requester
    content = PrivateRecord(
        name=requester.name, email=requester.email, phone=requester.phone, subject=data.subject, text=data.text
    )
    return _private_key(record, data), content


def request_of(record: Record, message: Message, facts: Facts, not_after: datetime) -> Request:
    """Make the request of a message; what is said about an instant after `not_after` will be refused."""
    stream = stream_of(message)
    identity = str(door_command_id(message.source, message.id, stream))
    return Request(identity, stream, _command(record, message, facts, not_after), identity, message.traceparent)


def outcome_of(event: TicketEvent) -> Outcome:
    """Say in one word what became of a message."""
    match event:
        case TicketOpened() | ResponseRecorded():
            return Outcome.ACCEPTED
        case MessageHeld():
            return Outcome.HELD
        case TicketRefused() | ResponseRefused() | MessageRefused():
            return Outcome.REFUSED
        case _:
            assert_never(event)


def _command(record: Record, message: Message, facts: Facts, not_after: datetime) -> Command:
    match message.data:
        case TicketSubmitted() as submitted:
            return _open_ticket(record, message, submitted, facts, not_after)
        case ResponseGiven() as response:
            return RecordResponse(
                occurred_at=message.time,
                not_after=not_after,
                medium=response.medium,
                by=response.by,
                help_given=response.help_given,
                responder=response.responder,
            )
        case _:
            return AnswerMessage(message.time, message.type)


def _open_ticket(
    record: Record, message: Message, submitted: TicketSubmitted, facts: Facts, not_after: datetime
) -> OpenTicket:
    return OpenTicket(
        occurred_at=message.time,
        not_after=not_after,
        upstream_type=message.type,
        customer=submitted.customer,
        requester=submitted.requester.person,
        private=_private_key(record, submitted),
        language=submitted.language,
        channel=submitted.channel,
        number_dialled=submitted.number_dialled,
        request_kind=submitted.request_kind,
        product=submitted.product,
        version=submitted.version,
        facts=facts,
    )


def _private_key(record: Record, submitted: TicketSubmitted) -> PrivateKey:
    person = submitted.requester.person
    return PrivateKey(person=person, topic=record.topic, partition=record.partition, offset=record.offset)
