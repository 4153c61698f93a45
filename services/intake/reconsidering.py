"""A ticket that was refused since nobody had registered its customer is judged once more when somebody has."""

from dataclasses import dataclass
from datetime import datetime

from libs.messages import upstream
from libs.messages.refusals import MessageRefusal, ResponseRefusal, TicketRefusal
from libs.messages.tickets import (
    MessageRefused,
    RespondedBy,
    ResponseRefused,
    TicketEvent,
    TicketOpened,
    TicketRefused,
)
from libs.messages.upstream import upstream_type
from services.intake.facts import TicketFacts
from services.intake.opening import OpenTicket, open_or_refuse

SUBMITTED, WITHDRAWN = upstream_type(upstream.TicketSubmitted), upstream_type(upstream.TicketWithdrawn)


@dataclass(frozen=True)
class ReconsiderOpening:
    """Judge an opening of `occurred_at` once more, on what is known now; a duty, so it may produce no event."""

    occurred_at: datetime
    facts: TicketFacts


def lacks_customer(event: TicketEvent) -> bool | None:
    """Whether a ticket waits for its customer after an event; None where that says nothing about it."""
    match event:
        case TicketRefused(reason=reason):
            return reason is TicketRefusal.UNKNOWN_CUSTOMER
        case TicketOpened():
            return False
        case ResponseRefused(reason=ResponseRefusal.TICKET_REFUSED, by=by) if by is not RespondedBy.AUTOMATIC:
            return False
        case MessageRefused(reason=MessageRefusal.TICKET_REFUSED, upstream_type=kind) if kind == WITHDRAWN:
            return False
        case _:
            return None


def reconsider(asked: TicketRefused, command: ReconsiderOpening) -> TicketOpened | TicketRefused | None:
    """Open the ticket, or refuse it for what is known now; None where the customer is not known yet."""
    if command.facts.customer is None:
        return None
    return open_or_refuse(
        OpenTicket(
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
            facts=command.facts,
            doubts=asked.doubts,
        )
    )
