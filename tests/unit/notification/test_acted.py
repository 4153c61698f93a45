"""No claim is acted on twice, however many there were and whatever was forgotten."""

from hypothesis import given
from hypothesis import strategies as st

from services.notification.notice.acted import ClaimAt, ClaimsActedOn

CLAIMS = st.lists(st.builds(ClaimAt, st.integers(0, 2), st.integers(0, 30)), max_size=60)


@given(CLAIMS, st.integers(1, 5))
def test_no_claim_is_acted_on_twice_and_only_so_many_are_remembered(claims: list[ClaimAt], most: int) -> None:
    known, acted = ClaimsActedOn(most), list[ClaimAt]()
    for claim in claims:
        if claim not in known:
            known.add(claim)
            acted.append(claim)
    assert len(acted) == len(set(acted))
    assert len(known) <= most


def test_a_claim_that_comes_after_all_others_is_always_acted_on() -> None:
    known = ClaimsActedOn(2)
    for offset in range(100):
        assert ClaimAt(0, offset) not in known
        known.add(ClaimAt(0, offset))
    assert ClaimAt(1, 0) not in known
