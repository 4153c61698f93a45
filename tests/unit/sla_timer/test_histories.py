"""Whatever the order in which facts become known, the restated verdict is the one that follows from the facts.

The promised one may differ from it only by what could not be read when the deadline fired, and is restated once then.
"""

import os
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

import pytest

from libs.messages.sla import CancellationCause, FirstResponseRestated, Verdict
from libs.messages.tickets import Channel, Medium, RespondedBy
from libs.plan import as_it_was, promise, working_calendar
from services.sla_timer.promise.calls import RecordCall
from services.sla_timer.promise.merging import CancelPromise
from services.sla_timer.promise.responses import RecordResponse
from services.sla_timer.promise.state import Judged
from services.sla_timer.published.publications import PublishedCalendar
from tests.unit.sla_timer.examples import FRANCE, TARGETS, TICKET, paris, start
from tests.unit.sla_timer.test_publications import FIRST, FIRST_TARGETS, at, closed
from tests.unit.sla_timer.timer import Timer

EACH_SEED = 50  # histories; a whole run has 100,000
SEEDS, CHUNK = int(os.environ.get("OLCARE_SEEDS", "2000")), 100
OPENED_AT = paris("10:00")
END = OPENED_AT + timedelta(days=9)
NEVER = datetime.max.replace(tzinfo=UTC)
HOURS = (("09:00", "11:00"), ("11:00", "12:00"), ("12:00", "15:00"), ("13:00", "17:00"))
MINUTES = (1, 30, 60, 119, 120, 121, 200, 239, 240, 241, 300, 420, 1500)
DELAYS = (0, 0, 45, 300, 3000)


class PlanFacts(NamedTuple):
    """What happened in the world, each at its instant; a closure is a fact from its publication on."""

    channel: Channel
    answers: tuple[datetime, ...]
    calls: tuple[datetime, ...]
    withdrawn_at: datetime | None
    closure: PublishedCalendar | None

    @property
    def are_told_in_time(self) -> bool:
        """Say whether a closure was published before its hours."""
        return self.closure is None or self.closure.published_at < OPENED_AT + timedelta(minutes=1)


Fact = RecordResponse | RecordCall | CancelPromise | PublishedCalendar
Moment = tuple[datetime, int, Fact | None]


def happened(rng: Random) -> PlanFacts:
    answers = tuple(_moment(rng) for _ in range(rng.choice([0, 1, 1, 2])))
    calls = tuple(_moment(rng) for _ in range(rng.choice([0, 0, 1, 2])))
    withdrawn_at = _moment(rng) if rng.random() < 0.15 else None
    closure = at(OPENED_AT + timedelta(minutes=rng.choice([0, 0, *MINUTES])), closed(rng.choice(HOURS)))
    channel = rng.choice([Channel.EMAIL, Channel.PHONE, Channel.WEB])
    return PlanFacts(channel, answers, calls, withdrawn_at, closure if rng.random() < 0.5 else None)


def _moment(rng: Random) -> datetime:
    return OPENED_AT + timedelta(minutes=rng.choice(MINUTES))


def told(rng: Random, facts: PlanFacts, *, late: bool) -> list[Moment]:
    """Give each fact once or twice, at its instant or, if some come late, hours and days after it, in any order."""
    each: list[tuple[datetime, Fact]] = []
    if facts.closure:
        each.append((facts.closure.published_at, facts.closure))
    each += [(moment, _answer(moment)) for moment in facts.answers]
    each += [(called_at, RecordCall(called_at, TICKET, help_given=False)) for called_at in facts.calls]
    if facts.withdrawn_at:
        each.append((facts.withdrawn_at, CancelPromise(facts.withdrawn_at, TICKET, CancellationCause.WITHDRAWN)))
    return [
        (moment + timedelta(minutes=rng.choice(DELAYS) if late else 0), rng.randrange(1000) if late else order, fact)
        for order, (moment, fact) in enumerate(each)
        for _ in range(rng.choice([1, 1, 1, 2]))
    ]


def _answer(moment: datetime) -> RecordResponse:
    return RecordResponse(moment, TICKET, Medium.EMAIL, RespondedBy.PERSON, help_given=True)


def ticks(rng: Random) -> list[Moment]:
    return [(OPENED_AT + timedelta(minutes=rng.randrange(4000)), 1000, None) for _ in range(rng.choice([0, 2, 5]))]


def played(channel: Channel, moments: list[Moment]) -> Timer:
    """Let time pass, facts become known and duties be done, until all is quiet."""
    timer = Timer([FIRST], [FIRST_TARGETS])
    timer.ask(start(OPENED_AT, channel))
    for now, _, fact in sorted(moments, key=lambda moment: moment[:2]):
        _pass_until(timer, now)
        _tell(timer, fact)
    _pass_until(timer, END)
    return timer


def _pass_until(timer: Timer, now: datetime) -> None:
    """Let what comes due before an instant be done just after its own: what is safe fires then, and nothing earlier."""
    while (row := timer.row) and row.state == "waiting" and row.due_at and row.due_at < now:
        timer.do_what_is_due(row.due_at + timedelta.resolution)
    timer.do_what_is_due(now)


def _tell(timer: Timer, fact: Fact | None) -> None:
    match fact:
        case PublishedCalendar():
            timer.calendars += [fact] if fact not in timer.calendars else []
        case RecordCall(occurred_at=called_at):
            known = tuple(timer.calendars), tuple(timer.targets)
            timer.ask(RecordCall(called_at, TICKET, False, *known))  # noqa: FBT003 - no help was given
        case RecordResponse() | CancelPromise():
            timer.ask(fact)
        case None:
            pass


def what_follows(facts: PlanFacts) -> Verdict:
    """Say which verdict follows from the facts, by whatever came first: an answer, a withdrawal, the deadline."""
    calendar = working_calendar(facts.closure.content if facts.closure else FRANCE)
    made = promise(calendar, TARGETS, facts.channel, OPENED_AT)
    due_at = as_it_was(made, calendar, [(FIRST_TARGETS.published_at, TARGETS)], sorted(facts.calls)).due_at
    answered_at, withdrawn_at = min(facts.answers, default=NEVER), facts.withdrawn_at or NEVER
    if answered_at <= min(withdrawn_at, due_at):
        return Verdict.MET
    return Verdict.CANCELLED if withdrawn_at <= due_at else Verdict.BREACHED


@pytest.mark.parametrize("seeds", [range(n, min(n + CHUNK, SEEDS)) for n in range(0, SEEDS, CHUNK)], ids=str)
def test_the_restated_verdict_follows_from_the_facts_alone(seeds: range) -> None:
    for seed in range(seeds.start * EACH_SEED, seeds.stop * EACH_SEED):
        rng = Random(seed)
        facts, late = happened(rng), rng.random() < 0.7
        timer = played(facts.channel, [*told(rng, facts, late=late), *ticks(rng)])
        assert isinstance(timer.state, Judged)
        promised, restated = timer.state.verdict, timer.state.restated or timer.state.verdict
        assert restated is what_follows(facts), seed
        assert late or not facts.are_told_in_time or promised is restated, seed
        _restated_where_they_differ(timer, promised, restated, seed)


def _restated_where_they_differ(timer: Timer, promised: Verdict, restated: Verdict, seed: int) -> None:
    said = [event.restated for event in timer.events if isinstance(event, FirstResponseRestated)]
    assert promised is restated or said[-1] is restated, seed
    assert len(said) <= len(timer.events) / 2, seed
