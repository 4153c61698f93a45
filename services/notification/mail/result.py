"""What the mail server's answer, or its silence, means for the notice."""

from datetime import datetime
from typing import assert_never

from libs.messages.notices import DeliveryProblem
from services.notification.mail.smtp import Accepted, NotReached, Outcome, OutcomeUnknown, Phase, RefusedByServer
from services.notification.notice.delivery import RecordAmbiguous, RecordDeferred, RecordFailed, RecordSent, Result
from services.notification.notice.state import Claim

ABOUT_THE_MESSAGE = frozenset({Phase.RCPT, Phase.DATA, Phase.BODY})
"""Phases in which a permanent refusal is final; an earlier one is about us or the server, and can be repaired."""


def result_of(outcome: Outcome, claim: Claim, at: datetime) -> Result:
    """What to record of an attempt."""
    match outcome:
        case Accepted():
            return RecordSent(at, claim, outcome.code)
        case RefusedByServer(permanent=True) if outcome.phase in ABOUT_THE_MESSAGE:
            return RecordFailed(at, claim, DeliveryProblem.REFUSED, outcome.code, outcome.enhanced)
        case RefusedByServer():
            return RecordDeferred(at, claim, DeliveryProblem.REFUSED_FOR_NOW, outcome.code, outcome.enhanced)
        case NotReached():
            return RecordDeferred(at, claim, outcome.problem)
        case OutcomeUnknown():
            return RecordAmbiguous(at, claim)
        case _:
            assert_never(outcome)
