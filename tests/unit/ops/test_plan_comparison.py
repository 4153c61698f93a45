"""A plan beside what is published: part by part, with what differs."""

from dataclasses import replace
from datetime import UTC, datetime

from libs.messages.plan import PlanRefusal, PriceList, PriceListPublished
from libs.messages.upstream import PricesContent
from services.contract.plan import read_plan
from services.contract.plan_parts import Published, State, stream_of_publication
from services.ops.plan.command import publications
from services.ops.plan.comparison import MOST, Compared, compared, differences, lists_published, published_by
from tests.unit.recorded import recorded_event

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PLAN = read_plan(None)
PRICES = PLAN.prices[0]


def one(given: int, published: int | None, *, other: bool = False) -> Compared:
    """Compare a price list of one version with the published one of another."""
    content = PRICES.model_copy(update={"version": given})
    lines = dict(PRICES.model_dump()) | {"version": published or 1}
    known = PRICES.model_validate(lines)
    if other:
        known = known.model_copy(update={"currency": "XXX"})
    publication = PricesContent(part="prices", content=content)
    states: dict[str, State] = {stream_of_publication(publication): Published(known)} if published else {}
    (found,) = compared([publication], states, NOON)
    return found


def test_what_was_never_published_is_new() -> None:
    assert {each.outcome for each in compared(publications(PLAN), {}, NOON)} == {"new"}
    assert one(1, None).differs == ()


def test_what_is_published_is_the_same() -> None:
    assert one(1, 1)[1:] == ("same", PlanRefusal.ALREADY_PUBLISHED, ())


def test_a_greater_version_is_new_and_says_in_what_it_differs() -> None:
    assert one(2, 1, other=True)[1:] == (
        "new",
        None,
        (f"/currency: XXX is published, {PRICES.currency} is given",),
    )


def test_a_newer_version_that_stands_is_no_refusal() -> None:
    assert one(1, 2)[1:3] == ("older", PlanRefusal.OLDER_VERSION)


def test_the_same_version_with_other_content_is_refused() -> None:
    found = one(1, 1, other=True)
    assert found[1:3] == ("refused", PlanRefusal.SAME_VERSION_OTHER_CONTENT)
    assert found.differs


def lists(*versions: int, renewal: int = 2_000) -> list[PriceList]:
    return [PRICES.model_copy(update={"version": version, "renewal": renewal}) for version in versions]


def outcomes(given: list[PriceList], published: list[PriceList]) -> list[tuple[int | str, str, int]]:
    events = [
        recorded_event("prices/plan/CAD", sequence, PriceListPublished(published_at=NOON, prices=prices))
        for sequence, prices in enumerate(published, start=1)
    ]
    parts = [part for part in publications(replace(PLAN, prices=tuple(given))) if part.part == "prices"]
    found = compared(parts, published_by(events), NOON, lists_published(events))
    return [(one.publication.content.version, one.outcome, len(one.differs)) for one in found]


def test_price_lists_of_one_currency_are_published_by_version() -> None:
    assert outcomes(lists(3, 1, 2), []) == [(1, "new", 0), (2, "new", 0), (3, "new", 0)]


def test_price_lists_of_before_differ_in_nothing_and_those_that_follow_are_new() -> None:
    assert outcomes(lists(1, 2, 3), lists(1, 2)) == [(1, "older", 0), (2, "same", 0), (3, "new", 0)]


def test_a_price_list_of_before_can_not_be_altered() -> None:
    altered = lists(1, renewal=1_900)
    assert outcomes(altered + lists(2), lists(1, 2)) == [(1, "refused", 1), (2, "same", 0)]


def test_a_price_list_that_was_passed_over_stays_unpublished() -> None:
    assert outcomes(lists(1, 2), lists(2)) == [(1, "older", 0), (2, "same", 0)]


def test_differences_name_their_places_and_are_few() -> None:
    assert differences({"version": 1, "a": [1, 2]}, {"version": 2, "a": [1]}) == [
        "/a/1: 2 is published, nothing is given"
    ]
    many = differences({"a": list(range(20))}, {"a": list(range(1, 21))})
    assert len(many) == MOST + 1
    assert many[-1] == "and 12 more"
    assert max(map(len, differences({"a": "x" * 400}, {"a": None}))) < 100
