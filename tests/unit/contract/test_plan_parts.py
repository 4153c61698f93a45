"""The published plan: each part grows by its version, and what can not be kept is not published."""

from datetime import date, timedelta

import pytest
from pydantic import TypeAdapter

from libs.messages.plan import (
    CentreCalendarPublished,
    ChannelTargets,
    NoticeOffsets,
    NoticeOffsetsPublished,
    PlanEvent,
    PlanPart,
    PlanPartRefused,
    PlanRefusal,
    PriceList,
    PriceListPublished,
    ProductRelease,
    ProductVersions,
    ProductVersionsPublished,
    ResponseTargets,
    Status,
    TargetsPublished,
    TzDatabase,
    TzDatabasePublished,
    TzDatabaseRefused,
    ZoneOffset,
    ZoneOffsets,
)
from libs.messages.upstream import (
    CalendarContent,
    PricesContent,
    RemindersContent,
    TargetsContent,
    TzContent,
    VersionsContent,
)
from services.contract.plan_parts import (
    DECIDER,
    MOST_RISE,
    Content,
    Publication,
    Published,
    PublishPart,
    State,
    Unpublished,
    stream_of_publication,
)
from tests.unit.contract.examples import CALENDAR, JUNE
from tests.unit.support import Specification

PART = Specification(DECIDER)
MICROSECOND = timedelta(microseconds=1)
TARGETS = ResponseTargets(
    version=1,
    targets=ChannelTargets(phone_seconds=7200, email_seconds=14400, web_seconds=14400),
    at_risk_percents=(75,),
    at_risk_status=Status.ASSUMPTION,
)
PRICES = PriceList(
    currency="EUR",
    version=1,
    minor_digits=2,
    first_year=2000,
    renewal=2000,
    resubscription=2500,
    applies_from=JUNE.date(),
    status=Status.ASSUMPTION,
)
PRODUCT = ProductVersions(
    product="planetpress-connect",
    version=1,
    printed_name="PlanetPress Connect",
    releases=(ProductRelease(version="2024.1", released_on=JUNE.date(), status=Status.ASSUMPTION),),
)
OFFSETS = NoticeOffsets(version=1, renewal_offer_days=90, reminder_days=(60, 30, 7, 1), status=Status.ASSUMPTION)
TZ = TzDatabase(
    version="2026f",
    first_day=JUNE.date(),
    last_day=JUNE.date(),
    zones=(ZoneOffsets(zone="Europe/Paris", offsets=(ZoneOffset(from_at=JUNE, seconds=7200),)),),
)
PARTS: list[tuple[Publication, PlanEvent, str]] = [
    (
        CalendarContent(part="calendar", content=CALENDAR),
        CentreCalendarPublished(published_at=JUNE, calendar=CALENDAR),
        "calendar/plan/france",
    ),
    (
        TargetsContent(part="targets", content=TARGETS),
        TargetsPublished(published_at=JUNE, targets=TARGETS),
        "targets/plan/first-response",
    ),
    (
        PricesContent(part="prices", content=PRICES),
        PriceListPublished(published_at=JUNE, prices=PRICES),
        "prices/plan/EUR",
    ),
    (
        VersionsContent(part="versions", content=PRODUCT),
        ProductVersionsPublished(published_at=JUNE, product=PRODUCT),
        "versions/plan/planetpress-connect",
    ),
    (
        RemindersContent(part="reminders", content=OFFSETS),
        NoticeOffsetsPublished(published_at=JUNE, offsets=OFFSETS),
        "reminders/plan/renewal",
    ),
]


def calendar(**changed: object) -> PublishPart:
    return PublishPart(JUNE, CalendarContent(part="calendar", content=CALENDAR.model_copy(update=changed)))


def refused(part: PlanPart, reason: PlanRefusal, version: int = 1) -> PlanPartRefused:
    return PlanPartRefused(refused_at=JUNE, part=part, version=version, reason=reason)


