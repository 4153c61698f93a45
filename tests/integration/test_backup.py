"""What a backup brings back is what was there: every record at its offset, every place, on topics of every shape."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import asyncpg
import pytest
import yaml
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.protocol.produce import ProduceRequest

from libs.eventlog.kafka.client import KafkaClient
from libs.eventlog.kafka.commits import metadata_of
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.groups import GroupOffset, KafkaGroups
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.refill import Refill
from libs.eventlog.kafka.topics import Card, TopicAdmin, load_cards
from libs.messages.catalogue import TICKETS_DOOR, door_of_client
from libs.stack.databases import create_database, drop_database
from libs.stack.kafka import KafkaCluster
from libs.stack.postgres import Postgres
from libs.stack.run import PROJECT, Run
from services.ops.backup.files import Backup, find, read_records
from services.ops.backup.manifest import FORMAT, Manifest, SavedTopic
from services.ops.backup.restoring import check_cards, restore
from services.ops.backup.saving import save
from services.ops.cli.environment import Environment
from services.ops.cli.output import Refused
from tests.integration.eventlog.test_poison import POISON
from tests.support import eventually

SEEDS = range(2)
PARTITIONS = 4
TRIMMED, EMPTIED, UNTOUCHED = 1, 2, 3
"""A partition that begins later than at 0, one of which all was deleted, and one in which there never was anything."""
CODECS = (None, "gzip", "snappy", "lz4", "zstd")
GROUPS = ("intake.door", "upstream.crm-eu", "somebody")
CARDS = load_cards(PROJECT / "contracts/topics")
SHAPES = {
    "in.v1": "olcare.tickets.in.v1",
    "receipts.v1": "olcare.tickets.receipts.v1",
    "log.v1": "olcare.tickets.v1",
    "private.v1": "olcare.private.v1",
    "sent.v1": "olcare.clock.v1",
}
"""What the topics of a test are like; the last one keeps the timestamps of who sends."""
FROM_LONG_AGO = {"message.timestamp.type": "CreateTime", "retention.ms": "-1"}
"""Its records are many years old: brokers would remove them, at the next of their looks every five minutes."""


class Stored(NamedTuple):
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class Partition(NamedTuple):
    start: int
    end: int
    records: tuple[Stored, ...]


class Everything(NamedTuple):
    """All that there is, by partition, and by group and partition."""

    partitions: Mapping[TopicPartition, Partition]
    offsets: Mapping[tuple[str, TopicPartition], tuple[int, str]]


@dataclass
class Site:
    """A cluster with topics of the test's own, and the environment of a command that works on them."""

    here: Environment
    cards: Mapping[str, Card]
    folder: Path

    @property
    def kafka(self) -> str:
        assert self.here.kafka
        return self.here.kafka

    def named(self, shape: str) -> str:
        return next(name for name in self.cards if name.endswith(shape))

    async def everything(self) -> Everything:
        return Everything(await _partitions(self.kafka, self.cards), await self.offsets())

    async def offsets(self) -> dict[tuple[str, TopicPartition], tuple[int, str]]:
        """What the groups have committed; where a topic's id stands in it, the word `id` does."""
        log = KafkaLog(KafkaSettings(self.kafka, "test"))
        await log.open()
        ids = {name: (await log.identity(name)).topic for name in self.cards}
        await log.close()
        async with KafkaGroups(self.kafka) as groups:
            found = [one for one in await groups.committed(self.cards) if one.group in GROUPS]
        return {
            (one.group, TopicPartition(one.topic, one.partition)): (
                one.offset,
                one.metadata.replace(ids[one.topic], "id"),
            )
            for one in found
        }

    async def destroy(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
        await admin.start()
        await admin.delete_topics(list(self.cards))

        async def gone() -> bool:
            return not set(self.cards) & set(await admin.list_topics())

        await eventually(gone)
        await admin.close()

    async def save(self) -> Backup:
        return await save(self.here, self.folder, _nobody)

    async def restore(self, *, drop_tables: bool = False) -> None:
        await restore(self.here, find(self.folder), _nobody, drop_tables=drop_tables)


def _nobody(done: int, total: int | None) -> None:
    assert total is not None
    assert 0 <= done <= total


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[str, str]]:
    with Run.create(name="backup") as run:
        kafka, postgres = KafkaCluster(run), Postgres(run, durable=False)
        kafka.start()
        postgres.start()
        yield kafka.address, postgres.dsn


