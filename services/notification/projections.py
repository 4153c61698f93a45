"""What notification derives: its own notices, and from other services' topics whom to tell and in which words."""

from datetime import datetime
from typing import Any, NamedTuple, get_args

from libs.eventlog.projection import Key, Projection, Reader, state_of
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.base import Code, Language, Value, Zone
from libs.messages.catalogue import CONTRACTS, NOTICES, PLAN, SLA, TICKETS
from libs.messages.contracts import CustomerChanged, CustomerRegistered, PersonErased
from libs.messages.notices import (
    NoticeAmbiguous,
    NoticeCancelled,
    NoticeDeferred,
    NoticeEvent,
    NoticeFailed,
    NoticeHandingOver,
    NoticeOrderRefused,
    NoticeRequested,
    NoticeResendOrdered,
    NoticeSent,
    NoticeSettled,
)
from libs.messages.plan import CentreCalendarPublished, CentrePhone, PrintedText, WeeklyWindow
from services.notification.domain import DECIDERS
from services.notification.notice import State


class NoticeRow(NamedTuple):
    """A notice as senders and people look at it."""

    stream: str
    state: str
    """requested, handing-over, deferred, sent, failed, ambiguous, cancelled or settled."""
    notice_class: str
    role: str
    about_event: str
    about_stream: str
    person: str | None
    """Who is told, where it is a person."""
    private_key: str | None
    """Where that person's address stands."""
    centre: str | None
    """The centre that the text is about; it is told itself where the role is its own."""
    language: str
    template: str
    facts: str
    """In JSON."""
    message_id: str
    correlation: str
    requested_at: datetime
    changed_at: datetime
    """Plan time of the last event."""
    attempts: int = 0
    process: str | None = None
    """Whose claim the last attempt was."""
    claimed_wall: datetime | None = None
    """When, on that machine's clock."""
    retry_at: datetime | None = None
    will_resend: bool = False
    problem: str | None = None
    """What kept the last attempt from being accepted."""
    smtp_code: int | None = None
    enhanced_code: str | None = None
    doubts: int = 0
    """How often nobody knew whether it had been accepted."""


def _notice(row: NoticeRow | None, event: RecordedEvent) -> NoticeRow | None:
    if isinstance(event.data, NoticeRequested):
        return _requested(event, event.data)
    return _moved(row, event)._replace(changed_at=event.time) if row else None


def _requested(event: RecordedEvent, facts_needed: NoticeRequested) -> NoticeRow:
    private = facts_needed.recipient.private
    return NoticeRow(
        stream=event.stream,
        state="requested",
        notice_class=str(facts_needed.notice_class),
        role=str(facts_needed.role),
        about_event=facts_needed.about_event,
        about_stream=facts_needed.about_stream,
        person=private.person if private else None,
        private_key=private.text() if private else None,
        centre=facts_needed.recipient.centre or facts_needed.facts.centre,
        language=facts_needed.language,
        template=facts_needed.template,
        facts=facts_needed.facts.model_dump_json(exclude_none=True),
        message_id=facts_needed.message_id,
        correlation=event.correlationid,
        requested_at=facts_needed.requested_at,
        changed_at=event.time,
    )


def _moved(row: NoticeRow, event: RecordedEvent) -> NoticeRow:
    match event.data:
        case NoticeHandingOver() as claim:
            return row._replace(
                state="handing-over",
                attempts=claim.attempt,
                process=claim.process,
                claimed_wall=claim.claimed_wall,
                retry_at=None,
                will_resend=False,
            )
        case NoticeSent() as sent:
            return _ended(row, "sent")._replace(problem=None, smtp_code=sent.smtp_code, enhanced_code=None)
        case NoticeDeferred() as deferred:
            return _refused(row, "deferred", deferred)._replace(retry_at=deferred.retry_at)
        case NoticeFailed() as failed:
            return _refused(row, "failed", failed)
        case NoticeAmbiguous() as doubt:
            return row._replace(state="ambiguous", will_resend=doubt.will_resend, doubts=row.doubts + 1)
        case NoticeCancelled():
            return _ended(row, "cancelled")
        case NoticeResendOrdered():
            return _ended(row, "requested")
        case NoticeSettled():
            return _ended(row, "settled")
        case _:
            return row


def _ended(row: NoticeRow, state: str) -> NoticeRow:
    return row._replace(state=state, retry_at=None, will_resend=False)


def _refused(row: NoticeRow, state: str, event: NoticeDeferred | NoticeFailed) -> NoticeRow:
    problem, code, enhanced = str(event.problem), event.smtp_code, event.enhanced_code
    return _ended(row, state)._replace(problem=problem, smtp_code=code, enhanced_code=enhanced)


