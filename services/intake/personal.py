"""What is personal in a message: one private record for each record of the door, under the person who said it."""

from typing import NamedTuple

from libs.eventlog.wire.cloudevents import Message
from libs.eventlog.wire.record import Record
from libs.messages import door
from libs.messages.base import PrivateKey
from libs.messages.private import PrivateRecord


class Personal(NamedTuple):
    """What goes to the private topic and nowhere else."""

    key: PrivateKey
    content: PrivateRecord


def personal(record: Record, message: Message) -> Personal | None:
    """Give what is personal in a message; None where there is nothing but the number of a person."""
    match message.data:
        case door.TicketSubmitted(requester=person, subject=subject, text=text):
            return _of(record, person, PrivateRecord(subject=subject, text=text))
        case door.NoteAdded(author=person, text=text):
            return _of(record, person, PrivateRecord(text=text))
        case door.CustomerCalled(caller=person, text=text):
            found = _of(record, person, PrivateRecord(text=text))
            return found if found.content != PrivateRecord() else None
        case door.TicketResolved(by=str(person), text=str(text)):
            return Personal(private_key(record, person), PrivateRecord(text=text))
        case door.TicketReopened(author=str(person), text=str(text)):
            return Personal(private_key(record, person), PrivateRecord(text=text))
        case door.TicketWithdrawn(author=str(person), text=str(text)):
            return Personal(private_key(record, person), PrivateRecord(text=text))
        case _:
            return None


def private_key(record: Record, person: str) -> PrivateKey:
    """Name the private record of a record of the door."""
    return PrivateKey(person=person, topic=record.topic, partition=record.partition, offset=record.offset)


def _of(record: Record, somebody: door.Person, said: PrivateRecord) -> Personal:
    content = said.model_copy(update={"name": somebody.name, "email": somebody.email, "phone": somebody.phone})
    return Personal(private_key(record, somebody.person), content)
