"""The published plan, written by contract.

Its streams are `calendar/…`, `targets/…`, `prices/…`, `versions/…`, `reminders/…` and `tz/…`.
Texts here are the plan's own, published to everybody; nothing in them is about a customer.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from libs.messages.base import (
    INVISIBLE,
    ONLY_NUMBERS,
    Code,
    Country,
    Day,
    Digest,
    Event,
    Instant,
    Language,
    OpenCode,
    PhoneNumber,
    PlanVersion,
    ProductVersion,
    TzVersion,
    Value,
    Zone,
)
from libs.messages.money import BasisPoints, Currency

PrintedText = Annotated[str, StringConstraints(pattern=rf"^[^{INVISIBLE}]*$", min_length=1, max_length=200)]
"""A text of the published plan as printed."""
MailboxAddress = Annotated[str, StringConstraints(pattern=r"^[a-z0-9._-]+@[a-z0-9.-]+$", max_length=100)]
"""The shared mailbox of a centre, never of a person."""
LocalTime = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|24:00)$")]
"""Local time of day, `09:00`; `24:00` ends a day."""
Percent = Annotated[int, Field(ge=1, le=99), ONLY_NUMBERS]


def _ascending(percents: tuple[int, ...]) -> tuple[int, ...]:
    if list(percents) != sorted(set(percents)):
        raise ValueError("shares stand in ascending order, each once")
    return percents


WorkingSeconds = Annotated[int, Field(gt=0, le=366 * 86_400), ONLY_NUMBERS]
"""Working time; nothing can be promised within none, and no calendar is searched for more than a year of it."""
DaysBefore = Annotated[int, Field(ge=1, le=366), ONLY_NUMBERS]
"""Local days before the last covered one."""
OffsetSeconds = Annotated[int, Field(gt=-86_400, lt=86_400), ONLY_NUMBERS]
"""Local time less UTC."""


class Status(StrEnum):
    """How well a statement of the plan is known."""

    CONFIRMED = "confirmed"
    ESTIMATED = "estimated"
    ASSUMPTION = "assumption"


class PlanPart(StrEnum):
    """What is published and versioned on its own."""

    CALENDAR = "calendar"
    TARGETS = "targets"
    PRICES = "prices"
    VERSIONS = "versions"
    REMINDERS = "reminders"


class PlanRefusal(OpenCode):
    """Why a plan part was not published."""

    OLDER_VERSION = "older-version"
    IMPLAUSIBLE_VERSION = "implausible-version"
    """So far above the one in force that none could follow; of the tz database, of a year that has not come."""
    SAME_VERSION_OTHER_CONTENT = "same-version-other-content"
    ALREADY_PUBLISHED = "already-published"
    EMPTY_CALENDAR = "empty-calendar"
    UNKNOWN_ZONE = "unknown-zone"
    HOURS_OVERLAP = "hours-overlap"
    TOO_MANY_HOURS = "too-many-hours"
    """More than can be laid out whenever a deadline is reckoned."""
    DAY_OUTSIDE_PUBLICATION = "day-outside-publication"
    RESUBSCRIPTION_NOT_DEARER = "resubscription-not-dearer"
    UNKNOWN_CURRENCY = "unknown-currency"
    """ISO 4217 has no such currency, or not as one that is paid with."""
    OTHER_MINOR_DIGITS = "other-minor-digits"
    """Than ISO 4217 has for the currency."""
    NO_TARGET = "no-target"
    """Nothing would be promised on any channel."""
    REMINDERS_OUT_OF_ORDER = "reminders-out-of-order"
    OFFSETS_OUT_OF_ORDER = "offsets-out-of-order"
    ID_USED_OTHERWISE = "id-used-otherwise"


class CentrePhone(Value):
    """A telephone number of a centre."""

    number: PhoneNumber
    printed: PrintedText


class WeeklyWindow(Value):
    """Opening hours on one weekday: half-open, `[opens, closes)` in the centre's civil time."""

    weekday: Annotated[int, Field(ge=1, le=7), ONLY_NUMBERS]
    """1 is Monday."""
    opens: LocalTime
    closes: LocalTime


class Closure(Value):
    """A local day without opening hours, or a part of it (« sauf les jours fériés »)."""

    day: Day
    name: PrintedText
    status: Status
    closed_from: LocalTime | None = None
    """Both set: closed from here …"""
    closed_to: LocalTime | None = None
    """… to here; else the whole day."""
    note: PrintedText | None = None
    """What an assumption rests on."""


class ExtraOpening(Value):
    """Opening hours beside the weekly ones."""

    day: Day
    opens: LocalTime
    closes: LocalTime


class CentreCalendar(Value):
    """One of the centres and its opening hours."""

    centre: Code
    version: PlanVersion
    printed_name: PrintedText
    printed_hours: PrintedText
    zone: Zone
    zone_status: Status
    phones: tuple[CentrePhone, ...]
    language: Language
    countries: tuple[Country, ...]
    """Countries whose customers have their home centre here."""
    currency: Currency
    mailbox: MailboxAddress
    mailbox_status: Status
    weekly: tuple[WeeklyWindow, ...]
    closures: tuple[Closure, ...]
    extra_openings: tuple[ExtraOpening, ...] = ()
    first_day: Day
    """Opening hours are published from this local day …"""
    last_day: Day
    """… to this one; no promise reaches beyond."""


