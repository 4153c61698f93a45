"""The provider of OpenID Connect: its discovery document, the flow with a code, and what its tokens must be."""

import re
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any
from urllib.parse import quote_plus, urlsplit

import httpx2
from authlib.integrations.starlette_client import OAuth, OAuthError, StarletteOAuth2App
from joserfc.errors import JoseError
from starlette.requests import Request

from libs.eventlog.errors import Unavailable
from libs.eventlog.ports import Clock
from services.ops.console.access.persons import Naming, NoPerson, OidcClient, claim, person_of
from services.ops.console.access.sign_in import Admitted, NotLetIn, SignInAsked

FRESH = 600.0
"""Machine seconds for which the discovery document and the keys are as good as new."""
PATIENCE = 10.0
"""Machine seconds until a provider that says nothing is away."""
LEEWAY = 60
"""Seconds by which its clock may differ from ours."""
SIGNED = frozenset({*(f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)), "EdDSA", "Ed25519"})
"""How a token may be signed: by a key that the provider alone has; `none` and shared secrets are no signature."""
IN_THE_BODY = {"token_endpoint_auth_method": "client_secret_post"}
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class OidcProvider:
    """Asked when somebody signs in or out, and otherwise not."""

    def __init__(self, client: OidcClient, naming: Naming, clock: Clock) -> None:
        self._client, self._naming, self._clock = client, naming, clock
        self._known: tuple[float, StarletteOAuth2App] | None = None

    async def begin(self, callback: str) -> SignInAsked:
        """Where a browser is sent to sign in; raises Unavailable."""
        app = await self._app()
        asked, kept = await app.create_authorization_url(callback), dict[str, Any]()
        await app.framework.set_state_data(kept, asked["state"], {**asked, "redirect_uri": callback})
        return SignInAsked(asked["url"], asked["state"], kept)

    async def finish(self, request: Request, kept: MutableMapping[str, Any]) -> Admitted:
        """Who comes back with a code; raises NotLetIn and Unavailable."""
        app = await self._app()
        said = request.query_params.get("iss", self._client.issuer)
        if said != self._client.issuer:
            raise NotLetIn("the answer is another provider's; sign in again")
        if not (request.query_params.get("code") or request.query_params.get("error")):
            raise NotLetIn("the answer has no code; sign in again")
        request.scope["session"] = kept
        try:
            token = await app.authorize_access_token(request, claims_options=self._must_claim(), leeway=LEEWAY)
            claims = token.get("userinfo")
            if not claims:
                raise NotLetIn("the provider gave no id_token; sign in again, or look at OLCARE_OIDC_SCOPE")
            return Admitted(person_of(await self._all(app, token, claims), self._naming), token["id_token"])
        except OAuthError as error:
            raise NotLetIn(f"the provider did not let you in ({_code(error)}); sign in again") from error
        except NoPerson as error:
            raise NotLetIn(str(error)) from error
        except JoseError as error:
            raise NotLetIn(f"the provider's token is not right ({error.error}); sign in again") from error
        except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
            raise Unavailable(f"{self._client.issuer} does not answer as it should: {type(error).__name__}") from error

    async def farewell(self, id_token: str, back: str) -> str | None:
        """Where a browser is sent to sign out there too; None where the provider has no such page, or is away."""
        try:
            app = await self._app()
        except Unavailable:
            return None
        if not app.server_metadata.get("end_session_endpoint"):
            return None
        asked = await app.create_logout_url(back, id_token, client_id=self._client.id)
        return str(asked["url"])

    def _must_claim(self) -> dict[str, dict[str, Any]]:
        return {
            "iss": {"essential": True, "value": self._client.issuer},
            "aud": {"essential": True, "value": self._client.id},
        }

    async def _all(self, app: StarletteOAuth2App, token: Any, claims: Mapping[str, Any]) -> Mapping[str, Any]:
        """The claims of a token; where it says no roles, with what the provider says of the same person beside it."""
        if claim(claims, self._naming.roles) is not None or not app.server_metadata.get("userinfo_endpoint"):
            return claims
        more = await app.userinfo(token=token)
        return {**more, **claims} if more.get("sub") == claims["sub"] else claims

    async def _app(self) -> StarletteOAuth2App:
        """What speaks to the provider, by a discovery document that is fresh; raises Unavailable."""
        now = self._clock.monotonic()
        if self._known is None or now - self._known[0] > FRESH:
            self._known = now, await self._discovered()
        return self._known[1]

    async def _discovered(self) -> StarletteOAuth2App:
        issuer = self._client.issuer
        app = _registered(self._client)
        try:
            found = await app.load_server_metadata()
        except (httpx2.HTTPError, ValueError) as error:
            raise Unavailable(f"{issuer} does not answer: {type(error).__name__} {error}") from error
        if wrong := next(faults(found, issuer), None):
            raise Unavailable(f"{issuer} can not be signed in at: {wrong}")
        found["id_token_signing_alg_values_supported"] = sorted(SIGNED & {*_algorithms(found)})
        if "client_secret_basic" not in found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
            app.client_kwargs |= IN_THE_BODY
        return app


def _code(error: OAuthError) -> str:
    """Its code as the protocol has it; anybody may have written another one into the address."""
    return error.error if re.fullmatch("[a-z_]{1,40}", str(error.error)) else "an error without a code"


def faults(found: Mapping[str, Any], issuer: str) -> Iterator[str]:
    """What is wrong with a discovery document."""
    if found.get("issuer") != issuer:
        yield "its discovery document is of another issuer"
    for name in ENDPOINTS:
        address = found.get(name)
        if not isinstance(address, str):
            yield f"its discovery document has no {name}"
        elif urlsplit(address).scheme != "https" and urlsplit(issuer).scheme == "https":
            yield f"its {name} is not https://"
    if not SIGNED & {*_algorithms(found)}:
        yield "it signs tokens in no way that can be trusted"


def _algorithms(found: Mapping[str, Any]) -> list[str]:
    return list(found.get("id_token_signing_alg_values_supported") or ["RS256"])


def _by_header(client: Any, _method: str, uri: str, headers: Any, body: Any) -> tuple[str, Any, Any]:
    """Show id and secret, encoded as RFC 6749, section 2.3.1, has it; Authlib leaves that out."""
    named = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
    headers["Authorization"] = f"Basic {b64encode(named.encode()).decode()}"
    return uri, headers, body


def _registered(client: OidcClient) -> StarletteOAuth2App:
    return OAuth().register(
        "olcare",
        client_id=client.id,
        client_secret=client.secret,
        client_auth_methods=[("client_secret_basic", _by_header)],
        server_metadata_url=f"{client.issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": client.scope,
            "code_challenge_method": "S256",
            "timeout": PATIENCE,
            "verify": ssl.create_default_context(cafile=client.ca),
        },
    )
