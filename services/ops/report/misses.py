"""What was missed, each with a line that says why."""

from collections.abc import Iterator
from typing import Any

from libs.messages.sla import RestatementCause
from services.ops.report.accounts import Ledger
from services.ops.report.attainment import Miss
from services.ops.sla.causes import in_words
from services.ops.sla.response_times import NOTHING, SOON, Length, seconds
from services.ops.speech.languages import N_
from services.ops.speech.speech import IN_ENGLISH, Speech


def why(miss: Miss, ledger: Ledger, speech: Speech = IN_ENGLISH) -> str:
    """One line on why it was missed, and what the other ledger says."""
    return speech.say(N_("; ")).join(_parts(miss, ledger, speech))


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


def _parts(miss: Miss, ledger: Ledger, speech: Speech) -> Iterator[str]:
    account = miss.account
    yield answered(miss.late, speech)
    if ledger is Ledger.PROMISED and account.detected_at is not None and account.detected_at - miss.due_at >= SOON:
        yield speech.say(N_("detected {later} later"), later=speech.length(account.detected_at - miss.due_at))
    if account.restated is not None and account.restated != account.state:
        code = account.restated_because
        cause = in_words(RestatementCause(code), speech) if code else speech.say(N_("a later view"))
        is_promised = ledger is Ledger.PROMISED
        template = N_("restated as {verdict}: {cause}") if is_promised else N_("promised verdict {verdict}: {cause}")
        verdict = account.restated if is_promised else account.state
        yield speech.say(template, verdict=speech.word(verdict), cause=cause)


def answered(late: Length | None, speech: Speech = IN_ENGLISH) -> str:
    """When a missed promise was answered, in words."""
    say, length = speech.say, speech.length
    match late:
        case None:
            return say(N_("nobody has answered"))
        case Length(wall=wall) if wall <= NOTHING:
            return say(N_("answered in time, which was told after the deadline had fired"))
        case Length(working=None, wall=wall):
            template = N_("answered {wall} late; the calendar ends before, so the working time is unknown")
            return say(template, wall=length(wall))
        case Length(working=working, wall=wall) if working == NOTHING:
            return say(N_("answered {wall} after closing: 0 s of working time late"), wall=length(wall))
        case Length(working=working, wall=wall) if working == wall:
            return say(N_("answered {wall} late"), wall=length(wall))
        case Length(working=working, wall=wall):
            template = N_("answered {working} of working time late, {wall} by the clock")
            return say(template, working=length(working or NOTHING), wall=length(wall))
