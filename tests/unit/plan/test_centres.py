import pytest

from libs.messages.tickets import CentreReason, Channel
from libs.plan import home_centre, local_centre, numbers_of
from tests.unit.plan.seed import PLAN

NUMBERS = numbers_of(PLAN.centres)
HOME = ("france", CentreReason.HOME_CENTRE)
TOKYO = "+815034885816"


def test_a_call_to_another_centre_is_its_own() -> None:
    assert local_centre("france", Channel.PHONE, TOKYO, NUMBERS) == ("japan", CentreReason.NUMBER_DIALLED)


@pytest.mark.parametrize("dialled", ["+33180875286", "+15550100", None])
def test_a_call_is_otherwise_of_the_home_centre(dialled: str | None) -> None:
    assert local_centre("france", Channel.PHONE, dialled, NUMBERS) == HOME


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.WEB])
def test_only_a_call_can_reach_another_centre(channel: Channel) -> None:
    assert local_centre("france", channel, TOKYO, NUMBERS) == HOME


def test_both_numbers_of_the_americas_reach_montreal() -> None:
    assert [NUMBERS[number] for number in ("+15147988714", "+18663485863")] == ["americas", "americas"]


@pytest.mark.parametrize(("country", "centre"), [("CA", "americas"), ("BR", "americas"), ("DE", "germany")])
def test_a_country_has_its_home_centre(country: str, centre: str) -> None:
    assert home_centre(PLAN.centres, country) == centre


def test_a_country_that_no_centre_names_is_not_guessed() -> None:
    assert home_centre(PLAN.centres, "CH") is None
