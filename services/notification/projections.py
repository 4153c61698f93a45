"""What notification derives: its own notices, and from other services' topics whom to tell and in which words."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple, assert_never, get_args

from libs.eventlog.projection import Key, Projection, Reader, state_of
from libs.eventlog.put_away import PutAway
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.base import Code, Language, Value, Zone
from libs.messages.catalogue import CONTRACTS, NOTICES, PLAN, SLA, TICKETS, SlaEvent
from libs.messages.contracts import (
    ContactRole,
    ContractActivated,
    ContractContinued,
    ContractEvent,
    ContractLapsed,
    ContractRefused,
    ContractRenewed,
    ContractResubscribed,
    CustomerChanged,
    CustomerEvent,
    CustomerRefused,
    CustomerRegistered,
    PersonErased,
    PersonErasureRefused,
    RemindersChosen,
    RenewalOffered,
    RenewalReminded,
    RenewalReminderSkipped,
    ResubscriptionUndone,
    SignatureRefused,
    TermBegan,
)
from libs.messages.cycles import CycleReckoned, CyclesReckoned, CycleTargetMissed
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
    Settlement,
)
from libs.messages.plan import (
    CalendarEvent,
    CentreCalendar,
    CentreCalendarPublished,
    CentrePhone,
    PlanPartRefused,
    PrintedText,
    WeeklyWindow,
)
from libs.messages.sla import (
    CallNoted,
    CancellationCause,
    CancellationNoted,
    FirstResponseAtRisk,
    FirstResponseBreached,
    FirstResponseCancelled,
    FirstResponseClockStarted,
    FirstResponseMet,
    FirstResponseNotPromised,
    FirstResponseNotRetargeted,
    FirstResponseReinstated,
    FirstResponseRestated,
    FirstResponseRetargeted,
    InternalTargetNotSet,
    InternalTargetSet,
    LaterResponseNoted,
    MergeNoted,
    NotAResponse,
    ReinstatementNotApplied,
    ResponseNotApplied,
)
from libs.messages.tickets import CoverRestated, RespondedBy, ResponseRecorded, TicketWithdrawn
from services.notification.domain import DECIDERS
from services.notification.notice.state import State
from services.notification.truth import TRUE_AGAIN, UNTRUE, LaterFact, later_facts, later_facts_of_a_ticket


class NoticeRow(NamedTuple):
    """A notice as senders and people see it."""

    stream: str
    state: str
    """requested, handing-over, deferred, sent, failed, ambiguous, cancelled or settled."""
    notice_class: str
    role: str
    about_event: str
    about_stream: str
    person: str | None
    """The recipient, where it is a person."""
    private_key: str | None
    """The key of the private record with that person's address."""
    centre: str | None
    """The centre that the text is about; where the role is the centre's, it is also the recipient."""
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
    """The process that made the last attempt."""
    claimed_wall: datetime | None = None
    """When it claimed the notice, by its machine's clock."""
    retry_at: datetime | None = None
    will_resend: bool = False
    problem: str | None = None
    """What kept the last attempt from being accepted."""
    smtp_code: int | None = None
    enhanced_code: str | None = None
    doubts: int = 0
    """How often it was ambiguous whether the mail had been accepted."""
    about_sequence: int | None = None
    """The place of the event that it is about in its stream."""
    told: bool = False
    """Whether the recipient was told, or may have been."""
    cause: str | None = None
    """Why it was cancelled."""
    not_before: datetime | None = None
    """From when on it may leave, until it is first tried or a person orders it."""
    territory: str | None = None
    """Whose forms of dates and numbers it has; None: those of the zone."""


def _notice(row: NoticeRow | None, event: RecordedEvent[NoticeEvent]) -> NoticeRow | None:
    if isinstance(event.data, NoticeRequested):
        return _requested(event, event.data)
    return row and _moved(row, event.data)._replace(changed_at=event.time)


