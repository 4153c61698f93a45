"""A refusal that turned out to be wrong: a term that covers the ticket's instant was recorded later.

What was decided stays, and an event says what is known since. Then the ticket opens, at the instant of that event, as
nothing was promised before; unless somebody has answered or withdrawn it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from libs.messages.refusals import TicketRefusal
from libs.messages.tickets import (
    CoverRestated,
    MessageRefused,
    ResponseRefused,
    TicketEvent,
    TicketOpened,
    TicketRefused,
)
from services.intake.facts import TicketFacts
from services.intake.opening import open_or_refuse
from services.intake.reconsidering import NOT_ABOUT_AN_OPENING, as_asked

REASONS_OF_COVER = frozenset(
    {
        TicketRefusal.COVER_LAPSED,
        TicketRefusal.NO_CONTRACT,
        TicketRefusal.NOT_YET_COVERED,
        TicketRefusal.PRODUCT_NOT_COVERED,
        TicketRefusal.UNKNOWN_PRODUCT,
    }
)
"""Reasons that a term which is recorded later may take away; a product may be published with its first contract."""


@dataclass(frozen=True)
class RestateCover:
    """Say at an instant that a refused ticket was under cover; a duty, so it may produce no event."""

    occurred_at: datetime
    facts: TicketFacts


@dataclass(frozen=True)
class OpenRestated:
    """Open a ticket whose cover was restated at `occurred_at`; a duty, so it may produce no event."""

    occurred_at: datetime
    facts: TicketFacts


def lacks_cover(event: TicketEvent) -> bool | None:
    """Whether a ticket lacks cover, as far as is known after an event; None where that says nothing about it."""
    if isinstance(event, NOT_ABOUT_AN_OPENING):
        return None
    match event:
        case TicketRefused(reason=reason):
            return reason in REASONS_OF_COVER
        case TicketOpened() | CoverRestated():
            return False
        case ResponseRefused() | MessageRefused():
            return None
        case _:
            assert_never(event)


def restate(asked: TicketRefused, command: RestateCover) -> CoverRestated | TicketRefused | None:
    """Judge the same instant on what is known now; None where that is no cover either.

    Who was under cover with a version that is too old is refused for that, as it would have been.
    """
    match open_or_refuse(as_asked(asked, command.facts)):
        case TicketOpened() as opened:
            return _restated(asked, opened, command)
        case TicketRefused(reason=TicketRefusal.VERSION_TOO_OLD) as refused:
            return refused
        case _:
            return None


def _restated(asked: TicketRefused, opened: TicketOpened, command: RestateCover) -> CoverRestated:
    customer = command.facts.customer
    assert customer is not None  # noqa: S101 - an unknown customer has no cover
    return CoverRestated(
        restated_at=max(command.occurred_at, asked.opened_at),
        opened_at=asked.opened_at,
        reason=asked.reason,
        customer=asked.customer,
        requester=asked.requester,
        private=asked.private,
        language=asked.language,
        channel=asked.channel,
        centre=customer.centre,
        cover=opened.cover,
        rests_on=opened.rests_on,
    )


def open_restated(asked: TicketRefused, restated: CoverRestated, command: OpenRestated) -> TicketOpened | None:
    """Open it under the cover that was found, at the instant at which it was; None while the facts lack its cover.

    Its version was judged then: one that is too old by what was published since is marked for the agent.
    """
    opening = as_asked(asked, command.facts)
    for version in (asked.version, None):
        event = open_or_refuse(replace(opening, version=version))
        if isinstance(event, TicketOpened):
            found = {"cover": restated.cover, "rests_on": restated.rests_on, "version": asked.version}
            return event.model_copy(update={**found, "opened_at": restated.restated_at})
    return None