class ChannelTargets(Value):
    """Working time within which a first response is promised, by channel; None where nothing is promised on it."""

    phone_seconds: WorkingSeconds | None = None
    """« Téléphone : En 2 heures »: 7 200."""
    email_seconds: WorkingSeconds | None = None
    """« Courriel ou Web : En 4 heures »: 14 400."""
    web_seconds: WorkingSeconds | None = None


class CycleTargets(Value):
    """Working time for what is measured cycle by cycle; what has none here is measured without a target."""

    next_response_seconds: WorkingSeconds | None = None
    resolution_seconds: WorkingSeconds | None = None
    periodic_update_seconds: WorkingSeconds | None = None


class ResponseTargets(Value):
    """The promised response times."""

    version: PlanVersion
    targets: ChannelTargets
    at_risk_percents: Annotated[tuple[Percent, ...], Field(max_length=9), AfterValidator(_ascending)]
    """Shares of the target after which somebody is warned of an unanswered ticket, in ascending order; perhaps none."""
    at_risk_status: Status
    cycles: CycleTargets | None = None
    """For cycles that begin from the publication on."""


class PriceList(Value):
    """Rates on the total list value of a licence, options included."""

    currency: Currency
    version: PlanVersion
    minor_digits: Annotated[int, Field(ge=0, le=4), ONLY_NUMBERS]
    """Digits after the point: 2 for euro, 0 for yen."""
    first_year: BasisPoints
    renewal: BasisPoints
    resubscription: BasisPoints
    """Strictly above `renewal` (« supérieur à celui d'un renouvellement »)."""
    applies_from: Day
    status: Status


class ProductRelease(Value):
    """A version of a product and the day it came out."""

    version: ProductVersion
    released_on: Day
    status: Status


class ProductVersions(Value):
    """All versions of a product; the two newest major ones are supported (« les deux versions … récentes »)."""

    product: Code
    version: PlanVersion
    printed_name: PrintedText
    releases: tuple[ProductRelease, ...]


class NoticeOffsets(Value):
    """« lorsque le temps est venu de renouveler »: local days of the centre before the last covered one."""

    version: PlanVersion
    renewal_offer_days: DaysBefore
    """The renewal is offered, with form and price."""
    reminder_days: Annotated[tuple[DaysBefore, ...], Field(min_length=1)]
    """Reminders after it, where nothing was signed: each nearer to the end than the one before."""
    status: Status


class ZoneOffset(Value):
    """A UTC offset, in force from an instant until the next one of its zone."""

    from_at: Instant
    seconds: OffsetSeconds


class ZoneOffsets(Value):
    """What a version of the database says of one zone; the first offset holds from the beginning of all."""

    zone: Zone
    offsets: Annotated[tuple[ZoneOffset, ...], Field(min_length=1)]


class TzDatabase(Value):
    """The UTC offsets of the plan's zones, as a version of the IANA database has them.

    They are said of the instants from 24 hours before `first_day` begins in UTC to 24 hours after `last_day` ends, so
    that the local days from the one to the other, both included, lie within in every zone.
    """

    version: TzVersion
    first_day: Day
    last_day: Day
    zones: Annotated[tuple[ZoneOffsets, ...], Field(min_length=1)]


class CentreCalendarPublished(Event):
    """A centre's calendar, in force from `published_at`."""

    published_at: Instant
    calendar: CentreCalendar
    rehearsal: Digest | None = None
    """Of the rehearsal on which somebody decided to publish it; None where there was none."""


class TargetsPublished(Event):
    """Response times, for tickets opened from `published_at`."""

    published_at: Instant
    targets: ResponseTargets
    rehearsal: Digest | None = None


class PriceListPublished(Event):
    """The price list of one currency."""

    published_at: Instant
    prices: PriceList
    rehearsal: Digest | None = None


class ProductVersionsPublished(Event):
    """The versions of one product."""

    published_at: Instant
    product: ProductVersions
    rehearsal: Digest | None = None


class NoticeOffsetsPublished(Event):
    """When terms that end are told of."""

    published_at: Instant
    offsets: NoticeOffsets
    rehearsal: Digest | None = None


class TzDatabasePublished(Event):
    """A version of the tz database, or more zones and days of it; in force from `published_at`."""

    published_at: Instant
    database: TzDatabase


class TzDatabaseRefused(Event):
    """A version of the tz database that changes nothing, and why."""

    refused_at: Instant
    version: TzVersion
    reason: PlanRefusal


class PlanPartRefused(Event):
    """A publication that changes nothing, and why."""

    refused_at: Instant
    part: PlanPart
    version: PlanVersion
    reason: PlanRefusal


CalendarEvent = CentreCalendarPublished | PlanPartRefused
TargetsEvent = TargetsPublished | PlanPartRefused
PricesEvent = PriceListPublished | PlanPartRefused
VersionsEvent = ProductVersionsPublished | PlanPartRefused
RemindersEvent = NoticeOffsetsPublished | PlanPartRefused
TzEvent = TzDatabasePublished | TzDatabaseRefused
PlanEvent = CalendarEvent | TargetsEvent | PricesEvent | VersionsEvent | RemindersEvent | TzEvent
