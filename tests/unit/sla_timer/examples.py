"""Tickets at the French centre in November 2026, and what may be said of their promises.

W03 is a row of tests/cases/deadlines.csv: opened by telephone on a Tuesday at 15:00, due when the centre closes.
"""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from libs.eventlog.wire.record import RecordedEvent
from libs.messages.base import PrivateKey
from libs.messages.catalogue import EVENT_OF_TYPE
from libs.messages.plan import CentreCalendar, ResponseTargets
from libs.messages.sla import (
    FirstResponseAtRisk,
    FirstResponseBreached,
    FirstResponseClockStarted,
    FirstResponseMet,
    FirstResponseNotPromised,
    LaterResponseNoted,
    NoPromise,
    NotAResponse,
    ResponseNotApplied,
)
from libs.messages.tickets import Channel, Medium, RespondedBy
from libs.plan import promise, working_calendar
from libs.workcal import zone
from services.contract.plan import read_plan
from services.sla_timer.promise.deadlines import FireDeadline, WarnAtRisk
from services.sla_timer.promise.decider import DECIDER
from services.sla_timer.promise.opening import OF_THE_CALENDAR, StartClock
from services.sla_timer.promise.responses import RecordResponse
from services.sla_timer.published.publications import PublishedCalendar, PublishedTargets
from tests.unit.recorded import recorded_event
from tests.unit.support import Specification

EXAMPLES = Path(__file__).parents[3] / "contracts" / "examples" / "log"
PROMISE = Specification(DECIDER)
MICROSECOND = timedelta(microseconds=1)
PLAN = read_plan()
CALENDARS = {calendar.centre: calendar for calendar in PLAN.centres}
FRANCE, TARGETS = CALENDARS["france"], PLAN.targets
TICKET, STREAM, CUSTOMER = "ticket/crm-eu/4711", "promise/crm-eu/4711", "customer/erp/C-1001"
PRIVATE = PrivateKey(person="person/crm-eu/p-17", topic="olcare.tickets.in.v1", partition=4, offset=1042)


def paris(clock: str, day: int = 24) -> datetime:
    """Civil time in Paris; 24 November 2026 is a Tuesday."""
    return datetime.combine(date(2026, 11, day), time.fromisoformat(clock), zone("Europe/Paris")).astimezone(UTC)


def start(
    opened_at: datetime,
    channel: Channel = Channel.PHONE,
    calendar: CentreCalendar | None = FRANCE,
    targets: ResponseTargets | None = TARGETS,
) -> StartClock:
    return StartClock(
        occurred_at=opened_at,
        ticket=TICKET,
        customer=CUSTOMER,
        requester=PRIVATE.person,
        private=PRIVATE,
        language="fr",
        centre=calendar.centre if calendar else "france",
        channel=channel,
        calendar=calendar,
        targets=targets,
    )


def started(
    opened_at: datetime, channel: Channel = Channel.PHONE, calendar: CentreCalendar = FRANCE
) -> FirstResponseClockStarted:
    return FirstResponseClockStarted(
        ticket=TICKET,
        customer=CUSTOMER,
        requester=PRIVATE.person,
        private=PRIVATE,
        language="fr",
        centre="france",
        channel=channel,
        certificate=promise(working_calendar(calendar), TARGETS, channel, opened_at),
    )


OPENED_AT, AT_RISK_AT, DUE_AT = paris("15:00"), paris("16:30"), paris("17:00")
W03 = started(OPENED_AT)


def not_promised(
    reason: NoPromise, opened_at: datetime = OPENED_AT, channel: Channel = Channel.PHONE
) -> FirstResponseNotPromised:
    return FirstResponseNotPromised(
        ticket=TICKET,
        customer=CUSTOMER,
        private=W03.private,
        language=W03.language,
        centre="france",
        channel=channel,
        opened_at=opened_at,
        reason=reason,
        calendar_version=FRANCE.version if reason in OF_THE_CALENDAR else None,
    )


def answer(
    at: datetime,
    medium: Medium = Medium.EMAIL,
    by: RespondedBy = RespondedBy.PERSON,
    *,
    help_given: bool = True,
) -> RecordResponse:
    return RecordResponse(at, TICKET, medium, by, help_given)


def met(at: datetime, promised: FirstResponseClockStarted = W03) -> FirstResponseMet:
    return FirstResponseMet(
        ticket=TICKET,
        centre="france",
        channel=promised.channel,
        responded_at=at,
        due_at=promised.certificate.due_at,
    )


def warn(at: datetime = AT_RISK_AT) -> WarnAtRisk:
    return WarnAtRisk(at)


WARNED = FirstResponseAtRisk(
    ticket=TICKET,
    customer=CUSTOMER,
    centre="france",
    channel=Channel.PHONE,
    percent=75,
    at_risk_at=AT_RISK_AT,
    due_at=DUE_AT,
)


def fire(detected_at: datetime, due_at: datetime = DUE_AT) -> FireDeadline:
    return FireDeadline(due_at, detected_at)


def breached(
    detected_at: datetime, responded_at: datetime | None = None, promised: FirstResponseClockStarted = W03
) -> FirstResponseBreached:
    return FirstResponseBreached(
        ticket=TICKET,
        customer=CUSTOMER,
        centre="france",
        channel=promised.channel,
        due_at=promised.certificate.due_at,
        breached_at=promised.certificate.due_at,
        detected_at=detected_at,
        responded_at=responded_at,
    )


def later(at: datetime) -> LaterResponseNoted:
    return LaterResponseNoted(ticket=TICKET, responded_at=at)


def not_applied(at: datetime, reason: NotAResponse) -> ResponseNotApplied:
    return ResponseNotApplied(ticket=TICKET, responded_at=at, reason=reason)


def published_calendar(sequence: int, published_at: datetime) -> PublishedCalendar:
    """Give a publication of the French calendar that is told from others by its version."""
    content = FRANCE.model_copy(update={"version": sequence})
    return PublishedCalendar("calendar/plan/france", sequence, published_at, content)


def published_targets(sequence: int, published_at: datetime) -> PublishedTargets:
    return PublishedTargets("targets/plan/first-response", sequence, published_at, TARGETS)


def example(name: str, **changes: object) -> RecordedEvent:
    """Give a foreign event as its example shows it, with other values for some fields."""
    written = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    shown = EVENT_OF_TYPE[written["type"]].model_validate(written["data"])
    return recorded_event(written["subject"], 1, shown.model_copy(update=changes))
