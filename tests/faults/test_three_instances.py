"""Three instances of each service share the work: nothing is done twice, also when one dies and another stands still.

Two records of one command can be written only where partitions change hands while it is being decided.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import timedelta
from random import Random

import msgspec

from tests.faults.checked.books import Books, Topic
from tests.faults.checked.log import LOGS, Event, ledger
from tests.faults.checker import findings
from tests.faults.harm import BEYOND_THE_SESSION
from tests.faults.load import Upstream, publish_the_plan
from tests.faults.script import BEGIN, Day
from tests.faults.system import SERVICES, System, instances

RATE = 1200.0
"""Plan seconds in a machine second."""
TO_ITS_END = timedelta(days=2)
"""Plan time after which every promise of the day has its verdict."""
AT_MOST, FEW = 5, 0.1
"""How many events of a log, and which share, may be written twice by takeovers, of which there are some on a busy
machine without any harm; where every instance does every duty, each is written by all of them."""


async def test_three_instances_of_each_service_do_each_thing_once(system: System, upstream: Upstream) -> None:
    async def nothing() -> None:
        """Let them work."""

    assert _too_many(await _through_a_day(system, upstream, nothing)) == {}


async def test_of_three_instances_one_is_killed_and_one_stands_still_now_and_then(
    system: System, upstream: Upstream
) -> None:
    rng = Random(7)

    async def harm() -> None:
        for service in rng.sample(SERVICES, len(SERVICES)):
            killed, frozen, _ = rng.sample(instances(3, service), 3)
            await asyncio.to_thread(system.services[killed].kill)
            await system.freeze(frozen, BEYOND_THE_SESSION * rng.choice((0.5, 1)))

    assert _too_many(await _through_a_day(system, upstream, harm, hours=12)) == {}


def _too_many(books: Books) -> Mapping[str, tuple[int, int]]:
    """By log the events written twice, and those that count, where takeovers do not explain so many."""
    counts = {name: (len(list(_again(topic))), len(ledger(topic).counting)) for name, topic in _logs(books)}
    return {name: (twice, n) for name, (twice, n) in counts.items() if twice > max(AT_MOST, FEW * n)}


def _logs(books: Books) -> Iterator[tuple[str, Topic]]:
    return ((name, books.topic(name)) for name in LOGS)


def _again(topic: Topic) -> Iterator[Event]:
    """The void records of a command of which another one counts; the losers of races are none."""
    book = ledger(topic)
    causes = {(event.stream, event.causationid) for event in book.counting.values()}
    void = (record for record in topic.records if (record.partition, record.offset) in book.voids)
    events = (msgspec.json.decode(record.value or b"", type=Event) for record in void)
    return (event for event in events if (event.stream, event.causationid) in causes)


async def _through_a_day(
    system: System, upstream: Upstream, harm: Callable[[], Awaitable[None]], hours: float = 4
) -> Books:
    """Play a day with harm in it to the end of its last promise; gives the books, which balance."""
    await system.serve(*instances(3))
    await publish_the_plan(system, upstream)
    day = [message for message in Day(1, 60, hours).messages() if message.at < BEGIN + timedelta(hours=hours)]
    system.run_clock(RATE)
    await asyncio.gather(upstream.play(day, system.clock), harm())
    await system.ready()
    system.stop_clock()
    await system.quiet()
    system.step_clock(system.clock.now() + TO_ITS_END)
    await system.quiet()
    books = await system.books(upstream.acknowledged, await system.rebuilt())
    assert [*findings(books), *upstream.disagreements(books)] == []
    return books
