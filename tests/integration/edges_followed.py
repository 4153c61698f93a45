"""What becomes of a message that a door has taken: the events that follow from it in all services, and the mails."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import product
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from libs.decider import decider_of
from libs.eventlog.commands import IssuedCommand, issued_at_door
from libs.eventlog.errors import Unreadable
from libs.eventlog.wire.cloudevents import Message
from libs.eventlog.wire.codec import Codec
from libs.eventlog.wire.private import Personal, private_record
from libs.eventlog.wire.receipts import receipt, unreadable
from libs.eventlog.wire.record import CONTENT_TYPE, Cause, Head, Record, RecordedEvent, encode
from libs.messages import upstream
from libs.messages.base import Event
from libs.messages.catalogue import CONTRACTS_DOOR, EVENT_OF_TYPE, NOTICES_DOOR, TICKETS_DOOR
from libs.messages.contracts import ContractActivated
from libs.messages.notices import Cancellation, NoticeClass, NoticeFacts, NoticeRequested, NoticeRole, Recipient
from libs.messages.plan import CentreCalendar, ChannelTargets, ResponseTargets, TzDatabase
from libs.messages.private import PrivateRecord
from libs.messages.receipts import DeadLetter, Outcome, Receipt
from libs.messages.streams import parse_stream, partition_of, stream_id
from libs.messages.tickets import Channel, MessageHeld
from libs.plan import (
    KnownCustomer,
    KnownProduct,
    KnownTerm,
    PriceKind,
    Term,
    covered_from,
    covered_until,
    differences,
    promise,
    quote_by,
    tz_database,
    verify,
    version_support,
    working_calendar,
)
from services.contract import door as contract_door
from services.contract import facts as contract_facts
from services.contract.contracts import EndTerm
from services.contract.domain import DECIDERS as CONTRACT
from services.contract.plan import read_plan
from services.contract.plan_parts import PublishPart
from services.intake import domain as intake
from services.intake import door as intake_door
from services.intake.facts import NO_FACTS, KnownCentre, TicketFacts
from services.intake.personal import personal
from services.notification import reactions as notification
from services.notification.domain import DECIDERS as NOTIFICATION
from services.notification.handlers import NoticeDoor, _order
from services.notification.mail.message import Correspondent, Letterhead
from services.notification.mail.outgoing import write
from services.notification.news import news_of
from services.notification.notice.state import Claim
from services.notification.projections import CentreSheet, _sheet
from services.ops.audit import handlers as audit
from services.ops.audit.domain import DECIDERS as AUDIT
from services.ops.explain.as_data import data as explained
from services.ops.explain.explanation import RecordedPromise, explain
from services.ops.sla.grounds import Grounds
from services.sla_timer import reactions as sla_timer
from services.sla_timer.cycles.decider import MissTarget, ReckonCycles
from services.sla_timer.cycles.model import CycleFact, Kind, TicketHistory
from services.sla_timer.domain import DECIDERS as SLA_TIMER
from services.sla_timer.promise.calls import RecordCall
from services.sla_timer.promise.deadlines import FireDeadline, WarnAtRisk
from services.sla_timer.promise.recompute import RecomputePromise
from services.sla_timer.promise.restatement import RestatePromise
from services.sla_timer.promise.state import Waiting
from services.sla_timer.promise.transfers import SetInternalTarget
from services.sla_timer.published.publications import PublishedCalendar, PublishedTargets
from services.sla_timer.published.tz_changes import TzChange
from tests.unit.intake.examples import OPENED, PRIVATE, PRODUCT, TUESDAY, paused, resolved
from tests.unit.notification.foreign import ANA, KNOWN, example
from tests.unit.notification.stories import sent, taken
from tests.unit.sla_timer.examples import STREAM, W03

PARTITIONS = 12
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
AN_HOUR, A_SECOND, A_YEAR = timedelta(hours=1), timedelta(seconds=1), timedelta(days=365)
DECIDERS = {**CONTRACT, **intake.DECIDERS, **SLA_TIMER, **NOTIFICATION, **AUDIT}
PLAN = read_plan()
FRANCE = next(centre for centre in PLAN.centres if centre.centre == "france")
LETTERHEAD = Letterhead(
    Correspondent("no-reply@olcare.example", "OL Care"), Correspondent("operations@olcare.example"), "olcare.example"
)
STRUCTURED = CONTENT_TYPE
CODEC = Codec("log", EVENT_OF_TYPE.values(), PARTITIONS)
CAUSE = "00000000-0000-5000-8000-000000000001"
CLAIM = Claim(CAUSE, 1)
PAST: tuple[tuple[Event, ...], ...] = (
    (),
    (OPENED,),
    (OPENED, paused(TUESDAY)),
    (OPENED, resolved(TUESDAY)),
)
"""Histories of a ticket before a message."""


CONTRACT_PASTS: Mapping[str, tuple[tuple[Event, ...], ...]] = {
    kind: tuple(tuple(example(name).data for name in names.split()) for names in pasts)
    for kind, pasts in {
        "customer": ("CustomerRegistered",),
        "licence": ("LicenceRegistered", "LicenceRegistered LicenceOptionsAdded FirstTermNotBegun"),
        "contract": (
            "ContractActivated TermBegan RenewalOffered RenewalReminded",
            "ContractActivated RenewalReminderSkipped ContractLapsed",
            "ContractActivated ContractLapsed ContractRenewed",
            "ContractActivated ContractLapsed ContractResubscribed",
            "ContractActivated ContractLapsed ContractResubscribed ResubscriptionUndone",
            "ContractActivated ContractContinued",
        ),
    }.items()
}
"""Kind of stream → histories before a message at the door of contracts."""
TOLD_AT = datetime(2028, 1, 1, tzinfo=UTC)
SETTINGS = contract_door.DecisionSettings(TOLD_AT, timedelta(days=30), TOLD_AT)


class History(NamedTuple):
    """All events of a stream."""

    stream: str
    events: tuple[Event, ...]


class Followed:
    """Follows messages through all services, and keeps the histories and private records that they led to."""

    def __init__(self) -> None:
        self.histories: dict[tuple[str, ...], History] = {}
        self.records: dict[str, Personal] = {}
        self._followed: set[object] = set()

    def follow(self, door: str, record: Record) -> bool:
        """Follow a record to its end; False where it is refused as unreadable. Any exception is a defect."""
        try:
            message = read(door, record)
        except Unreadable as why:
            _check_dead_letter(record, why)
            return False
        if door == TICKETS_DOOR:
            self._ticket(record, message)
        elif door == CONTRACTS_DOOR:
            self._contract(record, message)
        elif door == NOTICES_DOOR:
            self._order(record, message)
        else:
            issued = issued_at_door(message, audit.stream_of(message), audit.command_of(message))
            self._answered(record, issued, (self._answered(record, issued, ()),))
        return True

    def _ticket(self, record: Record, message: Message[Any]) -> None:
        if found := personal(record, message):
            self._private(found)
        intake_door.facts_needed(message)
        for facts in (NO_FACTS, _ticket_facts(message)):
            issued = intake_door.command_of(record, message, facts, message.time)
            for past in PAST:
                event = self._answered(record, issued, past)
                if isinstance(event, MessageHeld) and not past:
                    self._apply_held(issued.stream, event, facts)

    def _apply_held(self, stream: str, held: MessageHeld, facts: TicketFacts) -> None:
        state = intake.DECIDER.replay((held, OPENED))
        for due in intake.owed(state):
            event = intake.decide(state, intake.ApplyHeld(due.command.occurred_at, due.command.number, facts))
            assert event is not None
            self._happened(stream, (held, OPENED), event)

    def _contract(self, record: Record, message: Message[Any]) -> None:
        for found in contract_door.personal(record, message):
            self._private(found)
        contract_door.facts_needed(message)
        for facts in _contract_facts(message):
            issued = contract_door.command_of(record, message, facts, SETTINGS)
            for past in CONTRACT_PASTS.get(parse_stream(issued.stream).kind, ()):
                self._answered(record, issued, past)
            event = self._answered(record, issued, ())
            self._answered(record, issued, (event,))
            if isinstance(event, ContractActivated):
                lapse = EndTerm(event.covered_until, issued.stream, event.covered_until + A_SECOND)
                self._happened(issued.stream, (event,), _decided(issued.stream, (event,), lapse))
        if isinstance(message.data, upstream.PersonErasureOrdered):
            self._answered(record, issued, (REGISTERED,))
        if isinstance(message.data, upstream.PlanPartSubmitted):
            self._plan_part(record, message, issued)

    def _order(self, record: Record, message: Message[Any]) -> None:
        for cause in (None, *Cancellation):
            issued = _order(message, cause)
            for past in ((), *ENDED):
                self._answered(record, issued, past)

    def _answered(self, record: Record, issued: IssuedCommand, past: tuple[Event, ...]) -> Event:
        """Decide a door's command, and write its receipt."""
        event = _decided(issued.stream, past, issued.command)
        assert event is not None
        written = _read_back(issued.stream, len(past) + 1, event, issued)
        if self._keep(issued.stream, (*past, event)):
            self._reactions(written)
        answer = receipt(record, Outcome.ACCEPTED, written)
        assert answer.value
        Receipt.model_validate_json(answer.value)
        return event

    def _private(self, found: Personal) -> None:
        """Write a private record, and mail somebody whose record it is."""
        written = private_record(found, PARTITIONS)
        assert written.value
        if self._is_new(written.value):
            assert PrivateRecord.model_validate_json(written.value) == found.content
            self.records[found.key.text()] = found
            self._mail(MAILED, found.content, _sheet(FRANCE))

    def _happened(self, stream: str, past: tuple[Event, ...], event: Event | None) -> None:
        """Write an event that nobody asked for at a door, read it back, and follow what it asks of other streams."""
        assert event is not None
        if self._keep(stream, (*past, event)):
            self._reactions(_read_back(stream, len(past) + 1, event))

    def _keep(self, stream: str, events: tuple[Event, ...]) -> bool:
        key = (stream, *(event.model_dump_json() for event in events))
        is_new = key not in self.histories
        self.histories[key] = History(stream, events)
        return is_new

    def _is_new(self, what: object) -> bool:
        is_new = what not in self._followed
        self._followed.add(what)
        return is_new

    def _reactions(self, event: RecordedEvent) -> None:
        kind = event.stream.partition("/")[0]
        if kind == "ticket":
            sla_timer.facts_needed(event, {})
            for reaction in sla_timer.react(event, SHIPPED):
                for past in ((), (W03,), (LONG,)):
                    self._happened(reaction.stream, past, _decided(reaction.stream, past, reaction.command))
        if kind == "promise":
            for reaction in sla_timer.react_to_promise(event):
                for past in ((), (W03,), (LONGER,)):
                    self._happened(reaction.stream, past, _decided(reaction.stream, past, reaction.command))
        if kind in {"ticket", "promise", "contract"} and news_of(event.data):
            notification.facts_needed(event)
            for reaction in notification.react(event, KNOWN, "olcare.example"):
                asked = _decided(reaction.stream, (), reaction.command)
                self._happened(reaction.stream, (), asked)
                assert isinstance(asked, NoticeRequested)
                self._mail(asked, ANYBODY, _sheet(FRANCE))

    def _mail(self, asked: NoticeRequested, person: PrivateRecord, centre: CentreSheet) -> None:
        """Write the mail of a notice; that it can not be written is an answer too."""
        if self._is_new((asked.model_dump_json(), person.model_dump_json(), centre.model_dump_json())):
            row = {
                "person": person.model_dump_json() if asked.recipient.private else None,
                "centre": centre.model_dump_json(),
                "mailbox": "france@olcare.example",
                "role": str(asked.role),
                "template": asked.template,
                "language": asked.language,
                "facts": asked.facts.model_dump_json(),
                "message_id": asked.message_id,
                "told": False,
                "team": None,
                "territory": asked.territory,
            }
            for at in (None, TUESDAY):
                write(row | dict.fromkeys(("due_at", "answered_at", "withdrawn_at"), at), LETTERHEAD, TUESDAY)

    def _plan_part(self, record: Record, message: Message[Any], issued: IssuedCommand) -> None:
        publication = issued.command.publication
        before = BEFORE[publication.part]
        self._answered(record, issued, (before,))
        if "Refused" in type(_decided(issued.stream, (), issued.command)).__name__:
            return
        match publication:
            case upstream.CalendarContent(content=calendar):
                self._calendar(calendar, message.time)
            case upstream.TargetsContent(content=targets):
                self._promises(FRANCE, targets, message.time, Channel)
            case upstream.TzContent(content=database):
                self._tz(database, message.time)
            case upstream.VersionsContent(content=versions):
                for version, on in product((None, "1", "2024.1", "9" * 40), (date.min, TUESDAY.date(), date.max)):
                    version_support(versions, version, on)
            case upstream.PricesContent(content=prices):
                for kind, value in product(PriceKind, ("0", "0.0001", "1", "99999999999.99")):
                    quote_by(prices, kind, Decimal(value))
            case _:
                pass

    def _calendar(self, calendar: CentreCalendar, at: datetime) -> None:
        """Reckon on the hours, and say them in a mail."""
        self._promises(calendar, PLAN.targets, at, (Channel.PHONE,))
        mailed = MAILED.model_copy(update={"facts": MAILED.facts.model_copy(update={"zone": calendar.zone})})
        for language in ("fr", "en", calendar.language):
            self._mail(mailed.model_copy(update={"language": language}), ANYBODY, _sheet(calendar))

    def _tz(self, database: TzDatabase, at: datetime) -> None:
        if any(each.zone == "Europe/Paris" for each in database.zones):
            spans = differences(INSTALLED, database, "Europe/Paris")
            changes = tuple(TzChange("tz/plan/iana", 2, at, "Europe/Paris", database.version, *span) for span in spans)
            self._promises(FRANCE, PLAN.targets, at, (Channel.PHONE,), changes)

    def _promises(
        self,
        calendar: CentreCalendar,
        targets: ResponseTargets,
        at: datetime,
        channels: Sequence[Channel] | type[Channel],
        changes: tuple[TzChange, ...] = (),
    ) -> None:
        """Promise on the published, alone and after what it replaces; see every promise to its end."""
        hours = calendar.model_copy(update=UNHEARD)
        if not self._is_new((hours.model_dump_json(), targets.model_dump_json(), at, changes)):
            return
        centre = stream_id("calendar", "plan", calendar.centre)
        new = (
            PublishedCalendar(centre, 2, at, calendar),
            PublishedTargets("targets/plan/first-response", 2, at, targets),
        )
        old = calendar.model_copy(update={"weekly": FRANCE.weekly, "zone": FRANCE.zone, "version": 1})
        older = old.model_copy(update={"first_day": FRANCE.first_day, "last_day": FRANCE.last_day, "closures": ()})
        before = (
            PublishedCalendar(centre, 1, LONG_AGO, older.model_copy(update={"extra_openings": ()})),
            PublishedTargets(new[1].stream, 1, LONG_AGO, PLAN.targets.model_copy(update={"version": 1})),
        )
        noon = (
            datetime.combine(day, time(12, 3), UTC) for day in (calendar.first_day, TUESDAY.date(), calendar.last_day)
        )
        for channel, opened_at in product(channels, (at - AN_HOUR, at + AN_HOUR, *noon)):
            for known in ((new,), (before, new)):
                told = sla_timer.PlanFacts(tuple(c for c, _ in known), tuple(t for _, t in known), changes)
                self._promise(calendar.centre, channel, opened_at, told)

    def _promise(self, centre: str, channel: Channel, opened_at: datetime, plan: sla_timer.PlanFacts) -> None:
        opened = OPENED.model_copy(update={"opened_at": opened_at, "channel": channel, "centre": centre})
        (reaction,) = sla_timer.react(recorded(OPENED_STREAM, 1, opened), plan)
        events: list[Event] = []
        for command in (reaction.command, *_duties(opened_at, plan)):
            self._ask(reaction.stream, events, command)
        state = SLA_TIMER["promise"].replay(events)
        if isinstance(state, Waiting):
            certificate = state.promise.certificate
            verify(certificate)
            for at_risk in certificate.at_risk:
                self._ask(reaction.stream, events, WarnAtRisk(at_risk.at_risk_at))
            self._ask(reaction.stream, events, FireDeadline(certificate.due_at, certificate.due_at + A_SECOND))
            restate = RestatePromise(certificate.due_at + A_YEAR, plan.calendars, plan.targets)
            self._ask(reaction.stream, events, restate)
        self._keep(reaction.stream, tuple(events))
        told = RecordedPromise(OPENED_STREAM, opened, events, opened_at)  # type: ignore[arg-type]
        json.dumps(explained(explain(told, Grounds({centre: plan.calendars}, plan.targets))), default=str)
        self._cycles(centre, channel, opened_at, plan)

    def _ask(self, stream: str, events: list[Event], command: Any) -> None:
        event = _decided(stream, events, command)
        if event is None:
            return
        events.append(event)
        if self._is_new((stream, len(events), type(event), event.model_dump_json())):
            self._reactions(_read_back(stream, len(events), event))

    def _cycles(self, centre: str, channel: Channel, opened_at: datetime, plan: sla_timer.PlanFacts) -> None:
        said = [(0, Kind.ANSWERED), (1, Kind.ASKED), (2, Kind.PAUSED), (50, Kind.RESUMED)]
        facts = tuple(CycleFact(opened_at + AN_HOUR * hours, kind) for hours, kind in said)
        story, now = TicketHistory(OPENED_STREAM, centre, channel, opened_at, facts), opened_at + AN_HOUR * 60
        events: list[Event] = []
        stream = CYCLES_STREAM
        self._ask(stream, events, ReckonCycles(now, story, 5, plan.calendars, plan.targets))
        for due_at in [cycle.due_at for event in events for cycle in getattr(event, "cycles", ()) if cycle.due_at]:
            self._ask(stream, events, MissTarget(due_at, due_at + A_SECOND))
        if events:
            self._keep(stream, tuple(events))