def _requested(event: RecordedEvent[NoticeEvent], requested: NoticeRequested) -> NoticeRow:
    private = requested.recipient.private
    return NoticeRow(
        stream=event.stream,
        state="requested",
        notice_class=str(requested.notice_class),
        role=str(requested.role),
        about_event=requested.about_event,
        about_stream=requested.about_stream,
        person=private.person if private else None,
        private_key=private.text() if private else None,
        centre=requested.recipient.centre or requested.facts.centre,
        language=requested.language,
        template=requested.template,
        facts=requested.facts.model_dump_json(exclude_none=True),
        message_id=requested.message_id,
        correlation=event.correlationid,
        requested_at=requested.requested_at,
        changed_at=event.time,
        about_sequence=requested.about_sequence,
        not_before=requested.not_before,
        territory=requested.territory,
    )


def _moved(row: NoticeRow, event: NoticeEvent) -> NoticeRow:
    match event:
        case NoticeHandingOver() as claim:
            return row._replace(
                state="handing-over",
                attempts=claim.attempt,
                process=claim.process,
                claimed_wall=claim.claimed_wall,
                retry_at=None,
                will_resend=False,
                not_before=None,
            )
        case NoticeSent() as sent:
            ended = _ended(row, "sent")._replace(problem=None, smtp_code=sent.smtp_code, enhanced_code=None)
            return ended._replace(told=True, cause=None)
        case NoticeDeferred() as deferred:
            return _refused(row, "deferred", deferred)._replace(retry_at=deferred.retry_at)
        case NoticeFailed() as failed:
            return _refused(row, "failed", failed)
        case NoticeAmbiguous() as doubt:
            return row._replace(state="ambiguous", will_resend=doubt.will_resend, doubts=row.doubts + 1, told=True)
        case NoticeCancelled(cause=cause):
            return _ended(row, "cancelled")._replace(cause=str(cause))
        case NoticeResendOrdered():
            return _ended(row, "requested")._replace(not_before=None)
        case NoticeSettled(settled_as=settled_as):
            return _ended(row, "settled")._replace(told=settled_as is Settlement.SENT)
        case NoticeRequested() | NoticeOrderRefused():
            return row
        case _:
            assert_never(event)


def _ended(row: NoticeRow, state: str) -> NoticeRow:
    return row._replace(state=state, retry_at=None, will_resend=False)


def _refused(row: NoticeRow, state: str, event: NoticeDeferred | NoticeFailed) -> NoticeRow:
    problem, code, enhanced = str(event.problem), event.smtp_code, event.enhanced_code
    return _ended(row, state)._replace(problem=problem, smtp_code=code, enhanced_code=enhanced)


class PromiseRow(NamedTuple):
    """A promise, by what makes notices about it untrue and by what their texts say of it."""

    stream: str
    due_at: datetime | None = None
    answered_at: datetime | None = None
    """The earliest answer known."""
    withdrawn_at: datetime | None = None
    untrue: str = "{}"
    """Template → the place in the stream of what made such notices untrue that are about something before, and the
    cause, in JSON."""


def _promise(row: PromiseRow | None, event: RecordedEvent[SlaEvent]) -> PromiseRow:
    known = _stands(row or PromiseRow(event.stream), event.data)
    return known._replace(untrue=_untrue(known.untrue, event.sequence, later_facts(event.data)))


def _untrue(before: str, sequence: int, facts: Iterable[LaterFact]) -> str:
    """By template, as JSON: since which event such notices are untrue, and why; `before` with the facts of an event."""
    untrue = json.loads(before)
    for fact in facts:
        for template, causes in UNTRUE.items():
            if fact in causes:
                untrue[template] = {"sequence": sequence, "cause": str(causes[fact])}
            if TRUE_AGAIN.get(template) is fact:
                untrue.pop(template, None)
    return json.dumps(untrue, sort_keys=True)


