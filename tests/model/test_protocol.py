"""The log protocol through seeded histories: everything that can go wrong goes wrong, and the books balance."""

from collections import Counter
from dataclasses import replace

import pytest

from libs.eventlog.put_away import PutAway
from tests.model.office import CoveredDesk
from tests.model.run import HOLDS, run, verdict_of
from tests.model.services import WHOLE, Desk
from tests.model.verdict import Verdict
from tests.model.weakened import RULES
from tests.model.world import World

ENOUGH = 400  # seeds within which a missing rule must be caught


def test_the_books_balance_whatever_happens(seeds: range) -> None:
    failed = {seed: outcome for seed in seeds if (outcome := run(seed, WHOLE)) != HOLDS}
    assert not failed, f"try `run(seed, WHOLE)` with one of {failed}"


ALWAYS = PutAway(after=-1)  # even what is of the newest day


def test_streams_put_away_at_every_step_change_no_outcome(seeds: range) -> None:
    for seed in seeds[::4]:
        kept, away = (World(seed, replace(WHOLE, put_away=when)) for when in (WHOLE.put_away, ALWAYS))
        assert kept.until_quiet()
        assert away.until_quiet()
        assert kept.broker.records == away.broker.records, seed
        assert kept.said.answers == away.said.answers, seed
        desk = away.databases[CoveredDesk if away.has_contracts else Desk]
        assert not any(tables.heads for tables in desk.tables.values() if tables.reader.writes)
        assert verdict_of(away) == HOLDS, seed


@pytest.mark.parametrize("rule", RULES)
def test_a_protocol_without_one_of_its_rules_is_caught(rule: str) -> None:
    outcomes = (run(seed, RULES[rule].protocol) for seed in range(ENOUGH))
    assert any(outcome != HOLDS for outcome in outcomes), f"nobody noticed that {RULES[rule].left_out}"


def test_the_histories_hold_what_they_are_about() -> None:
    seen: Counter[str] = Counter()
    for seed in range(120):
        world = World(seed, WHOLE)
        assert world.until_quiet()
        seen += world.broker.seen + Verdict(world).seen()
    wanted = {
        *("crash", "freeze", "hand_over", "drop", "keep"),
        *("Fenced", "Unavailable"),
        *("void", "loser of a race", "unreadable", "PromiseMet", "PromiseBreached", "PromiseLeft", "Refused"),
        *("TermBegan between openings", "TermRenewed between openings", "TermLapsed between openings"),
        *("late signature between openings", "SignatureRefused", "CoverRestated"),
    }
    assert wanted - seen.keys() == set()


def test_the_same_seed_is_the_same_history() -> None:
    first, second = World(17, WHOLE), World(17, WHOLE)
    assert first.until_quiet()
    assert second.until_quiet()
    assert first.broker.records == second.broker.records
