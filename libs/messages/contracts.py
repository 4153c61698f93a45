"""Facts of customers and their support contracts (streams `customer/…`, `contract/…`), written by contract."""

from libs.messages.base import (
    Code,
    ContractId,
    Count,
    Country,
    CustomerId,
    Day,
    Event,
    FactVersion,
    Instant,
    Language,
    LicenceId,
    OpenCode,
    PersonId,
    PrivateKey,
    Reference,
    StreamId,
    Value,
    Zone,
)
from libs.messages.clauses import Clause
from libs.messages.licences import FirstTerm, LicenceKind
from libs.messages.money import Price


class CustomerRefusal(OpenCode):
    """Why a customer was not registered or changed."""

    NO_CENTRE_FOR_COUNTRY = "no-centre-for-country"
    UNKNOWN_CENTRE = "unknown-centre"
    CENTRE_IS_FIXED = "centre-is-fixed"
    NOTHING_CHANGED = "nothing-changed"
    UNKNOWN_CUSTOMER = "unknown-customer"
    """Whose wishes are not taken as long as nobody has registered it."""
    ID_USED_OTHERWISE = "id-used-otherwise"


class ContractRefusal(OpenCode):
    """Why a contract was not activated."""

    UNKNOWN_CUSTOMER = "unknown-customer"
    UNKNOWN_PRODUCT = "unknown-product"
    ALREADY_ACTIVE = "already-active"
    ALREADY_LAPSED = "already-lapsed"
    ALREADY_CONTINUED = "already-continued"
    TERM_IS_NOT_A_YEAR = "term-is-not-a-year"
    TERM_ENDS_BEFORE_IT_BEGINS = "term-ends-before-it-begins"
    UNKNOWN_CENTRE = "unknown-centre"
    ID_USED_OTHERWISE = "id-used-otherwise"


class SignatureRefusal(OpenCode):
    """Why a signature neither renews a contract nor takes OL Care up again."""

    UNKNOWN_CONTRACT = "unknown-contract"
    ALREADY_RENEWED = "already-renewed"
    """The next term is signed, and has not begun."""
    LAPSED = "lapsed"
    """Signed after the last day: only a re-subscription brings cover back."""
    RECORDED_TOO_LATE = "recorded-too-late"
    """Signed in time, and told of so late that the lapse stays."""
    RESUBSCRIBED = "resubscribed"
    """The contract was taken up again, by another one."""
    NOT_LAPSED = "not-lapsed"
    """There is nothing to take up again: the term still runs."""
    SUBSCRIPTION_INCLUDES_CARE = "subscription-includes-care"
    SIGNED_IN_FUTURE = "signed-in-future"
    SIGNED_BEFORE_TERM = "signed-before-term"
    """Before the term began that it is to follow."""
    BEGINS_WITH_SIGNATURE = "begins-with-signature"
    """OL Care begins again on the day of the signature, or within a year of it."""
    CONTRACT_NUMBER_IN_USE = "contract-number-in-use"
    NOT_BY_THE_MONTH = "not-by-the-month"
    NOT_BY_THE_CALL = "not-by-the-call"
    ID_USED_OTHERWISE = "id-used-otherwise"


class ErasureRefusal(OpenCode):
    """Why a person was not erased."""

    UNKNOWN_CUSTOMER = "unknown-customer"
    ALREADY_ERASED = "already-erased"
    ID_USED_OTHERWISE = "id-used-otherwise"


class ContactRole(OpenCode):
    """What somebody at the customer's is written to about."""

    RENEWALS = "renewals"
    """Offers, reminders and lapses."""
    TECHNICAL = "technical"


class CustomerContact(Value):
    """Somebody at the customer's beside its main contact."""

    role: ContactRole
    contact: PersonId
    private: PrivateKey
    """Where the name and the address stand."""


