"""Brokers that let in only who shows who he is: by a login over TLS, or by a certificate."""

import asyncio
import gc
import ssl
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from libs.eventlog.errors import NotAdmitted, Unavailable
from libs.eventlog.kafka import faststream_subscription, subscription
from libs.eventlog.kafka.brokers import Brokers, Mechanism, Protocol
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.reading import records
from libs.eventlog.kafka.token_endpoint import Credentials, TokenEndpoint
from libs.eventlog.kafka.topics import TopicAdmin, load_cards
from libs.eventlog.wire.record import Outgoing
from libs.stack.certificates import Authority
from libs.stack.kafka import KafkaCluster
from libs.stack.kafka_guard import KafkaGuard
from libs.stack.run import PROJECT, Run
from tests.integration.issuer import CLIENT, SECRET, Issuer, issuing, unsigned
from tests.support import PATIENCE, eventually

CARD = replace(load_cards(PROJECT / "contracts/topics")["olcare.tickets.v1"], partitions=1)
SCRAM_256, SCRAM_512 = Mechanism.SCRAM_SHA_256, Mechanism.SCRAM_SHA_512


class Guarded(NamedTuple):
    """A broker for logins and one for certificates, a plain one, and who may come in at each."""

    login: Brokers
    certificate: Brokers
    clear: Brokers
    authority: Authority
    folder: Path
    issuer: Issuer


