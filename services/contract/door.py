"""From a record at the door to an issued command about a customer, a contract or a part of the plan."""

from datetime import datetime
from typing import assert_never

from libs.eventlog.commands import IssuedCommand, issued_at_door
from libs.eventlog.errors import Unreadable
from libs.eventlog.loops.fact_waves import Resting
from libs.eventlog.wire.cloudevents import Message, parse
from libs.eventlog.wire.field_errors import WHOLE
from libs.eventlog.wire.private import Personal, private_key
from libs.eventlog.wire.record import Record
from libs.messages.catalogue import CONTRACTS_DOOR, PLAN, UPSTREAM, ContractsEvent
from libs.messages.contracts import (
    ContractActivated,
    ContractContinued,
    ContractLapsed,
    ContractRefused,
    ContractRenewed,
    ContractResubscribed,
    CustomerChanged,
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
)
from libs.messages.entitlements import EntitlementsChanged
from libs.messages.licences import FirstTermNotBegun, LicenceOptionsAdded, LicenceRefused, LicenceRegistered
from libs.messages.plan import (
    CentreCalendarPublished,
    NoticeOffsetsPublished,
    PlanEvent,
    PlanPartRefused,
    PriceListPublished,
    ProductVersionsPublished,
    TargetsPublished,
    TzDatabasePublished,
    TzDatabaseRefused,
)
from libs.messages.private import PrivateRecord
from libs.messages.receipts import Outcome, Unreadability
from libs.messages.streams import stream_id
from libs.messages.upstream import (
    ContractSubmitted,
    ContractUpstream,
    CustomerSubmitted,
    PersonErasureOrdered,
    PlanPartSubmitted,
)
from services.contract.contracts import ActivateContract
from services.contract.customers import ErasePerson, SubmitCustomer
from services.contract.facts import ContractFacts
from services.contract.plan_parts import EVER, PublishPart, stream_of_publication

LARGEST = 256 * 1024  # bytes: a part of the plan may double on its way into the log, which takes a megabyte
Command = SubmitCustomer | ErasePerson | ActivateContract | PublishPart


def read(record: Record) -> Message[ContractUpstream]:
    """Parse a record; raises Unreadable."""
    if len(record.value or b"") > LARGEST:
        raise Unreadable(Unreadability.TOO_LARGE, WHOLE, f"the value is larger than {LARGEST} bytes")
    return parse(record.value, record.headers, UPSTREAM[CONTRACTS_DOOR])


def stream_of(message: Message[ContractUpstream]) -> str:
    """Name the stream that a message is about."""
    said = message.data
    match said:
        case CustomerSubmitted():
            return stream_id("customer", message.source, message.subject)
        case ContractSubmitted():
            return stream_id("contract", message.source, message.subject)
        case PersonErasureOrdered(customer=customer):
            return customer
        case PlanPartSubmitted(publication=publication):
            return stream_of_publication(publication)
        case _:
            assert_never(said)


def facts_needed(message: Message[ContractUpstream]) -> str | None:
    """The customer that the decision rests on, for the query `facts_for_contracts`; None where it rests on none."""
    match message.data:
        case ContractSubmitted(customer=customer):
            return customer
        case CustomerSubmitted() | PersonErasureOrdered() | PlanPartSubmitted():
            return None
        case _:
            assert_never(message.data)


def resting(message: Message[ContractUpstream]) -> Resting:
    """What a message says something about, and what its decision rests on beside its own stream."""
    about = frozenset({stream_of(message)})
    match message.data:
        case ContractSubmitted(customer=customer):
            return Resting(about, frozenset({customer, PLAN}))
        case CustomerSubmitted():
            return Resting(about, frozenset({PLAN}))
        case PlanPartSubmitted():
            return Resting(about | {PLAN})
        case PersonErasureOrdered():
            return Resting(about)
        case _:
            assert_never(message.data)


def personal(record: Record, message: Message[ContractUpstream]) -> Personal | None:
    """What is personal in a message; it goes to the private topic and nowhere else."""
    match message.data:
        case CustomerSubmitted(contact=contact, organisation=organisation):
            content = PrivateRecord(
                organisation=organisation, name=contact.name, email=contact.email, phone=contact.phone
            )
            return Personal(private_key(record, contact.person), content)
        case ContractSubmitted() | PersonErasureOrdered() | PlanPartSubmitted():
            return None
        case _:
            assert_never(message.data)


def command_of(
    record: Record, message: Message[ContractUpstream], facts: ContractFacts, now: datetime = EVER
) -> IssuedCommand:
    """Make the issued command of a message that is read now."""
    stream = stream_of(message)
    return issued_at_door(message, stream, _command(record, message, facts, now))


def outcome_of(event: ContractsEvent | PlanEvent) -> Outcome:
    """The outcome of a message, from its counting event."""
    match event:
        case CustomerRefused() | PersonErasureRefused() | ContractRefused() | PlanPartRefused() | TzDatabaseRefused():
            return Outcome.REFUSED
        case CustomerRegistered() | CustomerChanged() | PersonErased() | ContractActivated():
            return Outcome.ACCEPTED
        case ContractLapsed() | ContractContinued():
            return Outcome.ACCEPTED
        case CentreCalendarPublished() | TargetsPublished() | PriceListPublished() | ProductVersionsPublished():
            return Outcome.ACCEPTED
        case NoticeOffsetsPublished() | TzDatabasePublished():
            return Outcome.ACCEPTED
        case SignatureRefused() | LicenceRefused():
            return Outcome.REFUSED
        case RemindersChosen() | LicenceRegistered() | LicenceOptionsAdded():
            return Outcome.ACCEPTED
        case RenewalOffered() | RenewalReminded() | RenewalReminderSkipped() | ContractRenewed():
            return Outcome.ACCEPTED
        case ContractResubscribed() | ResubscriptionUndone() | FirstTermNotBegun() | EntitlementsChanged():
            return Outcome.ACCEPTED
        case _:
            assert_never(event)


def _command(record: Record, message: Message[ContractUpstream], facts: ContractFacts, now: datetime) -> Command:
    said, at = message.data, message.time
    match said:
        case CustomerSubmitted():
            return SubmitCustomer(
                occurred_at=at,
                country=said.country,
                centre=said.centre,
                language=said.language,
                contact=said.contact.person,
                private=private_key(record, said.contact.person),
                reseller=said.reseller,
                centres=facts.centres,
            )
        case ContractSubmitted():
            customer = facts.customer(said.customer)
            return ActivateContract(
                occurred_at=at,
                customer=said.customer,
                licence=said.licence,
                licence_kind=said.licence_kind,
                products=said.products,
                first_day=said.first_day,
                last_day=said.last_day,
                known_customer=customer,
                centre=facts.centre(customer.centre) if customer else None,
                known_products=facts.products.intersection(said.products),
            )
        case PersonErasureOrdered():
            return ErasePerson(at, said.person, said.by)
        case PlanPartSubmitted():
            return PublishPart(at, said.publication, now)
        case _:
            assert_never(said)
