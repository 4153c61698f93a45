"""Is a ticket under cover at an instant? `libs.plan.cover` decides on what was known of customer, terms and product."""

from datetime import datetime

from libs.messages.tickets import RequestKind
from libs.plan import Covered, CoverRequest, NotCovered, RequestedHelp, cover, cover_again
from services.intake.facts import TicketFacts


def judge_cover(
    facts: TicketFacts, customer: str, product: str, version: str | None, kind: RequestKind, at: datetime
) -> Covered | NotCovered:
    """Decide at the instant of opening."""
    return cover(facts, CoverRequest(customer, product, version, _help(kind), at))


def judge_reopening(
    facts: TicketFacts, customer: str, product: str, kind: RequestKind, at: datetime
) -> Covered | NotCovered:
    """Decide at the instant of reopening."""
    return cover_again(facts, CoverRequest(customer, product, None, _help(kind), at))


def _help(kind: RequestKind) -> RequestedHelp:
    is_service = kind is RequestKind.PROFESSIONAL_SERVICE
    return RequestedHelp.PROFESSIONAL_SERVICES if is_service else RequestedHelp.SUPPORT
