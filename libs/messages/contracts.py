"""Facts of customers and their support contracts (streams `customer/…`, `contract/…`), written by contract."""

from enum import StrEnum

from libs.messages.base import (
    Code,
    ContractId,
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
    Zone,
)
from libs.messages.clauses import Clause


class LicenceKind(StrEnum):
    """« licence perpétuelle » or « licence d'abonnement »."""

    PERPETUAL = "perpetual"
    SUBSCRIPTION = "subscription"


class CustomerRefusal(OpenCode):
    """Why a customer was not registered or changed."""

    NO_CENTRE_FOR_COUNTRY = "no-centre-for-country"
    UNKNOWN_CENTRE = "unknown-centre"
    CENTRE_IS_FIXED = "centre-is-fixed"
    NOTHING_CHANGED = "nothing-changed"
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


class ErasureRefusal(OpenCode):
    """Why a person was not erased."""

    UNKNOWN_CUSTOMER = "unknown-customer"
    ALREADY_ERASED = "already-erased"
    ID_USED_OTHERWISE = "id-used-otherwise"


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
    rests_on: tuple[FactVersion, ...] = ()


class CustomerChanged(Event):
    """The customer as it stands from now on; the home centre stays."""

    changed_at: Instant
    country: Country
    language: Language
    contact: PersonId
    private: PrivateKey
    reseller: Reference | None = None


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
    rests_on: tuple[FactVersion, ...] = ()


class ContractRefused(Event):
    """A contract that was not activated."""

    refused_at: Instant
    customer: CustomerId
    reason: ContractRefusal
    clause: Clause | None = None
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


CustomerEvent = CustomerRegistered | CustomerChanged | CustomerRefused | PersonErased | PersonErasureRefused
ContractEvent = ContractActivated | ContractRefused | ContractLapsed | ContractContinued
