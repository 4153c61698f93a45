"""The named queries of notification on a real PostgreSQL, over rows that its own folds made."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import services.notification
from libs.messages.contracts import PersonErased
from libs.messages.notices import (
    Cancellation,
    NoticeCancelled,
    NoticeClass,
    NoticeResendOrdered,
    NoticeRole,
    Recipient,
)
from services.notification.projections import PRIVATE_RECORDS, READERS, CentreSheet
from services.notification.reactions import FACTS, NO_FACTS
from tests.integration.folded import Folded, folded
from tests.unit.notification.foreign import ANA as ANA_S_RECORD
from tests.unit.notification.foreign import example
from tests.unit.notification.stories import (
    ANA,
    FIRST,
    MACHINE,
    SECOND,
    TICKET,
    TUESDAY,
    deferred,
    in_doubt,
    requested,
    sent,
    taken,
)

FILES = sorted(Path(services.notification.__file__).parent.glob("*.sql"))
STATE_TABLE = f"create table {PRIVATE_RECORDS} (key text primary key, partition int not null, value jsonb not null)"
SOON = TUESDAY + timedelta(minutes=1)
ERASED = PersonErased(person=ANA.person, erased_at=TUESDAY, by="agent-7")
CANCELLED = NoticeCancelled(cancelled_at=TUESDAY, cause=Cancellation.PERSON_ERASED)
CALENDAR = example("CentreCalendarPublished")
TO_ANA, TO_FRANCE = "notice/1/requester", "notice/2/centre"


class Notices:
    """Our tables, filled by our folds."""

    def __init__(self, tables: Folded) -> None:
        self._tables = tables
        self.happened, self.found, self.table = tables.happened, tables.found, tables.table

    async def ana_is_known(self) -> None:
        record = (ANA.text(), 0, ANA_S_RECORD.model_dump_json(exclude_none=True))
        await self._tables.connection.copy_records_to_table(PRIVATE_RECORDS, records=[record])

    async def france_is_published(self) -> None:
        await self.happened(CALENDAR.stream, CALENDAR.data)

    async def to_send(self, now: datetime = TUESDAY) -> list[str]:
        return [row["stream"] for row in await self.found("notices_to_send", now=now, most=10)]


@pytest.fixture
async def notices(database: str) -> AsyncIterator[Notices]:
    async with folded(database, READERS, FILES) as tables:
        await tables.connection.execute(STATE_TABLE)
        yield Notices(tables)


async def test_a_requested_notice_is_found_with_all_that_is_needed_to_write_it(notices: Notices) -> None:
    await notices.happened(TO_ANA, requested())
    await notices.ana_is_known()
    await notices.france_is_published()
    (row,) = await notices.found("notices_to_send", now=TUESDAY, most=10)
    assert (row["stream"], row["head"], row["attempt"]) == (TO_ANA, f"head of {TO_ANA}", 1)
    assert type(ANA_S_RECORD).model_validate_json(row["person"]) == ANA_S_RECORD
    assert CentreSheet.model_validate_json(row["centre"]).centre == "france"
    assert (row["language"], row["template"]) == ("fr", "acknowledgement")


async def test_a_notice_to_a_centre_goes_to_its_mailbox(notices: Notices) -> None:
    await notices.happened(TO_FRANCE, requested(NoticeClass.BREACH))
    await notices.france_is_published()
    (row,) = await notices.found("notices_to_send", now=TUESDAY, most=10)
    assert (row["mailbox"], row["person"]) == (CALENDAR.data.calendar.mailbox, None)


async def test_a_notice_waits_for_the_record_with_the_address(notices: Notices) -> None:
    await notices.happened(TO_ANA, requested())
    await notices.happened(TO_FRANCE, requested(NoticeClass.BREACH))
    assert await notices.to_send() == []
    waiting = await notices.found("notices_without_address", most=10)
    assert [row["stream"] for row in waiting] == [TO_ANA, TO_FRANCE]
    await notices.ana_is_known()
    await notices.france_is_published()
    assert await notices.to_send() == [TO_ANA, TO_FRANCE]
    assert await notices.found("notices_without_address", most=10) == []


async def test_a_notice_to_operations_waits_for_nobody(notices: Notices) -> None:
    role, recipient = NoticeRole.OPERATIONS, Recipient(operations=True)
    asked = requested(NoticeClass.NO_PROMISE).model_copy(update={"role": role, "recipient": recipient})
    await notices.happened("notice/3/operations", asked)
    [row] = await notices.found("notices_to_send", now=TUESDAY, most=10)
    assert (row["role"], row["mailbox"], row["centre"]) == ("operations", None, None)
    assert await notices.found("notices_without_address", most=10) == []


async def test_a_deferred_notice_is_found_when_its_time_has_come(notices: Notices) -> None:
    await notices.happened(TO_ANA, requested(), taken(FIRST), deferred(FIRST, SOON))
    await notices.ana_is_known()
    assert await notices.to_send(SOON - timedelta(microseconds=1)) == []
    assert await notices.to_send(SOON) == [TO_ANA]
    assert await notices.found("next_retry") == [{"at": SOON}]


async def test_a_notice_that_waits_for_an_opening_is_found_then_and_said_to_be_due_then(notices: Notices) -> None:
    await notices.happened(TO_ANA, requested().model_copy(update={"not_before": SOON}))
    assert await notices.found("next_retry") == [{"at": None}]
    await notices.ana_is_known()
    assert await notices.to_send(SOON - timedelta(microseconds=1)) == []
    assert await notices.to_send(SOON) == [TO_ANA]
    assert await notices.found("next_retry") == [{"at": SOON}]


async def test_a_notice_that_is_ordered_again_waits_for_no_opening(notices: Notices) -> None:
    await notices.ana_is_known()
    later, ordered = SOON + timedelta(days=2), NoticeResendOrdered(ordered_at=TUESDAY, by="agent-7")
    await notices.happened(TO_ANA, requested().model_copy(update={"not_before": later}), CANCELLED, ordered)
    assert await notices.to_send() == [TO_ANA]
    assert await notices.found("next_retry") == [{"at": None}]


async def test_what_is_in_hand_sent_or_held_is_not_sent(notices: Notices) -> None:
    await notices.ana_is_known()
    await notices.happened("notice/3/requester", requested(), taken(FIRST))
    await notices.happened("notice/4/requester", requested(), taken(FIRST), sent(FIRST))
    await notices.happened("notice/5/requester", requested(), taken(FIRST), in_doubt(FIRST, will_resend=False))
    assert await notices.to_send() == []


async def test_a_breach_in_doubt_is_found_once_more(notices: Notices) -> None:
    await notices.france_is_published()
    story = (requested(NoticeClass.BREACH), taken(FIRST), in_doubt(FIRST, will_resend=True))
    await notices.happened(TO_FRANCE, *story)
    (row,) = await notices.found("notices_to_send", now=TUESDAY, most=10)
    assert row["attempt"] == SECOND.attempt


async def test_nothing_is_sent_to_an_erased_person_and_what_was_to_be_sent_is_cancelled(notices: Notices) -> None:
    await notices.ana_is_known()
    await notices.happened(TO_ANA, requested())
    await notices.happened("notice/4/requester", requested(), taken(FIRST), sent(FIRST))
    await notices.happened(TO_FRANCE, requested(NoticeClass.BREACH))
    await notices.happened("customer/erp/C-1001", ERASED)
    assert await notices.to_send() == []
    assert [row["stream"] for row in await notices.found("notices_to_cancel", most=10)] == [TO_ANA]
    erased = await notices.found("causes_not_to_send", streams=[TO_ANA, TO_FRANCE, "notice/9/centre"])
    assert erased == [{"stream": TO_ANA, "cause": "person-erased"}]


async def test_a_claim_is_abandoned_when_it_is_older_than_a_hand_over_can_last(notices: Notices) -> None:
    await notices.happened(TO_ANA, requested(), taken(FIRST))
    earlier = MACHINE - timedelta(microseconds=1)
    assert await notices.found("claims_to_abandon", claimed_before=earlier, most=10) == []
    (row,) = await notices.found("claims_to_abandon", claimed_before=MACHINE, most=10)
    assert (row["stream"], row["process"], row["attempt"]) == (TO_ANA, *FIRST)


async def test_facts_come_in_the_order_in_which_they_were_asked_for(notices: Notices) -> None:
    registered = example("CustomerRegistered")
    await notices.happened(registered.stream, registered.data)
    await notices.france_is_published()
    rows = await notices.found(
        "facts_for_notices",
        customer=["customer/erp/nobody", registered.stream],
        centre=[None, "france"],
        working_centre=[None, "france"],
    )
    nothing, facts = (FACTS.validate_json(row["facts"]) for row in rows)
    assert nothing == NO_FACTS
    assert facts.customer is not None
    assert facts.customer.private == registered.data.private
    assert facts.centre is not None
    assert facts.centre.zone == "Europe/Paris"
    assert facts.working_centre == facts.centre


async def test_who_is_named_for_renewals_is_written_to_until_that_person_is_erased(notices: Notices) -> None:
    registered, erased = example("CustomerRegistered"), example("PersonErased").data
    other = {"role": "renewals", "contact": erased.person, "private": ANA.model_dump()}
    named = example("CustomerRegistered", others=[other], regional_team="americas").data
    asked = {"customer": [registered.stream], "centre": [None], "working_centre": [None]}
    await notices.happened(registered.stream, named)
    [row] = await notices.found("facts_for_notices", **asked)
    known = FACTS.validate_json(row["facts"]).customer
    assert known is not None
    assert (known.private, known.renewals) == (named.private, ANA)
    assert (known.team, known.country) == ("americas", named.country)
    await notices.happened("customer/erp/C-9", erased)
    [row] = await notices.found("facts_for_notices", **asked)
    known = FACTS.validate_json(row["facts"]).customer
    assert known is not None
    assert known.renewals is None


async def test_people_find_notices_by_state_and_by_ticket(notices: Notices) -> None:
    await notices.happened(TO_ANA, requested(), taken(FIRST), in_doubt(FIRST, will_resend=False))
    await notices.happened(TO_FRANCE, requested(NoticeClass.BREACH))
    in_state = {
        state: [row["stream"] for row in await notices.found("notices_by_state", state=state, most=10)]
        for state in ("ambiguous", "sent", None)
    }
    assert in_state == {"ambiguous": [TO_ANA], "sent": [], None: [TO_ANA, TO_FRANCE]}
    assert len(await notices.found("notices_about", about=TICKET)) == len([TO_ANA, TO_FRANCE])
    assert [(row["notice_class"], row["state"], row["doubts"]) for row in await notices.table("notices")] == [
        ("acknowledgement", "ambiguous", 1),
        ("breach", "requested", 0),
    ]


async def test_notices_that_are_not_done_with_are_measured_those_that_wait_for_an_opening_apart(
    notices: Notices,
) -> None:
    await notices.happened(TO_ANA, requested().model_copy(update={"not_before": SOON}))
    await notices.happened(TO_FRANCE, requested())
    await notices.happened("notice/3/requester", requested(), taken(FIRST), sent(FIRST))
    found = {row["state"]: row for row in await notices.found("notices_measured", now=TUESDAY)}
    assert {state: (row["notices"], row["since"]) for state, row in found.items()} == {
        "waiting-for-opening": (1, requested().requested_at),
        "requested": (1, requested().requested_at),
    }
    (row,) = await notices.found("notices_measured", now=SOON + timedelta(microseconds=1))
    assert (row["state"], row["notices"]) == ("requested", 2)