class CustomerRegistered(Event):
    """A customer with a home centre and somebody to write to."""

    registered_at: Instant
    country: Country
    centre: Code
    """The home centre, fixed from now on."""
    language: Language
    contact: PersonId
    private: PrivateKey
    """Where the names and the address stand."""
    reseller: Reference | None = None
    regional_team: Code | None = None
    """The centre whose « équipe OL Care » helps with renewals, where it is not the home centre."""
    others: tuple[CustomerContact, ...] = ()
    rests_on: tuple[FactVersion, ...] = ()


class CustomerChanged(Event):
    """The customer as it stands from now on; the home centre stays."""

    changed_at: Instant
    country: Country
    language: Language
    contact: PersonId
    private: PrivateKey
    reseller: Reference | None = None
    regional_team: Code | None = None
    others: tuple[CustomerContact, ...] = ()


class RemindersChosen(Event):
    """Whether the customer is reminded of renewals from now on; offers and lapses are always told."""

    chosen_at: Instant
    wanted: bool


class CustomerRefused(Event):
    """A customer that could not be registered or changed."""

    refused_at: Instant
    reason: CustomerRefusal
    clause: Clause | None = None
    rests_on: tuple[FactVersion, ...] = ()


class PersonErased(Event):
    """Everything private about this person is to go, for ever and in every reader."""

    person: PersonId
    erased_at: Instant
    by: Reference
    """Who ordered it."""


class PersonErasureRefused(Event):
    """An erasure that had nothing to erase."""

    person: PersonId
    refused_at: Instant
    by: Reference
    reason: ErasureRefusal


class TermKind(OpenCode):
    """How a contract began."""

    FIRST_YEAR = "first-year"
    """With the purchase of a perpetual licence."""
    SUBSCRIPTION = "subscription"
    """Included in a subscription licence."""
    RESUBSCRIPTION = "resubscription"


class ContractActivated(Event):
    """A term of support begins; whoever opens a ticket within it is covered."""

    activated_at: Instant
    customer: CustomerId
    licence: LicenceId
    licence_kind: LicenceKind
    products: tuple[Code, ...]
    centre: Code
    zone: Zone
    """The zone of the centre, in which the term's days are counted."""
    first_day: Day
    last_day: Day
    """The last covered local day, itself included."""
    covered_from: Instant
    covered_until: Instant
    """The end of `last_day` in `zone`; this instant itself is not covered."""
    term_kind: TermKind | None = None
    """None where the contract was submitted as it stood."""
    price: Price | None = None
    follows: ContractId | None = None
    """The lapsed contract that this one takes up again."""
    rests_on: tuple[FactVersion, ...] = ()


class TermBegan(Event):
    """The first day of a contract has come: what cover opens is open from now on."""

    contract: ContractId
    customer: CustomerId
    products: tuple[Code, ...]
    began_at: Instant
    """The contract's `covered_from`."""
    covered_until: Instant
    detected_at: Instant


class RenewalOffered(Event):
    """« le formulaire de renouvellement »: the next term with its price, binding until the last day."""

    contract: ContractId
    customer: CustomerId
    licence: LicenceId
    products: tuple[Code, ...]
    centre: Code
    zone: Zone
    form: Code
    """The number of the form: `renewal-2` for the second term."""
    last_day: Day
    """The last day on which it may be signed: that of the term that runs."""
    first_day: Day
    """The first day of the term that is offered."""
    next_last_day: Day
    """Its last day."""
    price: Price | None = None
    """None where nothing is known that could be priced: whoever helps says the price."""
    due_at: Instant
    """The beginning of the local day on which it was to be offered."""
    mail_at: Instant
    """When the mail leaves: the next opening of the centre."""
    detected_at: Instant
    rests_on: tuple[FactVersion, ...] = ()


class RenewalReminded(Event):
    """The customer is reminded of the offer."""

    contract: ContractId
    customer: CustomerId
    centre: Code
    zone: Zone
    form: Code
    last_day: Day
    days_before: Count
    """Local days from the day of the reminder to the last one."""
    price: Price | None = None
    """As offered."""
    due_at: Instant
    mail_at: Instant
    detected_at: Instant


