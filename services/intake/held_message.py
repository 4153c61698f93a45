"""What is said about a ticket after its opening, in the form in which it is held until it can be applied."""

from datetime import datetime
from typing import assert_never

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
    WorkExcluded,
)

HeldContent = (
    ResponseRecorded
    | CustomerCallRecorded
    | NoteRecorded
    | HeldTransfer
    | TicketsMerged
    | TicketPaused
    | TicketResumed
    | HeldReopening
    | TicketResolved
    | WorkExcluded
    | TicketWithdrawn
)
"""What a message holds: the event itself, unless facts are still to be looked up for it."""


_CONTENT = tuple(MessageHeld.model_fields.keys() - {"upstream_type", "said_at", "private", "awaits", "door_record"})


def content_of(message: MessageHeld) -> HeldContent | None:
    """The content of a message; None for a kind that is newer than this version of the service."""
    found: HeldContent | None = next((one for name in _CONTENT if (one := getattr(message, name)) is not None), None)
    return found


def instant_of(content: HeldContent) -> datetime:
    """The instant in the world that a content is about."""
    at: datetime = getattr(content, _named(content))
    return at


def taken_at(content: HeldContent, instant: datetime) -> HeldContent:
    """Say the same about another instant."""
    return content.model_copy(update={_named(content): instant})


def turned_away(
    message: MessageHeld, reason: MessageRefusal, clause: Clause | None = None
) -> MessageRefused | ResponseRefused:
    """Refuse a message; the refusal of a response has its own event type."""
    if message.response:
        answer, why = message.response, ResponseRefusal(reason.value)
        return ResponseRefused(responded_at=answer.responded_at, by=answer.by, reason=why, clause=clause)
    return MessageRefused(upstream_type=message.upstream_type, said_at=message.said_at, reason=reason, clause=clause)


def _named(content: HeldContent) -> str:
    """Name the field with the instant."""
    match content:
        case ResponseRecorded():
            return "responded_at"
        case CustomerCallRecorded():
            return "called_at"
        case NoteRecorded():
            return "noted_at"
        case HeldTransfer():
            return "transferred_at"
        case TicketsMerged():
            return "merged_at"
        case TicketPaused():
            return "paused_at"
        case TicketResumed():
            return "resumed_at"
        case HeldReopening():
            return "reopened_at"
        case TicketResolved():
            return "resolved_at"
        case WorkExcluded():
            return "excluded_at"
        case TicketWithdrawn():
            return "withdrawn_at"
        case _:
            assert_never(content)
