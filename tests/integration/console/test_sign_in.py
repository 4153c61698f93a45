"""People sign in at a real provider, by TLS, in a real browser; whatever a token does wrong, nobody is let in by it."""

import base64
import json
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from libs.chassis.clock import Clock
from libs.chassis.health import Health, Quiet
from libs.chassis.metrics import Metrics
from libs.stack.certificates import Authority, CertificateFiles
from services.ops.cli.environment import Environment
from services.ops.console.assets import load
from services.ops.console.command import sign_in_of
from services.ops.console.pages import ACTIONS, PAGES
from services.ops.console.settings import ConsoleSettings
from services.ops.console.site import site
from services.ops.console.sources import Sources
from tests.integration.console.provider import CLIENT, SECRET, SSO, Claims, Provider, provider

ADDRESS = "https://console.example.org"
SESSION = "__Host-olcare_session"
ROLES = "ops=operator; staff=viewer; dpo=privacy; bosses=owner; care-fr=agent:france; care=agent"
HERE = Environment(None, None, None, None, Path("contracts"), Path("root"))


@pytest.fixture(scope="module")
def running(identity: CertificateFiles) -> Iterator[Provider]:
    with provider(identity) as found:
        found.people = {"anna-7": {"groups": ["ops"]}, "omar-2": {"groups": ["care-fr"]}}
        yield found


def settings(at: Provider, authority: Authority, address: str) -> dict[str, str]:
    return {
        "OLCARE_OIDC_ISSUER": at.issuer,
        "OLCARE_OIDC_CLIENT": CLIENT,
        "OLCARE_OIDC_SECRET": SECRET,
        "OLCARE_OIDC_ROLES": ROLES,
        "OLCARE_OIDC_CA": str(authority.certificate),
        "OLCARE_CONSOLE_ADDRESS": address,
        "OLCARE_CONSOLE_CONTACT": "the owner at 4711",
    }


class Visit:
    """A browser without scripts, at a console in this process, that goes to the provider as it is told."""

    def __init__(self, console: httpx.AsyncClient, elsewhere: httpx.AsyncClient) -> None:
        self.console, self._elsewhere = console, elsewhere

    async def to_the_provider(self, who: str = "anna-7") -> str:
        """Where the provider sends somebody back to, who has signed in there."""
        begun = await self.console.get("/sign-in?next=/tickets")
        assert begun.status_code == 303, begun.text
        self._elsewhere.cookies.set(SSO, who, domain="localhost.local")
        back = await self._elsewhere.get(begun.headers["location"])
        return str(back.headers["location"]).removeprefix(ADDRESS)

    async def sign_in(self, who: str = "anna-7") -> httpx.Response:
        return await self.console.get(await self.to_the_provider(who))


@pytest.fixture
async def visit(running: Provider, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Visit]:
    running.calm()
    running.redirects = {f"{ADDRESS}/signed-in"}
    for name, value in settings(running, authority, ADDRESS).items():
        monkeypatch.setenv(name, value)
    clock, found = Clock(), ConsoleSettings.read()
    own = Health(clock), Quiet(clock), Metrics("console", "console-1")
    sign_in = sign_in_of(found, clock)
    app = site(Sources(HERE, clock), load(Path("nowhere")), own, PAGES, ACTIONS, found.published_host, sign_in)
    trusted = ssl.create_default_context(cafile=authority.certificate)
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ADDRESS, headers={"accept": "text/html"}) as one,
        httpx.AsyncClient(verify=trusted, trust_env=False) as other,
    ):
        yield Visit(one, other)


async def test_somebody_signs_in_and_is_who_the_token_says(visit: Visit, running: Provider) -> None:
    answer = await visit.sign_in()
    assert (answer.status_code, answer.headers["location"]) == (303, "/tickets")
    page = await visit.console.get("/tickets")
    assert (page.status_code, "anna-7" in page.text, "operator" in page.text) == (200, True, True)
    assert running.asked[-1]["scope"] == "openid profile"
    assert running.given[-1]["grant_type"] == "authorization_code"


def other_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "first"})


def unsigned(claims: Claims) -> str:
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), ""])


def by_the_secret(claims: Claims) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET), algorithms=["HS256"])