def _duties(at: datetime, plan: sla_timer.PlanFacts) -> Iterator[Any]:
    everything = (plan.calendars, plan.targets, plan.tz_changes)
    yield RecordCall(at + AN_HOUR / 4, OPENED_STREAM, False, *everything)  # noqa: FBT003 - as the command has it
    yield RecomputePromise(at + AN_HOUR / 2, *everything)
    yield SetInternalTarget(at + AN_HOUR, OPENED_STREAM, "elsewhere", plan.calendars[-1])
    yield RecomputePromise(at + A_YEAR, *everything)


def read(door: str, record: Record) -> Message[Any]:
    """Read a record as its door does; raises Unreadable."""
    if door == TICKETS_DOOR:
        return intake_door.read(record)
    if door == CONTRACTS_DOOR:
        return contract_door.read(record)
    return NOTICES.read(record) if door == NOTICES_DOOR else ACTIONS.read(record)


def is_read(door: str, record: Record) -> bool:
    """Whether a door takes a record."""
    try:
        read(door, record)
    except Unreadable:
        return False
    return True


def _check_dead_letter(record: Record, why: Unreadable) -> None:
    letter, answer = unreadable(record, why, PARTITIONS)
    assert letter.value
    assert answer.value
    DeadLetter.model_validate_json(letter.value)
    assert Receipt.model_validate_json(answer.value).outcome is Outcome.UNREADABLE


