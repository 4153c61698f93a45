"""Facts of licences (streams `licence/…`), written by contract: what was bought, and the term that began with it."""

from enum import StrEnum

from libs.messages.base import Code, ContractId, CustomerId, Day, Event, FactVersion, Instant, OpenCode, Value, Zone
from libs.messages.clauses import Clause
from libs.messages.money import Amount, Currency, Price


class LicenceKind(StrEnum):
    """« licence perpétuelle » or « licence d'abonnement »."""

    PERPETUAL = "perpetual"
    SUBSCRIPTION = "subscription"


class Payment(StrEnum):
    """How somebody wants to pay; only by the year is there anything to buy (« un programme annuel »)."""

    YEARLY = "yearly"
    MONTHLY = "monthly"
    PER_CALL = "per-call"


class LicenceRefusal(OpenCode):
    """Why a purchase, or options added to one, were not taken."""

    UNKNOWN_CUSTOMER = "unknown-customer"
    UNKNOWN_CENTRE = "unknown-centre"
    UNKNOWN_PRODUCT = "unknown-product"
    CARE_IS_COMPULSORY = "care-is-compulsory"
    """A perpetual licence bought without OL Care."""
    NOT_BY_THE_MONTH = "not-by-the-month"
    NOT_BY_THE_CALL = "not-by-the-call"
    NO_PERIOD = "no-period"
    """A subscription licence without the days that it is bought for."""
    TERM_ENDS_BEFORE_IT_BEGINS = "term-ends-before-it-begins"
    BEGINS_WITH_PURCHASE = "begins-with-purchase"
    """OL Care begins on the day of the purchase, or within a year of it."""
    NO_PRICE_LIST = "no-price-list"
    """None of the currency is in force on the day of the purchase."""
    BOUGHT_IN_FUTURE = "bought-in-future"
    ALREADY_REGISTERED = "already-registered"
    UNKNOWN_LICENCE = "unknown-licence"
    OTHER_CURRENCY = "other-currency"
    VALUE_TOO_LARGE = "value-too-large"
    CONTRACT_NUMBER_IN_USE = "contract-number-in-use"
    ID_USED_OTHERWISE = "id-used-otherwise"


class FirstTerm(Value):
    """The term that begins with a licence, or with a re-subscription."""

    contract: ContractId
    centre: Code
    zone: Zone
    """The zone of the centre, in which the term's days are counted."""
    first_day: Day
    last_day: Day
    covered_from: Instant
    covered_until: Instant
    """The end of `last_day` in `zone`; this instant itself is not covered."""
    price: Price | None = None
    """None for a subscription licence, which includes it, and where nothing is known that could be priced."""


class LicenceRegistered(Event):
    """A licence was bought, and OL Care with it: its first term begins in the same act."""

    registered_at: Instant
    customer: CustomerId
    licence_kind: LicenceKind
    products: tuple[Code, ...]
    options: tuple[Code, ...] = ()
    list_value: Amount
    """The total list value, options included."""
    currency: Currency
    purchased_on: Day
    first_term: FirstTerm
    rests_on: tuple[FactVersion, ...] = ()


class LicenceOptionsAdded(Event):
    """Options were bought for a licence; they are priced with it at the next renewal."""

    added_at: Instant
    added_on: Day
    options: tuple[Code, ...]
    added_value: Amount
    list_value: Amount
    """The total list value from now on."""


class LicenceRefused(Event):
    """A purchase, or options, that were not taken, and why."""

    refused_at: Instant
    customer: CustomerId | None = None
    reason: LicenceRefusal
    clause: Clause | None = None
    rests_on: tuple[FactVersion, ...] = ()


class FirstTermNotBegun(Event):
    """The contract of a licence did not begin: its number had been given to another one meanwhile."""

    contract: ContractId
    refused_at: Instant


LicenceEvent = LicenceRegistered | LicenceOptionsAdded | LicenceRefused | FirstTermNotBegun
