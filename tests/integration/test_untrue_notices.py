"""What is told is true when it is sent: every kind of notice by every kind of later fact, on a real PostgreSQL."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

import services.notification
from libs.messages.base import Event, event_type
from libs.messages.catalogue import EVENTS, SLA, SlaEvent
from libs.messages.certificates import RetargetCause
from libs.messages.contracts import ContractActivated, ContractEvent, TermKind
from libs.messages.notices import (
    Cancellation,
    DeliveryProblem,
    NoticeCancelled,
    NoticeClass,
    NoticeEvent,
    NoticeFacts,
    NoticeFailed,
    NoticeRequested,
    NoticeRole,
    NoticeSettled,
    Recipient,
    Settlement,
)
from libs.messages.sla import FirstResponseRetargeted
from libs.messages.tickets import CoverRestated, ResponseRecorded, TicketWithdrawn
from services.notification.domain import DECIDER
from services.notification.projections import PRIVATE_RECORDS, READERS
from services.notification.reactions import FACTS as FACTS_OF_RECIPIENTS
from services.notification.terms import take_back
from services.notification.truth import LaterFact, later_facts, later_facts_of_a_ticket
from tests.integration.folded import Folded, folded
from tests.integration.test_notification_queries import STATE_TABLE
from tests.unit.notification.foreign import ANA as ANA_S_RECORD
from tests.unit.notification.foreign import example
from tests.unit.notification.stories import ANA, FIRST, TUESDAY, deferred, in_doubt, requested, sent, taken

FILES = sorted(Path(services.notification.__file__).parent.glob("*.sql"))
CALENDAR = example("CentreCalendarPublished")
DUE_AT = example("FirstResponseRetargeted").data.certificate.due_at
TO_PERSONS = {"acknowledgement", "refusal", "cover-restated", "deadline-moved", "lapse"}


def called_earlier() -> SlaEvent:
    """A deadline that a call moved: nothing new was published."""
    event: FirstResponseRetargeted = example("FirstResponseRetargeted").data
    changes = tuple(change.model_copy(update={"cause": RetargetCause.CALL}) for change in event.certificate.changes)
    return event.model_copy(update={"certificate": event.certificate.model_copy(update={"changes": changes})})


OF_TICKETS = """
                       cover     withdrawal  answer
refusal                restated  -           -
cover-restated         -         withdrawn   -
cover-restated-centre  -         withdrawn   -
"""
"""Kind of notice about a ticket by later fact, likewise."""
OF_CONTRACTS = """
                  renewal  reversal        lapse   continuation  reminder
welcome           -        -               -       -             -
renewal-offer     renewed  renewed         lapsed  continued     -
renewal-reminder  renewed  renewed         lapsed  continued     reminded-later
renewal           -        -               -       -             -
lapse             -        lapse-reversed  -       -             -
lapse-reversed    -        -               -       -             -
resubscription    -        -               -       -             -
"""
"""Kind of notice about a contract by later fact, likewise."""
GRID = """
                       answer    withdrawal  promise   moved           reckoning  breach           kept      breached