def _stands(row: PromiseRow, event: SlaEvent) -> PromiseRow:
    match event:
        case FirstResponseClockStarted(certificate=certificate, responded_at=at):
            return _answered(row._replace(due_at=certificate.due_at), at)
        case FirstResponseRetargeted(certificate=certificate) | FirstResponseReinstated(certificate=certificate):
            return row._replace(due_at=certificate.due_at)
        case FirstResponseMet(responded_at=at) | LaterResponseNoted(responded_at=at):
            return _answered(row, at)
        case ResponseNotApplied(reason=NotAResponse.NO_PROMISE, responded_at=at):
            return _answered(row, at)
        case FirstResponseCancelled(cause=cause, cancelled_at=at) | CancellationNoted(cause=cause, cancelled_at=at):
            return row._replace(withdrawn_at=at) if cause is CancellationCause.WITHDRAWN else row
        case ResponseNotApplied() | ReinstatementNotApplied() | CallNoted() | MergeNoted():
            return row
        case FirstResponseNotPromised() | FirstResponseNotRetargeted() | FirstResponseAtRisk():
            return row
        case FirstResponseBreached() | FirstResponseRestated() | InternalTargetSet() | InternalTargetNotSet():
            return row
        case CyclesReckoned() | CycleReckoned() | CycleTargetMissed():
            return row
        case _:
            assert_never(event)


def _answered(row: PromiseRow, at: datetime | None) -> PromiseRow:
    return row._replace(answered_at=min(at, row.answered_at or at)) if at else row


class TicketRow(NamedTuple):
    """A ticket that was refused or answered, by what is told of it while it has no promise; `untrue` likewise."""

    stream: str
    answered_at: datetime | None = None
    """When a person answered first."""
    untrue: str = "{}"


def _ticket(
    row: TicketRow | None, event: RecordedEvent[CoverRestated | ResponseRecorded | TicketWithdrawn]
) -> TicketRow:
    known, happened = row or TicketRow(event.stream), event.data
    if isinstance(happened, ResponseRecorded) and happened.by is RespondedBy.PERSON:
        at = happened.responded_at
        known = known._replace(answered_at=min(at, known.answered_at or at))
    return known._replace(untrue=_untrue(known.untrue, event.sequence, later_facts_of_a_ticket(happened)))


class ContractRow(NamedTuple):
    """A contract, by what makes notices about it untrue; `untrue` as for a promise."""

    stream: str
    untrue: str = "{}"
    taken_up: bool = False
    """Whether another contract takes it up again; what is told of its end has been overtaken then."""


def _contract(row: ContractRow | None, event: RecordedEvent[ContractEvent]) -> ContractRow:
    known = row or ContractRow(event.stream)
    if isinstance(event.data, ContractResubscribed | ResubscriptionUndone):
        return known._replace(taken_up=isinstance(event.data, ContractResubscribed))
    return known._replace(untrue=_untrue(known.untrue, event.sequence, later_facts(event.data)))


class TermRow(NamedTuple):
    """A term of support, by which it is known whether cover goes on."""

    stream: str
    number: int
    """Which term of the contract it is, from 1."""
    customer: str
    licence: str
    centre: str
    zone: str
    first_day: date
    last_day: date
    covered_until: datetime
    submitted: bool
    """Whether the contract was submitted as it stood, so that nobody was told when it began."""
    event: str
    sequence: int


def _term(row: TermRow | None, event: RecordedEvent[ContractEvent]) -> TermRow | None:
    match event.data:
        case ContractActivated() as begun:
            return _begun(event, begun, number=1, submitted=begun.term_kind is None)
        case ContractRenewed() as renewed:
            return _begun(event, renewed, number=renewed.number, submitted=False)
        case ContractRefused() | ContractLapsed() | ContractContinued() | SignatureRefused():
            return row
        case TermBegan() | RenewalOffered() | RenewalReminded() | RenewalReminderSkipped():
            return row
        case ContractResubscribed() | ResubscriptionUndone():
            return row
        case _:
            assert_never(event.data)


