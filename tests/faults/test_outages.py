"""What stands still, dies or cannot be taken loses nothing and doubles nothing; plan time is stepped."""

import asyncio
from datetime import timedelta

from libs.stack.faults import Fault
from tests.faults.checked.books import Books
from tests.faults.checked.log import NOTICES, PROMISES, ledger
from tests.faults.checker import findings
from tests.faults.load import Upstream, publish_the_plan
from tests.faults.pages import waiting
from tests.faults.script import BEGIN, TICKETS_DOOR, response, ticket
from tests.faults.system import System
from tests.support import eventually

DUE = BEGIN.replace(hour=12, minute=0)
"""France opens at 8:00 UTC; four hours for what came by the web before that."""
MINUTE = timedelta(minutes=1)


async def test_an_answer_that_waited_at_the_door_over_its_deadline_is_in_time(
    system: System, upstream: Upstream
) -> None:
    await _open_for_business(system, upstream)
    await upstream.say([ticket("answered", BEGIN), ticket("forgotten", BEGIN)])
    await system.quiet()
    await system.stop("intake")
    await system.advance(DUE - MINUTE)
    await upstream.say([response("answered", DUE - MINUTE)])
    system.step_clock(DUE + MINUTE)
    await eventually(lambda: _waits(system, "sla_timer", "due deadlines wait"))
    await system.serve("intake")
    await system.quiet()
    books = await _balanced(system, upstream)
    assert _promise(books, "answered")[-1] == "FirstResponseMet"
    assert _promise(books, "forgotten")[-2:] == ["FirstResponseAtRisk", "FirstResponseBreached"]


async def test_a_mail_in_the_hands_of_a_killed_sender_is_in_doubt_and_sent_again_only_where_that_does_no_harm(
    system: System, upstream: Upstream
) -> None:
    await _open_for_business(system, upstream)
    await upstream.say([ticket("forgotten", BEGIN)])
    await system.advance(DUE)
    system.mail.fail(Fault("body", "keep and wait", seconds=60))
    await upstream.say([ticket("new", DUE)])
    system.step_clock(DUE + MINUTE)
    await eventually(lambda: len(system.mail.messages()) == 4)  # acknowledged, warned; and now in the server's hands
    await asyncio.to_thread(system.services["notification"].kill)
    system.mail.fail()
    await system.ready()
    await system.quiet()
    books = await _balanced(system, upstream)
    assert _notices(books, "NoticeAmbiguous") == {"acknowledgement": 1, "breach": 1}
    assert len(books.mails) == 5  # the breach, not the acknowledgement, was sent again


async def test_a_record_too_large_amid_others_keeps_nobody_waiting(system: System, upstream: Upstream) -> None:
    await _open_for_business(system, upstream)
    await system.stop("intake")
    small = [ticket(str(number), BEGIN)._replace(key=b"the same") for number in range(6)]
    large = ticket("large", BEGIN, text="é" * 450_000)._replace(key=b"the same", readable=False)
    await upstream.say([*small[:3], large, *small[3:]])
    await system.serve("intake")
    await system.quiet()
    books = await _balanced(system, upstream)
    promises = [stream for stream in ledger(books.topic(PROMISES)).streams if stream.startswith("promise/")]
    assert len(promises) == len(small)
    assert [
        letter.value for letter in books.topic(f"{TICKETS_DOOR}.dlq").records if b"too-large" in (letter.value or b"")
    ]


async def _waits(system: System, service: str, sentence: str) -> bool:
    return sentence in await waiting(system.services[service])


async def _open_for_business(system: System, upstream: Upstream) -> None:
    await system.serve()
    await publish_the_plan(system, upstream)


async def _balanced(system: System, upstream: Upstream) -> Books:
    books = await system.books(upstream.acknowledged, await system.rebuilt())
    assert [*findings(books), *upstream.disagreements(books)] == []
    return books


def _promise(books: Books, number: str) -> list[str]:
    return [event.name for event in ledger(books.topic(PROMISES)).streams[f"promise/crm/{number}"]]


def _notices(books: Books, name: str) -> dict[str, int]:
    """How many notices of each class had such an event."""
    found: dict[str, int] = {}
    for events in ledger(books.topic(NOTICES)).streams.values():
        kind = events[0].data["notice_class"]
        found[kind] = found.get(kind, 0) + sum(1 for event in events if event.name == name)
    return {kind: number for kind, number in found.items() if number}
