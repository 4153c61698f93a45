"""What plan time does to a promise that runs: it is warned of, and when its deadline has passed it is breached."""

from dataclasses import dataclass
from datetime import datetime

from libs.messages.sla import FirstResponseAtRisk, FirstResponseBreached
from services.sla_timer.promise.state import State, Waiting, warnings_left


@dataclass(frozen=True)
class WarnAtRisk:
    """A share of the target was used up at `occurred_at`; a duty."""

    occurred_at: datetime


@dataclass(frozen=True)
class FireDeadline:
    """The deadline `occurred_at` has passed by `detected_at`; a duty."""

    occurred_at: datetime
    detected_at: datetime


def warn(state: State, command: WarnAtRisk) -> FirstResponseAtRisk | None:
    """Warn once of each share, in order."""
    if not isinstance(state, Waiting):
        return None
    made = state.promise
    left = warnings_left(made.certificate, state.warned)
    if not left or left[0].at_risk_at != command.occurred_at:
        return None
    return FirstResponseAtRisk(
        ticket=made.ticket,
        customer=made.customer,
        centre=made.centre,
        channel=made.channel,
        percent=left[0].percent,
        at_risk_at=left[0].at_risk_at,
        next_at_risk_at=left[1].at_risk_at if left[1:] else None,
        due_at=made.due_at,
        transferred_to=made.transferred_to,
    )


def fire(state: State, command: FireDeadline) -> FirstResponseBreached | None:
    """Breach a promise whose deadline this is, and has passed without an answer in time."""
    match state:
        case Waiting(promise=made, late_at=late_at) if command.occurred_at == made.due_at < command.detected_at:
            if late_at is not None and late_at <= made.due_at:
                return None
            return FirstResponseBreached(
                ticket=made.ticket,
                customer=made.customer,
                centre=made.centre,
                channel=made.channel,
                due_at=made.due_at,
                breached_at=made.due_at,
                detected_at=command.detected_at,
                responded_at=late_at,
                transferred_to=made.transferred_to,
            )
        case _:
            return None