SPOILT: dict[str, Callable[[Claims], object]] = {
    "another nonce": lambda claims: claims.update(nonce="another"),
    "no nonce": lambda claims: claims.pop("nonce"),
    "run out": lambda claims: claims.update(exp=claims["iat"] - 3600, iat=claims["iat"] - 7200),
    "never runs out": lambda claims: claims.pop("exp"),
    "not yet": lambda claims: claims.update(nbf=claims["iat"] + 3600),
    "without a time": lambda claims: claims.pop("iat"),
    "of another audience": lambda claims: claims.update(aud="another"),
    "of another audience, for us": lambda claims: claims.update(aud="another", azp=CLIENT),
    "of no audience": lambda claims: claims.pop("aud"),
    "of several audiences, for another": lambda claims: claims.update(aud=[CLIENT, "another"], azp="another"),
    "of several audiences, for nobody": lambda claims: claims.update(aud=[CLIENT, "another"]),
    "of another issuer": lambda claims: claims.update(iss="https://another.example"),
    "of an issuer like ours": lambda claims: claims.update(iss=f"{claims['iss']}/"),
    "of no issuer": lambda claims: claims.pop("iss"),
    "of nobody": lambda claims: claims.pop("sub"),
    "of who can not be recorded": lambda claims: claims.update(sub="Anna Exemple"),
    "of another access token": lambda claims: claims.update(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
}


@pytest.mark.parametrize("how", SPOILT)
async def test_a_token_that_is_not_right_lets_nobody_in(visit: Visit, running: Provider, how: str) -> None:
    running.spoil = SPOILT[how]
    answer = await visit.sign_in()
    assert (answer.status_code, SESSION in visit.console.cookies) == (403, False)
    assert "sign in again" in answer.text or "OLCARE_OIDC_WHO_CLAIM" in answer.text


SIGNED: dict[str, Callable[[Claims], str | None]] = {
    "nothing": lambda _: None,
    "no token": lambda _: "token",
    "alg none": unsigned,
    "another key": lambda claims: jwt.encode({"alg": "RS256", "kid": "first"}, claims, other_key()),
    "the secret of the client": by_the_secret,
}


@pytest.mark.parametrize("how", SIGNED)
@pytest.mark.parametrize("promised", [["RS256"], ["none", "HS256", "RS256"]])
async def test_a_token_that_the_provider_has_not_signed_lets_nobody_in(
    visit: Visit, running: Provider, how: str, promised: list[str]
) -> None:
    running.metadata = {"id_token_signing_alg_values_supported": promised}
    running.sign = SIGNED[how]
    answer = await visit.sign_in()
    assert (answer.status_code, SESSION in visit.console.cookies) == (403, False)


async def test_a_token_of_several_audiences_that_is_for_us_lets_in(visit: Visit, running: Provider) -> None:
    running.spoil = lambda claims: claims.update(aud=[CLIENT, "another"], azp=CLIENT)
    assert (await visit.sign_in()).status_code == 303


async def test_a_key_that_is_new_is_asked_for(visit: Visit, running: Provider) -> None:
    assert (await visit.sign_in()).status_code == 303
    visit.console.cookies.delete(SESSION)
    running.keys.append(RSAKey.generate_key(2048, {"kid": "second"}))
    assert (await visit.sign_in()).status_code == 303


async def test_a_code_is_taken_once(visit: Visit) -> None:
    back = await visit.to_the_provider()
    assert (await visit.console.get(back)).status_code == 303
    visit.console.cookies.delete(SESSION)
    assert (await visit.console.get(back)).status_code == 403
    another = await visit.to_the_provider()
    used = dict(part.split("=") for part in urlsplit(back).query.split("&"))["code"]
    state = dict(part.split("=") for part in urlsplit(another).query.split("&"))["state"]
    replayed = await visit.console.get(f"/signed-in?state={state}&code={used}")
    assert (replayed.status_code, "invalid_grant" in replayed.text) == (403, True)
    assert SESSION not in visit.console.cookies


async def test_a_code_of_another_sign_in_is_of_no_use(visit: Visit) -> None:
    first, second = await visit.to_the_provider("omar-2"), await visit.to_the_provider("anna-7")
    code, state = (dict(p.split("=") for p in urlsplit(url).query.split("&")) for url in (first, second))
    answer = await visit.console.get(f"/signed-in?state={state['state']}&code={code['code']}")
    assert (answer.status_code, "invalid_grant" in answer.text) == (403, True)


@pytest.mark.parametrize(
    "change", [{"state": "another"}, {"state": ""}, {"iss": "https://another.example"}, {"code": ""}]
)
async def test_an_answer_that_was_changed_lets_nobody_in(visit: Visit, change: dict[str, str]) -> None:
    back = await visit.to_the_provider()
    said = httpx.QueryParams(urlsplit(back).query)
    for name, value in change.items():
        said = said.set(name, value)
    answer = await visit.console.get(f"/signed-in?{said}")
    assert (answer.status_code, SESSION in visit.console.cookies) == (403, False)


async def test_what_an_error_says_is_no_text_of_whoever_wrote_the_link(visit: Visit) -> None:
    state = httpx.QueryParams(urlsplit(await visit.to_the_provider()).query)["state"]
    answer = await visit.console.get(f"/signed-in?state={state}&error=Call+4712+and+say+your+password")
    assert (answer.status_code, "4712" in answer.text) == (403, False)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://another.example"},
        {"jwks_uri": None},
        {"token_endpoint": "http://localhost/token"},
        {"id_token_signing_alg_values_supported": ["none", "HS256"]},
    ],
)
async def test_a_provider_that_can_not_be_trusted_is_not_gone_to(
    visit: Visit, running: Provider, metadata: Claims
) -> None:
    running.metadata = metadata
    answer = await visit.console.get("/sign-in")
    assert (answer.status_code, running.issuer in answer.text) == (503, True)


async def test_groups_may_be_said_of_the_person_alone(visit: Visit, running: Provider) -> None:
    running.spoil = lambda claims: claims.pop("groups")
    running.userinfo = {"sub": "anna-7", "groups": ["dpo"]}
    assert (await visit.sign_in()).status_code == 303
    assert "privacy" in (await visit.console.get("/tickets")).text


async def test_groups_of_another_person_are_of_no_use(visit: Visit, running: Provider) -> None:
    running.spoil = lambda claims: claims.pop("groups")
    running.userinfo = {"sub": "omar-2", "groups": ["bosses"]}
    assert (await visit.sign_in()).status_code == 303
    page = await visit.console.get("/tickets")
    assert (page.status_code, "ask the owner at 4711" in page.text) == (403, True)


async def test_who_has_no_group_sees_nothing(visit: Visit, running: Provider) -> None:
    running.spoil = lambda claims: claims.update(groups=["others"])
    assert (await visit.sign_in()).status_code == 303
    assert (await visit.console.get("/")).status_code == 403
