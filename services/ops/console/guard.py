"""What every answer carries and every POST needs: a strict policy for the browser, and proof that a form was ours."""

import hmac
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.chassis.browser import HEADERS
from services.ops.console.settings import is_loopback

TOKEN = "olcare_token"  # noqa: S105 - the name of the cookie and of the field
FIELD = "token"
FOR_MACHINES = frozenset({"/livez", "/readyz", "/quiet", "/metrics"})
"""What a process says about itself to whoever watches it, under whatever name that finds it by."""
HTTPS_ALONE = "max-age=31536000"


class BadForm(Exception):  # noqa: N818 - it says what it is
    """A POST that did not come from one of our pages; the text is one sentence that says what to do."""


class Guard:
    """Adds the policy to every answer, and answers only who asked for the console by its own name.

    A page elsewhere can point a name of its own at the console's address, and would be of the same origin then.
    By a name that everybody reaches, what is for machines is not answered.
    """

    def __init__(self, app: ASGIApp, host: str, *, secure: bool = False) -> None:
        self._app, self._host, self._secure = app, host, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if self._secure:
                    headers.setdefault("Strict-Transport-Security", HTTPS_ALONE)
            await send(message)

        if refusal := self._refusal(without_port(Headers(scope=scope).get("host", "")), scope["path"]):
            await refusal(scope, receive, with_headers)
            return
        await self._app(scope, receive, with_headers)

    def _refusal(self, host: str, path: str) -> PlainTextResponse | None:
        here = is_loopback(self._host)
        if host.lower() == self._host.lower() or (here and is_loopback(host)):
            return PlainTextResponse("Not found\n", 404) if path in FOR_MACHINES and not here else None
        if path in FOR_MACHINES:
            return None
        names = "127.0.0.1 or localhost" if here else self._host
        return PlainTextResponse(f"This is not {host}: ask for {names}.\n", 421)


def without_port(host: str) -> str:
    """The host of a Host header."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def new_token() -> str:
    """A token for a browser that has none."""
    return secrets.token_urlsafe(24)


def check(request: Request, given: str | None, kept: str | None) -> None:
    """Raise BadForm unless a POST comes from one of our own pages, with the token that its browser was given."""
    if _is_from_elsewhere(request) or not kept or not given or not hmac.compare_digest(kept.encode(), given.encode()):
        raise BadForm("this form was not sent from a page of the console: open the page again, and send it from there")


def _is_from_elsewhere(request: Request) -> bool:
    """Whether a browser says that a page of another site sent it."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return True
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")
