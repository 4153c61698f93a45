"""What was missed, each with a line that says why."""

from collections.abc import Iterator
from typing import Any

from libs.messages.sla import RestatementCause
from services.ops.report.accounts import Ledger
from services.ops.report.attainment import Miss
from services.ops.sla.causes import in_words
from services.ops.sla.response_times import NOTHING, SOON, Length, seconds, spoken


def why(miss: Miss, ledger: Ledger) -> str:
    """One line on why it was missed, and what the other ledger says."""
    return "; ".join(_parts(miss, ledger))


def data(miss: Miss, ledger: Ledger) -> dict[str, Any]:
    """A miss as data for other programs."""
    late = miss.late if miss.late and miss.late.wall > NOTHING else None
    return {
        "ticket": miss.account.ticket,
        "centre": miss.account.centre,
        "channel": miss.account.channel,
        "opened_at": miss.account.opened_at,
        "due_at": miss.due_at,
        "responded_at": miss.account.responded_at,
        "late_by_working_seconds": seconds(late.working if late else None),
        "late_by_wall_seconds": seconds(late.wall if late else None),
        "why": why(miss, ledger),
    }


def _parts(miss: Miss, ledger: Ledger) -> Iterator[str]:
    account = miss.account
    yield answered(miss.late)
    if ledger is Ledger.PROMISED and account.detected_at is not None and account.detected_at - miss.due_at >= SOON:
        yield f"detected {spoken(account.detected_at - miss.due_at)} later"
    if account.restated is not None and account.restated != account.state:
        cause = in_words(RestatementCause(account.restated_because)) if account.restated_because else "a later view"
        before = "restated as" if ledger is Ledger.PROMISED else "promised verdict"
        other = account.restated if ledger is Ledger.PROMISED else account.state
        yield f"{before} {other}: {cause}"


def answered(late: Length | None) -> str:
    """When a missed promise was answered, in words."""
    match late:
        case None:
            return "nobody has answered"
        case Length(wall=wall) if wall <= NOTHING:
            return "answered in time, which was told after the deadline had fired"
        case Length(working=None, wall=wall):
            return f"answered {spoken(wall)} late; the calendar ends before, so the working time is unknown"
        case Length(working=working, wall=wall) if working == NOTHING:
            return f"answered {spoken(wall)} after closing: 0 s of working time late"
        case Length(working=working, wall=wall) if working == wall:
            return f"answered {spoken(wall)} late"
        case Length(working=working, wall=wall):
            return f"answered {spoken(working or NOTHING)} of working time late, {spoken(wall)} by the clock"
