"""Who saves may read everything and write nothing; who restores needs no more than is printed for him."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import TopicAuthorizationFailedError
from pyrage import x25519

from libs.eventlog.kafka.appender import KafkaAppender
from libs.eventlog.kafka.brokers import Brokers, Mechanism, Protocol
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.groups import GroupOffset, KafkaGroups
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.topics import TopicAdmin, load_cards
from libs.eventlog.ports import UNKNOWN
from libs.eventlog.wire.record import Outgoing
from libs.messages.catalogue import PRIVATE, TICKETS_DOOR
from libs.stack.kafka import KafkaCluster
from libs.stack.kafka_guard import KafkaGuard
from libs.stack.postgres import Postgres
from libs.stack.run import PROJECT, Run
from tests.acceptance.olcare import Said, olcare
from tests.acl import allow
from tests.support import eventually

CARDS = load_cards(PROJECT / "contracts/topics")
SETTINGS = {"PROTOCOL": Protocol.SASL_PLAINTEXT, "MECHANISM": Mechanism.SCRAM_SHA_256, "PASSWORD": "secret"}


class Sites:
    """An installation, and a cluster of its own to restore it in; each knows its own people alone."""

    def __init__(self, run: Run) -> None:
        self._production = KafkaCluster(run, guard=_guard("backup"), name="production")
        self._other = KafkaCluster(run, guard=_guard("restore"), name="other")
        self._postgres = Postgres(run, durable=False)

    def start(self) -> None:
        for server in (self._production, self._other, self._postgres):
            server.start()

    @property
    def postgres(self) -> str:
        return self._postgres.dsn

    def production(self, user: str) -> Brokers:
        return _as(user, self._production.address)

    def other(self, user: str) -> Brokers:
        return _as(user, self._other.address)


def _as(user: str, addresses: str) -> Brokers:
    scram = Mechanism.SCRAM_SHA_256
    return Brokers(addresses, Protocol.SASL_PLAINTEXT, mechanism=scram, user=user, password="secret")


def _guard(user: str) -> KafkaGuard:
    return KafkaGuard(users={"admin": "secret", user: "secret"}, authorizes=True)


@pytest.fixture(scope="module")
def sites() -> Iterator[Sites]:
    with Run.create(name="rights") as run:
        made = Sites(run)
        made.start()
        yield made


async def _prepared(sites: Sites) -> None:
    """Give the rights that are printed, and write something."""
    rules = olcare("topics", "acl", "--backup", "--json").json()
    for who, admin in (("backup", sites.production("admin")), ("restore", sites.other("admin"))):
        await allow(admin, (rule for rule in rules if rule["program"] == who))
    admin = sites.production("admin")
    async with TopicAdmin(admin) as topics:
        await topics.create(CARDS.values())
    appender = KafkaAppender(KafkaSettings(admin, "test"))

    async def written() -> bool:
        return UNKNOWN not in await appender.append([Outgoing(topic, 0, b"key", b"{}", ()) for topic in CARDS])

    await eventually(written)
    await appender.close()
    async with KafkaGroups(admin) as groups:
        await groups.commit("intake.door", [GroupOffset("intake.door", TICKETS_DOOR, 0, 1, "")])


async def _writes_nowhere(brokers: Brokers) -> None:
    async with AIOKafkaProducer(**brokers.connection()) as producer:
        for topic in CARDS:
            with pytest.raises(TopicAuthorizationFailedError):
                await producer.send_and_wait(topic, b"x", b"key", partition=0)


async def _number(brokers: Brokers) -> int:
    log = KafkaLog(KafkaSettings(brokers, "test"))
    await log.open()
    try:
        return sum([sum((await log.ends(topic)).values()) for topic in CARDS])
    finally:
        await log.close()


async def _id(brokers: Brokers, topic: str) -> str:
    log = KafkaLog(KafkaSettings(brokers, "test"))
    await log.open()
    try:
        return (await log.identity(topic)).topic
    finally:
        await log.close()


def test_one_may_save_and_another_one_restore_elsewhere_and_neither_does_the_other_s_part(
    sites: Sites, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(_prepared(sites))
    folder = str(tmp_path / "backup")

    def types(brokers: Brokers, *words: str) -> Said:
        monkeypatch.setenv("OLCARE_KAFKA", brokers.addresses)
        monkeypatch.setenv("OLCARE_KAFKA_USER", brokers.user or "")
        return olcare(*words)

    monkeypatch.setenv("OLCARE_POSTGRES", sites.postgres)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(f"OLCARE_KAFKA_{name}", value)
    key = x25519.Identity.generate()
    file = tmp_path / "key.txt"
    file.write_text(str(key))
    saved = types(sites.production("backup"), "backup", folder, "--recipient", str(key.to_public()), "--json").json()
    assert (saved["records"], saved["groups"]) == (asyncio.run(_number(sites.production("admin"))), 1)
    asyncio.run(_writes_nowhere(sites.production("backup")))

    refused = types(sites.other("restore"), "restore", folder)
    assert (refused.code, "is sealed: name the file with the key" in refused.err) == (1, True)
    opened = ("restore", folder, "--identity", str(file))
    refused = types(sites.production("restore"), *opened)
    assert (refused.code, "the login of restore" in refused.err) == (2, True)
    restored = types(sites.other("restore"), *opened, "--json")
    assert restored.json()["records"] == saved["records"], restored.err
    assert "give intake and contract OLCARE_FINGERPRINT_KEY" in restored.err
    assert "is there again: `olcare person erase`" in restored.err
    assert types(sites.other("restore"), *opened, "--check").out.startswith(f"{folder} is whole: it holds")
    checked = types(sites.other("restore"), *opened, "--check", "--json").json()
    assert checked["fingerprint_key"] == asyncio.run(_id(sites.production("admin"), PRIVATE))