class CustomerRow(NamedTuple):
    """Whom to write to at a customer, and in which language."""

    stream: str
    contact: str
    private: str
    """Where name and address stand, in JSON."""
    language: str
    centre: str
    reseller: str | None


def _customer(row: CustomerRow | None, event: RecordedEvent) -> CustomerRow | None:
    match event.data:
        case CustomerRegistered() as known:
            centre = known.centre
        case CustomerChanged() as known if row:
            centre = row.centre
        case _:
            return row
    return CustomerRow(
        stream=event.stream,
        contact=known.contact,
        private=known.private.model_dump_json(),
        language=known.language,
        centre=centre,
        reseller=known.reseller,
    )


class ErasedPersonRow(NamedTuple):
    """Somebody about whom nothing private is known any more."""

    stream: str
    person: str
    erased_at: datetime


def _erased_person(_: ErasedPersonRow | None, event: RecordedEvent) -> ErasedPersonRow:
    erased: PersonErased = event.data
    return ErasedPersonRow(event.stream, erased.person, erased.erased_at)


def _by_person(event: RecordedEvent) -> tuple[Key, ...]:
    return ((event.stream, event.data.person),)


class CentreSheet(Value):
    """What notices say of a centre."""

    centre: Code
    printed_name: PrintedText
    language: Language
    zone: Zone
    phones: tuple[CentrePhone, ...]
    weekly: tuple[WeeklyWindow, ...]


class CentreRow(NamedTuple):
    """A centre, its mailbox, and its sheet in JSON."""

    stream: str
    centre: str
    mailbox: str
    sheet: str


def _centre(_: CentreRow | None, event: RecordedEvent) -> CentreRow:
    published: CentreCalendarPublished = event.data
    calendar = published.calendar
    sheet = CentreSheet(
        centre=calendar.centre,
        printed_name=calendar.printed_name,
        language=calendar.language,
        zone=calendar.zone,
        phones=calendar.phones,
        weekly=calendar.weekly,
    )
    return CentreRow(event.stream, calendar.centre, calendar.mailbox, sheet.model_dump_json())


STATES: Projection[Any] = state_of("notice_states", DECIDERS, State, get_args(NoticeEvent))

NOTICE_ROWS: Projection[NoticeRow] = Projection(
    table="notices",
    row=NoticeRow,
    columns="""
        stream text not null, state text not null, notice_class text not null, role text not null,
        about_event text not null, about_stream text not null, person text, private_key text, centre text,
        language text not null, template text not null, facts jsonb not null, message_id text not null,
        correlation text not null, requested_at timestamptz not null, changed_at timestamptz not null,
        attempts int not null, process text, claimed_wall timestamptz, retry_at timestamptz,
        will_resend boolean not null, problem text, smtp_code int, enhanced_code text, doubts int not null""",
    events=tuple(kind for kind in get_args(NoticeEvent) if kind is not NoticeOrderRefused),
    evolve=_notice,
    indexes=("(state, requested_at)", "(person)", "(about_stream)", "(message_id)"),
)

CUSTOMERS: Projection[CustomerRow] = Projection(
    table="customers",
    row=CustomerRow,
    columns="""
        stream text not null, contact text not null, private jsonb not null, language text not null,
        centre text not null, reseller text""",
    events=(CustomerRegistered, CustomerChanged),
    evolve=_customer,
)

ERASED_PERSONS: Projection[ErasedPersonRow] = Projection(
    table="erased_persons",
    row=ErasedPersonRow,
    columns="stream text not null, person text not null, erased_at timestamptz not null",
    events=(PersonErased,),
    evolve=_erased_person,
    key=("stream", "person"),
    keys=_by_person,
    indexes=("(person)",),
)

CENTRES: Projection[CentreRow] = Projection(
    table="centres",
    row=CentreRow,
    columns="stream text not null, centre text not null, mailbox text not null, sheet jsonb not null",
    events=(CentreCalendarPublished,),
    evolve=_centre,
    indexes=("(centre)",),
)

PRIVATE_RECORDS = "private_records"
"""The table of the state topic with names and addresses: key, partition, value."""

READERS: tuple[Reader, ...] = (
    Reader("notices", NOTICES, 1, (STATES, NOTICE_ROWS), writes=True),
    Reader("tickets", TICKETS, 1, (), reacts=True),
    Reader("sla", SLA, 1, (), reacts=True),
    Reader("contracts", CONTRACTS, 1, (CUSTOMERS, ERASED_PERSONS), reacts=True),
    Reader("plan", PLAN, 1, (CENTRES,)),
)
