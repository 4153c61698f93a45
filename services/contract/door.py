"""From a record at the door to an issued command about a customer, licence or contract, or a part of the plan."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, assert_never

from libs.eventlog.commands import IssuedCommand, issued_at_door
from libs.eventlog.errors import Unreadable
from libs.eventlog.loops.fact_waves import Resting
from libs.eventlog.wire.cloudevents import Message, parse
from libs.eventlog.wire.field_errors import WHOLE
from libs.eventlog.wire.private import Personal, private_key
from libs.eventlog.wire.record import Record
from libs.messages import contracts
from libs.messages.catalogue import CONTRACTS_DOOR, PLAN, UPSTREAM, ContractsEvent
from libs.messages.contracts import (
    ContractActivated,
    ContractContinued,
    ContractLapsed,
    ContractRefused,
    ContractRenewed,
    ContractResubscribed,
    CustomerChanged,
    CustomerContact,
    CustomerRefused,
    CustomerRegistered,
    PersonErased,
    PersonErasureRefused,
    RenewalOffered,
    RenewalReminded,
    RenewalReminderSkipped,
    ResubscriptionUndone,
    SignatureRefused,
    TermBegan,
)
from libs.messages.entitlements import EntitlementsChanged
from libs.messages.licences import (
    FirstTermNotBegun,
    LicenceKind,
    LicenceOptionsAdded,
    LicenceRefused,
    LicenceRegistered,
    Payment,
)
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
    ContactPerson,
    ContractSubmitted,
    ContractUpstream,
    CustomerSubmitted,
    LicencePurchased,
    OptionsAdded,
    PersonErasureOrdered,
    PlanPartSubmitted,
    RemindersChosen,
    RenewalSigned,
    ResubscriptionSigned,
)
from libs.plan import Term
from services.contract.contracts import ActivateContract
from services.contract.customers import ChooseReminders, ErasePerson, SubmitCustomer
from services.contract.facts import ContractFacts
from services.contract.licences import AddOptions, BuyLicence, Care
from services.contract.plan_parts import PublishPart, stream_of_publication
from services.contract.renewals import SignRenewal
from services.contract.resubscriptions import SignResubscription

LARGEST = 256 * 1024  # bytes: a part of the plan may double on its way into the log, which takes a megabyte
Command = (
    SubmitCustomer
    | ChooseReminders
    | ErasePerson
    | BuyLicence
    | AddOptions
    | ActivateContract
    | SignRenewal
    | SignResubscription
    | PublishPart
)


class FactsNeeded(NamedTuple):
    """What a decision rests on, by the parameters of the query `facts_for_contracts`."""

    customer: str | None = None
    contract: str | None = None
    """Whose licence is priced."""
    number: str | None = None
    """The contract that is to begin: whether it is there."""


def read(record: Record) -> Message[ContractUpstream]:
    """Parse a record; raises Unreadable."""
    if len(record.value or b"") > LARGEST:
        raise Unreadable(Unreadability.TOO_LARGE, WHOLE, f"the value is larger than {LARGEST} bytes")
    return parse(record.value, record.headers, UPSTREAM[CONTRACTS_DOOR])


def stream_of(message: Message[ContractUpstream]) -> str:
    """Name the stream that a message is about."""
    said = message.data
    match said:
        case CustomerSubmitted() | RemindersChosen():
            return stream_id("customer", message.source, message.subject)
        case LicencePurchased() | OptionsAdded():
            return stream_id("licence", message.source, message.subject)
        case ContractSubmitted() | RenewalSigned() | ResubscriptionSigned():
            return stream_id("contract", message.source, message.subject)
        case PersonErasureOrdered(customer=customer):
            return customer
        case PlanPartSubmitted(publication=publication):
            return stream_of_publication(publication)
        case _:
            assert_never(said)


def facts_needed(message: Message[ContractUpstream]) -> FactsNeeded | None:
    """The facts that the decision rests on beside the plan; None where it rests on none."""
    match message.data:
        case ContractSubmitted(customer=customer):
            return FactsNeeded(customer=customer)
        case LicencePurchased(customer=customer):
            return FactsNeeded(customer=customer, number=_first_contract(message, message.data))
        case RenewalSigned():
            return FactsNeeded(contract=stream_of(message))
        case ResubscriptionSigned():
            return FactsNeeded(contract=stream_of(message), number=_successor(message, message.data))
        case CustomerSubmitted() | RemindersChosen() | OptionsAdded() | PersonErasureOrdered() | PlanPartSubmitted():
            return None
        case _:
            assert_never(message.data)


def resting(message: Message[ContractUpstream]) -> Resting:
    """What a message says something about, and what its decision rests on beside its own stream."""
    about = frozenset({stream_of(message)})
    match message.data:
        case ContractSubmitted(customer=customer):
            return Resting(about, frozenset({customer, PLAN}))
        case LicencePurchased(customer=customer):
            begins = _first_contract(message, message.data)
            return Resting(about | {begins, LICENCES}, frozenset({customer, begins, PLAN}))
        case ResubscriptionSigned():
            begins = _successor(message, message.data)
            return Resting(about | {begins}, frozenset({begins, LICENCES, PLAN}) | about)
        case RenewalSigned():
            return Resting(about, frozenset({LICENCES, PLAN}) | about)
        case OptionsAdded():
            return Resting(about | {LICENCES})
        case CustomerSubmitted():
            return Resting(about, frozenset({PLAN}))
        case PlanPartSubmitted():
            return Resting(about | {PLAN})
        case RemindersChosen() | PersonErasureOrdered():
            return Resting(about)
        case _:
            assert_never(message.data)


LICENCES = "licences"
"""What is said of a licence may change the price of any contract: which is its own is known to the tables alone."""


def _first_contract(message: Message[ContractUpstream], said: LicencePurchased) -> str:
    number = said.care.contract if said.care else None
    return stream_id("contract", message.source, number or message.subject)


def _successor(message: Message[ContractUpstream], said: ResubscriptionSigned) -> str:
    return stream_id("contract", message.source, said.contract)


def personal(record: Record, message: Message[ContractUpstream]) -> Sequence[Personal]:
    """What is personal in a message, by person; it goes to the private topic and nowhere else."""
    match message.data:
        case CustomerSubmitted() as said:
            people = [*(other.contact for other in reversed(said.others)), said.contact]
            found = {person.person: _record_of(said.organisation, person) for person in people}
            return [Personal(private_key(record, person), content) for person, content in found.items()]
        case ContractSubmitted() | LicencePurchased() | OptionsAdded() | RenewalSigned() | ResubscriptionSigned():
            return ()
        case RemindersChosen() | PersonErasureOrdered() | PlanPartSubmitted():
            return ()
        case _:
            assert_never(message.data)


def _record_of(organisation: str, person: ContactPerson) -> PrivateRecord:
    return PrivateRecord(organisation=organisation, name=person.name, email=person.email, phone=person.phone)


class DecisionSettings(NamedTuple):
    """What is decided with beside message and facts."""

    now: datetime
    """When it is read."""
    grace: timedelta
    """How late a signature may be told of."""
    told_at: datetime
    """When it came to the door, however late it is read there."""


def command_of(
    record: Record, message: Message[ContractUpstream], facts: ContractFacts, settings: DecisionSettings
) -> IssuedCommand:
    """Make the issued command of a message."""
    stream = stream_of(message)
    return issued_at_door(message, stream, _command(record, message, facts, settings))


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
        case contracts.RemindersChosen() | LicenceRegistered() | LicenceOptionsAdded():
            return Outcome.ACCEPTED
        case TermBegan() | RenewalOffered() | RenewalReminded() | RenewalReminderSkipped() | ContractRenewed():
            return Outcome.ACCEPTED
        case ContractResubscribed() | ResubscriptionUndone() | FirstTermNotBegun() | EntitlementsChanged():
            return Outcome.ACCEPTED
        case _:
            assert_never(event)


def _command(
    record: Record, message: Message[ContractUpstream], facts: ContractFacts, settings: DecisionSettings
) -> Command:
    said, at, stream = message.data, message.time, stream_of(message)
    match said:
        case CustomerSubmitted():
            return _submit(record, said, at, facts)
        case RemindersChosen():
            return ChooseReminders(at, said.wanted)
        case LicencePurchased():
            return _buy(message, said, facts, settings)
        case OptionsAdded():
            return AddOptions(at, said.options, said.added_value, said.currency, said.added_on)
        case ContractSubmitted():
            return _activate(said, at, facts)
        case RenewalSigned():
            return SignRenewal(
                occurred_at=at,
                contract=stream,
                signed_on=said.signed_on,
                payment=said.payment,
                now=settings.now,
                told_at=settings.told_at,
                grace=settings.grace,
                licence=facts.licence_of(stream),
                price_lists=facts.price_lists,
            )
        case ResubscriptionSigned():
            successor = _successor(message, said)
            return SignResubscription(
                occurred_at=at,
                contract=stream,
                successor=successor,
                successor_is_there=successor in facts.contracts,
                signed_on=said.signed_on,
                first_day=said.first_day,
                payment=said.payment,
                now=settings.now,
                licence=facts.licence_of(stream),
                price_lists=facts.price_lists,
            )
        case PersonErasureOrdered():
            return ErasePerson(at, said.person, said.by)
        case PlanPartSubmitted():
            return PublishPart(at, said.publication, settings.now, said.rehearsal)
        case _:
            assert_never(said)


def _submit(record: Record, said: CustomerSubmitted, at: datetime, facts: ContractFacts) -> SubmitCustomer:
    return SubmitCustomer(
        occurred_at=at,
        country=said.country,
        centre=said.centre,
        language=said.language,
        contact=said.contact.person,
        private=private_key(record, said.contact.person),
        reseller=said.reseller,
        centres=facts.centres,
        regional_team=said.regional_team,
        others=tuple(
            CustomerContact(
                role=other.role, contact=other.contact.person, private=private_key(record, other.contact.person)
            )
            for other in said.others
        ),
    )


def _buy(
    message: Message[ContractUpstream], said: LicencePurchased, facts: ContractFacts, settings: DecisionSettings
) -> BuyLicence:
    customer, contract = facts.customer(said.customer), _first_contract(message, said)
    period = said.period
    is_span = period is not None and period.first_day <= period.last_day
    return BuyLicence(
        occurred_at=message.time,
        licence=stream_of(message),
        customer=said.customer,
        licence_kind=said.licence_kind,
        products=said.products,
        options=said.options,
        list_value=said.list_value,
        currency=said.currency,
        purchased_on=said.purchased_on,
        care=_care(said, contract),
        period=_period(said) if is_span else None,
        ends_before_it_begins=period is not None and not is_span,
        contract_is_there=contract in facts.contracts,
        now=settings.now,
        known_customer=customer,
        centre=facts.centre(customer.centre) if customer else None,
        known_products=facts.products.intersection(said.products),
        price_lists=facts.price_lists,
    )


def _care(said: LicencePurchased, contract: str) -> Care | None:
    """A subscription licence includes it, ordered or not."""
    if said.care is None:
        included = said.licence_kind is LicenceKind.SUBSCRIPTION
        return Care(contract, said.purchased_on, Payment.YEARLY) if included else None
    return Care(contract, said.care.first_day or said.purchased_on, said.care.payment)


def _period(said: LicencePurchased) -> Term | None:
    """Of a perpetual licence the year is the plan's, whatever days are said."""
    if said.period is None or said.licence_kind is LicenceKind.PERPETUAL:
        return None
    return Term(said.period.first_day, said.period.last_day)


def _activate(said: ContractSubmitted, at: datetime, facts: ContractFacts) -> ActivateContract:
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
