"""A small provider of OpenID Connect, by TLS on this machine: people with groups, and what it does wrong on purpose."""

import base64
import hashlib
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import Key, KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from libs.chassis.clock import Clock
from libs.stack.certificates import CertificateFiles

CLIENT, SECRET = "console", "s3cret: with = and é"
SSO = "provider_session"
Claims = dict[str, Any]


class Provider:
    """Who signs in there, and what it says of them; `spoil` changes a token before it is signed."""

    def __init__(self, port: int) -> None:
        self.issuer = f"https://localhost:{port}"
        self.people: dict[str, Claims] = {}
        self.redirects: set[str] = set()
        self.key = RSAKey.generate_key(2048, {"kid": "first"})
        self.keys: list[Key] = [self.key]
        self.asked: list[dict[str, str]] = []
        self.calm()

    def calm(self) -> None:
        """Do nothing wrong."""
        self.spoil: Callable[[Claims], object] = lambda _: None
        self.sign: Callable[[Claims], str | None] = self.signed
        self.metadata: Claims = {}
        self.userinfo: Claims | None = None
        self.codes: dict[str, dict[str, str]] = {}
        self.given: list[dict[str, str]] = []

    def signed(self, claims: Claims) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.keys[-1].kid}, claims, self.keys[-1])

    def routes(self) -> list[Route]:
        return [
            Route("/.well-known/openid-configuration", self._discovery),
            Route("/keys", self._keys),
            Route("/authorize", self._authorize),
            Route("/login", self._login),
            Route("/token", self._token, methods=["POST"]),
            Route("/userinfo", self._userinfo),
            Route("/logout", self._logout),
        ]

    async def _discovery(self, _request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "end_session_endpoint": f"{self.issuer}/logout",
                "id_token_signing_alg_values_supported": ["RS256"],
                **self.metadata,
            }
        )

    async def _keys(self, _request: Request) -> Response:
        return JSONResponse(KeySet(self.keys).as_dict(private=False))

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.asked.append(asked)
        assert (asked["client_id"], asked["response_type"]) == (CLIENT, "code")
        assert asked["redirect_uri"] in self.redirects
        assert asked["code_challenge_method"] == "S256"
        assert all(asked[name] for name in ("state", "nonce", "code_challenge"))
        if request.cookies.get(SSO) in self.people:
            return self._back(asked, request.cookies[SSO])
        links = "".join(
            f'<p><a href="/login?{urlencode({"who": who, "to": request.url.query})}">{who}</a></p>'
            for who in self.people
        )
        return HTMLResponse(f"<!doctype html><title>Who are you?</title><h1>Who are you?</h1>{links}")

    async def _login(self, request: Request) -> Response:
        who = request.query_params["who"]
        answer = self._back(dict(parse_qsl(request.query_params["to"])), who)
        answer.set_cookie(SSO, who, secure=True, httponly=True)
        return answer

    def _back(self, asked: Mapping[str, str], who: str) -> Response:
        code = f"code-{len(self.asked)}-{who}"
        self.codes[code] = {**asked, "who": who}
        back = urlencode({"code": code, "state": asked["state"], "iss": self.issuer})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", 303)

    async def _token(self, request: Request) -> Response:
        said = dict(parse_qsl((await request.body()).decode()))
        self.given.append(said)
        if not self._is_ours(request):
            return JSONResponse({"error": "invalid_client"}, 401)
        asked = self.codes.pop(said.get("code", ""), None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(said["code_verifier"].encode()).digest()).decode().rstrip("=")
        if not asked or (proof, said["redirect_uri"]) != (asked["code_challenge"], asked["redirect_uri"]):
            return JSONResponse({"error": "invalid_grant"}, 400)
        claims = self._claims(asked["who"], asked["nonce"])
        self.spoil(claims)
        token = {"access_token": asked["who"], "token_type": "Bearer", "expires_in": 300}
        id_token = self.sign(claims)
        return JSONResponse({**token, "id_token": id_token} if id_token is not None else token)

    def _claims(self, who: str, nonce: str) -> Claims:
        now = int(Clock().now().timestamp())
        own = {"iss": self.issuer, "aud": CLIENT, "sub": who, "nonce": nonce, "iat": now, "exp": now + 300}
        return {**own, **self.people[who]}

    @staticmethod
    def _is_ours(request: Request) -> bool:
        login = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        return [unquote_plus(part) for part in login.split(":", 1)] == [CLIENT, SECRET]

    async def _userinfo(self, request: Request) -> Response:
        who = request.headers["authorization"].removeprefix("Bearer ")
        return JSONResponse(self.userinfo if self.userinfo is not None else {"sub": who})

    async def _logout(self, request: Request) -> Response:
        assert request.query_params["id_token_hint"]
        answer = RedirectResponse(request.query_params["post_logout_redirect_uri"], 303)
        answer.delete_cookie(SSO)
        return answer


@contextmanager
def provider(identity: CertificateFiles) -> Iterator[Provider]:
    """One with nobody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = Provider(listener.getsockname()[1])
        config = uvicorn.Config(
            Starlette(routes=found.routes()),
            log_config=None,
            lifespan="off",
            ws="none",
            ssl_certfile=identity.certificate,
            ssl_keyfile=identity.key,
        )
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield found
        finally:
            server.should_exit = True
            thread.join()
