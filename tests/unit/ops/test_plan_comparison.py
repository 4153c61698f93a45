"""A plan beside what is published: part by part, with what differs."""

from datetime import UTC, datetime

from libs.messages.plan import PlanRefusal
from libs.messages.upstream import PricesContent
from services.contract.plan import read_plan
from services.contract.plan_parts import Published, State, stream_of_publication
from services.ops.plan.command import publications
from services.ops.plan.comparison import MOST, Compared, compared, differences

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


def test_differences_name_their_places_and_are_few() -> None:
    assert differences({"version": 1, "a": [1, 2]}, {"version": 2, "a": [1]}) == [
        "/a/1: 2 is published, nothing is given"
    ]
    many = differences({"a": list(range(20))}, {"a": list(range(1, 21))})
    assert len(many) == MOST + 1
    assert many[-1] == "and 12 more"
    assert max(map(len, differences({"a": "x" * 400}, {"a": None}))) < 100
