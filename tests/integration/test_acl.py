"""What `olcare topics acl` prints is enough for every program, and no more than its cards say: asked of a broker."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError

from libs.eventlog.kafka.brokers import Brokers, Mechanism, Protocol
from libs.eventlog.kafka.topics import TopicAdmin, load_cards
from libs.messages.catalogue import CONTRACTS_DOOR, TICKETS_DOOR
from libs.stack.kafka import KafkaCluster
from libs.stack.kafka_guard import KafkaGuard
from libs.stack.run import PROJECT, Run
from tests.acceptance.olcare import done
from tests.acl import allow
from tests.support import eventually

CARDS = load_cards(PROJECT / "contracts/topics")
SERVICES = ("intake", "contract", "sla_timer", "notification", "audit")
UPSTREAMS = ("crm-eu", "erp")
PROGRAMS = (*SERVICES, "ops", *UPSTREAMS)


@pytest.fixture(scope="module")
def guarded() -> Iterator[Brokers]:
    """A broker that allows what is printed, for whoever logs in under the name of a program."""
    users = dict.fromkeys(("admin", *PROGRAMS), "secret")
    with Run.create(name="acl") as run:
        cluster = KafkaCluster(run, guard=KafkaGuard(users=users, authorizes=True))
        cluster.start()
        scram = Mechanism.SCRAM_SHA_256
        yield Brokers(cluster.address, Protocol.SASL_PLAINTEXT, mechanism=scram, user="admin", password="secret")


@pytest.fixture(scope="module")
def ruled(guarded: Brokers) -> Brokers:
    rules = done("topics", "acl", *(word for name in UPSTREAMS for word in ("--upstream", name)))
    asyncio.run(allow(guarded, rules))
    asyncio.run(make_topics(guarded))
    return guarded


async def make_topics(guarded: Brokers) -> None:
    async with TopicAdmin(replace(guarded, user="ops")) as admin:
        assert len(await admin.create(CARDS.values())) == len(CARDS)
        await eventually(partial(as_the_cards_say, admin))
    assert all([await writes(guarded, topic) for topic in CARDS]), "who may do everything, and something to read"


async def as_the_cards_say(admin: TopicAdmin) -> bool:
    return await admin.check(list(CARDS.values())) == []


def may_write(program: str) -> set[str]:
    role = "upstream" if program in UPSTREAMS else program
    return {card.topic for card in CARDS.values() if role in card.written_by}


def may_read(program: str) -> set[str]:
    """What the cards say, one's own log, and the door whose progress deadlines wait for."""
    role = "upstream" if program in UPSTREAMS else program
    by_card = {card.topic for card in CARDS.values() if role in card.read_by}
    own = {card.topic for card in CARDS.values() if card.kind == "log" and role in card.written_by}
    return by_card | own | ({TICKETS_DOOR, CONTRACTS_DOOR} if program == "sla_timer" else set())


@asynccontextmanager
async def consumer(brokers: Brokers, group: str | None = None) -> AsyncIterator[AIOKafkaConsumer]:
    made = AIOKafkaConsumer(
        **brokers.connection(), group_id=group, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def writes(brokers: Brokers, topic: str) -> bool:
    producer = AIOKafkaProducer(**brokers.connection(), enable_idempotence=True)
    await producer.start()
    try:
        await producer.send_and_wait(topic, b"x", b"key", partition=0)
    except TopicAuthorizationFailedError:
        return False
    finally:
        await producer.stop()
    return True


async def reads(brokers: Brokers, topic: str) -> bool:
    async with consumer(brokers) as found:
        try:
            await found._client._wait_on_metadata(topic)
            found.assign([TopicPartition(topic, 0)])
            found.seek(TopicPartition(topic, 0), 0)
            await eventually(partial(found.getmany, timeout_ms=100))
        except TopicAuthorizationFailedError:
            return False
    return True


@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_program_writes_what_its_cards_say_and_nothing_else(ruled: Brokers, program: str) -> None:
    brokers = replace(ruled, user=program)
    assert {topic for topic in CARDS if await writes(brokers, topic)} == may_write(program)


@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_program_reads_what_its_cards_say_and_nothing_else(ruled: Brokers, program: str) -> None:
    brokers = replace(ruled, user=program)
    assert {topic for topic in CARDS if await reads(brokers, topic)} == may_read(program)


@pytest.mark.parametrize("program", [*SERVICES, *UPSTREAMS])
async def test_a_program_commits_for_its_own_groups_alone(ruled: Brokers, program: str) -> None:
    brokers, topic = replace(ruled, user=program), min(may_read(program))
    for owner in PROGRAMS:
        async with consumer(brokers, f"{owner}.door") as found:
            found.assign([TopicPartition(topic, 0)])
            if owner == program:
                await found.commit({TopicPartition(topic, 0): 0})
            else:
                with pytest.raises(GroupAuthorizationFailedError):
                    await found.commit({TopicPartition(topic, 0): 0})


@pytest.mark.parametrize("program", [*SERVICES, *UPSTREAMS])
async def test_nobody_but_ops_makes_topics(ruled: Brokers, program: str) -> None:
    card = replace(CARDS[TICKETS_DOOR], topic="more")
    async with TopicAdmin(replace(ruled, user=program)) as admin:
        with pytest.raises(ValueError, match="more was not made"):
            await admin.create([card])
