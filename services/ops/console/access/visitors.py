"""Who asks: somebody with a session, or, on this machine alone, whoever is there."""

from dataclasses import dataclass

from starlette.requests import Request

from services.ops.console.access.roles import EVERYTHING, NOTHING, Access, AccessRule, who_may
from services.ops.console.access.sessions import Session
from services.ops.console.access.sign_in import SignIn
from services.ops.console.guard import TOKEN, new_token


class NotSignedIn(Exception):  # noqa: N818 - it says what is so
    """Nobody knows who asks; the text is a sentence that says what to do."""


class NotForVisitor(Exception):  # noqa: N818 - likewise
    """Whoever asks may not; the text says who may, and whom to ask."""


@dataclass(frozen=True)
class Visitor:
    """Whoever asks."""

    who: str | None
    """As it is recorded; None where that is not known."""
    access: Access
    token: str
    """What their forms must send back."""
    browser: str
    """Theirs alone, so that what is shown to them for a while is shown in no other browser; empty where it is new."""
    session: Session | None = None


def visitor_of(request: Request, sign_in: SignIn | None) -> Visitor:
    """Who asks."""
    session = sign_in.session_of(request) if sign_in else None
    if session:
        return Visitor(session.person.who, session.person.access, session.token, session.id, session)
    token = request.cookies.get(TOKEN)
    if sign_in:
        return Visitor(None, NOTHING, token or _new_token(request), "")
    return Visitor(request.cookies.get("olcare_who"), EVERYTHING, token or _new_token(request), token or "")


def _new_token(request: Request) -> str:
    """The token that this answer gives to a browser that has none."""
    if not hasattr(request.state, "token"):
        request.state.token = new_token()
    return str(request.state.token)


def refusal(visitor: Visitor, rule: AccessRule, contact: str, what: str) -> NotForVisitor:
    """Why somebody may not see or do something, and whom to ask."""
    roles = visitor.access.words or "no role"
    return NotForVisitor(f"{what} is for {', '.join(who_may(rule))}; you have {roles}: ask {contact}")


def elsewhere(visitor: Visitor, contact: str) -> NotForVisitor:
    """Why an agent may not see or do what is another centre's."""
    centres = ", ".join(sorted(visitor.access.centres))
    return NotForVisitor(f"this is another centre's, and you are an agent of {centres}: ask {contact}")
