"""A rehearsal comes to the same as a history that is played once more, with the draft in force from its beginning."""

import os

import pytest

from tests.unit.ops.rehearsed import history, rehearsed, standing, stands

SEEDS, CHUNK = int(os.environ.get("OLCARE_SEEDS", "2000")), 25


@pytest.mark.parametrize("seeds", [range(n, n + CHUNK) for n in range(0, SEEDS, CHUNK)], ids=str)
def test_a_rehearsal_equals_a_replay_under_the_draft(seeds: range) -> None:
    for seed in seeds:
        one = history(seed)
        was, would = one.play(drafted=False), one.play(drafted=True)
        found = one.rehearsal(standing(was, one.world))
        assert not found.doubtful, seed
        for ticket in one.world.tickets:
            assert rehearsed(found.before[ticket]) == stands(was, ticket), (seed, ticket, "before")
            assert rehearsed(found.after[ticket]) == stands(would, ticket), (seed, ticket, "after")