@pytest.fixture
async def site(servers: tuple[str, str], unique: str, tmp_path: Path) -> AsyncIterator[Site]:
    topics = tmp_path / "contracts" / "topics"
    topics.mkdir(parents=True)
    for shape, like in SHAPES.items():
        raw = yaml.safe_load((PROJECT / f"contracts/topics/{like}.yaml").read_text())
        more = FROM_LONG_AGO if shape == "sent.v1" else {}
        card = {**raw, "topic": f"{unique}.{shape}", "partitions": PARTITIONS, "config": {**raw["config"], **more}}
        (topics / f"{unique}.{shape}.yaml").write_text(yaml.safe_dump(card))
    here = Environment(*servers, None, None, tmp_path / "contracts", tmp_path)
    made = Site(here, here.cards(), tmp_path / "backup")
    async with TopicAdmin(servers[0]) as admin:
        await admin.create(made.cards.values())
        await admin.set({name: {**card.config, "segment.ms": "86400000"} for name, card in made.cards.items()})
    yield made
    await made.destroy()


@pytest.mark.parametrize("seed", SEEDS)
async def test_topics_of_every_shape_come_back_record_by_record(site: Site, seed: int) -> None:
    await fill(site, Random(seed))
    before = await site.everything()
    await site.save()
    assert await site.everything() == before, "a backup changes nothing"
    await site.destroy()
    await site.restore()
    assert _of_erased(await site.everything(), site) == _of_erased(before, site)
    async with TopicAdmin(site.kafka) as admin:
        await eventually(lambda: _as_the_cards_say(admin, site))
        kept = await admin.settings_of(list(site.cards))
        assert {settings["segment.ms"] for settings in kept.values()} == {"86400000"}, "what else was set stays set"


