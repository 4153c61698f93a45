"""What chains of merges, calls on them and undone merges come to, also where no event leads from one to the other."""

from datetime import date, datetime, timedelta

import pytest

from libs.messages.certificates import RetargetCause
from libs.messages.sla import (
    CallNoted,
    CancellationCause,
    FirstResponseNotRetargeted,
    FirstResponseRetargeted,
    MergeNoted,
    NoPromise,
    NotChanged,
    PromiseEvent,
    Verdict,
)
from libs.messages.tickets import (
    Channel,
    CustomerCallRecorded,
    Medium,
    MergeUndone,
    RespondedBy,
    ResponseRecorded,
    TicketOpened,
    TicketsMerged,
)
from libs.plan import verify
from services.sla_timer.promise.calls import ReckonCalls, RecordCall
from services.sla_timer.promise.decider import DECIDER, Command
from services.sla_timer.promise.merging import RenouncePromise
from services.sla_timer.promise.recompute import RecomputePromise
from services.sla_timer.promise.rows import PROMISES, grounds
from services.sla_timer.promise.state import Judged, Waiting
from services.sla_timer.published.publications import PublishedTargets
from tests.unit.recorded import recorded_event
from tests.unit.sla_timer.examples import CALENDARS, STREAM, TICKET, example, paris, started
from tests.unit.sla_timer.merged import System
from tests.unit.sla_timer.test_merging import AT, DUE, EARLIER, MAILED, OTHER, adopt
from tests.unit.sla_timer.test_publications import FIRST, FIRST_TARGETS, at, closed, targets_at
from tests.unit.sla_timer.test_transfers import to_americas

A, B, C = (f"ticket/crm-eu/{name}" for name in "abc")
OPENED: TicketOpened = example("TicketOpened").data
GERMANY = at(paris("08:00", day=2), CALENDARS["germany"])
GERMAN = started(paris("10:30"), Channel.EMAIL, CALENDARS["germany"])
"""Due at 14:30, so later than the one that stands, at 14:00."""


def system(centre: str = "france") -> System:
    """Three tickets of one centre, opened at ten by e-mail, so due at two in the afternoon."""
    found = System({centre: at(paris("08:00", day=2), CALENDARS[centre])}, [FIRST_TARGETS], (A, B, C))
    for one in (A, B, C):
        opened = OPENED.model_copy(update={"opened_at": paris("10:00"), "channel": Channel.EMAIL, "centre": centre})
        found.tell(one, opened, paris("10:00"))
    return found


def answered(moment: datetime) -> ResponseRecorded:
    return ResponseRecorded(responded_at=moment, medium=Medium.EMAIL, by=RespondedBy.PERSON, help_given=True)


def rang(moment: datetime) -> CustomerCallRecorded:
    return CustomerCallRecorded(called_at=moment, caller=OPENED.private.person, private=None, help_given=False)


def merged(into: str, moment: datetime) -> TicketsMerged:
    return TicketsMerged(merged_at=moment, into=into, by="person/crm-eu/agent-5")


def verdict(found: System, ticket: str) -> tuple[Verdict | None, datetime | None]:
    state = found.of(ticket).state
    return (state.verdict, state.responded_at) if isinstance(state, Judged) else (None, None)


def of_chain() -> System:
    """B was answered before A came into it, so that A goes on by itself; then B is absorbed in C."""
    found = system()
    found.tell(B, answered(paris("10:30")), paris("10:30"))
    found.tell(C, answered(paris("10:30")), paris("10:30"))
    found.tell(A, merged(B, paris("11:00")), paris("11:00"))
    found.tell(B, merged(C, paris("11:30")), paris("11:30"))
    return found


def test_an_answer_on_the_survivors_survivor_answers_who_waits_by_themselves() -> None:
    found = of_chain()
    found.tell(C, answered(paris("12:00")), paris("12:00"))
    found.pass_until(paris("12:01"))
    assert verdict(found, A) == (Verdict.MET, paris("12:00"))


def test_an_answer_from_before_the_second_merge_is_none_to_who_waits_by_themselves() -> None:
    found = of_chain()
    found.tell(C, answered(paris("11:15")), paris("12:00"))
    found.pass_until(paris("15:00"))
    assert verdict(found, A) == (Verdict.BREACHED, None)


def test_an_answer_on_a_survivor_to_which_nothing_is_promised_answers_the_absorbed_requester() -> None:
    found = System({"france": FIRST}, [FIRST_TARGETS], (A, B))
    for one, centre in ((A, "france"), (B, "nowhere")):
        opened = OPENED.model_copy(update={"opened_at": paris("10:00"), "channel": Channel.EMAIL, "centre": centre})
        found.tell(one, opened, paris("10:00"))
    found.tell(A, merged(B, paris("11:00")), paris("11:00"))
    found.tell(B, answered(paris("12:00")), paris("12:00"))
    found.pass_until(paris("12:01"))
    assert verdict(found, A) == (Verdict.MET, paris("12:00"))


