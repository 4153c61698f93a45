"""Why a promise was due when it was: every day told, every change with its cause, the verdict with both latenesses."""

from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic_core import to_json

from libs.messages.base import Event, event_type
from libs.messages.plan import CentreCalendar
from libs.messages.sla import CancellationCause, NoPromise, NotAResponse, PromiseEvent, RestatementCause
from libs.messages.tickets import Channel, CoverRestated, TicketOpened, TicketRefused
from libs.plan import with_merge
from libs.workcal import zone
from services.ops.explain.as_data import data
from services.ops.explain.as_words import DAY_COLUMNS, LIFE_COLUMNS, day_row, happening_row, sentences
from services.ops.explain.command import told
from services.ops.explain.days import DayLineKind
from services.ops.explain.explanation import Explanation, RecordedPromise, explain
from services.ops.explain.life import local
from services.ops.sla.grounds import Grounds
from services.ops.ticket.history import HistoryEntry
from services.sla_timer.promise.decider import DECIDER, Command
from services.sla_timer.promise.merging import AdoptPromise, CancelPromise
from services.sla_timer.published.publications import PublishedCalendar
from tests.unit.sla_timer.examples import (
    CALENDARS,
    FRANCE,
    MICROSECOND,
    TICKET,
    W03,
    answer,
    breached,
    example,
    fire,
    later,
    met,
    not_applied,
    not_promised,
    paris,
    started,
    warn,
)
from tests.unit.sla_timer.test_calls import ring
from tests.unit.sla_timer.test_publications import FIRST, FIRST_TARGETS, at, closed, recompute, targets_at
from tests.unit.sla_timer.test_restatement import restate
from tests.unit.sla_timer.test_transfers import to_americas

MAILED = started(paris("10:00"), Channel.EMAIL)
DUE = paris("14:00")
OPENED = example("TicketOpened", opened_at=paris("10:00"), channel=Channel.EMAIL).data
assert isinstance(OPENED, TicketOpened)


def explained(*events: PromiseEvent, published: tuple[PublishedCalendar, ...] = ()) -> Explanation:
    grounds = Grounds({"france": [FIRST, *published]}, [FIRST_TARGETS])
    return explain(RecordedPromise(TICKET, OPENED, events), grounds)


def history(*commands: Command, of: PromiseEvent = MAILED) -> tuple[PromiseEvent, ...]:
    events: tuple[PromiseEvent, ...] = (of,)
    for command in commands:
        event = DECIDER.decide(DECIDER.replay(events), command)
        assert event is not None
        events = (*events, event)
    return events


def days(found: Explanation) -> list[tuple[str, str, str]]:
    """The day, what it is, and from when to when in civil time, or why not."""
    hours = [(line.opens_at, line.closes_at) for line in found.days]
    spans = [f"{opens:%H:%M}-{closes:%H:%M}" if opens and closes else "" for opens, closes in hours]
    told = zip(found.days, spans, strict=True)
    return [
        (f"{line.day:%a %d}", line.kind, span if line.kind is DayLineKind.USED else line.says) for line, span in told
    ]


def test_hours_are_told_in_the_centre_s_time_with_a_running_total_and_a_weekend_by_its_reason() -> None:
    found = explained(started(paris("16:30", day=27), Channel.WEB))
    assert days(found) == [
        ("Fri 27", "used", "16:30-17:00"),
        ("Sat 28", "weekend", "no opening hours on Saturday"),
        ("Sun 29", "weekend", "no opening hours on Sunday"),
        ("Mon 30", "used", "09:00-12:30"),
    ]
    assert [line.total for line in found.days if line.used] == [timedelta(minutes=30), timedelta(hours=4)]
    assert [line.calendar_version for line in found.days] == [1, 1, 1, 1]


def test_a_public_holiday_is_told_by_its_name() -> None:
    christmas = datetime(2026, 12, 24, 15, tzinfo=UTC)
    found = explained(started(christmas, Channel.EMAIL))
    assert ("Fri 25", "closed", "Noël (confirmed)") in days(found)
    assert [name for name, *_ in days(found)] == ["Thu 24", "Fri 25", "Sat 26", "Sun 27", "Mon 28"]


def test_a_holiday_on_a_weekend_is_a_weekend() -> None:
    closing = FRANCE.model_copy(update={"closures": closed(day=date(2026, 11, 28)).closures})
    found = explained(started(paris("16:30", day=27), Channel.WEB, closing))
    assert ("Sat 28", "weekend", "no opening hours on Saturday") in days(found)