async def test_what_was_taken_back_is_given_to_no_reader_of_a_log(site: Site) -> None:
    """Readers of a log and rebuilds read what is not committed as well: a gap is one for them, too."""
    await fill(site, Random(7))
    before = await _scanned(site)
    await site.save()
    await site.destroy()
    await site.restore()
    assert await _scanned(site) == before


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_restore_that_is_interrupted_again_and_again_comes_to_the_same_end(
    site: Site, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = Random(seed)
    await fill(site, rng)
    before = await site.everything()
    await site.save()
    await site.destroy()
    interruptions = _interrupt(monkeypatch, rng)
    while True:
        try:
            await site.restore()
        except _InterruptedError:
            async with TopicAdmin(site.kafka) as admin:
                assert await admin.check([*site.cards.values()]), "nobody runs on what is half restored"
        else:
            break
    assert interruptions() > 3
    monkeypatch.undo()
    assert _of_erased(await site.everything(), site) == _of_erased(before, site)
    await site.restore()  # and once more is no harm
    assert _of_erased(await site.everything(), site) == _of_erased(before, site)


async def test_what_was_erased_is_not_in_a_backup_though_nothing_is_compacted_yet(site: Site) -> None:
    private = site.named("private.v1")
    async with AIOKafkaProducer(bootstrap_servers=site.kafka) as producer:
        for value in (b"Ana", b"Ana Maria", None, b"not erased since"):
            await producer.send_and_wait(private, value, b"person/crm-eu/1", 0)
        await producer.send_and_wait(private, b"Bob", b"person/crm-eu/2", 0)
    await site.save()
    kept = [(record.offset, record.value) for record in read_records(site.folder / f"{private}-0.avro")]
    assert kept == [(2, None), (3, b"not erased since"), (4, b"Bob")]


async def test_a_cluster_that_is_not_empty_stays_as_it_is(site: Site) -> None:
    await fill(site, Random(0))
    await site.save()
    before = await site.everything()
    with pytest.raises(Refused, match=r"is not empty \(\d+ records\): a backup is restored into an empty cluster"):
        await site.restore()
    assert await site.everything() == before


async def test_a_restore_that_was_begun_is_not_gone_on_with_from_another_backup(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(site, Random(0))
    backup = await site.save()
    other = replace(site, folder=site.folder.with_name("other"))
    await other.save()
    await site.destroy()
    _interrupt(monkeypatch, Random(3))
    with pytest.raises(_InterruptedError):
        await _again_and_again(site)
    with pytest.raises(Refused, match=f"it was being filled from the backup {backup.name[:12]}"):
        await other.restore()


async def test_tables_of_another_log_are_dropped_only_when_one_says_so(site: Site) -> None:
    await site.save()
    await site.destroy()
    assert site.here.postgres
    address = await create_database(site.here.postgres, "olcare_intake")
    try:
        await _run(address, "create schema olcare create table olcare.generation (reader text)")
        with pytest.raises(Refused, match=r"olcare_intake holds tables of another log .* --drop-tables"):
            await site.restore()
        async with TopicAdmin(site.kafka) as admin:
            assert not site.cards.keys() & (await admin.found()).keys(), "nothing is written before that is clear"
        await site.restore(drop_tables=True)
        assert await _run(address, "select count(*) from pg_namespace where nspname = 'olcare'") == 0
    finally:
        await drop_database(site.here.postgres, "olcare_intake")


async def test_topics_that_were_made_and_hold_nothing_are_filled(site: Site) -> None:
    await fill(site, Random(5))
    before = await site.everything()
    await site.save()
    await site.destroy()
    async with TopicAdmin(site.kafka) as admin:
        await admin.create(site.cards.values())
    await site.restore()
    assert _of_erased(await site.everything(), site) == _of_erased(before, site)


async def test_a_backup_of_other_topics_than_the_cards_say_is_refused(site: Site) -> None:
    await site.save()
    await site.destroy()
    card = site.here.contracts / "topics" / f"{site.named('in.v1')}.yaml"
    card.write_text(card.read_text().replace(f"partitions: {PARTITIONS}", "partitions: 12"))
    with pytest.raises(Refused, match="had 4 partitions, its card says 12: restore it with the version"):
        await site.restore()
    card.unlink()
    with pytest.raises(Refused, match="of which there is no card: restore it with the version"):
        await site.restore()


async def test_a_door_of_a_client_that_is_not_named_here_is_not_left_out_in_silence(site: Site) -> None:
    door = door_of_client(TICKETS_DOOR, "crm-eu")
    card = replace(CARDS[TICKETS_DOOR], topic=door, partitions=1)
    async with TopicAdmin(site.kafka) as admin:
        await admin.create([card])
        try:
            with pytest.raises(Refused, match=f"{door} is a door of a client that OLCARE_SOURCES does not name here"):
                await site.save()
        finally:
            await admin.delete([door])
    topic = SavedTopic(name=door, kind="door", id="", settings={}, partitions=())
    now = site.here.clock().wall()
    manifest = Manifest(format=FORMAT, made_by="", cluster="", begun_at=now, ended_at=now, topics=(topic,), offsets=())
    backup = Backup(site.folder, "", manifest)
    with pytest.raises(Refused, match=f"{door}, a door of a client that OLCARE_SOURCES does not name here"):
        check_cards(backup, site.cards)


async def fill(site: Site, rng: Random) -> None:
    """Write what upstream systems, services and brokers do to topics, and commit for groups."""
    raw = KafkaClient(KafkaSettings(site.kafka, "raw"), "raw")
    await raw.open()
    for name, card in site.cards.items():
        for partition in range(PARTITIONS):
            if partition != UNTOUCHED:
                await _write(site.kafka, raw, card, TopicPartition(name, partition), rng)
    await raw.close()
    await _delete(site, rng)
    await _commit(site, rng)


async def _write(kafka: str, raw: KafkaClient, card: Card, tp: TopicPartition, rng: Random) -> None:
    for _ in range(rng.randint(3, 6)):
        match "plain" if card.kind == "log" else rng.choice(("plain", "committed", "aborted", "raw")):
            case "raw" if card.kind == "door":
                await _poison(raw, tp, rng)
            case "committed" | "aborted" as how:
                await _transaction(kafka, card, tp, rng, back=how == "aborted")
            case _:
                await _plain(kafka, card, tp, rng)
    if card.kind == "log" and tp.partition == 0:
        await _two_ends(kafka, card, tp, rng)
        await _plain(kafka, card, tp, rng)


async def _plain(kafka: str, card: Card, tp: TopicPartition, rng: Random) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka, compression_type=rng.choice(CODECS)) as producer:
        await _send(producer, card, tp, rng)


async def _transaction(kafka: str, card: Card, tp: TopicPartition, rng: Random, *, back: bool) -> None:
    name = f"{tp.topic}-{rng.random()}"
    async with AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=name) as producer:
        await producer.begin_transaction()
        await _send(producer, card, tp, rng)
        await (producer.abort_transaction() if back else producer.commit_transaction())


