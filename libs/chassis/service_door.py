"""The door of a service: CloudEvents in, private records, receipts and dead letters out."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any, Generic, Self

from libs.eventlog.commands import IssuedCommand, refused_as_used_otherwise
from libs.eventlog.errors import Unreadable
from libs.eventlog.kafka.topics import Card
from libs.eventlog.loops.door import Door
from libs.eventlog.loops.writer import Answer
from libs.eventlog.wire.cloudevents import Message, U, parse
from libs.eventlog.wire.field_errors import pointer
from libs.eventlog.wire.private import Personal, private_record
from libs.eventlog.wire.receipts import dead_letters_of, receipt, unreadable
from libs.eventlog.wire.record import Outgoing, Record
from libs.messages.catalogue import PRIVATE, UPSTREAM, split_door
from libs.messages.doubts import Doubt
from libs.messages.receipts import Outcome, Unreadability
from libs.messages.sources import SourcePolicy

Count = Callable[[str, Outcome], None]
"""Told of each receipt that is made: the topic of the door, and the outcome."""


def uncounted(topic: str, outcome: Outcome) -> None:
    """Count nothing."""


class ServiceDoor(Door[Message[U]], Generic[U]):
    """What the doors of all services have in common, for messages of the union U."""

    policy: SourcePolicy | None = None
    """Who may say what; None where everybody may say what is not ours alone."""

    def __init__(self, topic: str, cards: Mapping[str, Card]) -> None:
        self.topic, self._cards = topic, cards
        self.count: Count = uncounted

    def at(self, topic: str, policy: SourcePolicy | None) -> Self:
        """The same door at a topic, that of all or a client's own, under a policy."""
        other = copy(self)
        other.topic, other.policy = topic, policy
        return other

    def read(self, record: Record) -> Message[U]:
        """Parse a record; raises Unreadable."""
        return parse(record.value, record.headers, UPSTREAM[split_door(self.topic)[0]])

    def objection(self, record: Record, message: Message[U]) -> Unreadable | None:
        """Why whoever says a message may not say it here, by the policy; None where they may."""
        del record
        client = split_door(self.topic)[1]
        why = self.policy.objection(client, message.source, type(message.data)) if self.policy else None
        return Unreadable(Unreadability.SOURCE_NOT_ALLOWED, pointer(why.attribute), why.text) if why else None

    def personal(self, record: Record, message: Message[U]) -> Sequence[Personal]:  # noqa: ARG002 - for those that need them
        """What is personal in a message, by person; empty where nothing is."""
        return ()

    @abstractmethod
    def outcome(self, event: Any) -> Outcome:
        """The outcome of a message, by its counting event."""

    def private(self, record: Record, message: Message[U]) -> Sequence[Outgoing]:
        """What is personal in a message, for the private topic."""
        partitions = self._cards[PRIVATE].partitions
        return [private_record(personal, partitions) for personal in self.personal(record, message)]

    def said(self, message: Message[U]) -> bytes:
        """The type and the data of a message, in the one form that all their spellings have."""
        return message.said

    def otherwise(self, message: Message[U], issued: IssuedCommand, fingerprint: str) -> IssuedCommand:
        """The command that refuses a message whose (source, id) had named another one of the stream."""
        return refused_as_used_otherwise(message, issued, fingerprint)

    def doubts(self, message: Message[U]) -> tuple[Doubt, ...]:  # noqa: ARG002 - for those that take what is doubtful
        """What is doubtful in a message that is taken all the same."""
        return ()

    def receipt(self, record: Record, message: Message[U], answer: Answer) -> Outgoing:
        """The answer to the upstream system."""
        assert answer.event is not None  # noqa: S101 - a door's command always has its event
        outcome = self.outcome(answer.event.data)
        self.count(self.topic, outcome)
        return receipt(record, outcome, answer.event, self.doubts(message))

    def dead(self, record: Record, why: Unreadable) -> Sequence[Outgoing]:
        """The dead letter and the receipt of a record that can not be read."""
        self.count(self.topic, Outcome.UNREADABLE)
        return unreadable(record, why, self._cards[dead_letters_of(self.topic)].partitions)
