"""Who has signed in, kept by this process alone: a cookie holds nothing but the name of its session."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from secrets import token_urlsafe

from libs.eventlog.ports import Clock
from services.ops.console.access.persons import PersonIdentity


@dataclass(frozen=True)
class Session:
    """Of one person in one browser."""

    id: str
    """Nobody guesses it."""
    person: PersonIdentity
    token: str
    """What a form must send back."""
    until: float
    """Of the machine's clock."""
    id_token: str
    """With which the provider is told that somebody has signed out."""
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Sessions:
    """Those of this process; each lasts `lifetime` seconds, and then the provider is asked again."""

    def __init__(self, clock: Clock, lifetime: float) -> None:
        self._clock, self._lifetime = clock, lifetime
        self._sessions: dict[str, Session] = {}

    def start(self, person: PersonIdentity, id_token: str) -> Session:
        """Begin one, under a name that was never given before."""
        now = self._clock.monotonic()
        for past in [one for one in self._sessions.values() if one.until <= now]:
            self.end(past)
        session = Session(token_urlsafe(32), person, token_urlsafe(24), now + self._lifetime, id_token)
        self._sessions[session.id] = session
        return session

    def find(self, name: str | None) -> Session | None:
        """The session of a cookie; None where there is none, or it is over."""
        session = self._sessions.get(name or "")
        return session if session and session.until > self._clock.monotonic() else None

    def end(self, session: Session) -> None:
        """End one, and every stream of events that is open in it."""
        self._sessions.pop(session.id, None)
        session.over.set()

    async def while_it_lasts(
        self, session: Session, events: AsyncGenerator[bytes, None]
    ) -> AsyncGenerator[bytes, None]:
        """Pass events on, until they end or the session does."""
        queue = asyncio.Queue[bytes](1)
        over, reading = asyncio.create_task(self._over(session)), asyncio.create_task(_read(events, queue))
        try:
            while (event := await _unless(over, reading, queue)) is not None:
                yield event
        finally:
            over.cancel()
            reading.cancel()

    async def _over(self, session: Session) -> None:
        left = session.until - self._clock.monotonic()
        try:
            await asyncio.wait_for(session.over.wait(), left)
        except TimeoutError:
            self.end(session)


async def _read(events: AsyncGenerator[bytes, None], queue: asyncio.Queue[bytes]) -> None:
    """Read events in a task of their own, which alone may end them: whoever watches goes in the middle of anything."""
    async with aclosing(events):
        async for event in events:
            await queue.put(event)


async def _unless(over: asyncio.Task[None], reading: asyncio.Task[None], queue: asyncio.Queue[bytes]) -> bytes | None:
    """The next event; None where there are no more, or it is over before one comes."""
    following = asyncio.create_task(queue.get())
    try:
        await asyncio.wait([following, over, reading], return_when=asyncio.FIRST_COMPLETED)
        if over.done() or (reading.done() and not following.done() and queue.empty()):
            return None
        return await following
    finally:
        following.cancel()
