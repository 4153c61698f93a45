"""What is said about a ticket after its opening, in the form in which it is held until it can be applied."""

from libs.messages.clauses import Clause
from libs.messages.refusals import MessageRefusal, ResponseRefusal
from libs.messages.tickets import (
    CustomerCallRecorded,
    HeldReopening,
    HeldTransfer,
    MessageHeld,
    MessageRefused,
    NoteRecorded,
    ResponseRecorded,
    ResponseRefused,
    TicketPaused,
    TicketResolved,
    TicketResumed,
    TicketsMerged,
    TicketWithdrawn,
)

Said = (
    ResponseRecorded
    | CustomerCallRecorded
    | NoteRecorded
    | HeldTransfer
    | TicketsMerged
    | TicketPaused
    | TicketResumed
    | HeldReopening
    | TicketResolved
    | TicketWithdrawn
)
"""What a message comes to: the event itself, where nothing is left to be found out."""


def said(message: MessageHeld) -> Said | None:
    """Give what a message says; None for a kind that came after this version of the service."""
    kinds = (
        message.response,
        message.call,
        message.note,
        message.transfer,
        message.merge,
        message.pause,
        message.resumption,
        message.reopening,
        message.resolution,
        message.withdrawal,
    )
    return next((one for one in kinds if one is not None), None)


def turned_away(
    message: MessageHeld, reason: MessageRefusal, clause: Clause | None = None
) -> MessageRefused | ResponseRefused:
    """Refuse a message; that of a response is an event of its own."""
    if message.response:
        return ResponseRefused(
            responded_at=message.response.responded_at, reason=ResponseRefusal(reason.value), clause=clause
        )
    return MessageRefused(upstream_type=message.upstream_type, said_at=message.said_at, reason=reason, clause=clause)