@pytest.fixture(scope="module")
def guarded(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    authority = Authority(folder)
    server, client = authority.server("server", "IP:127.0.0.1"), authority.client("olcare")
    with Run.create(name="guarded") as run, issuing(authority.server("issuer", "IP:127.0.0.1")) as issuer:
        by_login = KafkaCluster(run, guard=KafkaGuard(server, users={"olcare": "right"}), name="login")
        by_certificate = KafkaCluster(run, guard=KafkaGuard(server, trusted=authority.certificate), name="certificate")
        for cluster in (by_login, by_certificate):
            cluster.start()
        both = Brokers("", ca=authority.certificate)
        yield Guarded(
            replace(
                both,
                addresses=by_login.address,
                protocol=Protocol.SASL_SSL,
                mechanism=SCRAM_512,
                user="olcare",
                password="right",
            ),
            replace(
                both,
                addresses=by_certificate.address,
                protocol=Protocol.SSL,
                certificate=client.certificate,
                key=client.key,
            ),
            Brokers(kafka),
            authority,
            folder,
            issuer,
        )


def token(folder: Path, **claims: object) -> Path:
    """An unsigned token, as the broker of this test takes it."""
    path = folder / "token"
    path.write_text(unsigned(**claims) + "\n")
    return path


def by_endpoint(at: Guarded, **change: str) -> Brokers:
    """A login by tokens that are asked for."""
    found = {"url": at.issuer.address, "client": CLIENT, "secret": SECRET, **change}
    endpoint = TokenEndpoint(Credentials(**found, ca=at.authority.certificate))
    return replace(at.login, mechanism=Mechanism.OAUTHBEARER, endpoint=endpoint)


def admitted(at: Guarded) -> Mapping[str, Brokers]:
    return {
        "SCRAM-SHA-512": at.login,
        "SCRAM-SHA-256": replace(at.login, mechanism=SCRAM_256),
        "PLAIN": replace(at.login, mechanism=Mechanism.PLAIN),
        "OAUTHBEARER": replace(
            at.login, mechanism=Mechanism.OAUTHBEARER, user=None, password=None, token=token(at.folder)
        ),
        "OAUTHBEARER by an endpoint": by_endpoint(at),
        "certificate": at.certificate,
    }


@pytest.mark.parametrize(
    "way", ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN", "OAUTHBEARER", "OAUTHBEARER by an endpoint", "certificate"]
)
async def test_whoever_shows_who_he_is_makes_writes_and_reads(
    guarded: Guarded, unique: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (subscription, faststream_subscription):
        monkeypatch.setattr(module, "WAIT", 20 * PATIENCE)
    brokers, card = admitted(guarded)[way], replace(CARD, topic=unique)
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(TopicAdmin(brokers))
        assert await admin.create([card]) == [unique]
        log = KafkaLog(KafkaSettings(brokers, unique))
        stack.push_async_callback(log.close)
        await log.open()
        appender = log.appender()
        stack.push_async_callback(appender.close)
        assert await appender.append([Outgoing(unique, 0, b"key", b"value")]) == [0]
        for name, subscribe in (("own", log.subscribe), ("by-faststream", log.subscribe_by_faststream)):
            reading = await subscribe(unique, f"{unique}.{name}", _from_the_beginning)
            stack.push_async_callback(reading.close)
            batch = await eventually(partial(reading.batch, 10, 0.1))
            assert [record.value for record in batch[0]] == [b"value"]
            await reading.commit({0: 1})
            async with asyncio.timeout(PATIENCE):  # the broker holds a fetch longer than that
                await reading.close()
        assert [record.value async for record in records(brokers, log, unique)] == [b"value"]


async def _from_the_beginning(partitions: frozenset[int]) -> Mapping[int, int]:
    return dict.fromkeys(partitions, 0)


def refused(at: Guarded) -> Mapping[str, tuple[Brokers, str, str]]:
    """Who is refused, what he is told, and which setting to look at."""
    login, certificate = at.login, at.certificate
    other = Authority(at.folder / "other", "somebody else")
    stranger = other.client("olcare")
    by_name = login.addresses.replace("127.0.0.1", "localhost")
    return {
        "wrong password": (replace(login, password="wrong"), "refuses the login of olcare", "OLCARE_KAFKA_USER"),
        "unknown user": (replace(login, user="nobody"), "refuses the login of nobody", "OLCARE_KAFKA_USER"),
        "wrong plain password": (
            replace(login, mechanism=Mechanism.PLAIN, password="wrong"),
            "refuses the login of olcare",
            "OLCARE_KAFKA_USER",
        ),
        "token that has run out": (
            replace(login, mechanism=Mechanism.OAUTHBEARER, token=token(at.folder, exp=1.1e9)),
            "refuses the token in",
            "OLCARE_KAFKA_TOKEN_PATH",
        ),
        "no token": (
            replace(login, mechanism=Mechanism.OAUTHBEARER, token=at.folder / "missing"),
            "can not be read",
            "OLCARE_KAFKA_TOKEN_PATH",
        ),
        "a wrong secret": (by_endpoint(at, secret="wrong"), "'invalid_client'", "OLCARE_KAFKA_PASSWORD"),
        "in clear": (Brokers(login.addresses), "speaks TLS alone", "OLCARE_KAFKA_PROTOCOL"),
        "in clear with a login": (
            replace(login, protocol=Protocol.SASL_PLAINTEXT),
            "speaks TLS alone",
            "OLCARE_KAFKA_PROTOCOL",
        ),
        "no login": (replace(login, protocol=Protocol.SSL), "wants a login", "OLCARE_KAFKA_MECHANISM"),
        "wrong name": (replace(login, addresses=by_name), "certificate for another name", "OLCARE_KAFKA"),
        "nobody vouches": (replace(login, ca=None), "nobody vouches for", "OLCARE_KAFKA_CA"),
        "another vouches": (replace(login, ca=other.certificate), "nobody vouches for", "OLCARE_KAFKA_CA"),
        "no certificate": (
            replace(certificate, certificate=None, key=None),
            "refuses our certificate",
            "OLCARE_KAFKA_CERTIFICATE",
        ),
        "strange certificate": (
            replace(certificate, certificate=stranger.certificate, key=stranger.key),
            "refuses our certificate",
            "OLCARE_KAFKA_CERTIFICATE",
        ),
        "login for certificates": (
            replace(login, addresses=certificate.addresses, certificate=certificate.certificate, key=certificate.key),
            "takes no login",
            "OLCARE_KAFKA_PROTOCOL",
        ),
        "TLS to a plain broker": (
            replace(login, addresses=at.clear.addresses),
            "does not speak TLS",
            "OLCARE_KAFKA",
        ),
        "login to a plain broker": (
            Brokers(at.clear.addresses, Protocol.SASL_PLAINTEXT, mechanism=SCRAM_512, user="olcare", password="right"),
            "takes no login",
            "OLCARE_KAFKA_PROTOCOL",
        ),
    }


REFUSED = [
    "wrong password",
    "unknown user",
    "wrong plain password",
    "token that has run out",
    "no token",
    "a wrong secret",
    "in clear",
    "in clear with a login",
    "no login",
    "wrong name",
    "nobody vouches",
    "another vouches",
    "no certificate",
    "strange certificate",
    "login for certificates",
    "TLS to a plain broker",
    "login to a plain broker",
]


@pytest.mark.parametrize("way", REFUSED)
async def test_whoever_does_not_is_told_why_and_what_to_look_at(guarded: Guarded, way: str) -> None:
    brokers, fault, setting = refused(guarded)[way]
    with pytest.raises(NotAdmitted) as told:
        async with TopicAdmin(brokers):
            pass
    assert f"Kafka at {brokers.addresses} " in str(told.value)
    assert fault in str(told.value)
    assert setting in str(told.value)
    assert "wrong" not in str(told.value)
    log = KafkaLog(KafkaSettings(brokers, "test"))
    with pytest.raises(NotAdmitted, match=fault):
        await log.open()
    await log.close()


@pytest.mark.parametrize("way", REFUSED)
def test_no_connection_outlives_the_loop_of_whoever_is_refused(guarded: Guarded, way: str) -> None:
    async def comes() -> None:
        async with TopicAdmin(refused(guarded)[way][0]):
            pass

    with pytest.raises(NotAdmitted):
        asyncio.run(comes())
    gc.collect()  # an open connection that nobody holds is a failure of this test


def test_every_refusal_is_asked_for(guarded: Guarded) -> None:
    assert list(refused(guarded)) == REFUSED


def test_nothing_before_tls_1_2_is_spoken_and_names_are_checked(guarded: Guarded) -> None:
    for brokers in (guarded.login, guarded.certificate):
        context = brokers.tls()
        assert context
        assert context.check_hostname
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2


async def test_a_token_that_has_run_out_at_its_issuer_is_told(guarded: Guarded) -> None:
    guarded.issuer.gives(unsigned(exp=1.1e9))
    try:
        with pytest.raises(NotAdmitted, match=r"refuses the token of https://.*OLCARE_KAFKA_TOKEN_URL"):
            async with TopicAdmin(by_endpoint(guarded)):
                pass
    finally:
        guarded.issuer.gives(unsigned(), expires_in=300)


async def test_an_issuer_that_is_away_is_waited_for(guarded: Guarded) -> None:
    guarded.issuer.answers(503, b"")
    try:
        with pytest.raises(Unavailable, match="gives no token now") as told:
            async with TopicAdmin(by_endpoint(guarded)):
                pass
        assert not isinstance(told.value, NotAdmitted)
    finally:
        guarded.issuer.gives(unsigned(), expires_in=300)