def test_a_ticket_after_closing_waits_for_the_next_opening() -> None:
    found = explained(started(paris("18:00"), Channel.PHONE))
    assert days(found) == [
        ("Tue 24", "not-needed", "the ticket was opened after closing"),
        ("Wed 25", "used", "09:00-11:00"),
    ]


def test_a_deadline_at_closing_tells_nothing_of_the_next_day() -> None:
    assert days(explained(W03)) == [("Tue 24", "used", "15:00-17:00")]


L07 = at(paris("11:00"), closed(("12:00", "17:00")))


def test_l07_a_closure_is_told_by_name_each_leg_on_the_calendar_that_held_in_it() -> None:
    found = explained(*history(recompute(paris("11:00"), L07)), published=(L07,))
    assert days(found) == [
        ("Tue 24", "used", "10:00-11:00"),
        ("Tue 24", "used", "11:00-12:00"),
        ("Tue 24", "closed", "Fermeture (confirmed)"),
        ("Wed 25", "used", "09:00-11:00"),
    ]
    assert [line.calendar_version for line in found.days] == [1, 2, 2, 2]
    assert [line.total for line in found.days if line.used] == [timedelta(hours=n) for n in (1, 2, 4)]
    (change,) = data(found)["changes"]
    assert (change["cause"], change["used_seconds"], change["calendar_version"]) == ("closure", 3600, 2)
    assert (change["was_due_at"], change["due_at"]) == (DUE, paris("11:00", day=25))
    said = "\n".join(sentences(found))
    assert "it was due on Tue 2026-11-24 14:00 CET, and is due on Wed 2026-11-25 11:00 CET" in said
    assert "1 h used until then: another calendar, with fewer hours until the deadline" in said


def test_hours_that_were_worked_are_not_told_as_closed_by_a_closure_recorded_afterwards() -> None:
    """L08: what lies before the publication stays used."""
    afterwards = at(paris("13:00"), closed(("10:00", "12:00")))
    found = explained(*history(recompute(paris("13:00"), afterwards)), published=(afterwards,))
    assert days(found) == [("Tue 24", "used", "10:00-13:00"), ("Tue 24", "used", "13:00-14:00")]
    assert found.restated is not None
    assert (found.state, found.restated.verdict, found.restated.due_at) == ("running", None, paris("16:00"))
    assert "it would be due on Tue 2026-11-24 16:00 CET" in "\n".join(sentences(found))


def test_a_day_that_became_a_holiday_is_skipped_by_the_calendar_that_held_then() -> None:
    """L09, in France."""
    added = at(paris("10:00", day=28), closed(day=date(2026, 11, 30)))
    promised = started(paris("15:00", day=27), Channel.EMAIL)
    found = explained(*history(recompute(paris("10:00", day=28), added), of=promised), published=(added,))
    assert days(found)[-2:] == [("Mon 30", "closed", "Fermeture (confirmed)"), ("Tue 01", "used", "09:00-11:00")]


def test_l04_a_call_begins_to_count_anew_and_is_told_with_its_cause() -> None:
    mailed = started(paris("09:30"), Channel.EMAIL)
    found = explained(*history(ring(paris("10:00")), of=mailed))
    assert [line.total for line in found.days] == [timedelta(minutes=30), timedelta(hours=2)]
    assert [step.what for step in found.life] == ["promised", "changed: call"]
    assert data(found)["promise"]["target_channel"] == "phone"
    assert (data(found)["promise"]["first_due_at"], data(found)["promise"]["due_at"]) == (
        paris("13:30"),
        paris("12:00"),
    )


def test_a_shorter_target_is_told_with_its_version() -> None:
    shorter = targets_at(paris("11:00"), email_seconds=7200)
    found = explained(*history(recompute(paris("11:00"), targets=[shorter])))
    (change,) = data(found)["changes"]
    assert (change["cause"], change["target_seconds"], change["targets_version"]) == ("shorter-target", 7200, 2)
    assert "a shorter target was published" in "\n".join(sentences(found))


def test_the_survivor_of_a_merge_goes_on_with_the_days_of_the_absorbed_ticket() -> None:
    absorbed = started(paris("09:00"), Channel.EMAIL).certificate
    events = history(AdoptPromise(paris("11:00"), TICKET, "ticket/crm-eu/4712", absorbed))
    found = explained(*events)
    assert days(found) == [("Tue 24", "used", "09:00-11:00"), ("Tue 24", "used", "11:00-13:00")]
    assert [step.what for step in found.life] == ["promised", "changed: merge"]
    assert with_merge(MAILED.certificate, absorbed, paris("11:00")) == found.certificate


