"""Tokens for the brokers by client credentials: asked for in time, by TLS alone, and why there is none."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from libs.eventlog.kafka.token_endpoint import LIVED, Credentials, NoToken, TokenEndpoint
from libs.stack.certificates import Authority
from tests.integration.issuer import CLIENT, SECRET, Issuer, issuing


class Told(NamedTuple):
    """What an issuer says, and what becomes of it."""

    status: int
    body: bytes
    says: str
    final: bool


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("issuer"))


@pytest.fixture
def issuer(authority: Authority) -> Iterator[Issuer]:
    with issuing(authority.server("issuer", "IP:127.0.0.1")) as issuer:
        yield issuer


@pytest.fixture
def known(issuer: Issuer, authority: Authority) -> Credentials:
    return Credentials(issuer.address, CLIENT, SECRET, "kafka", authority.certificate)


async def test_it_is_asked_for_by_the_client_s_credentials_and_kept_until_near_its_end(
    issuer: Issuer, known: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer.gives("first", expires_in=300)
    endpoint, begun = TokenEndpoint(known), asyncio.get_running_loop().time()
    assert [await endpoint.token() for _ in range(3)] == ["first"] * 3
    assert issuer.asked == [{"grant_type": ["client_credentials"], "scope": ["kafka"]}]
    issuer.gives("second", expires_in=300)
    later = begun + 300 * LIVED
    for at, token in ((later - 1, "first"), (later + 60, "second")):
        with monkeypatch.context() as patch:
            patch.setattr(asyncio.get_running_loop(), "time", lambda at=at: at)
            assert await endpoint.token() == token


async def test_one_that_does_not_say_how_long_it_lives_is_for_one_connection(
    issuer: Issuer, known: Credentials
) -> None:
    endpoint = TokenEndpoint(known)
    for name in ("first", "second"):
        issuer.gives(name)
        assert await endpoint.token() == name


NO_TOKEN: Mapping[str, Told] = {
    "away for a while": Told(503, b"try again", "gives no token now (HTTP 503)", final=False),
    "asked too often": Told(429, b'{"error": "slow_down"}', "gives no token now (HTTP 429", final=False),
    "a login page": Told(200, b"<html>hello</html>", "OLCARE_KAFKA_TOKEN_URL", final=True),
    "elsewhere": Told(302, b"", "gives no token (HTTP 302): look at OLCARE_KAFKA_TOKEN_URL", final=True),
    "no text": Told(200, b"\xff\xfe", "does not answer", final=False),
    "a list": Told(200, b"[]", "OLCARE_KAFKA_TOKEN_URL", final=True),
    "no lifetime that is a number": Told(
        200, b'{"access_token": "x", "token_type": "Bearer", "expires_in": "soon"}', "_TOKEN_URL", final=True
    ),
    "another grant": Told(400, b'{"error": "unsupported_grant_type"}', "'unsupported_grant_type'", final=True),
}


@pytest.mark.parametrize("way", NO_TOKEN)
async def test_where_none_is_given_it_is_said_why(issuer: Issuer, known: Credentials, way: str) -> None:
    told = NO_TOKEN[way]
    issuer.answers(told.status, told.body)
    with pytest.raises(NoToken, match=re.escape(told.says)) as refused:
        await TokenEndpoint(known).token()
    assert refused.value.final is told.final
    assert SECRET not in str(refused.value)
    assert len(issuer.asked) == 1, "wherever it redirects to gets nothing"


@pytest.mark.parametrize(
    ("change", "says", "final"),
    [
        ({"secret": "wrong"}, "OLCARE_KAFKA_USER and OLCARE_KAFKA_PASSWORD", True),
        ({"scope": "everything"}, "OLCARE_KAFKA_TOKEN_SCOPE", True),
        ({"ca": None}, "OLCARE_KAFKA_TOKEN_CA", True),
        ({"url": "https://127.0.0.1:1/token"}, "does not answer (ConnectionRefusedError)", False),
    ],
)
async def test_what_is_set_wrongly_is_named(
    known: Credentials, change: Mapping[str, str | Path | None], says: str, *, final: bool
) -> None:
    values = {name: change.get(name, getattr(known, name)) for name in ("url", "client", "secret", "scope", "ca")}
    with pytest.raises(NoToken, match=re.escape(says)) as refused:
        await TokenEndpoint(Credentials(**values)).token()
    assert refused.value.final is final
    assert "a secret" not in str(refused.value)


def test_the_secret_is_shown_nowhere(known: Credentials) -> None:
    assert SECRET not in repr((known, TokenEndpoint(known)))
