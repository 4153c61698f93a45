"""What somebody may see for a while, since they said why and that was recorded."""

from dataclasses import dataclass
from secrets import token_urlsafe

from libs.eventlog.ports import Clock

LIFETIME = 900.0
"""Machine seconds."""


@dataclass
class Grant:
    """May see one thing; what somebody has written about it meanwhile stays with it."""

    who: str
    what: str
    until: float
    text: str | None = None
    problem: str | None = None


class Grants:
    """Those of this process, by a name that nobody guesses."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._grants: dict[str, Grant] = {}

    def give(self, who: str, what: str) -> str:
        """Let somebody see something; returns the name of the grant."""
        now = self._clock.monotonic()
        self._grants = {name: grant for name, grant in self._grants.items() if grant.until > now}
        name = token_urlsafe(24)
        self._grants[name] = Grant(who, what, now + LIFETIME)
        return name

    def find(self, name: str | None, what: str) -> Grant | None:
        """A grant of this thing that has not run out."""
        grant = self._grants.get(name or "")
        return grant if grant and grant.what == what and grant.until > self._clock.monotonic() else None
