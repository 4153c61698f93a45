"""An installation where nobody may do more than he needs: a login over TLS and rules at the broker, a role each."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from libs.chassis.clock import Clock
from libs.eventlog.client.door_client import DoorClient
from libs.eventlog.client.messages import door_record
from libs.eventlog.kafka.brokers import Brokers, Mechanism, Protocol
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.wire.record import Outgoing
from libs.messages.catalogue import CONTRACTS_DOOR, TICKETS_DOOR, door_of_client
from libs.messages.receipts import Receipt
from libs.stack.catcher import MailCatcher
from libs.stack.certificates import Authority
from libs.stack.kafka import KafkaCluster
from libs.stack.kafka_guard import KafkaGuard
from libs.stack.ports import free_port
from libs.stack.postgres import Postgres, PostgresGuard
from libs.stack.run import PROJECT, Run
from libs.stack.service import ServiceProcess, ServiceSpec
from libs.stack.wait import until
from services.ops.watch.services import SERVICES
from tests.acceptance.olcare import done, olcare
from tests.acl import allow
from tests.integration.test_acl import writes

PROGRAMS = ("admin", "ops", "web", *SERVICES)
POLICY = """
clients:
  crm-eu: {shared: true, sources: {crm-eu: [tickets, answers]}}
  erp: {shared: true, sources: {erp: [contracts]}}
  web: {sources: {web: [TicketSubmitted]}}
"""
OWN, OF_CRM = door_of_client(TICKETS_DOOR, "web"), door_of_client(TICKETS_DOOR, "crm-eu")


class Site(NamedTuple):
    services: Mapping[str, ServiceProcess]
    kafka: Mapping[str, str]
    """How ops speaks to the broker."""
    secrets: Path
    catcher: MailCatcher
    web: Brokers
    """How a client speaks to the broker."""


def login(cluster: KafkaCluster, authority: Authority, user: str) -> dict[str, str]:
    """What a program finds in its environment about the broker."""
    return {
        "OLCARE_KAFKA": cluster.address,
        "OLCARE_KAFKA_PROTOCOL": "sasl_ssl",
        "OLCARE_KAFKA_CA": str(authority.certificate),
        "OLCARE_KAFKA_MECHANISM": "scram-sha-512",
        "OLCARE_KAFKA_USER": user,
        "OLCARE_KAFKA_PASSWORD": f"{user}-secret",
    }


@pytest.fixture(scope="module", autouse=True)
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    authority = Authority(folder)
    identity = authority.server("server", "IP:127.0.0.1")
    with Run.create(name="guarded") as run, pytest.MonkeyPatch.context() as patch:
        users = {user: f"{user}-secret" for user in PROGRAMS}
        cluster = KafkaCluster(run, guard=KafkaGuard(identity, users=users, authorizes=True))
        server = Postgres(run, durable=False, guard=PostgresGuard(identity, authority.certificate, "first"))
        cluster.start()
        server.start()
        catcher = MailCatcher(run)
        catcher.start()
        (folder / "sources.yaml").write_text(POLICY)
        patch.setenv("OLCARE_SOURCES", str(folder / "sources.yaml"))
        _prepare(cluster, authority)
        patch.setenv("OLCARE_RUN", str(folder))
        patch.setenv("OLCARE_POSTGRES", server.dsn)
        done("databases", "create", "--secrets", str(folder / "secrets"))
        for name, value in login(cluster, authority, "ops").items():
            patch.setenv(name, value)
        done("topics", "create")
        services = _started(run, cluster, authority, folder / "secrets", catcher)
        ports = ",".join(f"{name}={service.spec.http_port}" for name, service in services.items())
        patch.setenv("OLCARE_SERVICES", ports)
        patch.delenv("OLCARE_POSTGRES")
        patch.setenv("OLCARE_POSTGRES_FILE", str(folder / "secrets/olcare_read"))
        done("plan", "publish")
        done("seed")
        web = brokers_for(cluster, authority, "web")
        yield Site(services, login(cluster, authority, "ops"), folder / "secrets", catcher, web)
        for service in services.values():
            service.stop()


def _prepare(cluster: KafkaCluster, authority: Authority) -> None:
    """Have the broker allow what `olcare topics acl` prints."""
    asyncio.run(allow(brokers_for(cluster, authority, "admin"), done("topics", "acl")))


def brokers_for(cluster: KafkaCluster, authority: Authority, user: str) -> Brokers:
    """The broker, for a program of this process."""
    scram, password = Mechanism.SCRAM_SHA_512, f"{user}-secret"
    tls = (Protocol.SASL_SSL, authority.certificate)
    return Brokers(cluster.address, *tls, mechanism=scram, user=user, password=password)


def _started(
    run: Run, cluster: KafkaCluster, authority: Authority, secrets: Path, catcher: MailCatcher
) -> dict[str, ServiceProcess]:
    services = {}
    for service in SERVICES.values():
        own = {
            **login(cluster, authority, service.name),
            "OLCARE_POSTGRES_FILE": str(secrets / service.database),
            "OLCARE_POSTGRES": "",
            "OLCARE_SMTP": catcher.address,
        }
        services[service.name] = ServiceProcess(run, ServiceSpec(service.name, service.module, free_port(), own))
        services[service.name].start()
    for name, started in services.items():
        until(started.ready, 120, f"the start of {name}:\n{started.process.last_words()}")
    return services


def test_everything_is_ready_with_no_more_rights_than_are_printed() -> None:
    assert all(service["ready"] for service in done("status")["services"])


def test_a_ticket_is_answered_and_its_mail_is_sent() -> None:
    said: dict[str, Any] = done("trigger", "TicketSubmitted", "--wait", "--subject", "4711")
    assert said["receipt"]["outcome"] == "accepted"
    until(lambda: "NoticeSent" in _types("crm-eu/4711"), 60, "the acknowledgement")
    assert "FirstResponseClockStarted" in _types("crm-eu/4711")


def asked(web: Brokers, *records: Outgoing) -> list[Receipt]:
    """What a client's own program is answered."""
    return asyncio.run(_asked(web, records))


