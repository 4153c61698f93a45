"""Signing in and out: a browser is sent to the provider and comes back with a code, once, to where it was going."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from secrets import compare_digest, token_urlsafe
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from libs.eventlog.ports import Clock
from services.ops.console.access.paths import local
from services.ops.console.access.persons import PersonIdentity
from services.ops.console.access.sessions import Session, Sessions

BEGIN, FINISH, END = "/sign-in", "/signed-in", "/sign-out"
MOST_BEGUN = 10_000
"""Sign-ins that may be under way; the oldest give way."""
WITHIN = 600.0
"""Machine seconds within which a browser must come back."""

_log = structlog.get_logger("olcare.console")


class NotLetIn(Exception):  # noqa: N818 - it says what is so
    """Nobody has signed in; the text is a sentence that says why, and what to do."""


class SignInAsked(NamedTuple):
    """What a provider is asked; `kept` has the nonce and the verifier, for nobody but us."""

    url: str
    state: str
    kept: MutableMapping[str, Any]


class Admitted(NamedTuple):
    """Who has come back from a provider, with the token that says so."""

    person: PersonIdentity
    id_token: str


class Provider(Protocol):
    """Says who somebody is."""

    async def begin(self, callback: str) -> SignInAsked:
        """Where a browser is sent to sign in; raises Unavailable."""

    async def finish(self, request: Request, kept: MutableMapping[str, Any]) -> Admitted:
        """Who comes back with a code; raises NotLetIn and Unavailable."""

    async def farewell(self, id_token: str, back: str) -> str | None:
        """Where a browser is sent to sign out there too; None where there is no such page."""


@dataclass(frozen=True)
class SignInBegun:
    """A sign-in under way, in one browser."""

    browser: str
    kept: MutableMapping[str, Any]
    to: str
    """Where it was going."""
    until: float


class SignIn:
    """Where browsers find the console, its sessions, and the provider that says who somebody is."""

    def __init__(self, provider: Provider, sessions: Sessions, clock: Clock, address: str, contact: str) -> None:
        self._provider, self.sessions, self._clock = provider, sessions, clock
        self._address, self.contact = address.rstrip("/"), contact
        self.secure = urlsplit(address).scheme == "https"
        self._begun: dict[str, SignInBegun] = {}

    def routes(self) -> list[BaseRoute]:
        """Where a sign-in begins, and where it ends."""
        return [Route(BEGIN, self._begin), Route(FINISH, self._finish)]

    def session_of(self, request: Request) -> Session | None:
        """The session of the browser that asks."""
        return self.sessions.find(request.cookies.get(self._name("session")))

    async def farewell(self, session: Session) -> str | None:
        """End a session; gives where to sign out at the provider too, if it has such a page."""
        self.sessions.end(session)
        _log.info("signed out", who=session.person.who)
        return await self._provider.farewell(session.id_token, f"{self._address}/")

    def forget(self, answer: Response) -> None:
        """Have a browser forget its session, and remember that somebody meant to end it."""
        answer.delete_cookie(self._name("session"), secure=self.secure, httponly=True, samesite="lax")
        self._give(answer, "signed_out", "1")

    def was_left(self, request: Request) -> bool:
        """Whether somebody has signed out in the browser: its other tabs do not sign in again by themselves."""
        return self._name("signed_out") in request.cookies

    async def _begin(self, request: Request) -> Response:
        to = local(request.query_params.get("next", "/"))
        if self.session_of(request):  # in another tab, a moment ago
            return RedirectResponse(to, 303)
        begun = await self._provider.begin(self._address + FINISH)
        browser = request.cookies.get(self._name("sign_in")) or token_urlsafe(32)
        self._remember(begun.state, SignInBegun(browser, begun.kept, to, self._clock.monotonic() + WITHIN))
        answer = RedirectResponse(begun.url, 303, {"Cache-Control": "no-store"})
        self._give(answer, "sign_in", browser, int(WITHIN))
        if self.was_left(request):
            answer.delete_cookie(self._name("signed_out"), secure=self.secure, httponly=True, samesite="lax")
        return answer

    async def _finish(self, request: Request) -> Response:
        try:
            begun = self._taken(request)
            person, id_token = await self._provider.finish(request, begun.kept)
        except NotLetIn as error:
            _log.warning("nobody signed in", why=str(error))
            raise
        session = self.session_of(request)
        if session is None or session.person != person:
            if session:
                self.sessions.end(session)
            session = self.sessions.start(person, id_token)
            _log.info("signed in", who=person.who, roles=person.access.words)
        answer = RedirectResponse(begun.to, 303, {"Cache-Control": "no-store"})
        self._give(answer, "session", session.id)
        return answer

    def _remember(self, state: str, begun: SignInBegun) -> None:
        while len(self._begun) >= MOST_BEGUN:
            del self._begun[next(iter(self._begun))]
        self._begun[state] = begun

    def _taken(self, request: Request) -> SignInBegun:
        """The sign-in that an answer belongs to, which no other answer gets; raises NotLetIn."""
        browser = request.cookies.get(self._name("sign_in"), "")
        begun = self._begun.get(request.query_params.get("state", ""))
        if (
            begun is None
            or begun.until < self._clock.monotonic()
            or not compare_digest(browser.encode(), begun.browser.encode())
        ):
            raise NotLetIn("this sign-in was not begun in this browser, or too long ago, or is done; sign in again")
        return self._begun.pop(request.query_params["state"])

    def _name(self, what: str) -> str:
        """The name of a cookie; by its beginning a browser takes it from this host alone, and by TLS alone."""
        return f"{'__Host-' if self.secure else ''}olcare_{what}"

    def _give(self, answer: Response, what: str, value: str, seconds: int | None = None) -> None:
        answer.set_cookie(self._name(what), value, max_age=seconds, secure=self.secure, httponly=True, samesite="lax")
