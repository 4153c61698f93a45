"""What is personal in a message: one private record for each record of the door, under the person who said it."""

from typing import assert_never

from libs.eventlog.wire.cloudevents import Message
from libs.eventlog.wire.private import Personal, private_key
from libs.eventlog.wire.record import Record
from libs.messages import upstream
from libs.messages.private import PrivateRecord
from libs.messages.upstream import TicketUpstream
from services.intake.described import description

_Told = upstream.TicketSubmitted | upstream.NoteAdded | upstream.CustomerCalled


def personal(record: Record, message: Message[TicketUpstream]) -> Personal | None:
    """What is personal in a message; None where there is nothing but the number of a person."""
    match message.data:
        case upstream.TicketSubmitted(requester=somebody) as said:
            return _of(record, somebody, "requester", said)
        case upstream.NoteAdded(author=somebody) as said:
            return _of(record, somebody, "author", said)
        case upstream.CustomerCalled(caller=somebody) as said:
            found = _of(record, somebody, "caller", said)
            return found if found.content != PrivateRecord() else None
        case upstream.TicketResolved(by=author, text=words):
            return _by(record, author, words)
        case upstream.TicketReopened(author=author, text=words) | upstream.TicketWithdrawn(author=author, text=words):
            return _by(record, author, words)
        case upstream.ResponseGiven() | upstream.TicketTransferred() | upstream.TicketsMerged():
            return None
        case upstream.TicketPaused() | upstream.TicketResumed() | upstream.WorkExcluded():
            return None
        case _:
            assert_never(message.data)


def _by(record: Record, author: str | None, text: str | None) -> Personal | None:
    return Personal(private_key(record, author), PrivateRecord(text=text)) if author and text is not None else None


def _of(record: Record, somebody: upstream.Person, name: str, said: _Told) -> Personal:
    """The private record of a person whom a message describes in the field `name`."""
    described = description(said)
    content = PrivateRecord(
        name=described.get(f"{name}.name"),
        email=described.get(f"{name}.email"),
        phone=described.get(f"{name}.phone"),
        subject=described.get("subject"),
        text=said.text,
        as_given=described.as_given or None,
    )
    return Personal(private_key(record, somebody.person), content)
