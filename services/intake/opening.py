"""A ticket is asked for: opened under cover, else refused with the reason, the clause and whom to contact."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from libs.messages.base import PrivateKey
from libs.messages.doubts import Doubt
from libs.messages.facts import resting_on
from libs.messages.tickets import Channel, RequestKind, TicketOpened, TicketRefused
from libs.plan import Covered, NotCovered, local_centre
from services.intake.cover import judge_cover
from services.intake.facts import TicketFacts

NO_LANGUAGE = "en"
"""Of somebody of whom nothing is known."""


@dataclass(frozen=True)
class OpenTicket:
    """Open a ticket, if it is under cover at `occurred_at`, the instant at which it was received."""

    occurred_at: datetime
    not_after: datetime
    """A message about a later instant is refused: it can not have happened yet."""
    upstream_type: str
    customer: str
    requester: str
    private: PrivateKey
    language: str | None
    """None where what was said is none."""
    channel: Channel
    number_dialled: str | None
    request_kind: RequestKind
    product: str
    version: str | None
    facts: TicketFacts
    doubts: tuple[Doubt, ...] = ()
    """What of the above could not be taken as it came."""


def open_or_refuse(command: OpenTicket) -> TicketOpened | TicketRefused:
    """Judge cover, and bind the ticket to its local centre."""
    kind, at = command.request_kind, command.occurred_at
    verdict = judge_cover(command.facts, command.customer, command.product, command.version, kind, at)
    match verdict:
        case Covered():
            return _opened(command, verdict)
        case NotCovered():
            return _refused(command, verdict)
        case _:
            assert_never(verdict)


def _opened(command: OpenTicket, covered: Covered) -> TicketOpened:
    called, customer = command.facts.called, command.facts.customer
    assert customer is not None  # noqa: S101 - an unknown customer has no cover
    numbers = {command.number_dialled: called.centre} if called and command.number_dialled else {}
    local = local_centre(customer.centre, command.channel, command.number_dialled, numbers)
    return TicketOpened(
        opened_at=command.occurred_at,
        customer=command.customer,
        requester=command.requester,
        private=command.private,
        language=command.language or customer.language,
        channel=command.channel,
        centre=local.centre,
        centre_reason=local.reason,
        number_dialled=command.number_dialled if called else None,
        request_kind=command.request_kind,
        product=command.product,
        version=command.version,
        version_unknown=covered.version_unknown,
        cover=covered.cover,
        rests_on=(*covered.rests_on, *resting_on(called if command.channel is Channel.PHONE else None)),
        doubts=command.doubts,
    )


def _refused(command: OpenTicket, verdict: NotCovered) -> TicketRefused:
    customer = command.facts.customer
    return TicketRefused(
        opened_at=command.occurred_at,
        reason=verdict.reason,
        clause=verdict.clause,
        contact=verdict.contact,
        customer=command.customer,
        requester=command.requester,
        private=command.private,
        language=command.language or (customer.language if customer else NO_LANGUAGE),
        channel=command.channel,
        centre=verdict.team,
        number_dialled=command.number_dialled if command.facts.called else None,
        request_kind=command.request_kind,
        product=command.product,
        version=command.version,
        rests_on=verdict.rests_on,
        doubts=command.doubts,
        price_to_return=verdict.price_to_return,
    )