acknowledgement        -         withdrawn   promised  -               -          -                -         -
warning                answered  withdrawn   -         deadline-moved  -          deadline-passed  -         -
breach                 -         -           -         -               -          -                restated  -
restatement            -         -           -         -               -          -                restated  restated
deadline-moved         -         withdrawn   -         deadline-moved  -          -                -         -
deadline-moved-centre  answered  withdrawn   -         deadline-moved  -          deadline-passed  -         -
no-promise             answered  withdrawn   promised  -               promised   -                -         -
address-in-doubt       -         -           -         -               -          -                -         -
"""
"""Kind of notice by later fact: the cause with which it is cancelled, if it is."""
FACTS: Mapping[str, tuple[LaterFact, Sequence[SlaEvent]]] = {
    "answer": (
        LaterFact.ANSWER,
        [
            example("FirstResponseMet").data,
            example("LaterResponseNoted").data,
            example("ResponseNotApplied", reason="no-promise").data,
        ],
    ),
    "withdrawal": (
        LaterFact.WITHDRAWAL,
        [
            example("FirstResponseCancelled", cause="withdrawn", into=None).data,
            example("CancellationNoted", cause="withdrawn", into=None).data,
        ],
    ),
    "promise": (LaterFact.PROMISE, [example("FirstResponseClockStarted").data]),
    "moved": (LaterFact.MOVED_DEADLINE, [called_earlier()]),
    "reckoning": (LaterFact.RECKONING, [example("FirstResponseRetargeted", was_due_at=DUE_AT).data]),
    "breach": (LaterFact.BREACH, [example("FirstResponseBreached").data]),
    "kept": (
        LaterFact.KEPT_AFTER_ALL,
        [
            example("FirstResponseRestated", stated="breached", restated=verdict).data
            for verdict in ("met", "cancelled")
        ],
    ),
    "breached": (
        LaterFact.BREACHED_AFTER_ALL,
        [example("FirstResponseRestated", stated="met", restated="breached").data],
    ),
}
"""Column of the grid → the fact, and events that are it."""


TICKET_ROWS = [line.split() for line in OF_TICKETS.strip().splitlines()]
OF_TICKET: Mapping[str, CoverRestated | TicketWithdrawn | ResponseRecorded] = {
    "cover": example("CoverRestated").data,
    "withdrawal": example("TicketWithdrawn").data,
    "answer": example("ResponseRecorded").data,
}
CONTRACT_ROWS = [line.split() for line in OF_CONTRACTS.strip().splitlines()]
OF_CONTRACT: Mapping[str, ContractEvent] = {
    "renewal": example("ContractRenewed", reverses_lapse_at=None).data,
    "reversal": example("ContractRenewed").data,
    "lapse": example("ContractLapsed").data,
    "continuation": example("ContractContinued").data,
    "reminder": example("RenewalReminded").data,
}
"""Column of the grid of contracts → an event that is it."""
ROWS = [line.split() for line in GRID.strip().splitlines()]
EXPECTED = {(row[0], column): cause for row in ROWS[1:] for column, cause in zip(ROWS[0], row[1:], strict=True)}
NOTHING = example("CallNoted").data
AGAIN = (taken(FIRST), in_doubt(FIRST, will_resend=True))
STILL_TO_BE_SENT: Sequence[Sequence[NoticeEvent]] = [(), (taken(FIRST), deferred(FIRST, TUESDAY)), AGAIN]
FAILED = NoticeFailed(attempt=1, failed_at=TUESDAY, problem=DeliveryProblem.REFUSED)
CANCELLED = NoticeCancelled(cancelled_at=TUESDAY, cause=Cancellation.RESTATED)
NOT_TO_BE_SENT: Sequence[Sequence[NoticeEvent]] = [
    (taken(FIRST),),
    (taken(FIRST), sent(FIRST)),
    (taken(FIRST), in_doubt(FIRST, will_resend=False)),
    (taken(FIRST), FAILED),
    (*AGAIN, CANCELLED),
    (*AGAIN, CANCELLED, sent(FIRST)),
]


def notice(template: str, about: str, sequence: int | None, reason: str | None = None) -> NoticeRequested:
    to_a_person = template in TO_PERSONS
    return requested().model_copy(
        update={
            "role": NoticeRole.REQUESTER if to_a_person else NoticeRole.CENTRE,
            "notice_class": NoticeClass(template.removesuffix("-centre")),
            "about_stream": about,
            "about_sequence": sequence,
            "recipient": Recipient(private=ANA) if to_a_person else Recipient(centre="france"),
            "template": template,
            "facts": NoticeFacts(ticket="ticket/crm/1", centre="france", reason=reason),
        }
    )


class Notices:
    """The tables of notification, and what its queries find in them."""

    def __init__(self, tables: Folded) -> None:
        self.happened, self.found, self.table, self._number = tables.happened, tables.found, tables.table, 0

    def promise(self) -> str:
        self._number += 1
        return f"promise/crm/{self._number}"

    async def asked(self, *story: NoticeEvent) -> str:
        self._number += 1
        stream = f"notice/{self._number}/centre"
        await self.happened(stream, *story)
        return stream

    async def sent(self) -> set[str]:
        return {row["stream"] for row in await self.found("notices_to_send", now=TUESDAY, most=10_000)}

    async def cancelled(self) -> dict[str, str]:
        return {row["stream"]: row["cause"] for row in await self.found("notices_to_cancel", most=10_000)}

    async def refused(self, streams: Sequence[str]) -> dict[str, str]:
        rows = await self.found("causes_not_to_send", streams=list(streams))
        return {row["stream"]: row["cause"] for row in rows}


@pytest.fixture
async def notices(database: str) -> AsyncIterator[Notices]:
    async with folded(database, READERS, FILES) as tables:
        await tables.connection.execute(STATE_TABLE)
        record = (ANA.text(), 0, ANA_S_RECORD.model_dump_json(exclude_none=True))
        await tables.connection.copy_records_to_table(PRIVATE_RECORDS, records=[record])
        await tables.happened(CALENDAR.stream, CALENDAR.data)
        yield Notices(tables)


def events() -> Iterator[tuple[str, SlaEvent]]:
    for column, (_, several) in FACTS.items():
        yield from ((column, event) for event in several)


def test_the_grid_has_every_kind_of_notice_and_every_kind_of_later_fact() -> None:
    rows = [*ROWS[1:], *CONTRACT_ROWS[1:], *TICKET_ROWS[1:]]
    assert {row[0].removesuffix("-centre") for row in rows} == {str(kind) for kind in NoticeClass}
    facts = {fact for event in OF_CONTRACT.values() for fact in later_facts(event)}
    facts |= {fact for event in OF_TICKET.values() for fact in later_facts_of_a_ticket(event)}
    assert {fact for fact, several in FACTS.values() if several} | facts == set(LaterFact)


@pytest.mark.parametrize("kind", sorted(EVENTS[SLA], key=event_type))
def test_every_event_of_a_promise_is_a_later_fact_or_is_none(kind: type[Event]) -> None:
    found = {type(event) for _, event in events()}
    assert bool(list(later_facts(example(kind.__name__).data))) is (kind in found) or kind.__name__ in {
        "FirstResponseCancelled",  # the example is of a merge: the survivor's promise stands for it
        "CancellationNoted",
        "ResponseNotApplied",
    }


@pytest.mark.parametrize(("column", "event"), list(events()))
def test_an_event_is_the_later_fact_of_its_column(column: str, event: SlaEvent) -> None:
    assert list(later_facts(event)) == [FACTS[column][0]]


@pytest.mark.parametrize("template", [row[0] for row in ROWS[1:]])
async def test_what_became_untrue_is_cancelled_and_not_sent_and_all_else_is_sent(
    notices: Notices, template: str
) -> None:
    expected: dict[str, str | None] = {}
    for (column, event), state, is_later in product(events(), STILL_TO_BE_SENT, (True, False)):
        about = notices.promise()
        history = [NOTHING, event] if is_later else [event, NOTHING]
        await notices.happened(about, *history)
        if template == "restatement":
            await notices.asked(notice("breach", about, None), taken(FIRST), sent(FIRST))
        stream = await notices.asked(notice(template, about, 1 if is_later else 2, "met"), *state)
        cause = EXPECTED[template, column]
        expected[stream] = cause if is_later and cause != "-" else None
    untrue = {stream: cause for stream, cause in expected.items() if cause}
    assert await notices.cancelled() == untrue
    assert await notices.refused(list(expected)) == untrue
    assert await notices.sent() == expected.keys() - untrue.keys()


@pytest.mark.parametrize("state", NOT_TO_BE_SENT)
async def test_what_is_in_hand_or_has_its_end_is_neither_sent_nor_cancelled(
    notices: Notices, state: Sequence[NoticeEvent]
) -> None:
    about = notices.promise()
    await notices.happened(about, NOTHING, *(event for _, event in events()))
    for template in (row[0] for row in ROWS[1:]):
        await notices.asked(notice(template, about, 1, "met"), *state)
    assert (await notices.sent(), await notices.cancelled()) == (set(), {})


async def test_a_breach_that_is_one_after_all_is_told_if_it_was_not_cancelled(notices: Notices) -> None:
    [(_, kept), (_, back)] = [pair for pair in events() if pair[0] in {"kept", "breached"}][::2]
    about = notices.promise()
    await notices.happened(about, NOTHING, kept, back)
    stream = await notices.asked(notice("breach", about, 1))
    assert (await notices.sent(), await notices.cancelled()) == ({stream}, {})


async def test_what_was_written_before_is_sent_as_it_was_then(notices: Notices) -> None:
    about = notices.promise()
    await notices.happened(about, *(event for _, event in events()))
    stream = await notices.asked(notice("warning", about, None))
    assert (await notices.sent(), await notices.cancelled()) == ({stream}, {})


# What corrects something that was told

SAID: Mapping[str, Sequence[NoticeEvent]] = {
    "told": (taken(FIRST), sent(FIRST)),
    "perhaps": (taken(FIRST), in_doubt(FIRST, will_resend=False)),
    "not told": (CANCELLED,),
    "failed": (taken(FIRST), FAILED),
    "in doubt, and not told": (
        taken(FIRST),
        in_doubt(FIRST, will_resend=False),
        NoticeSettled(settled_at=TUESDAY, by="agent-7", settled_as=Settlement.NOT_SENT),
    ),
    "open": (),
    "in hand": (taken(FIRST),),
}
TOLD, OPEN = {"told", "perhaps"}, {"open", "in hand"}


@pytest.mark.parametrize("length", [0, 1, 2])
async def test_a_restatement_is_sent_to_whoever_was_told_otherwise_last(notices: Notices, length: int) -> None:
    """The notices before it say breached, met, breached …, each with what became of it."""
    expected: dict[str, str] = {}
    for before, verdict in product(product(SAID, repeat=length), ("met", "breached", "cancelled")):
        about = notices.promise()
        for place, said in enumerate(before):
            template, reason = ("breach", None) if place == 0 else ("restatement", "met")
            await notices.asked(notice(template, about, place + 1, reason), *SAID[said])
        stream = await notices.asked(notice("restatement", about, length + 1, verdict))
        last = [place for place, said in enumerate(before) if said in TOLD]
        was_breached = bool(last) and last[-1] == 0
        if OPEN.intersection(before):
            expected[stream] = "waits"
        else:
            expected[stream] = "sent" if was_breached is not (verdict == "breached") else "nothing-to-correct"
    sent, cancelled = await notices.sent(), await notices.cancelled()
    found = {stream: "sent" if stream in sent else cancelled.get(stream, "waits") for stream in expected}
    assert found == expected


async def test_another_recipient_s_breach_is_nothing_to_correct(notices: Notices) -> None:
    about = notices.promise()
    other = notice("breach", about, 1).model_copy(update={"role": NoticeRole.WORKING_CENTRE})
    await notices.asked(other, taken(FIRST), sent(FIRST))
    stream = await notices.asked(notice("restatement", about, 2, "met"))
    assert await notices.cancelled() == {stream: "nothing-to-correct"}


@pytest.mark.parametrize("said", SAID)
async def test_an_acknowledgement_knows_of_one_without_a_deadline_and_waits_for_it(notices: Notices, said: str) -> None:
    about = notices.promise()
    await notices.happened(about, NOTHING, *FACTS["promise"][1])
    await notices.asked(notice("acknowledgement", about, 1), *SAID[said])
    stream = await notices.asked(notice("acknowledgement", about, 2))
    rows = await notices.found("notices_to_send", now=TUESDAY, most=10)
    found = {row["stream"]: row["told"] for row in rows}
    assert found == ({} if said in OPEN else {stream: said in TOLD})


async def test_a_notice_comes_with_what_is_known_of_its_promise_by_now(notices: Notices) -> None:
    about, answer = notices.promise(), example("LaterResponseNoted").data
    earlier = answer.model_copy(update={"responded_at": answer.responded_at - timedelta(hours=1)})
    started, moved = example("FirstResponseClockStarted").data, example("FirstResponseRetargeted").data
    [_, gone] = FACTS["withdrawal"][1]
    await notices.happened(about, started, moved, answer, earlier, answer, gone)
    await notices.asked(notice("breach", about, 6))
    [row] = await notices.found("notices_to_send", now=TUESDAY, most=10)
    assert (row["due_at"], row["answered_at"]) == (moved.certificate.due_at, earlier.responded_at)
    assert row["withdrawn_at"] == getattr(gone, "cancelled_at")  # noqa: B009 - an event of either kind


# Tickets without a promise


@pytest.mark.parametrize("template", [row[0] for row in TICKET_ROWS[1:]])
@pytest.mark.parametrize("is_later", [True, False])
async def test_what_became_untrue_of_a_refused_ticket_is_cancelled_and_all_else_is_sent(
    notices: Notices, template: str, *, is_later: bool
) -> None:
    row = next(row for row in TICKET_ROWS[1:] if row[0] == template)
    nothing, expected = example("NoteRecorded").data, dict[str, str | None]()
    for number, (column, cause) in enumerate(zip(TICKET_ROWS[0], row[1:], strict=True)):
        about, event = f"ticket/crm/{number}", OF_TICKET[column]
        await notices.happened(about, *([nothing, event] if is_later else [event, nothing]))
        if template == "cover-restated":
            await notices.asked(notice("refusal", about, 0), taken(FIRST), sent(FIRST))
        stream = await notices.asked(notice(template, about, 1 if is_later else 2))
        expected[stream] = cause if is_later and cause != "-" else None
    untrue = {stream: cause for stream, cause in expected.items() if cause}
    assert await notices.cancelled() == untrue
    assert await notices.sent() == expected.keys() - untrue.keys()


@pytest.mark.parametrize("said", SAID)
async def test_restated_cover_is_told_to_whoever_was_refused_and_to_the_centre(notices: Notices, said: str) -> None:
    about = "ticket/crm/1"
    await notices.happened(about, example("NoteRecorded").data, example("ResponseRecorded").data)
    await notices.asked(notice("refusal", about, 1), *SAID[said])
    requester = await notices.asked(notice("cover-restated", about, 3))
    centre = await notices.asked(notice("cover-restated-centre", about, 3))
    rows = {row["stream"]: row for row in await notices.found("notices_to_send", now=TUESDAY, most=10)}
    assert (requester in rows) is (said in TOLD)
    assert rows[centre]["answered_at"] == example("ResponseRecorded").data.responded_at
    cancelled = await notices.cancelled()
    assert cancelled.get(requester) == (None if said in {*TOLD, *OPEN} else "nothing-to-correct")
    assert centre not in cancelled


# Contracts

CONTRACT, CUSTOMER = "contract/erp/K-2001", "customer/erp/C-1001"


def of_a_contract(kind: str, sequence: int, about: str = CONTRACT, **facts: object) -> NoticeRequested:
    told = {"contract": CONTRACT, "customer": CUSTOMER, "centre": "france", "last_day": "2027-05-31", **facts}
    return notice("lapse", about, sequence).model_copy(
        update={
            "role": NoticeRole.CUSTOMER,
            "notice_class": NoticeClass(kind),
            "template": kind,
            "facts": NoticeFacts.model_validate(told),
        }
    )


@pytest.mark.parametrize("template", [row[0] for row in CONTRACT_ROWS[1:]])
@pytest.mark.parametrize("is_later", [True, False])
async def test_what_became_untrue_of_a_contract_is_cancelled_and_all_else_is_sent(
    notices: Notices, template: str, *, is_later: bool
) -> None:
    row = next(row for row in CONTRACT_ROWS[1:] if row[0] == template)
    nothing, expected = example("RenewalReminderSkipped").data, dict[str, str | None]()
    for number, (column, cause) in enumerate(zip(CONTRACT_ROWS[0], row[1:], strict=True)):
        about, event = f"contract/erp/{number}", OF_CONTRACT[column]
        await notices.happened(about, *([nothing, event] if is_later else [event, nothing]))
        stream = await notices.asked(of_a_contract(template, 1 if is_later else 2, about))
        expected[stream] = cause if is_later and cause != "-" else None
    untrue = {stream: cause for stream, cause in expected.items() if cause}
    assert await notices.cancelled() == untrue
    assert await notices.sent() == expected.keys() - untrue.keys()


async def test_a_reminder_is_not_told_to_whom_wants_none_any_more_but_the_offer_is(notices: Notices) -> None:
    registered, chosen = example("CustomerRegistered").data, example("RemindersChosen", wanted=False).data
    await notices.happened(CUSTOMER, registered, chosen)
    reminder = await notices.asked(of_a_contract("renewal-reminder", 3))
    offer, lapse = (
        await notices.asked(of_a_contract("renewal-offer", 2)),
        await notices.asked(of_a_contract("lapse", 4)),
    )
    assert await notices.cancelled() == {reminder: "not-wanted"}
    assert await notices.sent() == {offer, lapse}


@pytest.mark.parametrize("kind", ["lapse", "renewal-offer", "renewal-reminder"])
@pytest.mark.parametrize("is_first", [True, False])
async def test_what_ends_is_not_told_where_it_was_taken_up_again_whichever_is_noted_first(
    notices: Notices, kind: str, *, is_first: bool
) -> None:
    taken_up, undone = example("ContractResubscribed").data, example("ResubscriptionUndone").data
    lapsed = example("RenewalReminderSkipped").data
    await notices.happened(CONTRACT, *([taken_up, lapsed] if is_first else [lapsed, taken_up]))
    told = await notices.asked(of_a_contract(kind, 2 if is_first else 1))
    assert await notices.cancelled() == {told: "resubscribed"}
    assert await notices.sent() == set()
    await notices.happened("contract/erp/K-9", taken_up, undone)
    still = await notices.asked(of_a_contract(kind, 3, "contract/erp/K-9"))
    assert await notices.sent() == {still}


@pytest.mark.parametrize("said", SAID)
async def test_a_reversed_lapse_knows_whether_the_lapse_was_told_and_waits_for_it(notices: Notices, said: str) -> None:
    lapsed_at = example("ContractLapsed").data.lapsed_at
    await notices.asked(of_a_contract("lapse", 4, lapsed_at=lapsed_at), *SAID[said])
    await notices.asked(of_a_contract("lapse", 2, lapsed_at=lapsed_at - timedelta(days=365)), taken(FIRST), sent(FIRST))
    stream = await notices.asked(of_a_contract("lapse-reversed", 5, lapsed_at=lapsed_at))
    rows = await notices.found("notices_to_send", now=TUESDAY, most=10)
    found = {row["stream"]: row["told"] for row in rows}
    assert found.get(stream) == (None if said in OPEN else said in TOLD)


async def test_a_second_term_of_a_contract_is_a_term(notices: Notices) -> None:
    first, second = example("ContractActivated").data, example("ContractRenewed").data
    third = second.model_copy(update={"number": 3, "first_day": date(2028, 6, 1), "last_day": date(2029, 5, 31)})
    await notices.happened(CONTRACT, first, second, third)
    rows = [(row["number"], row["last_day"]) for row in await notices.table("terms")]
    assert sorted(rows) == [(1, first.last_day), (2, second.last_day), (3, third.last_day)]


def submitted_later(**changes: object) -> ContractActivated:
    first: ContractActivated = example("ContractActivated").data
    days = {"first_day": date(2027, 6, 1), "last_day": date(2028, 5, 31), "covered_until": AFTER_IT}
    return first.model_copy(update={**days, **changes})


AFTER_IT = datetime(2028, 5, 31, 22, tzinfo=UTC)
WHILE_IT_RUNS = datetime(2027, 6, 20, tzinfo=UTC)


async def test_a_lapse_that_was_told_is_taken_back_once_where_a_contract_submitted_later_joins_it(
    notices: Notices,
) -> None:
    first, lapsed = example("ContractActivated").data, example("ContractLapsed").data
    await notices.happened(CUSTOMER, example("CustomerRegistered").data)
    await notices.happened(CONTRACT, first, lapsed)
    facts = {"lapsed_at": lapsed.lapsed_at}
    await notices.asked(of_a_contract("lapse", 2, **facts), taken(FIRST), sent(FIRST))
    assert await notices.found("lapses_to_take_back", now=WHILE_IT_RUNS, most=10) == []
    await notices.happened("contract/erp/K-9", submitted_later())
    assert await notices.found("lapses_to_take_back", now=AFTER_IT, most=10) == []
    [row] = await notices.found("lapses_to_take_back", now=WHILE_IT_RUNS, most=10)
    assert (row["contract"], row["continued_by"]) == (CONTRACT, "contract/erp/K-9")
    [known] = await notices.found("facts_for_notices", customer=[CUSTOMER], centre=["france"], working_centre=[None])
    asked = take_back(row, FACTS_OF_RECIPIENTS.validate_json(known["facts"]), TUESDAY, "olcare.example")
    assert (asked.facts.contract, asked.facts.continued_by) == (CONTRACT, "contract/erp/K-9")
    assert (asked.facts.lapsed_at, asked.facts.last_day) == (lapsed.lapsed_at, date(2028, 5, 31))
    requested = DECIDER.decide(DECIDER.initial, asked)
    assert isinstance(requested, NoticeRequested)
    await notices.happened(row["stream"], requested)
    assert await notices.found("lapses_to_take_back", now=WHILE_IT_RUNS, most=10) == []
    states = {asked["stream"]: asked["state"] for asked in await notices.table("notices")}
    assert states[row["stream"]] == "requested"
    assert await notices.cancelled() == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"first_day": date(2027, 6, 2)},
        {"licence": "licence/erp/other"},
        {"term_kind": TermKind.RESUBSCRIPTION},
    ],
)
async def test_a_lapse_stays_told_where_there_is_a_gap_or_another_licence_or_a_new_subscription(
    notices: Notices, changes: Mapping[str, object]
) -> None:
    first, lapsed = example("ContractActivated").data, example("ContractLapsed").data
    await notices.happened(CUSTOMER, example("CustomerRegistered").data)
    await notices.happened(CONTRACT, first, lapsed)
    await notices.asked(of_a_contract("lapse", 2, lapsed_at=lapsed.lapsed_at), taken(FIRST), sent(FIRST))
    await notices.happened("contract/erp/K-9", submitted_later(**changes))
    assert await notices.found("lapses_to_take_back", now=WHILE_IT_RUNS, most=10) == []


@pytest.mark.parametrize("kind", ["lapse", "renewal-offer", "renewal-reminder"])
@pytest.mark.parametrize(("days", "licence", "cause"), [(0, "L", "continued"), (1, "L", None), (0, "M", None)])
async def test_what_ends_is_not_told_where_another_term_of_the_licence_goes_on(
    notices: Notices, kind: str, days: int, licence: str, cause: str | None
) -> None:
    term = example("ContractActivated").data.model_copy(update={"licence": "licence/erp/L"})
    begins = term.last_day + timedelta(days=1 + days)
    following = {"first_day": begins, "last_day": begins + timedelta(days=364), "licence": f"licence/erp/{licence}"}
    await notices.happened("contract/erp/A", term)
    await notices.happened("contract/erp/B", term.model_copy(update=following))
    stream = await notices.asked(of_a_contract(kind, 2, "contract/erp/A"))
    assert await notices.cancelled() == ({stream: cause} if cause else {})
    assert await notices.sent() == (set() if cause else {stream})