async def _two_ends(kafka: str, card: Card, tp: TopicPartition, rng: Random) -> None:
    """Two transactions whose ends follow each other: a gap of two, of which nobody is given anything."""
    name = f"{tp.topic}-{rng.random()}"
    one, two = (AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=f"{name}-{n}") for n in (1, 2))
    async with one, two:
        for producer in (one, two):
            await producer.begin_transaction()
            await _send(producer, card, tp, rng)
        await one.commit_transaction()
        await two.commit_transaction()


async def _send(producer: Any, card: Card, tp: TopicPartition, rng: Random) -> None:
    compacted = card.kind == "state"
    sent = []
    for _ in range(rng.choice((1, 2, 30))):
        key = None if rng.random() < 0.2 and not compacted else rng.choice((b"", b"person/a/1", b"k" * 90))
        value = rng.choice((None, b"", b"{}", rng.randbytes(rng.randint(1, 3000)))) if key is not None else b"{}"
        headers = [(rng.choice(("ce_id", "", "é")), rng.choice((None, b"", b"\xff")))] * rng.randint(0, 3)
        at = rng.randint(1, 17 * 10**11)
        sent.append(await producer.send(tp.topic, value, key, tp.partition, at, headers))
    await asyncio.gather(*sent)


async def _poison(raw: KafkaClient, tp: TopicPartition, rng: Random) -> None:
    batch, _ = POISON[rng.choice(sorted(POISON))]
    await raw.ask_leader(tp, ProduceRequest(None, -1, 10_000, [(tp.topic, [(tp.partition, batch)])]), "poison")


async def _delete(site: Site, rng: Random) -> None:
    """Delete what stands at the beginning of partitions, as retention does, but not of a log nor of a state topic."""
    log = KafkaLog(KafkaSettings(site.kafka, "test"))
    await log.open()
    admin = AIOKafkaAdminClient(bootstrap_servers=site.kafka)
    await admin.start()
    for name, card in site.cards.items():
        if card.kind not in {"log", "state"}:
            ends = await log.high_watermarks(name)
            upto = {TRIMMED: rng.randint(1, ends[TRIMMED]), EMPTIED: ends[EMPTIED]}
            await admin.delete_records({TopicPartition(name, p): RecordsToDelete(at) for p, at in upto.items()})
    await admin.close()
    await log.close()


