"""What intake does about its own events: whoever was told that a message is held is told what it came to."""

from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from libs.eventlog.commands import Reaction
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.places import DoorRecord
from libs.messages.tickets import Decision, TicketEvent

DECISIONS: tuple[type[Decision], ...] = tuple(kind for kind in get_args(TicketEvent) if issubclass(kind, Decision))


@dataclass(frozen=True)
class TellOutcome:
    """Write the second receipt of a message that was held; it leads to no event."""

    occurred_at: datetime
    held: DoorRecord
    event: RecordedEvent[TicketEvent]


def react(event: RecordedEvent[TicketEvent]) -> tuple[Reaction, ...]:
    """Answer the message that an event decides, where it was held."""
    match event.data:
        case Decision(door_record=DoorRecord() as held):
            return (Reaction("tell-outcome", event.stream, TellOutcome(event.time, held, event)),)
        case _:
            return ()
