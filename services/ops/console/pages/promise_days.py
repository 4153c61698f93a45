"""A promise day by day at its centre: hours used, closures by name; and its certificate, reckoned anew if wanted."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from libs.messages.certificates import Certificate
from libs.messages.sla import FirstResponseClockStarted, FirstResponseReinstated, FirstResponseRetargeted
from libs.plan import BadCertificate, verify
from libs.workcal import Interval, start_of_day, zone
from services.ops.console.pages.page import PageView
from services.ops.explain.as_words import sentences
from services.ops.explain.days import DayLine, days_of
from services.ops.explain.explanation import explain, recorded_promise
from services.ops.sla.grounds import Grounds
from services.ops.speech.speech import Speech
from services.ops.trail.as_of import Cut
from services.ops.trail.tickets import TicketLife, TicketThen

CERTIFIED = FirstResponseClockStarted | FirstResponseRetargeted | FirstResponseReinstated
DAY = timedelta(days=1)


class SpanView(PageView):
    """A part of a local day, in shares of it; `kind` is used or closed."""

    kind: str
    begins: float
    length: float


class DayView(PageView):
    """A local day of a promise: what was used of it, and what kept it from being used."""

    day: date
    kinds: tuple[str, ...]
    closures: tuple[str, ...]
    used_seconds: float
    total_seconds: float | None
    spans: tuple[SpanView, ...]


class PromiseView(PageView):
    """A promise as it stands; of one that was not given only state and reason."""

    state: str
    reason: str | None
    due_at: datetime | None
    zone: str | None
    target_seconds: int | None
    responded_at: datetime | None
    breached_at: datetime | None
    restated: str | None
    certificate: Certificate | None
    days: tuple[DayView, ...]
    days_missing: str | None
    """Why the days are not there."""
    valid: bool | None
    """What came of reckoning it anew; None where nobody asked."""
    invalid_because: str | None


def day_views(lines: Iterable[DayLine], name: str) -> tuple[DayView, ...]:
    """The lines of a promise's days, one for each day."""
    by_day: dict[date, list[DayLine]] = {}
    for line in lines:
        by_day.setdefault(line.day, []).append(line)
    return tuple(_day(day, each, zone(name)) for day, each in by_day.items())


def _day(day: date, lines: Sequence[DayLine], civil: ZoneInfo) -> DayView:
    whole = Interval(start_of_day(day, civil), start_of_day(day + DAY, civil))
    totals = [line.total.total_seconds() for line in lines if line.total is not None]
    return DayView(
        day=day,
        kinds=tuple(dict.fromkeys(str(line.kind) for line in lines)),
        closures=tuple(dict.fromkeys(line.closure.name for line in lines if line.closure)),
        used_seconds=sum(line.used.total_seconds() for line in lines if line.used),
        total_seconds=totals[-1] if totals else None,
        spans=tuple(_span(line, whole) for line in lines if line.opens_at or line.closure),
    )


def _span(line: DayLine, whole: Interval) -> SpanView:
    opens, closes = line.opens_at or whole.opens_at, line.closes_at or whole.closes_at
    length = whole.closes_at - whole.opens_at
    begins = (opens.astimezone(UTC) - whole.opens_at) / length
    return SpanView(
        kind=str(line.kind), begins=begins, length=(closes.astimezone(UTC) - opens.astimezone(UTC)) / length
    )


def certificate_then(told: TicketLife, cut: Cut) -> Certificate | None:
    """What a promise rested on at a cut; None where there was none."""
    said = [event.data for event in told.before(cut)]
    return next((one.certificate for one in reversed(said) if isinstance(one, CERTIFIED)), None)


def sentences_then(told: TicketLife, ticket: str, cut: Cut, grounds: Grounds, speech: Speech) -> tuple[str, ...]:
    """The life of a promise in sentences, by what lies before a cut; none without it, or without its calendars."""
    own = f"/{ticket.removeprefix('ticket/')}"
    before = [event for event in told.before(cut) if event.stream in {f"ticket{own}", f"promise{own}"}]
    if not before:
        return ()
    recorded = recorded_promise(ticket, ((event.data, event.recordedtime) for event in before))
    try:
        return tuple(sentences(explain(recorded, grounds, speech)))
    except LookupError:
        return ()


def promise_view(
    then: TicketThen, certificate: Certificate | None, grounds: Grounds, *, checked: bool
) -> PromiseView | None:
    """A promise with its days, reckoned anew where that is asked for."""
    row = then.promise
    if row is None:
        return None
    days, missing = _days(certificate, grounds) if certificate else ((), None)
    wrong = _wrong_with(certificate) if checked and certificate else None
    return PromiseView(
        state=row.state,
        reason=row.reason,
        due_at=row.due_at,
        zone=certificate.zone if certificate else row.zone,
        target_seconds=row.target_seconds,
        responded_at=row.responded_at,
        breached_at=row.breached_at,
        restated=row.restated,
        certificate=certificate,
        days=days,
        days_missing=missing,
        valid=wrong is None if checked and certificate else None,
        invalid_because=wrong,
    )


def _days(certificate: Certificate, grounds: Grounds) -> tuple[tuple[DayView, ...], str | None]:
    calendars = {one.content.version: one.content for one in grounds.calendars.get(certificate.centre, ())}
    try:
        return day_views(days_of(certificate, calendars), certificate.zone), None
    except LookupError as error:
        return (), str(error)


def _wrong_with(certificate: Certificate) -> str | None:
    try:
        verify(certificate)
    except BadCertificate as error:
        return str(error)
    return None
