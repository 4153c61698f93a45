"""A whole explanation for other programs: lengths in seconds, days in the centre's civil time."""

from datetime import datetime
from typing import Any

from libs.messages.certificates import Certificate, CertificateChange
from libs.messages.tickets import TicketOpened, TicketRefused
from libs.plan import target_channel
from libs.plan.certificates import MICROSECOND
from services.ops.explain.as_words import sentences
from services.ops.explain.days import DayLine
from services.ops.explain.explanation import Explanation
from services.ops.sla.causes import in_words
from services.ops.sla.response_times import NOTHING, Length, seconds
from services.ops.speech.speech import Speech


def data(found: Explanation) -> dict[str, Any]:
    """Everything that is known."""
    opened = found.told.opened
    return {
        "ticket": found.told.ticket,
        "state": found.state,
        "zone": found.civil.key,
        "sentences": list(sentences(found)),
        "opening": _opening(opened, found.told.recorded_at) if opened else None,
        "cover_restated": found.told.restated.model_dump() if found.told.restated else None,
        "no_promise": found.no_promise,
        "promise": _promise(found, found.certificate) if found.certificate else None,
        "changes": [
            _change(change, found.speech) for change in (found.certificate.changes if found.certificate else ())
        ],
        "days": [_day(line) for line in found.days],
        "life": [happening._asdict() for happening in found.life],
        "warnings": [{"percent": each.percent, "at_risk_at": each.at_risk_at} for each in found.warnings],
        "answers": [answer._asdict() for answer in found.answers],
        "verdict": _verdict_data(found),
        "restated": found.restated._asdict() if found.restated else None,
        "internal_targets": [each.model_dump() for each in found.internal_targets],
    }


def _opening(opened: TicketOpened | TicketRefused, recorded_at: datetime | None) -> dict[str, Any]:
    known = {
        "opened_at": opened.opened_at,
        "recorded_at": recorded_at,
        "channel": opened.channel,
        "centre": opened.centre,
        "request_kind": opened.request_kind,
    }
    if isinstance(opened, TicketRefused):
        return {**known, "refused": opened.reason}
    return {**known, "centre_reason": opened.centre_reason, "number_dialled": opened.number_dialled, "refused": None}


def _promise(found: Explanation, known: Certificate) -> dict[str, Any]:
    first = found.started or known
    return {
        "centre": known.centre,
        "opened_at": known.opened_at,
        "clock_started_at": known.clock_started_at,
        "target_seconds": first.target_seconds,
        "target_channel": target_channel(known),
        "calendar_version": first.calendar_version,
        "targets_version": first.targets_version,
        "targets_published_at": found.targets_published_at,
        "tz_version": first.tz_version,
        "first_due_at": first.changes[0].was_due_at if first.changes else first.due_at,
        "due_at": known.due_at,
        "certificate": known.model_dump(),
    }


def _change(change: CertificateChange, speech: Speech) -> dict[str, Any]:
    return {
        **change.model_dump(),
        "used_seconds": seconds(change.used_microseconds * MICROSECOND),
        "why": in_words(change.cause, speech),
    }


def _day(line: DayLine) -> dict[str, Any]:
    lengths = {"used_seconds": seconds(line.used), "total_seconds": seconds(line.total)}
    fields = {name: value for name, value in line._asdict().items() if name not in {"used", "total", "closure"}}
    closure = {"name": line.closure.name, "status": line.closure.status} if line.closure else None
    return {**fields, **lengths, "closure": closure}


def _verdict_data(found: Explanation) -> dict[str, Any]:
    times = found.times
    return {
        "state": found.state,
        "breached_at": found.breached.breached_at if found.breached else None,
        "detected_at": found.breached.detected_at if found.breached else None,
        "responded_at": found.responded_at,
        "to_first_response": _length(times.taken) if times else None,
        "late_by": _length(times.late) if times and times.late.wall > NOTHING else None,
        "early_by": _length(times.late) if times and times.late.wall <= NOTHING else None,
    }


def _length(length: Length) -> dict[str, float | None]:
    working = None if length.working is None else abs(length.working)
    return {"working_seconds": seconds(working), "wall_seconds": seconds(abs(length.wall))}
