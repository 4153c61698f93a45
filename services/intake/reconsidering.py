"""A ticket that was refused since nobody had registered its customer is judged once more when somebody has."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from libs.messages import upstream
from libs.messages.refusals import MessageRefusal, ResponseRefusal, TicketRefusal
from libs.messages.tickets import (
    CoverRestated,
    CustomerCallRecorded,
    MergeUndone,
    MessageHeld,
    MessageRefused,
    NoteRecorded,
    RespondedBy,
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
from libs.messages.upstream import upstream_type
from services.intake.facts import TicketFacts
from services.intake.opening import OpenTicket, open_or_refuse

NOT_ABOUT_AN_OPENING = (
    *(ResponseRecorded, CustomerCallRecorded, NoteRecorded, MessageHeld, TicketTransferred, TicketsMerged),
    *(MergeUndone, TicketPaused, TicketResumed, TicketReopened, TicketResolved, TicketWithdrawn, WorkExcluded),
)
"""Events that do not say whether a ticket may open: it is open, or something waits for it."""
SUBMITTED, WITHDRAWN = upstream_type(upstream.TicketSubmitted), upstream_type(upstream.TicketWithdrawn)


@dataclass(frozen=True)
class ReconsiderOpening:
    """Judge an opening of `occurred_at` once more, on what is known now; a duty, so it may produce no event."""

    occurred_at: datetime
    facts: TicketFacts


def lacks_customer(event: TicketEvent) -> bool | None:
    """Whether a ticket waits for its customer after an event; None where that says nothing about it."""
    if isinstance(event, NOT_ABOUT_AN_OPENING):
        return None
    match event:
        case TicketRefused(reason=reason):
            return reason is TicketRefusal.UNKNOWN_CUSTOMER
        case TicketOpened():
            return False
        case ResponseRefused() | MessageRefused():
            return False if is_dealt_with(event) else None
        case CoverRestated():
            return None
        case _:
            assert_never(event)


def is_dealt_with(event: TicketEvent) -> bool:
    """Whether somebody answered or withdrew a refused ticket, as an event says: then it is not to be opened any more.

    Both are refused, as the ticket is: the refusals say what was meant.
    """
    match event:
        case ResponseRefused(reason=ResponseRefusal.TICKET_REFUSED, by=by):
            return by is not RespondedBy.AUTOMATIC
        case MessageRefused(reason=MessageRefusal.TICKET_REFUSED, upstream_type=kind):
            return kind == WITHDRAWN
        case _:
            return False


def reconsider(asked: TicketRefused, command: ReconsiderOpening) -> TicketOpened | TicketRefused | None:
    """Open the ticket, or refuse it for what is known now; None where the customer is not known yet."""
    return open_or_refuse(as_asked(asked, command.facts)) if command.facts.customer else None


def as_asked(asked: TicketRefused, facts: TicketFacts) -> OpenTicket:
    """The opening that was refused, on what is known now."""
    return OpenTicket(
        occurred_at=asked.opened_at,
        not_after=asked.opened_at,
        upstream_type=SUBMITTED,
        customer=asked.customer,
        requester=asked.requester,
        private=asked.private,
        language=asked.language,
        channel=asked.channel,
        number_dialled=asked.number_dialled,
        request_kind=asked.request_kind,
        product=asked.product,
        version=asked.version,
        facts=facts,
        doubts=asked.doubts,
    )