def test_the_opening_says_which_centre_and_why_and_where_the_target_comes_from() -> None:
    first, second, *_ = sentences(explained(MAILED))
    assert first == (
        "ticket/crm-eu/4711 was opened by e-mail on Tue 2026-11-24 10:00 CET at france: the customer's home centre."
    )
    assert "within 4 h of working time, the target by e-mail of version 1, published on Mon 2026-11-02 08:00" in second
    assert f"the time zones of {MAILED.certificate.tz_version}" in second
    opening = data(explained(MAILED))["opening"]
    assert (opening["centre"], opening["centre_reason"]) == ("france", "home-centre")


def test_l15_an_opening_that_was_recorded_late_counts_by_its_own_instant() -> None:
    late = RecordedPromise(TICKET, OPENED, (MAILED,), recorded_at=paris("11:05"))
    found = explain(late, Grounds({"france": [FIRST]}, [FIRST_TARGETS]))
    assert "That was recorded 1 h 5 min later; its own instant counts." in list(sentences(found))


def test_a_whole_day_closed_at_noon_stands_after_the_hours_that_were_worked() -> None:
    noon = at(paris("12:00"), closed())
    found = explained(*history(recompute(paris("12:00"), noon)), published=(noon,))
    assert [kind for _, kind, _ in days(found)] == ["used", "closed", "used"]
    assert [(line.opens_at, line.closes_at) for line in found.days if line.closure] == [(None, None)]


def test_l02_an_answer_after_closing_has_two_latenesses() -> None:
    found = explained(W03, breached(paris("17:40")), later(paris("17:30")))
    verdict = data(found)["verdict"]
    assert (verdict["state"], verdict["breached_at"]) == ("breached", paris("17:00"))
    assert verdict["late_by"] == {"working_seconds": 0, "wall_seconds": 1800}
    assert verdict["to_first_response"] == {"working_seconds": 7200, "wall_seconds": 9000}
    said = "\n".join(sentences(found))
    assert "detected 40 min later" in said
    assert "0 s of working time (30 min by the clock) late" in said


def test_an_answer_in_time_says_by_how_much() -> None:
    found = explained(W03, met(paris("16:00")))
    verdict = data(found)["verdict"]
    assert verdict["early_by"] == {"working_seconds": 3600, "wall_seconds": 3600}
    assert verdict["late_by"] is None
    assert list(sentences(found))[-1] == (
        "It was met: on Tue 2026-11-24 16:00 CET, after 1 h of working time (1 h by the clock); "
        "1 h of working time (1 h by the clock) early."
    )


def test_l14_every_answer_says_whether_it_counts_and_why_not() -> None:
    automatic, human, again = paris("09:30:02"), paris("13:29"), paris("15:00")
    mailed = started(paris("09:30"), Channel.EMAIL)
    events = (mailed, not_applied(automatic, NotAResponse.AUTOMATIC), met(human, mailed), later(again))
    assert [(one.responded_at, one.counts, one.why) for one in explained(*events).answers] == [
        (automatic, False, "an automatic receipt is no first response"),
        (human, True, "by the deadline"),
        (again, False, "1 h 30 min after the deadline by the clock"),
    ]


def test_l01_every_warning_is_told_with_its_share_of_the_target() -> None:
    found = explained(*history(warn(), of=W03))
    assert data(found)["warnings"] == [{"percent": 75, "at_risk_at": paris("16:30")}]
    assert (
        found.life[-1].says == "75 % of the target was used up, and nobody had answered; 30 min were left by the clock"
    )


def test_l08_what_was_restated_stands_beside_the_verdict_with_its_cause() -> None:
    closing = at(paris("13:00"), closed(("10:00", "12:00")))
    commands = (recompute(paris("13:00"), closing), fire(DUE + MICROSECOND, DUE), answer(paris("15:00")))
    found = explained(*history(*commands, restate(closing)), published=(closing,))
    assert found.state == "breached"
    assert found.restated is not None
    assert (found.restated.verdict, found.restated.cause) == ("met", RestatementCause.CLOSURE)
    assert "met, due on Tue 2026-11-24 16:00 CET; the verdict stays" in "\n".join(sentences(found))


def test_l06_an_internal_target_is_told_as_no_promise() -> None:
    found = explained(*history(to_americas(paris("11:00"))))
    (target,) = data(found)["internal_targets"]
    assert target["centre"] == "americas"
    assert list(sentences(found))[-1].endswith("that is no promise.")


def test_an_internal_target_is_told_as_the_promise_where_that_became_earlier() -> None:
    found = explained(*history(to_americas(paris("11:00")), ring(paris("11:01"))))
    assert found.certificate is not None
    (target,) = data(found)["internal_targets"]
    assert target["due_at"] == found.certificate.due_at == paris("13:01")


