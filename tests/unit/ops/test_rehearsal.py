"""A rehearsal comes to the same as a history that is played once more, with the draft in force from its beginning."""

import os
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from libs.messages.tickets import Channel, TicketOpened
from services.ops.explain.as_words import sentences
from services.ops.explain.explanation import RecordedPromise, explain
from services.ops.rehearse.account import Account, account, explained
from services.ops.rehearse.findings import KeptCounts, Rehearsed
from services.ops.rehearse.rehearsal import Rehearsal, RehearsedSpan
from services.ops.rehearse.stories import SOON, Reckoner, ShortStory
from services.ops.rehearse.timeline import DraftPlan
from services.ops.report.accounts import Days, Ledger, PromiseAccount
from services.ops.report.attainment import PromiseGroup, attainment
from services.ops.speech.speech import IN_ENGLISH, Speech, speech_of
from services.sla_timer.reactions import promise_of
from tests.unit.ops.rehearsed import DAYS, HistoryTold, history, rehearsed, standing, stands
from tests.unit.sla_timer.examples import CALENDARS, paris
from tests.unit.sla_timer.merged import System
from tests.unit.sla_timer.test_merged_histories import END
from tests.unit.sla_timer.test_publications import closed, targets_at

SEEDS, CHUNK = int(os.environ.get("OLCARE_SEEDS", "400")), 25
Figures = tuple[int, int, int, int, int, int, float | None]


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
        _same_attainment(one, found, was, would)


def _same_attainment(one: HistoryTold, found: Rehearsal, was: System, would: System) -> None:
    """By centre and channel, as the report of promises counts both."""
    groups = {(group.centre, group.channel): group for group in found.attainment()}
    for side, system, timeline in (("before", was, found.timeline), ("after", would, found.drafted)):
        days = Days(*DAYS, timeline.grounds)
        counted = attainment(_accounts(one, system), days, Ledger.PROMISED)
        expected = {(group.centre, group.channel): _figures(group) for group in (*counted.groups, counted.total)}
        assert {key: _counted(getattr(group, side)) for key, group in groups.items()} == expected


def _accounts(one: HistoryTold, system: System) -> list[PromiseAccount]:
    rows = (system.promises[promise_of(ticket)].row for ticket in one.world.tickets)
    return [PromiseAccount(r.ticket, r.centre, r.channel, r.state, r.opened_at, r.due_at) for r in rows if r]


def _figures(group: PromiseGroup) -> Figures:
    return (
        *(group.promised, group.met, group.breached, group.running, group.cancelled, group.not_promised),
        group.attainment,
    )


def _counted(kept: KeptCounts) -> Figures:
    return (
        *(kept.promised, kept.met, kept.breached, kept.running, kept.cancelled, kept.not_promised),
        kept.attainment,
    )


FRENCH = speech_of("fr")


def found_in(one: HistoryTold) -> tuple[Rehearsed, System, System]:
    """What the rehearsal of a history comes to, explained, beside the history played twice."""
    was, would = one.play(drafted=False), one.play(drafted=True)
    rehearsal = one.rehearsal(standing(was, one.world))
    found = account(Account(rehearsal, [], []))
    return explained(rehearsal, found, one.groups()), was, would


def test_every_other_verdict_is_listed_with_the_explanation_of_both() -> None:
    listed = 0
    for seed in range(150):
        one = history(seed)
        found, was, would = found_in(one)
        others = [ticket for ticket in one.world.tickets if stands(was, ticket)[0] != stands(would, ticket)[0]]
        assert [flip.ticket for flip in found.flips] == sorted(others), seed
        for flip in found.flips:
            rehearsal = one.rehearsal(standing(was, one.world))
            grounds = rehearsal.timeline.grounds, rehearsal.drafted.grounds
            assert flip.explained_before == _explained(one, was, flip.ticket, grounds[0]), seed
            assert flip.explained_after == _explained(one, would, flip.ticket, grounds[1]), seed
            listed += 1
    assert listed > 20


