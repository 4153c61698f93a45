"""What is told is true when it is sent: every kind of notice by every kind of later fact, on a real PostgreSQL."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

import services.notification
from libs.messages.base import Event, event_type
from libs.messages.catalogue import EVENTS, SLA, SlaEvent
from libs.messages.certificates import RetargetCause
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
from services.notification.projections import PRIVATE_RECORDS, READERS
from services.notification.truth import LaterFact, later_facts
from tests.integration.folded import Folded, folded
from tests.integration.test_notification_queries import STATE_TABLE
from tests.unit.notification.foreign import ANA as ANA_S_RECORD
from tests.unit.notification.foreign import example
from tests.unit.notification.stories import ANA, FIRST, TUESDAY, deferred, in_doubt, requested, sent, taken

FILES = sorted(Path(services.notification.__file__).parent.glob("*.sql"))
CALENDAR = example("CentreCalendarPublished")
DUE_AT = example("FirstResponseRetargeted").data.certificate.due_at
TO_PERSONS = {"acknowledgement", "refusal", "deadline-moved", "lapse"}


def called_earlier() -> SlaEvent:
    """A deadline that a call moved: nothing new was published."""
    event: FirstResponseRetargeted = example("FirstResponseRetargeted").data
    changes = tuple(change.model_copy(update={"cause": RetargetCause.CALL}) for change in event.certificate.changes)
    return event.model_copy(update={"certificate": event.certificate.model_copy(update={"changes": changes})})


GRID = """
                       answer    withdrawal  promise   moved           reckoning  breach           kept      breached
acknowledgement        -         withdrawn   promised  -               -          -                -         -
refusal                -         -           -         -               -          -                -         -
warning                answered  withdrawn   -         deadline-moved  -          deadline-passed  -         -
breach                 -         -           -         -               -          -                restated  -
restatement            -         -           -         -               -          -                restated  restated
deadline-moved         -         withdrawn   -         deadline-moved  -          -                -         -
deadline-moved-centre  answered  withdrawn   -         deadline-moved  -          deadline-passed  -         -
no-promise             answered  withdrawn   promised  -               promised   -                -         -
lapse                  -         -           -         -               -          -                -         -
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
        self.happened, self.found, self._number = tables.happened, tables.found, 0

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
    assert {row[0].removesuffix("-centre") for row in ROWS[1:]} == {str(kind) for kind in NoticeClass}
    assert {fact for fact, several in FACTS.values() if several} == set(LaterFact)


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
    found = {row["stream"]: row["acknowledged"] for row in rows}
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


# Terms


@pytest.mark.parametrize(("days", "licence", "cause"), [(0, "L", "continued"), (1, "L", None), (0, "M", None)])
async def test_a_lapse_is_not_told_where_another_term_of_the_licence_goes_on(
    notices: Notices, days: int, licence: str, cause: str | None
) -> None:
    term = example("ContractActivated").data.model_copy(update={"licence": "licence/erp/L"})
    begins = term.last_day + timedelta(days=1 + days)
    following = {"first_day": begins, "last_day": begins + timedelta(days=364), "licence": f"licence/erp/{licence}"}
    await notices.happened("contract/erp/A", term)
    await notices.happened("contract/erp/B", term.model_copy(update=following))
    stream = await notices.asked(notice("lapse", "contract/erp/A", 2))
    assert await notices.cancelled() == ({stream: cause} if cause else {})
    assert await notices.sent() == (set() if cause else {stream})
