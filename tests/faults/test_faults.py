"""A small set of faults, each done on purpose; afterwards the independent checker finds the books balanced."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.request import urlopen

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from libs.eventlog.topics import TopicAdmin
from libs.stack.faults import Fault
from libs.stack.run import Run
from tests.faults.checked.books import Books
from tests.faults.checked.log import Event, ledger
from tests.faults.checker import findings, grown
from tests.faults.harm import BEYOND_THE_SESSION
from tests.faults.load import Upstream
from tests.faults.script import BEGIN, Day, Message, contracts, customers, response, the_plan, ticket
from tests.faults.system import CARDS, System
from tests.support import eventually

pytestmark = pytest.mark.timeout(900)  # machine seconds: whole installations come and go, on machines that are busy

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NINE = BEGIN + HOUR  # 08:30 in UTC, 09:30 in Paris
DUE = NINE + 4 * HOUR
TICKETS, SLA, NOTICES = "olcare.tickets.v1", "olcare.sla.v1", "olcare.notices.v1"


class Scene:
    """An installation with plan, customers and contracts, and an upstream system that talks to it."""

    def __init__(self, system: System, upstream: Upstream) -> None:
        self.system, self.upstream = system, upstream

    async def say(self, *messages: Message) -> None:
        await self.upstream.say(messages)

    async def quiet(self) -> None:
        await self.system.quiet()

    async def balanced(self) -> Books:
        """Find nothing wrong, the tables compared with a rebuild included; gives the books."""
        await self.quiet()
        books = await self.system.books(self.upstream.acknowledged, await self.system.rebuilt())
        assert [*findings(books), *self.upstream.disagreements(books)] == []
        return books

    async def events(self, topic: str, *names: str) -> list[Event]:
        """Give what counts in a log topic of these types, at this moment."""
        books = await self.system.books(self.upstream.acknowledged)
        return [event for event in ledger(books.topic(topic)).counting.values() if event.name in names]

    def waiting(self, service: str) -> list[str]:
        """Ask a service what it waits for."""
        port = self.system.services[service].spec.http_port
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                body = answer.read()
        except OSError as error:
            body = error.read() if hasattr(error, "read") else b'{"waiting": []}'
        return list(json.loads(body)["waiting"])


@asynccontextmanager
async def playing() -> AsyncIterator[Scene]:
    with Run.create(name="faults") as run:
        system = System(run, BEGIN)
        upstream = Upstream(system.kafka.address)
        try:
            await system.start()
            await system.serve()
            for messages in (the_plan(), customers(), contracts()):
                await upstream.say(messages)
                await system.quiet()
            yield Scene(system, upstream)
        finally:
            await upstream.close()


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with playing() as scene:
        yield scene


async def test_an_answer_that_waits_in_the_door_while_intake_stands_still_meets_the_promise(scene: Scene) -> None:
    await scene.system.advance(NINE)
    await scene.say(ticket("A-1", NINE), ticket("A-2", NINE))
    await scene.quiet()
    await scene.system.stop("intake")
    await scene.say(response("A-1", DUE - MINUTE))
    scene.system.step_clock(DUE + HOUR)
    await eventually(lambda: "fire deadlines" in " ".join(scene.waiting("sla_timer")), seconds=60)
    assert await scene.events(SLA, "FirstResponseBreached", "FirstResponseMet") == []
    await scene.system.serve("intake")
    await scene.balanced()
    assert [e.stream for e in await scene.events(SLA, "FirstResponseMet")] == ["promise/crm/A-1"]
    assert [e.stream for e in await scene.events(SLA, "FirstResponseBreached")] == ["promise/crm/A-2"]


async def test_a_sender_killed_before_the_answer_was_read_leaves_an_ambiguous_notice(scene: Scene) -> None:
    await scene.system.advance(NINE)
    scene.system.mail.fail(Fault("body", "keep and wait", times=1, seconds=60))
    await scene.say(ticket("B-1", NINE))
    await eventually(lambda: len(scene.system.mail.messages()) == 1, seconds=60)
    await asyncio.to_thread(scene.system.services["notification"].kill)
    scene.system.mail.fail()
    await eventually(scene.system.services["notification"].ready, seconds=60)
    await eventually(lambda: _is_there(scene, "NoticeAmbiguous"), seconds=120)
    await scene.balanced()
    assert len(scene.system.mail.messages()) == 1  # an acknowledgement is held for a person


async def _is_there(scene: Scene, name: str) -> bool:
    return bool(await scene.events(NOTICES, name))


async def test_a_record_too_large_in_the_middle_of_a_batch_is_kept_and_the_others_go_on(scene: Scene) -> None:
    await scene.system.advance(NINE)
    large = ticket("C-2", NINE, text="x" * 700_000)._replace(readable=False)
    await scene.say(*(m._replace(key=b"same") for m in (ticket("C-1", NINE), large, ticket("C-3", NINE))))
    await scene.balanced()
    assert {e.stream for e in await scene.events(TICKETS, "TicketOpened")} == {"ticket/crm/C-1", "ticket/crm/C-3"}


async def test_a_log_topic_made_anew_stops_its_readers_and_they_say_so(scene: Scene) -> None:
    await scene.system.advance(NINE)
    await scene.say(ticket("D-1", NINE))
    await scene.quiet()
    await scene.system.stop("sla_timer")
    admin = AIOKafkaAdminClient(bootstrap_servers=scene.system.kafka.address)
    await admin.start()
    await admin.delete_topics([SLA])
    await admin.close()
    await eventually(lambda: _made_anew(scene), seconds=60)
    scene.system.begin("sla_timer")
    await eventually(lambda: "the topic was made anew" in " ".join(scene.waiting("sla_timer")), seconds=60)


async def _made_anew(scene: Scene) -> bool:
    async with TopicAdmin(scene.system.kafka.address) as admin:
        try:
            await admin.create([CARDS[SLA]])
        except ValueError:
            return False  # the old one is still being deleted
        return await admin.check([CARDS[SLA]]) == []


async def _a_day(scene: Scene, seed: int) -> list[Message]:
    """Say some hours of support, every message at once and in order, and give them."""
    day = Day(seed, tickets=40, hours=2.0, begin=NINE).messages()
    await scene.system.advance(NINE + 8 * HOUR)
    for at in range(0, len(day), 10):
        await scene.say(*day[at : at + 10])
    return day


async def test_every_database_dropped_under_load_comes_back_and_a_second_reading_adds_nothing(scene: Scene) -> None:
    saying = asyncio.create_task(_a_day(scene, 5))
    await eventually(lambda: _is_opened(scene), seconds=60)
    assert set(await scene.system.drop_databases()) >= {"olcare_intake", "olcare_sla_timer", "olcare_notification"}
    day = await saying
    await scene.system.ready()
    books = await scene.balanced()
    await scene.say(*day)  # an upstream system that says everything twice
    repeated = await scene.balanced()
    assert list(grown(books, repeated)) == []
    await scene.system.read_everything_again()
    again = await scene.balanced()
    assert list(grown(books, again)) == []


async def _is_opened(scene: Scene) -> bool:
    return bool(await scene.events(TICKETS, "TicketOpened"))


async def test_a_killed_broker_and_a_stopped_database_server_lose_nothing(scene: Scene) -> None:
    saying = asyncio.create_task(_a_day(scene, 6))
    await eventually(lambda: _is_opened(scene), seconds=60)
    await asyncio.to_thread(scene.system.kafka.kill)
    await asyncio.to_thread(scene.system.kafka.restart)
    await asyncio.to_thread(scene.system.postgres.kill)
    await asyncio.to_thread(scene.system.postgres.restart)
    for name in ("intake", "notification"):
        await asyncio.to_thread(scene.system.services[name].kill)
    await saying
    await scene.system.ready()
    await scene.balanced()


async def test_an_owner_that_was_frozen_beyond_its_session_doubles_nothing(scene: Scene) -> None:
    await scene.system.serve("sla_timer-2")
    saying = asyncio.create_task(_a_day(scene, 7))
    await eventually(lambda: _is_opened(scene), seconds=60)
    frozen = scene.system.services["sla_timer"].process
    frozen.freeze()
    await asyncio.sleep(BEYOND_THE_SESSION)
    frozen.thaw()
    await saying
    await scene.system.ready()
    await scene.balanced()
