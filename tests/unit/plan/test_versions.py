import pytest

from libs.messages.plan import ProductVersions
from libs.plan import VersionSupport, version_support
from tests.unit.plan.seed import PLAN, day

CONNECT = next(product for product in PLAN.products if product.product == "planetpress-connect")
TODAY = day("2026-11-24")
SUPPORTED, UNKNOWN, TOO_OLD = VersionSupport


@pytest.mark.parametrize(
    ("version", "support"),
    [
        ("2024.1", SUPPORTED),
        ("2023.1", SUPPORTED),
        ("2023", SUPPORTED),
        ("2022.2", TOO_OLD),
        ("7.6", TOO_OLD),
        ("2025.1", UNKNOWN),
        (None, UNKNOWN),
    ],
)
def test_the_two_newest_major_versions_are_supported(version: str | None, support: VersionSupport) -> None:
    assert version_support(CONNECT, version, TODAY) is support


def test_a_version_is_judged_by_what_was_out_when_the_ticket_was_opened() -> None:
    assert version_support(CONNECT, "2022.2", day("2024-05-31")) is SUPPORTED
    assert version_support(CONNECT, "2022.2", day("2024-06-01")) is TOO_OLD


def test_a_minor_release_pushes_nothing_out() -> None:
    assert version_support(CONNECT, "2022.1", day("2023-12-01")) is SUPPORTED


def test_a_version_between_the_two_newest_is_covered_and_marked() -> None:
    skipped = releases("7.0", "9.0")
    assert version_support(skipped, "8.1", TODAY) is UNKNOWN


def test_where_there_is_one_major_version_nothing_is_too_old() -> None:
    assert version_support(releases("7.0", "7.1"), "6.3", TODAY) is UNKNOWN
    assert version_support(releases("7.0", "7.1"), "7.0", TODAY) is SUPPORTED


def test_majors_are_numbers_not_texts() -> None:
    assert version_support(releases("8.0", "9.0", "10.0"), "8.0", TODAY) is TOO_OLD


def releases(*versions: str) -> ProductVersions:
    listed = [{"version": each, "released_on": "2020-01-01", "status": "confirmed"} for each in versions]
    return ProductVersions.model_validate({**CONNECT.model_dump(), "releases": listed})