@pytest.mark.parametrize(("publication", "published", "stream"), PARTS)
def test_each_part_is_published_on_a_stream_of_its_own(
    publication: Publication, published: PlanEvent, stream: str
) -> None:
    PART.given().when(PublishPart(JUNE, publication)).then(published)
    assert stream_of_publication(publication) == stream


EVERY: list[tuple[Publication, PlanEvent]] = [
    *((publication, published) for publication, published, _ in PARTS),
    (TzContent(part="tz", content=TZ), TzDatabasePublished(published_at=JUNE, database=TZ)),
]


@pytest.mark.parametrize("ahead", [-timedelta(days=30), -MICROSECOND, timedelta(), MICROSECOND, timedelta(days=30)])
@pytest.mark.parametrize(("publication", "published"), EVERY)
def test_a_part_that_is_dated_in_the_past_acts_from_now_and_one_to_come_from_its_own_instant(
    publication: Publication, published: PlanEvent, ahead: timedelta
) -> None:
    acting = published.model_copy(update={"published_at": max(JUNE, JUNE + ahead)})
    PART.given().when(PublishPart(JUNE + ahead, publication, JUNE)).then(acting)


@pytest.mark.parametrize(("publication", "published", "stream"), PARTS)
def test_the_rehearsal_of_a_part_stands_in_its_publication(
    publication: Publication, published: PlanEvent, stream: str
) -> None:
    digest = "0123456789abcdef" * 4
    rehearsed = published.model_copy(update={"rehearsal": digest})
    PART.given().when(PublishPart(JUNE, publication, rehearsal=digest)).then(rehearsed)
    assert stream_of_publication(publication) == stream


def test_every_part_of_the_plan_is_among_them() -> None:
    assert {publication.part for publication, _ in EVERY} == set(PlanPart) | {"tz"}


@pytest.mark.parametrize(("publication", "published", "stream"), PARTS)
def test_the_same_part_again_changes_nothing(publication: Publication, published: PlanEvent, stream: str) -> None:
    assert stream.split("/", maxsplit=1)[0] == publication.part
    PART.given(published).when(PublishPart(JUNE, publication)).then(
        refused(PlanPart(publication.part), PlanRefusal.ALREADY_PUBLISHED)
    )


def test_a_greater_version_goes_before_what_is_in_force() -> None:
    newer = CALENDAR.model_copy(update={"version": 3})
    published = CentreCalendarPublished(published_at=JUNE, calendar=newer)
    PART.given(PARTS[0][1]).when(calendar(version=3)).then(published)
    PART.given(PARTS[0][1], published).when(calendar(version=2)).then(
        refused(PlanPart.CALENDAR, PlanRefusal.OLDER_VERSION, version=2)
    )


@pytest.mark.parametrize(
    ("in_force", "version", "is_taken"),
    [
        (None, MOST_RISE, True),
        (None, MOST_RISE + 1, False),
        (None, 2_147_483_647, False),
        (7, 7 + MOST_RISE, True),
        (7, 8 + MOST_RISE, False),
        (MOST_RISE, 2 * MOST_RISE, True),
    ],
)
def test_a_version_may_rise_so_far_that_others_can_follow(in_force: int | None, version: int, is_taken: bool) -> None:  # noqa: FBT001 - a column
    content = CALENDAR.model_copy(update={"version": version})
    before = (
        []
        if in_force is None
        else [CentreCalendarPublished(published_at=JUNE, calendar=CALENDAR.model_copy(update={"version": in_force}))]
    )
    answer = (
        CentreCalendarPublished(published_at=JUNE, calendar=content)
        if is_taken
        else refused(PlanPart.CALENDAR, PlanRefusal.IMPLAUSIBLE_VERSION, version=version)
    )
    PART.given(*before).when(calendar(version=version)).then(answer)