def _begun(
    event: RecordedEvent[ContractEvent], term: ContractActivated | ContractRenewed, *, number: int, submitted: bool
) -> TermRow:
    return TermRow(
        stream=event.stream,
        number=number,
        customer=term.customer,
        licence=term.licence,
        centre=term.centre,
        zone=term.zone,
        first_day=term.first_day,
        last_day=term.last_day,
        covered_until=term.covered_until,
        submitted=submitted,
        event=event.id,
        sequence=event.sequence,
    )


def _by_number(event: RecordedEvent[ContractActivated | ContractRenewed]) -> tuple[Key, ...]:
    return ((event.stream, event.data.number if isinstance(event.data, ContractRenewed) else 1),)


class CustomerRow(NamedTuple):
    """Whom to write to at a customer, and in which language."""

    stream: str
    contact: str
    private: str
    """The key of the private record with name and address, in JSON."""
    language: str
    centre: str
    reseller: str | None
    country: str
    team: str | None
    """The centre whose team helps with renewals, where it is not the home centre."""
    renewals_person: str | None
    """Whom to write to about renewals, where it is somebody else."""
    renewals: str | None
    """The key of the private record of that person, in JSON."""
    reminders: bool = True
    """Whether reminders are wanted."""


def _customer(row: CustomerRow | None, event: RecordedEvent[CustomerEvent]) -> CustomerRow | None:
    match event.data:
        case CustomerRegistered() as registered:
            return _written_to(event.stream, registered, registered.centre)
        case CustomerChanged() as changed:
            return row and _written_to(event.stream, changed, row.centre)._replace(reminders=row.reminders)
        case RemindersChosen(wanted=wanted):
            return row and row._replace(reminders=wanted)
        case CustomerRefused() | PersonErased() | PersonErasureRefused():
            return row
        case _:
            assert_never(event.data)


def _written_to(stream: str, known: CustomerRegistered | CustomerChanged, centre: str) -> CustomerRow:
    renewals = next((other for other in known.others if other.role is ContactRole.RENEWALS), None)
    return CustomerRow(
        stream=stream,
        contact=known.contact,
        private=known.private.model_dump_json(),
        language=known.language,
        centre=centre,
        reseller=known.reseller,
        country=known.country,
        team=known.regional_team,
        renewals_person=renewals.contact if renewals else None,
        renewals=renewals.private.model_dump_json() if renewals else None,
    )


class ErasedPersonRow(NamedTuple):
    """A person who was erased."""

    stream: str
    person: str
    erased_at: datetime


def _erased_person(row: ErasedPersonRow | None, event: RecordedEvent[CustomerEvent]) -> ErasedPersonRow | None:
    match event.data:
        case PersonErased() as erased:
            return ErasedPersonRow(event.stream, erased.person, erased.erased_at)
        case CustomerRegistered() | CustomerChanged() | RemindersChosen():
            return row
        case CustomerRefused() | PersonErasureRefused():
            return row
        case _:
            assert_never(event.data)


def _by_person(event: RecordedEvent[PersonErased]) -> tuple[Key, ...]:
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


def _centre(row: CentreRow | None, event: RecordedEvent[CalendarEvent]) -> CentreRow | None:
    match event.data:
        case CentreCalendarPublished(calendar=calendar):
            return CentreRow(event.stream, calendar.centre, calendar.mailbox, _sheet(calendar).model_dump_json())
        case PlanPartRefused():
            return row
        case _:
            assert_never(event.data)


def _sheet(calendar: CentreCalendar) -> CentreSheet:
    return CentreSheet(
        centre=calendar.centre,
        printed_name=calendar.printed_name,
        language=calendar.language,
        zone=calendar.zone,
        phones=calendar.phones,
        weekly=calendar.weekly,
    )


