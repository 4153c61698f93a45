"""Doors that are a client's own: by the rules that are printed, nobody says anything under a source of another one."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from libs.chassis.source_policy import read_policy
from libs.eventlog.kafka.brokers import Brokers, Mechanism, Protocol
from libs.eventlog.kafka.topics import Card, TopicAdmin, load_cards, with_own_doors
from libs.messages.catalogue import CONTRACTS_DOOR, TICKETS_DOOR, UPSTREAM, door_of_client, doors_of, split_door
from libs.messages.sources import SourcePolicy
from libs.stack.kafka import KafkaCluster
from libs.stack.kafka_guard import KafkaGuard
from libs.stack.run import PROJECT, Run
from services.ops.watch.rights import INPUTS
from tests.acceptance.olcare import done, olcare
from tests.acl import allow
from tests.integration.test_acl import reads, writes
from tests.support import eventually

POLICY = """
clients:
  crm-eu: {principal: "User:crm", sources: {crm-eu: [tickets, answers]}}
  erp: {sources: {erp: [contracts, erasures]}}
  desk: {sources: {desk: [tickets, answers], desk-c: [contracts]}}
  web: {shared: true, sources: {web: [TicketSubmitted]}}
"""
USERS = {"crm-eu": "crm", "erp": "erp", "desk": "desk", "web": "web"}
"""By client, who it logs in as."""
SERVICES = ("intake", "contract", "sla_timer", "notification")


@pytest.fixture(scope="module", autouse=True)
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("policy") / "sources.yaml"
    path.write_text(POLICY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OLCARE_SOURCES", str(path))
        yield path


@pytest.fixture(scope="module")
def policy(named: Path) -> SourcePolicy:
    return read_policy(named)


@pytest.fixture(scope="module")
def cards(policy: SourcePolicy) -> dict[str, Card]:
    return with_own_doors(load_cards(PROJECT / "contracts/topics"), policy)


@pytest.fixture(scope="module")
def ruled(cards: dict[str, Card]) -> Iterator[Brokers]:
    users = dict.fromkeys(("admin", "ops", *SERVICES, *USERS.values()), "secret")
    with Run.create(name="own-doors") as run:
        cluster = KafkaCluster(run, guard=KafkaGuard(users=users, authorizes=True))
        cluster.start()
        scram = Mechanism.SCRAM_SHA_256
        admin = Brokers(cluster.address, Protocol.SASL_PLAINTEXT, mechanism=scram, user="admin", password="secret")
        asyncio.run(allow(admin, done("topics", "acl")))
        asyncio.run(_make(admin, cards))
        yield admin


async def _make(admin: Brokers, cards: dict[str, Card]) -> None:
    async with TopicAdmin(replace(admin, user="ops")) as made:
        await made.create(cards.values())

        async def there() -> bool:
            return await made.check(list(cards.values())) == []

        await eventually(there)
    assert all([await writes(admin, topic) for topic in cards]), "who may do everything, and something to read"


def doors(cards: dict[str, Card]) -> list[str]:
    return [topic for door in UPSTREAM for topic in doors_of(cards, door)]


def test_each_client_has_its_doors(cards: dict[str, Card]) -> None:
    own = {topic for topic in doors(cards) if split_door(topic)[1]}
    assert own == {
        *(door_of_client(TICKETS_DOOR, name) for name in ("crm-eu", "desk", "web")),
        *(door_of_client(CONTRACTS_DOOR, name) for name in ("erp", "desk")),
    }


@pytest.mark.parametrize("client", USERS)
async def test_a_client_writes_to_its_own_doors_alone(ruled: Brokers, cards: dict[str, Card], client: str) -> None:
    """And while it goes over to them, to the door of all that takes what it may say."""
    brokers = replace(ruled, user=USERS[client])
    own = {topic for topic in doors(cards) if split_door(topic)[1] == client}
    goes_over = {TICKETS_DOOR} if client == "web" else set()
    assert {topic for topic in cards if await writes(brokers, topic)} == own | goes_over


@pytest.mark.parametrize("client", USERS)
def test_wherever_a_client_may_write_no_source_of_another_one_is_taken(
    cards: dict[str, Card], policy: SourcePolicy, client: str
) -> None:
    may = [topic for topic in doors(cards) if client in cards[topic].written_by]
    foreign = [(name, source) for name, of in policy.clients.items() if name != client for source in of.sources]
    for topic in may:
        for owner, source in foreign:
            taken = [k for k in UPSTREAM[split_door(topic)[0]].values() if _may(policy, topic, source, k)]
            assert not taken or (split_door(topic)[1] is None and policy.clients[owner].shared)


def _may(policy: SourcePolicy, topic: str, source: str, kind: type) -> bool:
    return policy.objection(split_door(topic)[1], source, kind) is None


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_reads_the_clients_doors_that_it_serves_or_waits_for(
    ruled: Brokers, cards: dict[str, Card], service: str
) -> None:
    brokers = replace(ruled, user=service)
    served = {topic for topic in doors(cards) if service in cards[topic].read_by}
    waited_for = {topic for door in INPUTS.get(service, {}) for topic in doors_of(cards, door)}
    assert {topic for topic in doors(cards) if await reads(brokers, topic)} == served | waited_for
    assert not any([await writes(brokers, topic) for topic in doors(cards)])


async def test_a_door_of_a_client_that_is_not_in_the_policy_is_found(ruled: Brokers, cards: dict[str, Card]) -> None:
    known = {topic: card for topic, card in cards.items() if topic != door_of_client(TICKETS_DOOR, "desk")}
    async with TopicAdmin(replace(ruled, user="sla_timer")) as admin:
        assert await admin.unknown_doors(cards) == []
        (sentence,) = await admin.unknown_doors(known)
    assert sentence.startswith("olcare.tickets.in.v1.desk is a door of a client that OLCARE_SOURCES does not name")


def test_principals_are_those_of_the_policy() -> None:
    said = done("topics", "acl", "--principal", "erp=User:CN=erp")
    assert {row["program"]: row["principal"] for row in said} == {
        **{name: f"User:{name}" for name in ("ops", "audit", *SERVICES, "desk", "web")},
        "crm-eu": "User:crm",
        "erp": "User:CN=erp",
    }


def test_upstream_systems_are_named_in_one_place() -> None:
    said = olcare("topics", "acl", "--upstream", "crm-eu")
    assert said.code == 2
    assert "OLCARE_SOURCES names the upstream systems" in said.err


@pytest.mark.parametrize(("text", "fault"), [("clients: [", "no YAML"), ("clients: {a: {sources: {ops: []}}}", "ours")])
def test_a_policy_that_is_none_ends_a_command_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, fault: str
) -> None:
    (tmp_path / "sources.yaml").write_text(text)
    monkeypatch.setenv("OLCARE_SOURCES", str(tmp_path / "sources.yaml"))
    said = olcare("topics", "acl")
    assert said.code == 2
    assert "OLCARE_SOURCES" in said.err
    assert fault in said.err