def _decided(stream: str, past: Sequence[Event], command: Any) -> Event | None:
    decider = decider_of(DECIDERS, stream)
    event: Event | None = decider.decide(decider.replay(past), command)
    if event is not None:
        decider.replay((*past, event))
    return event


def _read_back(stream: str, sequence: int, event: Event, issued: IssuedCommand | None = None) -> RecordedEvent:
    """Write an event and read it back, which comes to the same."""
    written = recorded(stream, sequence, event, issued)
    assert written.data == event
    assert type(event).model_validate_json(event.model_dump_json()) == event
    return written


def recorded(stream: str, sequence: int, event: Event, issued: IssuedCommand | None = None) -> RecordedEvent:
    """Write an event for a place in its stream and read it back, as from the log."""
    head = Head(sequence - 1, CAUSE) if sequence > 1 else None
    at = issued.command.occurred_at if issued else TUESDAY
    trace = issued.traceparent if issued else None
    cause = Cause(issued.id if issued else CAUSE, issued.correlation if issued else "test", at, trace)
    written = encode("olcare/test", stream, head, event, cause, TUESDAY)
    partition = partition_of(stream, PARTITIONS)
    record = Record("log", partition, 0, stream.encode(), written.value, CONTENT_TYPE, 0)
    return CODEC.open(CODEC.envelope(record))