class ReminderSkip(OpenCode):
    """Why a reminder is not sent."""

    LATER_ONE_DUE = "later-one-due"
    """Several were due at once, after a standstill: only the latest is sent."""
    BEFORE_CONTRACT = "before-contract"
    """Its day had passed when the contract became known."""
    NOT_WANTED = "not-wanted"


class RenewalReminderSkipped(Event):
    """A reminder that is not sent, and why."""

    contract: ContractId
    customer: CustomerId
    last_day: Day
    days_before: Count
    due_at: Instant
    reason: ReminderSkip
    detected_at: Instant


class ContractRenewed(Event):
    """The next term was signed for on or before the last day: cover goes on without a gap."""

    renewed_at: Instant
    contract: ContractId
    customer: CustomerId
    licence: LicenceId
    products: tuple[Code, ...]
    centre: Code
    zone: Zone
    number: Count
    """Which term it is, from 1; this is 2 or more."""
    signed_on: Day
    """The local day of the signature, which decides."""
    first_day: Day
    last_day: Day
    covered_from: Instant
    covered_until: Instant
    price: Price | None = None
    reverses_lapse_at: Instant | None = None
    """Recorded after the contract had lapsed at this instant: there was no lapse after all."""
    rests_on: tuple[FactVersion, ...] = ()


class SignatureRefused(Event):
    """A signature that changes nothing, and why."""

    refused_at: Instant
    contract: ContractId
    customer: CustomerId | None = None
    signed_on: Day
    reason: SignatureRefusal
    clause: Clause | None = None
    rests_on: tuple[FactVersion, ...] = ()


class ContractResubscribed(Event):
    """OL Care was taken up again after the lapse: another contract begins, and the gap stays uncovered."""

    resubscribed_at: Instant
    contract: ContractId
    customer: CustomerId
    licence: LicenceId
    licence_kind: LicenceKind
    products: tuple[Code, ...]
    signed_on: Day
    term: FirstTerm
    rests_on: tuple[FactVersion, ...] = ()


class ResubscriptionUndone(Event):
    """The new contract did not begin: its number had been given to another one meanwhile."""

    contract: ContractId
    successor: ContractId
    undone_at: Instant


class ContractRefused(Event):
    """A contract that was not activated."""

    refused_at: Instant
    customer: CustomerId
    reason: ContractRefusal
    clause: Clause | None = None
    asked_by: StreamId | None = None
    """The licence, or the lapsed contract, that was to begin it."""
    rests_on: tuple[FactVersion, ...] = ()


class ContractLapsed(Event):
    """The term ended without a new one (« il vous suffit de ne pas signer »)."""

    contract: ContractId
    customer: CustomerId
    centre: Code
    last_day: Day
    lapsed_at: Instant
    """The end of `last_day`: the contract's `covered_until`."""
    detected_at: Instant
    """When it was noticed."""
    licence_kind: LicenceKind | None = None
    """A subscription licence ended, and OL Care with it; None in what was written before."""
    zone: Zone | None = None
    mail_at: Instant | None = None
    """When the mail leaves: the next opening of the centre."""
    price_to_return: Price | None = None
    """What a re-subscription costs on the day after."""


class ContractContinued(Event):
    """The term ended, and another one of the same licence goes on: it never lapses."""

    contract: ContractId
    customer: CustomerId
    centre: Code
    last_day: Day
    ended_at: Instant
    """The end of `last_day`: the contract's `covered_until`."""
    continued_by: ContractId
    """The contract with the term that follows."""
    detected_at: Instant
    """When it was noticed."""


CustomerEvent = (
    CustomerRegistered | CustomerChanged | RemindersChosen | CustomerRefused | PersonErased | PersonErasureRefused
)
ContractEvent = (
    ContractActivated
    | ContractRefused
    | TermBegan
    | RenewalOffered
    | RenewalReminded
    | RenewalReminderSkipped
    | ContractRenewed
    | SignatureRefused
    | ContractResubscribed
    | ResubscriptionUndone
    | ContractLapsed
    | ContractContinued
)
