"""Lets a visitor see and do what is theirs: by the table of roles, and for agents by whose it is."""

from collections.abc import Iterable
from typing import Any

from starlette.requests import Request

from services.ops.console.access.roles import DONE, NOBODY_MAY, SEEN, AccessRule
from services.ops.console.access.sign_in import SignIn
from services.ops.console.access.visitors import NotForVisitor, NotSignedIn, Visitor, elsewhere, refusal, visitor_of
from services.ops.console.asking import asked
from services.ops.console.pages.page import AnyAction, AnyPage, NotTheirs, PageView
from services.ops.console.sources import Sources

SIGN_IN = "sign in first; where you were signed in, that is over: send what you have written once more"


class ConsoleGate:
    """Without a sign-in it stands open: the console is for this machine alone then."""

    def __init__(self, sign_in: SignIn | None) -> None:
        self.sign_in = sign_in

    def visitor(self, request: Request) -> Visitor:
        """Who asks."""
        return visitor_of(request, self.sign_in)

    def known(self, request: Request) -> Visitor:
        """Who asks, where that must be known; raises NotSignedIn."""
        visitor = self.visitor(request)
        if self.sign_in and visitor.session is None:
            raise NotSignedIn(SIGN_IN)
        return visitor

    def asks(self, page: AnyPage, request: Request) -> tuple[Any, Visitor]:
        """What of a page a visitor asks that is theirs; raises NotSignedIn, NotForVisitor and ValidationError."""
        visitor = self.known(request)
        rule = SEEN.get(page.path, NOBODY_MAY)
        centres = self._centres(visitor, rule, "this page") if self.sign_in else None
        query = asked(page.query, request, visitor.browser)
        if centres is None or page.narrowed is None:
            return query, visitor
        try:
            return page.narrowed(query, centres), visitor
        except NotTheirs:
            raise self._not_theirs(visitor) from None

    async def look(self, page: AnyPage, sources: Sources, query: Any, visitor: Visitor) -> PageView:
        """Look at a page, where what is on it is the visitor's; raises NotForVisitor, and what the page raises."""
        view: PageView = await page.look(sources, query)
        if self.sign_in and page.centres:
            self._must_be_theirs(visitor, SEEN.get(page.path, NOBODY_MAY), page.centres(view))
        return view

    def may_do(self, action: AnyAction, request: Request) -> Visitor:
        """Who wants to do something that is theirs to do; raises NotSignedIn and NotForVisitor."""
        visitor = self.known(request)
        if self.sign_in:
            self._centres(visitor, DONE.get(action.path, NOBODY_MAY), "this")
        return visitor

    async def may_do_to(self, action: AnyAction, sources: Sources, form: Any, visitor: Visitor) -> None:
        """Raise NotForVisitor where what a form is about is not the visitor's."""
        rule = DONE.get(action.path, NOBODY_MAY)
        if self.sign_in and visitor.access.only(rule) is not None:
            self._must_be_theirs(visitor, rule, await action.centres(sources, form) if action.centres else ())

    def _centres(self, visitor: Visitor, rule: AccessRule, what: str) -> frozenset[str] | None:
        """To which centres it is narrowed, None to all; raises NotForVisitor."""
        if not visitor.access.may(rule):
            raise refusal(visitor, rule, self._contact, what)
        return visitor.access.only(rule)

    def _must_be_theirs(self, visitor: Visitor, rule: AccessRule, whose: Iterable[str | None]) -> None:
        centres = visitor.access.only(rule)
        if centres is not None and not centres & {*whose}:
            raise self._not_theirs(visitor)

    def _not_theirs(self, visitor: Visitor) -> NotForVisitor:
        return elsewhere(visitor, self._contact)

    @property
    def _contact(self) -> str:
        return self.sign_in.contact if self.sign_in else ""
