"""What somebody may see for a while in their browser, since they said why and that was recorded."""

from dataclasses import dataclass
from secrets import token_urlsafe

from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from libs.eventlog.ports import Clock

LIFETIME = 900.0
"""Machine seconds."""
BROWSER = "browser"


class InBrowser(BaseModel):
    """What is asked for in a browser, or said in it; never taken from an address or a form."""

    browser: SkipJsonSchema[str] = Field(default="", exclude=True)
    """The visitor's own; empty where it is not known."""


@dataclass
class Grant:
    """May see one thing in one browser; what somebody has written about it meanwhile stays with it."""

    who: str
    what: str
    browser: str
    until: float
    text: str | None = None
    problem: str | None = None


class Grants:
    """Those of this process, by a name that nobody guesses; in another browser it opens nothing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._grants: dict[str, Grant] = {}

    def give(self, who: str, what: str, browser: str) -> str:
        """Let somebody see something; returns the name of the grant."""
        now = self._clock.monotonic()
        self._grants = {name: grant for name, grant in self._grants.items() if grant.until > now}
        name = token_urlsafe(24)
        self._grants[name] = Grant(who, what, browser, now + LIFETIME)
        return name

    def find(self, name: str | None, what: str, browser: str) -> Grant | None:
        """A grant of this thing, given to this browser, that has not run out."""
        grant = self._grants.get(name or "")
        if grant is None or not browser or (grant.what, grant.browser) != (what, browser):
            return None
        return grant if grant.until > self._clock.monotonic() else None
