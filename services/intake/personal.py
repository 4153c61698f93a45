"""What is personal in a message: one private record for each record of the door, under the person who said it."""

from libs.eventlog.wire.cloudevents import Message
from libs.eventlog.wire.private import Personal, private_key
from libs.eventlog.wire.record import Record
from libs.messages import upstream
from libs.messages.private import PrivateRecord


def personal(record: Record, message: Message) -> Personal | None:
    """Give what is personal in a message; None where there is nothing but the number of a person."""
    match message.data:
        case upstream.TicketSubmitted(requester=person, subject=subject, text=text):
            return _of(record, person, PrivateRecord(subject=subject, text=text))
        case upstream.NoteAdded(author=person, text=text):
            return _of(record, person, PrivateRecord(text=text))
        case upstream.CustomerCalled(caller=person, text=text):
            found = _of(record, person, PrivateRecord(text=text))
            return found if found.content != PrivateRecord() else None
        case upstream.TicketResolved(by=str(person), text=str(text)):
            return Personal(private_key(record, person), PrivateRecord(text=text))
        case upstream.TicketReopened(author=str(person), text=str(text)):
            return Personal(private_key(record, person), PrivateRecord(text=text))
        case upstream.TicketWithdrawn(author=str(person), text=str(text)):
            return Personal(private_key(record, person), PrivateRecord(text=text))
        case _:
            return None


def _of(record: Record, somebody: upstream.Person, said: PrivateRecord) -> Personal:
    content = said.model_copy(update={"name": somebody.name, "email": somebody.email, "phone": somebody.phone})
    return Personal(private_key(record, somebody.person), content)