async def _asked(web: Brokers, records: Sequence[Outgoing]) -> list[Receipt]:
    log = KafkaLog(KafkaSettings(web, "web"))
    await log.open()
    try:
        return await DoorClient(web, log, Clock()).ask(records)
    finally:
        await log.close()


def ticket(number: str, **attributes: str) -> Outgoing:
    said = json.loads((PROJECT / "contracts/examples/door/TicketSubmitted.json").read_text())
    said |= {"id": f"{number}-opened", "subject": number, "source": "web", **attributes}
    return door_record(OWN, said, 12)


def test_a_client_says_what_it_may_at_its_own_door(site: Site) -> None:
    (receipt,) = asked(site.web, ticket("1"))
    assert (receipt.outcome, receipt.stream, receipt.place.topic) == ("accepted", "ticket/web/1", OWN)
    until(lambda: "FirstResponseClockStarted" in _types("web/1"), 60, "its promise")


def test_a_client_says_nothing_under_the_source_of_another_one(site: Site) -> None:
    receipts = asked(site.web, ticket("2", source="crm-eu"), ticket("2", source="ops"), ticket("3"))
    assert [receipt.outcome for receipt in receipts] == ["unreadable", "unreadable", "accepted"]
    assert (receipts[0].reason, receipts[0].where, receipts[0].source) == ("source-not-allowed", "/source", "crm-eu")
    assert receipts[1].reason == "bad-attribute"
    for door in (TICKETS_DOOR, CONTRACTS_DOOR, OF_CRM):
        assert not asyncio.run(writes(site.web, door)), "the broker does not take it"


def test_a_client_says_no_kind_of_message_that_it_may_not(site: Site) -> None:
    said = json.loads((PROJECT / "contracts/examples/door/ResponseGiven.json").read_text())
    (receipt,) = asked(site.web, door_record(OWN, said | {"source": "web", "subject": "1"}, 12))
    assert (receipt.reason, receipt.where) == ("source-not-allowed", "/type")
    rows = done("dlq", "list", "--reason", "source-not-allowed", "--source", "web")
    assert receipt.place.text() in {row["place"] for row in rows}
    assert {row["place"] for row in done("dlq", "list", "--topic", TICKETS_DOOR)} >= {receipt.place.text()}


def _types(ticket: str) -> set[str]:
    found = done("ticket", "show", ticket)["history"]
    return {entry["type"].removeprefix("olcare.").removesuffix(".v1") for entry in found}


READING = (
    "lag",
    "status",
    "topics check",
    "projections status",
    "sla report --from 2026-11-01 --to 2026-11-30",
    "sla cycles crm-eu/4711",
    "sla not-promised",
    "sla explain crm-eu/4711",
    "ticket show crm-eu/4711",
    "ticket show crm-eu/4711 --private --reason support --by anna",
    "audit",
    "notices list",
    "dlq list",
    "stuck list",
)


@pytest.mark.parametrize("words", READING)
def test_who_may_only_read_can_look_at_everything(words: str) -> None:
    said = olcare(*words.split())
    assert said.code == 0, said


@pytest.mark.parametrize("words", ["projections rebuild intake", "projections verify intake"])
def test_who_may_only_read_builds_nothing(words: str) -> None:
    said = olcare(*words.split())
    assert said.code == 2
    assert "a right is missing" in said.err


WRONG: Mapping[str, tuple[Mapping[str, str], str]] = {
    "wrong password": ({"OLCARE_KAFKA_PASSWORD": "wrong"}, "refuses the login of "),
    "in clear": (
        {f"OLCARE_KAFKA_{name}": "" for name in ("PROTOCOL", "CA", "MECHANISM", "USER", "PASSWORD")},
        "speaks TLS alone",
    ),
    "another name": ({"OLCARE_KAFKA": "localhost"}, "certificate for another name"),
}


def wrong(site: Site, way: str) -> tuple[dict[str, str], str]:
    values, fault = WRONG[way]
    by_name = {"OLCARE_KAFKA": site.kafka["OLCARE_KAFKA"].replace("127.0.0.1", "localhost")}
    return {**values, **(by_name if "OLCARE_KAFKA" in values else {})}, fault


@pytest.mark.parametrize("way", WRONG)
@pytest.mark.parametrize("words", ["lag", "topics check", "ticket show crm-eu/4711", "trigger TicketSubmitted"])
def test_a_command_that_is_not_let_in_says_why(
    site: Site, monkeypatch: pytest.MonkeyPatch, way: str, words: str
) -> None:
    values, fault = wrong(site, way)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    said = olcare(*words.split())
    assert said.code == 2, said
    assert fault in said.err
    assert "wrong" not in said.err


@pytest.mark.parametrize("way", WRONG)
def test_a_service_that_is_not_let_in_says_why_and_ends(site: Site, way: str) -> None:
    values, fault = wrong(site, way)
    spec = site.services["intake"].spec
    with Run.create(name="refused") as run:
        service = ServiceProcess(run, ServiceSpec("refused", spec.module, free_port(), {**spec.env, **values}))
        service.start()
        until(lambda: not service.process.alive, 60, "its end")
        assert service.process.ended_with == 2
        log = service.process.log.read_text()
        assert fault in log
        assert "Traceback" not in log
