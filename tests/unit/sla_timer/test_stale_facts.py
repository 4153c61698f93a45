"""Facts are read before a command is decided on: whatever they are about by then, there is an answer and no failure."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from libs.messages.sla import CallNoted, CancellationCause, FirstResponseRetargeted, NotChanged, PromiseEvent
from libs.messages.tickets import Channel, Medium, RespondedBy
from libs.plan import promise, working_calendar
from libs.workcal import tz_version
from services.sla_timer.cycles.decider import DECIDER as CYCLES
from services.sla_timer.cycles.decider import MissTarget, ReckonCycles
from services.sla_timer.cycles.model import CycleFact, Kind, TicketHistory
from services.sla_timer.promise.calls import ReckonCalls, RecordCall
from services.sla_timer.promise.deadlines import FireDeadline, WarnAtRisk
from services.sla_timer.promise.decider import DECIDER, Command, ReactionCommand
from services.sla_timer.promise.merging import AdoptPromise, CancelPromise, ReinstatePromise, RenouncePromise
from services.sla_timer.promise.recompute import RecomputePromise
from services.sla_timer.promise.responses import JudgeAnswer, RecordResponse
from services.sla_timer.promise.restatement import RestatePromise
from services.sla_timer.promise.state import State
from services.sla_timer.promise.transfers import SetInternalTarget
from services.sla_timer.published.publications import PublishedCalendar, PublishedTargets
from services.sla_timer.published.tz_changes import TzChange
from tests.unit.sla_timer.examples import CALENDARS, TARGETS, TICKET, paris, start, started
from tests.unit.sla_timer.test_merging import MAILED, OTHER
from tests.unit.sla_timer.test_publications import FIRST, FIRST_TARGETS, at, closed, targets_at

SEEDS = 400
CENTRES = ["france", "japan", "americas", "germany"]
OPENED_AT = paris("10:00")
JAPAN = started(paris("09:00"), Channel.EMAIL, CALENDARS["japan"])


def instant(rng: Random) -> datetime:
    return OPENED_AT + timedelta(minutes=rng.choice([-3000, -60, 0, 0, 1, 30, 60, 120, 240, 241, 500, 1500, 9000]))


def calendar(rng: Random) -> PublishedCalendar:
    version, of = rng.randrange(1, 5), CALENDARS[rng.choice(CENTRES)]
    hours = [("00:00", "24:00")] if rng.random() < 0.3 else [("10:30", "12:00")]
    content = (
        closed(*hours, version=version, of=of) if rng.random() < 0.5 else of.model_copy(update={"version": version})
    )
    return at(instant(rng), content)


def targets(rng: Random) -> PublishedTargets:
    seconds = {"email_seconds": rng.choice([1, 3600, 14400, None]), "phone_seconds": rng.choice([1, 7200, 99999, None])}
    return targets_at(instant(rng), rng.randrange(1, 5), **seconds)


def tz_change(rng: Random) -> TzChange:
    spans = OPENED_AT - timedelta(days=1), OPENED_AT + timedelta(days=3)
    zone = CALENDARS[rng.choice(CENTRES)].zone
    return TzChange("tz/plan/iana", 2, instant(rng), zone, rng.choice(["2000a", tz_version()]), *spans)


def facts(rng: Random) -> tuple[Any, Any, Any]:
    """Give publications of some centres, or of none, in whatever versions."""
    return (
        tuple(calendar(rng) for _ in range(rng.randrange(3))),
        tuple(targets(rng) for _ in range(rng.randrange(3))),
        tuple(tz_change(rng) for _ in range(rng.randrange(2))),
    )


def opening(rng: Random) -> Command:
    content, published = calendar(rng).content, targets(rng).content
    return start(instant(rng), rng.choice([*Channel]), content, published)


def adopting(rng: Random) -> Command:
    on = working_calendar(CALENDARS[rng.choice(CENTRES)])
    made = promise(on, TARGETS, rng.choice([*Channel]), instant(rng))
    return AdoptPromise(instant(rng), TICKET, OTHER, made)


ASKED: list[Callable[[Random], Command]] = [
    opening,
    adopting,
    lambda rng: RecordResponse(
        instant(rng), TICKET, rng.choice([*Medium]), rng.choice([*RespondedBy]), help_given=True
    ),
    lambda rng: RecordCall(instant(rng), TICKET, rng.random() < 0.1, *facts(rng)),
    lambda rng: CancelPromise(instant(rng), TICKET, rng.choice([*CancellationCause]), OTHER),
    lambda rng: ReinstatePromise(instant(rng), TICKET),
    lambda rng: RenouncePromise(instant(rng), TICKET, OTHER),
    lambda rng: SetInternalTarget(instant(rng), TICKET, "japan", calendar(rng) if rng.random() < 0.8 else None),
]
DUTIES: list[Callable[[Random], Command]] = [
    lambda rng: RecomputePromise(instant(rng), *facts(rng)),
    lambda rng: ReckonCalls(instant(rng), *facts(rng)),
    lambda rng: JudgeAnswer(instant(rng)),
    lambda rng: WarnAtRisk(instant(rng)),
    lambda rng: FireDeadline(instant(rng), instant(rng)),
    lambda rng: RestatePromise(instant(rng), *facts(rng)[:2]),
]


@pytest.mark.parametrize("chunk", range(4))
def test_no_command_about_a_promise_fails_whatever_its_facts_are_about(chunk: int) -> None:
    for seed in range(chunk * SEEDS, (chunk + 1) * SEEDS):
        rng, state = Random(seed), DECIDER.initial
        if rng.random() < 0.7:
            state = DECIDER.evolve(state, rng.choice([MAILED, JAPAN]))
        for _ in range(10):
            command = rng.choice([*ASKED, *DUTIES])(rng)
            event = DECIDER.decide(state, command)
            assert event is not None or not isinstance(command, ReactionCommand), (seed, command)
            state = DECIDER.evolve(state, event) if event else state


def cycles(rng: Random) -> ReckonCycles | MissTarget:
    if rng.random() < 0.3:
        return MissTarget(instant(rng), instant(rng))
    said = tuple(CycleFact(instant(rng), kind, OTHER) for kind in rng.sample([*Kind], 4))
    story = TicketHistory(TICKET, rng.choice(CENTRES), rng.choice([*Channel]), OPENED_AT, said)
    return ReckonCycles(instant(rng), story, rng.randrange(1, 9), *facts(rng)[:2])


def test_no_command_about_cycles_fails_whatever_its_facts_are_about() -> None:
    for seed in range(SEEDS):
        rng, state = Random(seed), CYCLES.initial
        for _ in range(6):
            command = cycles(rng)
            event = CYCLES.decide(state, command)
            assert event is None or not isinstance(command, ReckonCycles) or event.centre == command.story.centre
            state = CYCLES.evolve(state, event) if event else state


JAPANESE = at(paris("08:00", day=2), CALENDARS["japan"])
AT = paris("10:00")


def replay(*events: PromiseEvent) -> State:
    return DECIDER.replay(events)


def test_a_call_with_facts_of_another_centre_is_noted_and_reckoned_by_a_duty() -> None:
    state = replay(MAILED)
    stale = DECIDER.decide(state, RecordCall(AT, TICKET, False, (JAPANESE,), (FIRST_TARGETS,)))  # noqa: FBT003 - no help
    assert stale == CallNoted(ticket=TICKET, called_at=AT, reason=NotChanged.NOT_RECKONED)
    state = DECIDER.evolve(state, stale)
    assert DECIDER.decide(state, ReckonCalls(AT, (JAPANESE,), (FIRST_TARGETS,))) is None
    event = DECIDER.decide(state, ReckonCalls(AT, (JAPANESE, FIRST), (FIRST_TARGETS,)))
    assert isinstance(event, FirstResponseRetargeted)
    assert (event.called_at, event.certificate.due_at) == (AT, paris("12:00"))
    assert DECIDER.decide(DECIDER.evolve(state, event), ReckonCalls(AT, (FIRST,), (FIRST_TARGETS,))) is None
