"""What must come of a script is reckoned by the rules of the plan: the boundaries decide."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from pydantic_core import to_json

from libs.messages import upstream
from libs.messages.catalogue import CONTRACTS_DOOR, UPSTREAM
from libs.messages.certificates import Certificate
from libs.messages.tickets import Channel, Medium, RequestKind, RespondedBy, Side
from libs.messages.upstream import NoteAdded, Person, ResponseGiven, TicketSubmitted, Upstream
from libs.plan import promise, working_calendar
from services.ops.demo.figures import AskedFor, Figures, NotTaken, differences
from services.ops.demo.reckoning import reckon
from services.ops.demo.register import CustomerRegister
from services.ops.demo.ticket_life import Life, LifeAnswer, PromiseAtTheEnd, SaidMessage, judge, live
from tests.unit.ops_demo.scripts import plan, script

TUESDAY = datetime(2026, 11, 24, tzinfo=UTC)
HALF_PAST_NINE, ONE_O_CLOCK = (TUESDAY + timedelta(hours=h) for h in (8.5, 12))
DUE = TUESDAY + timedelta(hours=12.5)  # four hours after half past nine in France
AT_RISK = TUESDAY + timedelta(hours=11.5)
ENDS = TUESDAY + timedelta(days=7)
MOMENT, HALF_HOUR = timedelta(microseconds=1), timedelta(minutes=30)
ANYBODY = Person(person="person/crm-eu/p-1")
DOOR = UPSTREAM[CONTRACTS_DOOR]
identities = count()


def certificate(channel: Channel = Channel.EMAIL, opened_at: datetime = HALF_PAST_NINE) -> Certificate:
    france = next(centre for centre in plan().centres if centre.centre == "france")
    return promise(working_calendar(france), plan().targets, channel, opened_at)


def given(by: RespondedBy = RespondedBy.PERSON, *, by_call: bool = False, help_given: bool = True) -> ResponseGiven:
    return ResponseGiven(medium=Medium.CALL if by_call else Medium.EMAIL, by=by, help_given=help_given)


def judged(*answers: tuple[datetime, datetime, ResponseGiven], promised: Certificate | None = None) -> PromiseAtTheEnd:
    return judge(promised or certificate(), [LifeAnswer(*answer) for answer in answers], ENDS)


def types(found: PromiseAtTheEnd) -> set[str]:
    return {outcome.event.split(".")[1] for outcome in found.events}


def test_an_answer_at_the_very_deadline_meets_the_promise() -> None:
    assert judged((DUE, DUE, given())).state == "met"


def test_an_answer_that_is_known_only_after_the_deadline_does_not() -> None:
    found = judged((DUE - MOMENT, DUE + HALF_HOUR, given()))
    assert found.state == "breached"
    assert "LaterResponseNoted" in types(found)


def test_an_automatic_receipt_is_no_first_response() -> None:
    assert judged((HALF_PAST_NINE, HALF_PAST_NINE, given(RespondedBy.AUTOMATIC))).state == "breached"


def test_somebody_is_warned_unless_an_answer_is_known_before() -> None:
    assert judged((AT_RISK, AT_RISK, given())).warned
    assert not judged((AT_RISK - MOMENT, AT_RISK - MOMENT, given())).warned


@pytest.mark.parametrize(("help_given", "state"), [(True, "met"), (False, "breached")])
def test_the_opening_call_is_a_response_only_with_help_given_in_it(*, help_given: bool, state: str) -> None:
    by_phone = certificate(Channel.PHONE)
    call = (HALF_PAST_NINE, HALF_PAST_NINE, given(by_call=True, help_given=help_given))
    assert judged(call, promised=by_phone).state == state


def test_a_promise_whose_deadline_is_after_the_story_waits() -> None:
    assert judge(certificate(opened_at=ENDS - HALF_HOUR), [], ENDS).state == "waiting"


def asked(customer: str, at: datetime = HALF_PAST_NINE, identity: str | None = None) -> SaidMessage:
    data = TicketSubmitted(
        customer=customer,
        product="planetpress-connect",
        channel=Channel.EMAIL,
        request_kind=RequestKind.QUESTION,
        language="fr",
        requester=ANYBODY,
        subject="",
        text="",
    )
    return SaidMessage(at, at + HALF_HOUR, identity or f"m{next(identities)}", data)


def answered(at: datetime, known_at: datetime | None = None) -> SaidMessage:
    return SaidMessage(at, known_at or at, f"m{next(identities)}", given())


def life(*messages: SaidMessage) -> Life:
    return live(messages, register())


def outcomes(found: Life) -> list[str]:
    return [outcome.outcome for outcome in found.outcomes]


def register() -> CustomerRegister:
    made = CustomerRegister(plan())
    for line in (line for batch in script(8).before for line in batch):
        assert line.event is not None
        made.take(line.event, DOOR[line.event["type"]].model_validate_json(to_json(line.event["data"])))
    return made


def customer(role: str | None) -> str:
    return next(c.id for c in script(8).cast.customers if c.role == role and c.centre == "france")


def test_the_same_again_has_the_same_outcome_and_is_one_command() -> None:
    found = life(asked(customer(None), identity="a"), asked(customer(None), identity="a"))
    assert (outcomes(found), len(found.commands)) == (["accepted", "accepted"], 1)


def test_an_answer_before_its_ticket_is_held_and_applied() -> None:
    found = life(answered(HALF_PAST_NINE + MOMENT), asked(customer(None)))
    assert outcomes(found) == ["held", "accepted"]
    assert [answer.known_at for answer in found.answers] == [HALF_PAST_NINE + HALF_HOUR]


def test_to_the_last_second_of_the_last_day_a_ticket_is_covered() -> None:
    midnight = datetime(2026, 11, 25, 23, tzinfo=UTC)  # of 26 November in France
    assert life(asked(customer("lapsing"), midnight - timedelta(seconds=1))).reason is None
    assert life(asked(customer("lapsing"), midnight)).reason == "cover-lapsed"


def said(data: Upstream, at: datetime = ONE_O_CLOCK) -> SaidMessage:
    return SaidMessage(at, at, f"m{next(identities)}", data)


NOTE = NoteAdded(by=Side.SUPPORT, author=ANYBODY, text="")
MERGED = upstream.TicketsMerged(into="ticket/crm-eu/1", by=ANYBODY.person)
RESOLVED, REOPENED = upstream.TicketResolved(by=ANYBODY.person), upstream.TicketReopened(by=Side.CUSTOMER)
WITHDRAWN = upstream.TicketWithdrawn(by=Side.CUSTOMER)


def reasons(found: Life) -> list[str | None]:
    return [outcome.reason for outcome in found.outcomes]


def test_a_note_is_taken_before_the_ticket_and_whatever_became_of_it() -> None:
    found = life(said(NOTE, HALF_PAST_NINE), asked(customer(None)), said(WITHDRAWN), said(NOTE))
    assert outcomes(found) == ["held", "accepted", "accepted", "accepted"]


def test_what_is_said_of_a_ticket_that_is_over_is_refused() -> None:
    merged = life(asked(customer(None)), said(MERGED), said(RESOLVED))
    assert (merged.state, reasons(merged)) == ("merged", [None, None, "ticket-merged"])
    withdrawn = life(asked(customer(None)), said(WITHDRAWN), said(MERGED))
    assert (withdrawn.state, reasons(withdrawn)) == ("withdrawn", [None, None, "ticket-withdrawn"])


def test_only_a_resolved_ticket_is_reopened_and_only_under_cover() -> None:
    found = life(asked(customer(None)), said(REOPENED), said(RESOLVED), said(RESOLVED), said(REOPENED))
    assert (found.state, reasons(found)) == ("open", [None, "not-resolved", None, "already-resolved", None])
    midnight = datetime(2026, 11, 25, 23, tzinfo=UTC)  # of 26 November in France
    found = life(asked(customer("lapsing")), said(RESOLVED), said(REOPENED, midnight))
    assert (found.state, reasons(found)) == ("resolved", [None, None, "cover-lapsed"])


def test_a_ticket_that_was_refused_takes_no_answer() -> None:
    found = life(asked("customer/erp/nobody"), answered(ONE_O_CLOCK))
    assert [outcome.reason for outcome in found.outcomes] == ["unknown-customer", "ticket-refused"]


def test_everything_that_the_script_shows_is_reckoned() -> None:
    found = reckon(script(), plan())
    assert {key.state for key in found.promises} == {"met", "breached"}
    assert {key.reason for key in found.tickets if key.state == "refused"} >= {"cover-lapsed", "no-contract"}
    assert found.tickets[AskedFor(None, None, "held")] == 1
    assert {str(key.problem) for key in found.notices} == {"None", "no-address", "refused"}
    assert found.events["olcare.NoticeDeferred.v1"] == 1
    assert found.not_taken[NotTaken("olcare.MessageRefused.v1", "ticket-merged")] == 1
    assert sum(number for key, number in found.tickets.items() if key.state == "merged") == 1


def test_a_figure_that_is_not_as_reckoned_is_named() -> None:
    one, other = Figures(), Figures()
    other.tickets[AskedFor("france", "web", "open")] += 1
    assert [tuple(found) for found in differences(one, other)] == [("tickets", "france web open", 0, 1)]
    assert differences(one, Figures()) == []