@pytest.mark.parametrize("version", ["2027a", "9999z"])
def test_a_tz_version_of_a_year_to_come_is_not_published(version: str) -> None:
    PART.given(tz_published()).when(tz(version=version)).then(tz_refused(PlanRefusal.IMPLAUSIBLE_VERSION, version))
    PART.given().when(tz(version=version)).then(tz_refused(PlanRefusal.IMPLAUSIBLE_VERSION, version))
    PART.given(tz_published()).when(tz(version="2026z")).then(tz_published(version="2026z"))


def test_a_version_says_one_thing_only() -> None:
    PART.given(PARTS[0][1]).when(calendar(printed_name="Frankreich")).then(
        refused(PlanPart.CALENDAR, PlanRefusal.SAME_VERSION_OTHER_CONTENT)
    )


def test_targets_that_promise_nothing_are_refused() -> None:
    nothing = TARGETS.model_copy(update={"targets": ChannelTargets()})
    command = PublishPart(JUNE, TargetsContent(part="targets", content=nothing))
    PART.given().when(command).then(refused(PlanPart.TARGETS, PlanRefusal.NO_TARGET))


def test_a_refused_publication_leaves_what_is_in_force() -> None:
    PART.given(PARTS[0][1], refused(PlanPart.CALENDAR, PlanRefusal.OLDER_VERSION)).when(calendar()).then(
        refused(PlanPart.CALENDAR, PlanRefusal.ALREADY_PUBLISHED)
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"weekly": ()}, PlanRefusal.EMPTY_CALENDAR),
        ({"zone": "Europe/Atlantis"}, PlanRefusal.UNKNOWN_ZONE),
        ({"weekly": CALENDAR.weekly * 2}, PlanRefusal.HOURS_OVERLAP),
        ({"last_day": CALENDAR.first_day}, PlanRefusal.DAY_OUTSIDE_PUBLICATION),
        ({"first_day": CALENDAR.last_day + timedelta(days=1), "closures": ()}, PlanRefusal.HOURS_OVERLAP),
    ],
)
def test_a_calendar_on_which_nothing_can_be_promised_is_not_published(
    changed: dict[str, object], reason: PlanRefusal
) -> None:
    PART.given().when(calendar(**changed)).then(refused(PlanPart.CALENDAR, reason))


@pytest.mark.parametrize("resubscription", [1999, 2000])
def test_coming_back_must_cost_more_than_renewing(resubscription: int) -> None:
    prices = PRICES.model_copy(update={"resubscription": resubscription})
    PART.given().when(PublishPart(JUNE, PricesContent(part="prices", content=prices))).then(
        refused(PlanPart.PRICES, PlanRefusal.RESUBSCRIPTION_NOT_DEARER)
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"currency": "XXX"}, PlanRefusal.UNKNOWN_CURRENCY),
        ({"currency": "JPY"}, PlanRefusal.OTHER_MINOR_DIGITS),
        ({"minor_digits": 0}, PlanRefusal.OTHER_MINOR_DIGITS),
    ],
)
def test_a_price_list_that_nobody_could_pay_by_is_not_published(
    changes: dict[str, object], reason: PlanRefusal
) -> None:
    prices = PricesContent(part="prices", content=PRICES.model_copy(update=changes))
    PART.given().when(PublishPart(JUNE, prices)).then(refused(PlanPart.PRICES, reason))


@pytest.mark.parametrize("applies_from", ["2020-01-01", "2026-01-01", "2030-01-01"])
def test_a_price_list_may_begin_before_the_one_that_was_published_last(applies_from: str) -> None:
    newer = PRICES.model_copy(update={"version": 2, "applies_from": date.fromisoformat(applies_from)})
    PART.given(PriceListPublished(published_at=JUNE, prices=PRICES)).when(
        PublishPart(JUNE, PricesContent(part="prices", content=newer))
    ).then(PriceListPublished(published_at=JUNE, prices=newer))


def test_a_price_list_of_an_older_log_stands_though_it_would_be_refused_now() -> None:
    old = PRICES.model_copy(update={"minor_digits": 3})
    again = PublishPart(JUNE, PricesContent(part="prices", content=old))
    PART.given(PriceListPublished(published_at=JUNE, prices=old)).when(again).then(
        refused(PlanPart.PRICES, PlanRefusal.ALREADY_PUBLISHED)
    )