def test_every_other_verdict_is_explained_in_french_as_well() -> None:
    listed = 0
    for seed in range(40):
        one = history(seed)
        was, would = one.play(drafted=False), one.play(drafted=True)
        rehearsal = one.rehearsal(standing(was, one.world))
        found = account(Account(rehearsal, [], [], others=[FRENCH]))
        told = explained(rehearsal, found, one.groups(), [FRENCH])
        assert [flip.said_in("en") for flip in told.flips] == list(found_in(one)[0].flips), seed
        for flip in told.flips:
            french = flip.said_in("fr")
            grounds = rehearsal.timeline.grounds, rehearsal.drafted.grounds
            assert french.explained_before == _explained(one, was, flip.ticket, grounds[0], FRENCH), seed
            assert french.explained_after == _explained(one, would, flip.ticket, grounds[1], FRENCH), seed
            assert "place" not in french.why, seed
            assert ("réponse le" in french.why) == ("answered at" in flip.why), seed
            listed += 1
    assert listed > 5


def _explained(
    one: HistoryTold, system: System, ticket: str, grounds: Any, speech: Speech = IN_ENGLISH
) -> tuple[str, ...]:
    opening = next(e for e in one.events() if e.stream == ticket and isinstance(e.data, TicketOpened))
    assert isinstance(opening.data, TicketOpened)
    told = RecordedPromise(ticket, opening.data, system.of(ticket).events, opening.recordedtime)
    return tuple(sentences(explain(told, grounds, speech)))


def test_deadlines_that_move_are_counted_by_centre_channel_and_whether_they_run() -> None:
    for seed in range(100):
        one = history(seed)
        found, was, would = found_in(one)
        moved = {
            ticket: (after - before).total_seconds()
            for ticket in one.world.tickets
            if (before := stands(was, ticket)[1]) and (after := stands(would, ticket)[1]) and before != after
        }
        assert {line.ticket: line.seconds for line in found.moved} == moved, seed
        assert sum(group.earlier + group.later for group in found.summary.moves) == len(moved), seed
        assert sum(group.earlier for group in found.summary.moves) == sum(s < 0 for s in moved.values()), seed


def test_mails_that_would_go_are_counted_and_listed() -> None:
    for seed in range(100):
        one = history(seed)
        found, was, would = found_in(one)
        before, after = (_mails(one, system) for system in (was, would))
        counts = found.summary.mails
        assert {(m.template, m.role): m.before for m in counts if m.before} == dict(before), seed
        assert {(m.template, m.role): m.after for m in counts if m.after} == dict(after), seed
        assert sum(m.new for m in counts) == sum(m.is_new for m in found.other_mails), seed
        assert sum(m.new - m.gone for m in counts) == after.total() - before.total(), seed


def _mails(one: HistoryTold, system: System) -> Counter[tuple[str, str]]:
    found = Counter[tuple[str, str]]()
    for ticket in one.world.tickets:
        found.update(stands(system, ticket)[3])
    return found


OPENED = paris("10:00")
STORY = ShortStory("ticket/crm-eu/1", "france", Channel.EMAIL, OPENED)
"""Due at two in the afternoon, warned of at one."""


@pytest.mark.parametrize(
    ("answered", "is_known"),
    [
        ("13:58:59", True),
        ("13:59:01", False),
        ("14:00", False),
        ("14:00:01", True),
        ("12:59:30", False),
        ("13:00:01", True),
    ],
)
def test_an_answer_shortly_before_a_deadline_or_a_warning_is_replayed_since_it_may_have_been_told_late(
    answered: str, *, is_known: bool
) -> None:
    first = history(1)._replace(telling=()).timeline()
    reckoner = Reckoner(first, END)
    assert timedelta(minutes=1) == SOON
    assert (reckoner.outcome(STORY._replace(answered_at=paris(answered))) is not None) is is_known


def test_a_ticket_that_a_replay_leaves_otherwise_than_it_stands_is_doubtful_and_counts_as_it_stands() -> None:
    one = history(3)
    known = standing(one.play(drafted=False), one.world)
    stood = {ticket: promise._replace(verdict="cancelled") for ticket, promise in known.items()}
    found = one.rehearsal(stood)
    assert found.doubtful == set(one.world.tickets)
    [*_, total] = found.attainment()
    assert (total.before.cancelled, total.after.cancelled) == (len(stood), len(stood))


def test_a_draft_of_a_centre_says_nothing_of_others() -> None:
    days = RehearsedSpan(*DAYS, OPENED, END, END)
    drafts = closed(of=CALENDARS["japan"], version=9), targets_at(OPENED, 9, email_seconds=60).content
    closure, targets = (Rehearsal(history(1).timeline(), DraftPlan(OPENED, (one,)), days, {}) for one in drafts)
    assert [centre for centre in ("france", "japan") if closure.concerns([centre])] == ["japan"]
    assert closure.concerns(["france", "japan"])
    assert targets.concerns(["france"])