def _ticket_facts(message: Message[Any]) -> TicketFacts:
    """Everything that a message asks for is there."""
    said = message.data
    customer = KnownCustomer(getattr(said, "customer", "customer/erp/C-1001"), 1, "france", "reseller-1", True)  # noqa: FBT003
    days = Term(date(1970, 1, 2), date(2199, 12, 30))
    begins, ends = covered_from(days, FRANCE.zone), covered_until(days, FRANCE.zone)
    products = (getattr(said, "product", "planetpress-connect"),)
    term = KnownTerm("contract/erp/K-1", 1, products, FRANCE.zone, days.first_day, days.last_day, begins, ends)
    receiving = getattr(said, "to_centre", "americas")
    return TicketFacts(
        customer,
        (term,),
        KnownProduct("versions/plan/a", 1, PRODUCT.versions),
        called=KnownCentre("calendar/plan/france", 1, "france"),
        receiving=KnownCentre(stream_id("calendar", "plan", receiving), 1, receiving),
    )


def _contract_facts(message: Message[Any]) -> Iterator[contract_facts.ContractFacts]:
    yield contract_facts.ContractFacts()
    said = message.data
    named = getattr(said, "centre", None) or "france"
    for zone in ("Europe/Paris", "Pacific/Kiritimati", "Etc/GMT+12"):
        centre = contract_facts.KnownCentre("calendar/plan/france", 1, named, zone, (getattr(said, "country", "FR"),))
        customer = contract_facts.RegisteredCustomer(getattr(said, "customer", "customer/erp/C-1001"), 1, named)
        yield contract_facts.ContractFacts((centre,), frozenset(getattr(said, "products", ())), customers=(customer,))


