"""What is personal in a message: one private record for each record of the door, under the person who said it."""

from typing import assert_never

from libs.eventlog.wire.cloudevents import Message
from libs.eventlog.wire.private import Personal, private_key
from libs.eventlog.wire.record import Record
from libs.messages import upstream
from libs.messages.private import PrivateRecord
from libs.messages.upstream import TicketUpstream


def personal(record: Record, message: Message[TicketUpstream]) -> Personal | None:
    """What is personal in a message; None where there is nothing but the number of a person."""
    match message.data:
        case upstream.TicketSubmitted(requester=person, subject=subject, text=text):
            return _of(record, person, PrivateRecord(subject=subject, text=text))
        case upstream.NoteAdded(author=person, text=text):
            return _of(record, person, PrivateRecord(text=text))
        case upstream.CustomerCalled(caller=person, text=words):
            found = _of(record, person, PrivateRecord(text=words))
            return found if found.content != PrivateRecord() else None
        case upstream.TicketResolved(by=author, text=words):
            return _by(record, author, words)
        case (
            upstream.TicketReopened(author=somebody, text=words) | upstream.TicketWithdrawn(author=somebody, text=words)
        ):
            return _by(record, somebody, words)
        case upstream.ResponseGiven() | upstream.TicketTransferred() | upstream.TicketsMerged():
            return None
        case upstream.TicketPaused() | upstream.TicketResumed():
            return None
        case _:
            assert_never(message.data)


def _by(record: Record, author: str | None, text: str | None) -> Personal | None:
    return Personal(private_key(record, author), PrivateRecord(text=text)) if author and text is not None else None


def _of(record: Record, somebody: upstream.Person, said: PrivateRecord) -> Personal:
    content = said.model_copy(update={"name": somebody.name, "email": somebody.email, "phone": somebody.phone})
    return Personal(private_key(record, somebody.person), content)
