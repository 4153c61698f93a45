"""Three brokers, each restarted in turn: what a group has committed is told or not available, and never "nothing"."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.topics import TopicAdmin, load_cards
from libs.messages.catalogue import TICKETS_DOOR
from libs.stack.kafka import KafkaCluster
from libs.stack.run import Run
from tests.support import eventually

CARD = replace(load_cards(Path(__file__).parents[3] / "contracts/topics")[TICKETS_DOOR], partitions=3)
GROUPS = [f"group-{number}" for number in range(8)]  # of which some have their coordinator on each broker
COMMITTED = {partition: 10 + partition for partition in range(CARD.partitions)}

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[KafkaCluster]:
    with Run.create(tmp_path) as run:
        yield KafkaCluster(run, 3)


async def test_no_committed_offset_is_ever_taken_for_none_while_brokers_are_restarted(cluster: KafkaCluster) -> None:
    await asyncio.to_thread(cluster.start)
    await _committed(cluster.address)
    async with _log(cluster.address, "always") as always, _log(cluster.address, "seldom") as seldom:
        assert [await _told(seldom, group) for group in GROUPS] == [COMMITTED] * len(GROUPS)
        asking = asyncio.create_task(_ask_always(always))
        for node in range(len(cluster.nodes)):
            await asyncio.to_thread(cluster.stop, node)
            await asyncio.to_thread(cluster.restart, node)
            # Asked for the first time since: it knows only the coordinators of before.
            assert [await _told(seldom, group) for group in GROUPS] == [COMMITTED] * len(GROUPS)
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
        assert [await _told(always, group) for group in GROUPS] == [COMMITTED] * len(GROUPS)


async def _ask_always(log: KafkaLog) -> None:
    """Fails with the first answer that is neither what was committed nor Unavailable."""
    while True:
        for group in GROUPS:
            with suppress(Unavailable):
                assert await log.committed_offsets(group, CARD.topic) == COMMITTED
        await asyncio.sleep(0)


async def _told(log: KafkaLog, group: str) -> Mapping[int, int]:
    """What the group has committed, as soon as that is available."""

    async def asked() -> tuple[Mapping[int, int]]:
        try:
            return (await log.committed_offsets(group, CARD.topic),)
        except Unavailable as error:
            raise AssertionError("not yet") from error

    return (await eventually(asked))[0]


async def _committed(kafka: str) -> None:
    """Make the topic, replicated as its card says, and let every group commit.

    Each commits twice: the followers learn that a record is committed with the record after it, and a new leader that
    does not know it yet would truthfully tell what was committed before.
    """
    async with TopicAdmin(kafka) as admin:
        await admin.create([CARD])
        assert await eventually(lambda: _as_its_card_says(admin))
    for group in GROUPS:
        consumer = AIOKafkaConsumer(bootstrap_servers=kafka, group_id=group, enable_auto_commit=False)
        async with AsyncExitStack() as stack:
            await consumer.start()
            stack.push_async_callback(consumer.stop)
            consumer.assign([TopicPartition(CARD.topic, partition) for partition in COMMITTED])
            for _ in range(2):
                await consumer.commit({TopicPartition(CARD.topic, p): at for p, at in COMMITTED.items()})


async def _as_its_card_says(admin: TopicAdmin) -> bool:
    return await admin.brokers() == 3 and await admin.check([CARD]) == []


@asynccontextmanager
async def _log(kafka: str, name: str) -> AsyncIterator[KafkaLog]:
    log = KafkaLog(KafkaSettings(kafka, name, patience=6.0))
    await log.open()
    try:
        yield log
    finally:
        await log.close()