def _tz_installed() -> TzDatabase:
    """What is in force of the tz database for France, as this machine has it."""
    found = tz_database([FRANCE])
    assert found is not None
    return found


def _published(part: str, content: Any) -> Event:
    """What was in force of a kind of plan part before."""
    model = upstream.PlanPartSubmitted.model_validate({"publication": {"part": part, "content": content.model_dump()}})
    event = _decided(BEFORE_STREAMS[part], (), PublishPart(LONG_AGO + A_YEAR * 40, model.publication))
    assert event is not None
    return event


def _promised(days: int) -> Event:
    """A promise of W03 that has so many days of eight hours."""
    seconds = ChannelTargets(phone_seconds=days * 8 * 3600)
    targets = PLAN.targets.model_copy(update={"targets": seconds})
    made = promise(working_calendar(FRANCE), targets, Channel.PHONE, W03.certificate.opened_at)
    return W03.model_copy(update={"certificate": made})


BEFORE_STREAMS = {
    "calendar": "calendar/plan/france",
    "targets": "targets/plan/first-response",
    "prices": "prices/plan/EUR",
    "versions": "versions/plan/planetpress-connect",
    "reminders": "reminders/plan/renewal",
    "tz": "tz/plan/iana",
}
INSTALLED = _tz_installed()
BEFORE: Mapping[str, Event] = {
    "calendar": _published("calendar", FRANCE),
    "targets": _published("targets", PLAN.targets),
    "prices": _published("prices", PLAN.prices[0]),
    "versions": _published("versions", PLAN.products[0]),
    "reminders": _published("reminders", PLAN.notices),
    "tz": _published("tz", INSTALLED),
}
"""Each part of the plan as it was published before."""
REGISTERED = example("CustomerRegistered").data
OPENED_STREAM, CYCLES_STREAM = "ticket/crm-eu/4711", "cycles/crm-eu/4711"
SHIPPED = sla_timer.PlanFacts(
    (PublishedCalendar("calendar/plan/france", 1, LONG_AGO, FRANCE),),
    (PublishedTargets("targets/plan/first-response", 1, LONG_AGO, PLAN.targets),),
)
ANYBODY = ANA
LONG, LONGER = (_promised(days) for days in (20, 21))
"""Promises that run when most messages are about; the first makes the other earlier where its ticket is merged."""
MAILED = NoticeRequested(
    requested_at=TUESDAY,
    role=NoticeRole.REQUESTER,
    notice_class=NoticeClass.ACKNOWLEDGEMENT,
    about_event=CAUSE,
    about_stream=STREAM,
    recipient=Recipient(private=PRIVATE),
    language="fr",
    template="acknowledgement",
    facts=NoticeFacts(
        ticket=OPENED_STREAM,
        centre="france",
        zone="Europe/Paris",
        channel=Channel.WEB,
        opened_at=TUESDAY,
        due_at=TUESDAY,
    ),
    message_id="<1@olcare.example>",
)
ENDED: tuple[tuple[Event, ...], ...] = ((MAILED,), (MAILED, taken(CLAIM)), (MAILED, taken(CLAIM), sent(CLAIM)))
UNHEARD = {"printed_name": "x", "printed_hours": "x", "phones": (), "countries": (), "mailbox": "a@b", "language": "fr"}
"""What does not change the hours of a calendar."""
NOTICES = NoticeDoor(cast("Any", SimpleNamespace(cards={}, queries=None)), cast("Any", None))
ACTIONS = audit.ActionDoor(cast("Any", SimpleNamespace(cards={})), cast("Any", None))