IS_TO_BE_SENT = "state in ('requested', 'deferred') or (state = 'ambiguous' and will_resend)"
"""Word for word as the duties ask for them."""
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
        will_resend boolean not null, problem text, smtp_code int, enhanced_code text, doubts int not null,
        about_sequence bigint, told boolean not null, cause text, not_before timestamptz, territory text""",
    events=tuple(kind for kind in get_args(NoticeEvent) if kind is not NoticeOrderRefused),
    evolve=_notice,
    indexes=(
        "(state, requested_at)",
        "(person)",
        "(about_stream)",
        "(message_id)",
        f"(stream) where {IS_TO_BE_SENT}",
        f"(requested_at, stream) where {IS_TO_BE_SENT}",
        "(stream) where notice_class = 'lapse' and told",
    ),
)

PROMISES: Projection[PromiseRow] = Projection(
    table="promises",
    row=PromiseRow,
    columns="""
        stream text not null, due_at timestamptz, answered_at timestamptz, withdrawn_at timestamptz,
        untrue jsonb not null""",
    events=(
        FirstResponseClockStarted,
        FirstResponseRetargeted,
        FirstResponseReinstated,
        FirstResponseMet,
        FirstResponseBreached,
        FirstResponseRestated,
        FirstResponseCancelled,
        CancellationNoted,
        LaterResponseNoted,
        ResponseNotApplied,
    ),
    evolve=_promise,
)

TICKET_ROWS: Projection[TicketRow] = Projection(
    table="tickets",
    row=TicketRow,
    columns="stream text not null, answered_at timestamptz, untrue jsonb not null",
    events=(CoverRestated, ResponseRecorded, TicketWithdrawn),
    evolve=_ticket,
)

CONTRACT_ROWS: Projection[ContractRow] = Projection(
    table="contracts",
    row=ContractRow,
    columns="stream text not null, untrue jsonb not null, taken_up boolean not null",
    events=(
        ContractRenewed,
        ContractLapsed,
        ContractContinued,
        RenewalReminded,
        ContractResubscribed,
        ResubscriptionUndone,
    ),
    evolve=_contract,
)

TERMS: Projection[TermRow] = Projection(
    table="terms",
    row=TermRow,
    columns="""
        stream text not null, number int not null, customer text not null, licence text not null, centre text not null,
        zone text not null, first_day date not null, last_day date not null, covered_until timestamptz not null,
        submitted boolean not null, event text not null, sequence bigint not null""",
    events=(ContractActivated, ContractRenewed),
    evolve=_term,
    key=("stream", "number"),
    keys=_by_number,
    indexes=("(licence)",),
)

CUSTOMERS: Projection[CustomerRow] = Projection(
    table="customers",
    row=CustomerRow,
    columns="""
        stream text not null, contact text not null, private jsonb not null, language text not null,
        centre text not null, reseller text, country text not null, team text, renewals_person text, renewals jsonb,
        reminders boolean not null""",
    events=(CustomerRegistered, CustomerChanged, RemindersChosen),
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

EXAMPLES = (
    '[{"notice":{"notice_class":"acknowledgement","attempts":1,"failures":0,'
    '"trying_since":"2026-11-24T08:30:00Z","sent_again":false},"state":"sent","cause":null,"claim":null}]'
)
"""States as JSON: what those that are put away have in common with them takes no room."""

READERS: tuple[Reader, ...] = (
    Reader("notices", NOTICES, 5, (STATES, NOTICE_ROWS), writes=True, put_away=PutAway(EXAMPLES)),
    Reader("tickets", TICKETS, 2, (TICKET_ROWS,), reacts=True),
    Reader("sla", SLA, 2, (PROMISES,), reacts=True),
    Reader("contracts", CONTRACTS, 4, (CUSTOMERS, ERASED_PERSONS, CONTRACT_ROWS, TERMS), reacts=True),
    Reader("plan", PLAN, 1, (CENTRES,)),
)