def test_a_cancelled_promise_has_no_verdict() -> None:
    found = explained(*history(CancelPromise(paris("11:00"), TICKET, CancellationCause.WITHDRAWN)))
    assert (found.state, found.times) == ("cancelled", None)
    assert [step.says for step in found.life][-1] == "the customer withdrew the ticket"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (NoPromise.CALENDAR_ENDS, "the calendar of the centre is not published as far as the deadline"),
        (NoPromise.NO_TARGETS, "no targets were published"),
    ],
)
def test_a_ticket_without_a_promise_says_why(reason: NoPromise, words: str) -> None:
    found = explained(not_promised(reason))
    assert (found.state, found.days, data(found)["promise"]) == ("not-promised", (), None)
    assert f"No first response was promised: {words}." in list(sentences(found))


def test_a_refused_ticket_had_no_clock() -> None:
    refused = example("TicketRefused").data
    assert isinstance(refused, TicketRefused)
    found = explain(RecordedPromise(TICKET, refused, ()), Grounds({}, ()))
    assert found.state == "none"
    assert "no clock ran" in "\n".join(sentences(found))
    assert data(found)["opening"]["refused"] == refused.reason


def entry(event: Event) -> HistoryEntry:
    kind, written = event_type(type(event)), event.model_dump(mode="json")
    return HistoryEntry(DUE, DUE, DUE, "olcare.tickets.v1", 0, 0, TICKET, 1, kind, "id", "cause", written)


def test_k8_a_ticket_that_was_refused_though_it_was_under_cover_says_since_when_that_is_known() -> None:
    refused, restated = example("TicketRefused").data, example("CoverRestated").data
    assert isinstance(restated, CoverRestated)
    found = explain(
        told(TICKET, map(entry, (refused, restated, OPENED, MAILED))),
        Grounds({"france": [FIRST]}, [FIRST_TARGETS]),
    )
    assert (found.told.opened, found.told.restated, found.certificate) == (OPENED, restated, MAILED.certificate)
    assert list(sentences(found))[2] == (
        "Asked for on Tue 2027-06-01 10:00 CEST it had been refused (cover-lapsed), and was under contract/erp/K-2001"
        " all the time: that is known since Thu 2027-06-03 11:00:00.900000 CEST."
    )
    assert data(found)["cover_restated"] == restated.model_dump()
    assert data(explained(MAILED))["cover_restated"] is None


def test_a_ticket_that_is_held_is_not_opened_yet() -> None:
    found = explain(RecordedPromise(TICKET, None, ()), Grounds({}, ()))
    assert list(sentences(found)) == [f"{TICKET} is not opened yet: what was said of it is held until then."]


def test_a_calendar_that_is_not_there_is_said_and_never_guessed() -> None:
    with pytest.raises(LookupError, match="version 2 of the calendar of france is not there"):
        explained(*history(recompute(paris("11:00"), L07)))


def all_day(**hours: str) -> CentreCalendar:
    """Open around the clock, every day."""
    windows = tuple(FRANCE.weekly[0].model_copy(update={"weekday": day, **hours}) for day in range(1, 8))
    return FRANCE.model_copy(update={"weekly": windows, "closures": ()})


def test_hours_over_midnight_are_told_day_by_day() -> None:
    calendar = all_day(opens="00:00", closes="24:00")
    found = explain(
        RecordedPromise(TICKET, OPENED, (started(paris("22:00"), Channel.EMAIL, calendar),)),
        Grounds({"france": [at(paris("08:00", day=2), calendar)]}, [FIRST_TARGETS]),
    )
    assert days(found) == [("Tue 24", "used", "22:00-00:00"), ("Wed 25", "used", "00:00-02:00")]


def test_other_centres_have_their_own_civil_time() -> None:
    instant = datetime(2026, 11, 24, 1, tzinfo=UTC)
    told = [local(instant, zone(CALENDARS[name].zone)) for name in ("japan", "americas")]
    assert told == ["Tue 2026-11-24 10:00 JST", "Mon 2026-11-23 20:00 EST"]


def test_rows_have_the_columns_of_their_tables_and_the_whole_is_json() -> None:
    found = explained(*history(recompute(paris("11:00"), L07), answer(paris("11:30"))), published=(L07,))
    assert [tuple(happening_row(step, found)) for step in found.life] == [LIFE_COLUMNS] * 3
    assert [tuple(day_row(line)) for line in found.days] == [DAY_COLUMNS] * 4
    assert b'"opens_at":"2026-11-24T10:00:00+01:00"' in to_json(data(found))
