"""How the promises of merged tickets stand by the facts alone: at the very instants, and however these are listed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from libs.messages.sla import Verdict
from libs.messages.tickets import Channel
from services.sla_timer.promise.histories import FactKind, PromiseFact, PromiseHistory, WhatFollows, what_follows
from tests.unit.sla_timer.examples import MICROSECOND, paris

A, B = "ticket/crm-eu/1", "ticket/crm-eu/2"
OPENED, DUE = {A: paris("09:00"), B: paris("10:00")}, {A: paris("13:00"), B: paris("14:00")}
MERGED_AT, EVENING = paris("11:00"), paris("18:00")
MERGED = {B: (PromiseFact(MERGED_AT, FactKind.MERGED, A),)}


def four_hours(history: PromiseHistory, _: Sequence[datetime]) -> datetime:
    return history.opened_at + timedelta(hours=4)


def follows(now: datetime, facts: dict[str, tuple[PromiseFact, ...]], order: tuple[str, ...] = (A, B)) -> WhatFollows:
    """How A stands, into which B was merged."""
    return both(now, facts, order)[A]


def both(now: datetime, facts: dict[str, tuple[PromiseFact, ...]], order: tuple[str, ...]) -> dict[str, WhatFollows]:
    every = {**MERGED, **facts}
    stories = [PromiseHistory(one, "france", Channel.EMAIL, OPENED[one], every.get(one, ())) for one in order]
    return what_follows(stories, four_hours, now)


def answered(at: datetime) -> dict[str, tuple[PromiseFact, ...]]:
    return {A: (PromiseFact(at, FactKind.ANSWERED),)}


def test_an_answer_at_the_very_deadline_meets_the_promise_of_both() -> None:
    in_time, late = follows(EVENING, answered(DUE[A])), follows(EVENING, answered(DUE[A] + MICROSECOND))
    assert (in_time.verdict, in_time.responded_at, late.verdict) == (Verdict.MET, DUE[A], Verdict.BREACHED)


def test_a_promise_runs_until_its_deadline_has_passed() -> None:
    assert follows(DUE[A], {}).verdict is None
    assert follows(DUE[A] + MICROSECOND, {}).verdict is Verdict.BREACHED


@pytest.mark.parametrize("order", [(A, B), (B, A)])
def test_an_answer_at_the_instant_of_the_merge_is_none_to_the_absorbed_ticket(order: tuple[str, ...]) -> None:
    found = both(DUE[B], answered(MERGED_AT), order)
    assert (found[A].verdict, found[B].verdict, found[B].due_at) == (Verdict.MET, None, DUE[B])
    after = both(DUE[B], answered(MERGED_AT + MICROSECOND), order)
    assert (after[A].verdict, after[B].verdict) == (Verdict.MET, Verdict.CANCELLED)