async def _commit(site: Site, rng: Random) -> None:
    """Commit what doors, upstream systems and others do, with their metadata."""
    log = KafkaLog(KafkaSettings(site.kafka, "test"))
    await log.open()
    async with KafkaGroups(site.kafka) as groups:
        for group in GROUPS:
            for name in site.cards:
                topic = (await log.identity(name)).topic
                marks = ("", "what I like: é", metadata_of(topic, ""), metadata_of(topic, '{"stuck": [3]}'))
                ends = await log.ends(name)
                offsets = [GroupOffset(group, name, p, rng.randint(0, ends[p]), rng.choice(marks)) for p in ends]
                await groups.commit(group, rng.sample(offsets, rng.randint(1, PARTITIONS)))
    await log.close()


async def _partitions(kafka: str, topics: Mapping[str, Card]) -> dict[TopicPartition, Partition]:
    """Everything that a plain consumer is given."""
    places = [TopicPartition(topic, p) for topic in sorted(topics) for p in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, enable_auto_commit=False, isolation_level="read_committed", fetch_max_wait_ms=50
    )
    await consumer.start()
    consumer.assign(places)
    starts, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
    found: dict[TopicPartition, list[Stored]] = {place: [] for place in places}
    for place in places:
        consumer.seek(place, starts[place])
    while late := [place for place in places if await consumer.position(place) < ends[place]]:
        for place, messages in (await consumer.getmany(*late, timeout_ms=500)).items():
            found[place] += [Stored(m.offset, m.timestamp, m.key, m.value, tuple(m.headers)) for m in messages]
    await consumer.stop()
    return {place: Partition(starts[place], ends[place], tuple(found[place])) for place in places}


async def _scanned(site: Site) -> Sequence[object]:
    """The log as rebuilds and readers of single records read it."""
    log, name = KafkaLog(KafkaSettings(site.kafka, "test")), site.named("log.v1")
    await log.open()
    ends = await log.ends(name)
    found = [[record async for records in log.scan(name, p, end) for record in records] for p, end in ends.items()]
    await log.close()
    return found


def _of_erased(found: Everything, site: Site) -> Everything:
    """The same without what a later tombstone takes away, which a backup leaves out."""
    private = site.named("private.v1")
    kept = {
        place: partition._replace(records=tuple(_compacted(partition.records))) if place.topic == private else partition
        for place, partition in found.partitions.items()
    }
    return found._replace(partitions=kept)


def _compacted(records: Sequence[Stored]) -> Iterator[Stored]:
    gone = {record.key: record.offset for record in records if record.value is None}
    yield from (record for record in records if record.offset >= gone.get(record.key, 0))


async def _as_the_cards_say(admin: TopicAdmin, site: Site) -> bool:
    return await admin.check([*site.cards.values()]) == []


class _InterruptedError(Exception):
    pass


def _interrupt(monkeypatch: pytest.MonkeyPatch, rng: Random) -> Callable[[], int]:
    """Break off before or after one of many requests, up to twenty times; gives how often that was."""
    requests, times = Refill._asked, 0
    writes = Refill._write

    async def asked(refill: Refill, request: Any) -> Any:
        return await torn(requests, refill, request)

    async def write(refill: Refill, *about: Any) -> Any:
        return await torn(writes, refill, *about)

    async def torn(work: Callable[..., Awaitable[Any]], *about: Any) -> Any:
        nonlocal times
        when = rng.random() if times < 20 else 1
        times += when < 0.1
        if when < 0.05:
            raise _InterruptedError
        done = await work(*about)
        if when < 0.1:
            raise _InterruptedError
        return done

    monkeypatch.setattr(Refill, "_asked", asked)
    monkeypatch.setattr(Refill, "_write", write)
    return lambda: times


async def _again_and_again(site: Site) -> None:
    while True:
        await site.restore()


async def _run(address: str, statement: str) -> Any:
    connection = await asyncpg.connect(address)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()