def test_reminders_that_do_not_follow_on_the_offer_are_not_published() -> None:
    late = RemindersContent(part="reminders", content=OFFSETS.model_copy(update={"reminder_days": (90, 30)}))
    PART.given().when(PublishPart(JUNE, late)).then(refused(PlanPart.REMINDERS, PlanRefusal.REMINDERS_OUT_OF_ORDER))


@pytest.mark.parametrize("content", [CALENDAR, TARGETS, PRICES, PRODUCT, OFFSETS, TZ, None])
def test_a_stored_state_is_the_state(content: Content | None) -> None:
    adapter: TypeAdapter[State] = TypeAdapter(State)
    state = Published(content) if content else Unpublished()
    assert adapter.validate_json(adapter.dump_json(state)) == state


def tz(**changed: object) -> PublishPart:
    return PublishPart(JUNE, TzContent(part="tz", content=TZ.model_copy(update=changed)))


def tz_refused(reason: PlanRefusal, version: str = "2026f") -> TzDatabaseRefused:
    return TzDatabaseRefused(refused_at=JUNE, version=version, reason=reason)


def tz_published(**changed: object) -> TzDatabasePublished:
    return TzDatabasePublished(published_at=JUNE, database=TZ.model_copy(update=changed))


LONDON = ZoneOffsets(zone="Europe/London", offsets=(ZoneOffset(from_at=JUNE, seconds=3600),))
AN_HOUR_OFF = ZoneOffsets(zone="Europe/Paris", offsets=(ZoneOffset(from_at=JUNE, seconds=3600),))


def test_a_version_of_the_tz_database_stands_on_one_stream_and_the_next_one_goes_before_it() -> None:
    assert stream_of_publication(tz().publication) == "tz/plan/iana"
    PART.given().when(tz()).then(tz_published())
    PART.given(tz_published()).when(tz(version="2026g", zones=(AN_HOUR_OFF,))).then(
        tz_published(version="2026g", zones=(AN_HOUR_OFF,))
    )


@pytest.mark.parametrize("version", ["2026e", "2025z"])
def test_an_older_version_of_the_tz_database_is_not_published(version: str) -> None:
    PART.given(tz_published()).when(tz(version=version)).then(tz_refused(PlanRefusal.OLDER_VERSION, version))


def test_the_same_version_of_the_tz_database_says_no_other_thing() -> None:
    PART.given(tz_published()).when(tz()).then(tz_refused(PlanRefusal.ALREADY_PUBLISHED))
    PART.given(tz_published()).when(tz(zones=(AN_HOUR_OFF,))).then(tz_refused(PlanRefusal.SAME_VERSION_OTHER_CONTENT))
    PART.given(tz_published()).when(tz(zones=(LONDON,))).then(tz_refused(PlanRefusal.SAME_VERSION_OTHER_CONTENT))


def test_the_same_version_of_the_tz_database_may_come_to_say_more() -> None:
    for more in ({"zones": (LONDON, *TZ.zones)}, {"last_day": TZ.last_day + timedelta(days=365)}):
        PART.given(tz_published()).when(tz(**more)).then(tz_published(**more))
        PART.given(tz_published(), tz_published(**more)).when(tz()).then(tz_refused(PlanRefusal.ALREADY_PUBLISHED))


def test_a_tz_database_that_contradicts_itself_is_not_published() -> None:
    PART.given().when(tz(zones=TZ.zones * 2)).then(tz_refused(PlanRefusal.OFFSETS_OUT_OF_ORDER))


def test_a_refused_tz_database_leaves_what_is_in_force() -> None:
    PART.given(tz_published(), tz_refused(PlanRefusal.OLDER_VERSION, "2026e")).when(tz()).then(
        tz_refused(PlanRefusal.ALREADY_PUBLISHED)
    )