def test_a_call_on_the_survivors_survivor_is_one_about_who_waits_by_themselves() -> None:
    found = of_chain()
    found.tell(C, rang(paris("11:40")), paris("11:40"))
    found.pass_until(paris("11:41"))
    state = found.of(A).state
    assert isinstance(state, Waiting)
    assert state.promise.due_at == paris("13:40")


def test_a_promise_that_was_passed_along_a_chain_is_given_up_where_its_merge_is_undone() -> None:
    found = system()
    found.tell(A, rang(paris("10:30")), paris("10:30"))
    found.tell(A, merged(B, paris("11:00")), paris("11:00"))
    found.tell(B, merged(C, paris("11:30")), paris("11:30"))
    state = found.of(C).state
    assert isinstance(state, Waiting)
    assert state.promise.due_at == paris("12:30")
    found.tell(A, MergeUndone(undone_at=paris("11:45"), into=B), paris("11:45"))
    found.pass_until(paris("11:46"))
    of_a, of_c = found.of(A).state, found.of(C).state
    assert isinstance(of_a, Waiting)
    assert isinstance(of_c, Waiting)
    assert (of_a.promise.due_at, of_c.promise.due_at) == (paris("12:30"), DUE)
    assert {one.ticket for one in of_c.promise.absorbed} == {B}


def test_a_merge_whose_undoing_was_read_first_passes_nothing_on() -> None:
    undone = DECIDER.decide(DECIDER.replay((MAILED,)), RenouncePromise(paris("11:30"), TICKET, OTHER))
    assert undone is not None
    event = DECIDER.decide(DECIDER.replay((MAILED, undone)), adopt(EARLIER))
    assert isinstance(event, MergeNoted)
    assert event.reason is NotChanged.UNDONE
    state = DECIDER.replay((MAILED, undone, event))
    assert isinstance(state, Waiting)
    assert (state.promise.due_at, state.promise.absorbed) == (DUE, ())
    again = DECIDER.decide(state, adopt(EARLIER, paris("11:45")))
    assert isinstance(again, FirstResponseRetargeted)
    assert again.certificate.due_at == paris("13:00")


def stand(*events: PromiseEvent) -> Waiting:
    """The promise of MAILED, in which GERMAN was absorbed at eleven, and what happened since."""
    state = DECIDER.replay((MAILED,))
    event = DECIDER.decide(state, adopt(GERMAN))
    assert isinstance(event, MergeNoted)
    for one in (event, *events):
        state = DECIDER.evolve(state, one)
    assert isinstance(state, Waiting)
    return state


def decided(command: Command, *events: PromiseEvent) -> FirstResponseRetargeted:
    event = DECIDER.decide(stand(*events), command)
    assert isinstance(event, FirstResponseRetargeted)
    assert event.own is not None
    for certificate in (event.certificate, event.own, *(one.certificate for one in event.absorbed)):
        verify(certificate)
    return event


def dues(event: FirstResponseRetargeted) -> list[datetime]:
    return [one.due_at for one in (event.own, *(each.certificate for each in event.absorbed)) if one]


def test_a_call_is_reckoned_on_every_promise_that_one_stands_for() -> None:
    call = RecordCall(paris("11:30"), TICKET, False, (FIRST, GERMANY), (FIRST_TARGETS,))  # noqa: FBT003 - no help
    event = decided(call)
    assert dues(event) == [paris("13:30"), paris("13:30")]
    closing = at(paris("11:40"), closed(("12:00", "13:00")))
    later = RecomputePromise(paris("11:40"), (FIRST, closing, GERMANY), (FIRST_TARGETS,))
    after = decided(later, event)
    assert (dues(after), after.certificate.centre) == ([paris("14:30"), paris("13:30")], "germany")
    causes = [change.cause for change in after.absorbed[0].certificate.changes]
    assert causes == [RetargetCause.CALL]


def test_a_call_from_before_the_merge_is_none_about_the_absorbed_ticket_unless_it_is_said_to_be() -> None:
    call = RecordCall(paris("10:45"), TICKET, False, (FIRST, GERMANY), (FIRST_TARGETS,))  # noqa: FBT003 - no help
    assert dues(decided(call)) == [paris("12:45"), paris("14:30")]
    of_it = RecordCall(paris("10:45"), TICKET, False, (FIRST, GERMANY), (FIRST_TARGETS,), of=(OTHER,))  # noqa: FBT003
    assert dues(decided(of_it)) == [DUE, paris("12:45")]


