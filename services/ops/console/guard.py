"""What every answer carries and every POST needs: a strict policy for the browser, and proof that a form was ours."""

import hmac
import secrets

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


class BadForm(Exception):  # noqa: N818 - it says what it is
    """A POST that did not come from one of our pages; the text is one sentence that says what to do."""


class Guard:
    """Adds the policy to every answer, and answers only who asked for this machine by its own name.

    A page elsewhere can point a name of its own at 127.0.0.1, and would be of the same origin then.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app, self._only_here = app, is_loopback(host)

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
            await send(message)

        host = Headers(scope=scope).get("host", "")
        if self._only_here and scope["path"] not in FOR_MACHINES and not is_loopback(without_port(host)):
            answer = PlainTextResponse(f"This is not {host}: ask for 127.0.0.1 or localhost.\n", 421)
            await answer(scope, receive, with_headers)
            return
        await self._app(scope, receive, with_headers)


def without_port(host: str) -> str:
    """The host of a Host header."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def new_token() -> str:
    """A token for a browser that has none."""
    return secrets.token_urlsafe(24)


def check(request: Request, given: str | None) -> None:
    """Raise BadForm unless a POST comes from one of our own pages."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    kept = request.cookies.get(TOKEN)
    if site != "same-origin" or not kept or not given or not hmac.compare_digest(kept.encode(), given.encode()):
        raise BadForm("this form was not sent from a page of the console: open the page again, and send it from there")