def test_a_call_that_came_without_the_calendar_of_one_of_them_is_reckoned_by_a_duty() -> None:
    stale = RecordCall(paris("11:30"), TICKET, False, (FIRST,), (FIRST_TARGETS,))  # noqa: FBT003 - no help
    noted = DECIDER.decide(stand(), stale)
    assert noted == CallNoted(ticket=TICKET, called_at=paris("11:30"), reason=NotChanged.NOT_RECKONED)
    event = decided(ReckonCalls(paris("11:30"), (FIRST, GERMANY), (FIRST_TARGETS,)), noted)
    assert dues(event) == [paris("13:30"), paris("13:30")]


SHORTER = targets_at(paris("11:30"), email_seconds=7200)


@pytest.mark.parametrize(
    ("published", "due"),
    [
        pytest.param((FIRST, GERMANY), [paris("12:00"), paris("12:30")], id="targets"),
        pytest.param(
            (FIRST, GERMANY, at(paris("11:20"), closed(("12:00", "12:30"), of=CALENDARS["germany"]))),
            [paris("12:00"), paris("13:00")],
            id="targets and a closure",
        ),
    ],
)
def test_what_is_published_is_reckoned_on_every_promise_that_one_stands_for(
    published: tuple[PublishedTargets, ...], due: list[datetime]
) -> None:
    command = RecomputePromise(paris("11:30"), published, (FIRST_TARGETS, SHORTER))  # type: ignore[arg-type]
    event = decided(command)
    assert dues(event) == due
    assert DECIDER.decide(stand(event), command) is None


def test_a_transfer_leaves_all_that_a_promise_stands_for_where_it_was_made() -> None:
    before = stand()
    event = DECIDER.decide(before, to_americas(AT))
    assert event is not None
    after = DECIDER.evolve(before, event)
    assert isinstance(after, Waiting)
    kept = (after.promise.certificate, after.promise.own, after.promise.absorbed)
    assert kept == (before.promise.certificate, before.promise.own, before.promise.absorbed)


def test_a_calendar_on_which_one_of_them_could_be_given_no_deadline_is_passed_over_once() -> None:
    days = [date(2026, 11, day) for day in range(24, 31)] + [date(2026, 12, day) for day in range(1, 32)]
    short = CALENDARS["germany"]
    for day in days:
        short = closed(day=day, of=short)
    whole_day = at(paris("11:30"), short.model_copy(update={"last_day": days[-1]}))
    command = RecomputePromise(paris("11:30"), (FIRST, GERMANY, whole_day), (FIRST_TARGETS,))
    event = DECIDER.decide(stand(), command)
    assert isinstance(event, FirstResponseNotRetargeted)
    assert (event.of, event.reason) == (OTHER, NoPromise.CALENDAR_ENDS)
    assert DECIDER.decide(stand(event), command) is None
    row = None
    merge = DECIDER.decide(DECIDER.replay((MAILED,)), adopt(GERMAN))
    for one in (MAILED, merge, event):
        assert one is not None
        row = PROMISES.evolve(row, recorded_event(STREAM, 1, one))
    assert row is not None
    assert {ground.ticket: ground.version for ground in grounds(row)} == {TICKET: 1, OTHER: 2}
    moved = decided(RecomputePromise(paris("11:30"), (FIRST, GERMANY, whole_day), (FIRST_TARGETS, SHORTER)), event)
    row = PROMISES.evolve(row, recorded_event(STREAM, 1, moved))
    assert row is not None
    assert {ground.ticket: ground.version for ground in grounds(row)} == {TICKET: 1, OTHER: 2}


def test_nobody_is_told_twice_what_is_restated_already() -> None:
    found = system()
    found.tell(A, merged(B, paris("11:00")), paris("16:00"))
    found.pass_until(paris("16:00"))
    found.tell(A, answered(paris("12:00")), paris("16:01"))
    found.pass_until(paris("16:02"))
    before = len(found.of(B).events)
    found.tell(B, rang(paris("11:05")), paris("16:03"))
    found.pass_until(paris("16:03") + timedelta(minutes=1))
    assert [type(event).__name__ for event in found.of(B).events[before:]] == ["CallNoted"]


def test_which_of_several_merges_ended_a_promise_is_kept() -> None:
    found = system()
    found.tell(A, merged(B, paris("11:00")), paris("11:00"))
    state = found.of(A).state
    assert isinstance(state, Judged)
    assert (state.cause, state.into) == (CancellationCause.MERGED, B)
