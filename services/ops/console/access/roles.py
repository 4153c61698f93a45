"""What each role may see and do: one table of all pages, one of all that is done on them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody is at the console; one may be several things."""

    VIEWER = "viewer"
    """Sees every page, with what is private masked, and does nothing."""
    AGENT = "agent"
    """Of some centres: sees their tickets, promises and notices, and no other centre's; settles and resends these."""
    OPERATOR = "operator"
    """Sees every page; sends dead letters, settles and resends notices, builds tables anew, ends what is under way."""
    PRIVACY = "privacy"
    """Sees every page, and what is private for a reason that is recorded."""
    OWNER = "owner"
    """Everything; alone publishes."""


EVERYWHERE = frozenset({Role.VIEWER, Role.OPERATOR, Role.PRIVACY, Role.OWNER})
"""Who sees what is of every centre."""


@dataclass(frozen=True)
class AccessRule:
    """Who may: whatever centre it is of, or an agent where it is of a centre of theirs."""

    roles: frozenset[Role]
    agents: bool = False
    """Agents too: a page, or what a form is about, is narrowed to their centres."""
    of_nobody: bool = False
    """Nothing on it is one centre's, so that agents see all of it."""


ALL = AccessRule(EVERYWHERE)
OF_A_CENTRE = AccessRule(EVERYWHERE, agents=True)
OF_NOBODY = AccessRule(EVERYWHERE, agents=True, of_nobody=True)
OPERATORS = AccessRule(frozenset({Role.OPERATOR, Role.OWNER}))
MAY_UNMASK = AccessRule(frozenset({Role.PRIVACY, Role.OWNER}))
MENDERS = AccessRule(OPERATORS.roles, agents=True)
OWNERS = AccessRule(frozenset({Role.OWNER}))

SEEN: Mapping[str, AccessRule] = {
    "/": OF_NOBODY,
    "/topics": ALL,
    "/topics/{topic}": ALL,
    "/topics/{topic}/search": ALL,
    "/records/{topic}/{partition}/{offset}": ALL,
    "/promises": OF_A_CENTRE,
    "/tickets": OF_NOBODY,
    "/tickets/{source}/{number}": OF_A_CENTRE,
    "/dead-letters": ALL,
    "/dead-letters/try": ALL,
    "/dead-letters/{topic}/{partition}/{offset}": ALL,
    "/notices": OF_A_CENTRE,
    "/notices/{notice:path}": OF_A_CENTRE,
    "/projections": ALL,
    "/contracts": ALL,
    "/customers/{source}/{number:path}": ALL,
    "/receipts": ALL,
    "/centres": OF_NOBODY,
    "/plan": OF_NOBODY,
    "/rehearse": ALL,
    "/rehearse/{digest}": ALL,
    "/audit": ALL,
    "/works/{id}": ALL,
}
"""By the path of a page, who may see it; a page without a line is seen by nobody who signs in."""
DONE: Mapping[str, AccessRule] = {
    "/dead-letters/send": OPERATORS,
    "/dead-letters/discard": OPERATORS,
    "/dead-letters/{topic}/{partition}/{offset}/show": MAY_UNMASK,
    "/dead-letters/{topic}/{partition}/{offset}/mend": OPERATORS,
    "/notices/resend": MENDERS,
    "/notices/settle": MENDERS,
    "/notices/show": MAY_UNMASK,
    "/projections/{service}/{reader}/rebuild": OPERATORS,
    "/projections/{service}/{reader}/verify": OPERATORS,
    "/projections/{service}/{reader}/switch/{generation}": OPERATORS,
    "/rehearse": OPERATORS,
    "/rehearse/{digest}/publish": OWNERS,
    "/works/{id}/cancel": OPERATORS,
}
"""By the path of an action, who may do it."""
NOBODY_MAY = AccessRule(frozenset())


@dataclass(frozen=True)
class Access:
    """What somebody may: their roles, and the centres that they are an agent of."""

    roles: frozenset[Role] = frozenset()
    centres: frozenset[str] = frozenset()

    def may(self, rule: AccessRule) -> bool:
        """Whether it is allowed, at least for something of a centre of theirs."""
        return bool(self.roles & rule.roles) or (rule.agents and self.is_agent)

    def may_see(self, page: str) -> bool:
        """Whether a page is theirs to see, at least of their centres."""
        return self.may(SEEN.get(page, NOBODY_MAY))

    def may_do(self, action: str) -> bool:
        """Whether an action is theirs to do, at least for their centres."""
        return self.may(DONE.get(action, NOBODY_MAY))

    def only(self, rule: AccessRule) -> frozenset[str] | None:
        """The centres to which it is narrowed for them; None where it is not."""
        return None if self.roles & rule.roles or rule.of_nobody else self.centres

    @property
    def is_agent(self) -> bool:
        """Whether they are an agent of any centre."""
        return Role.AGENT in self.roles and bool(self.centres)

    @property
    def words(self) -> str:
        """Their roles in a line."""
        said = sorted(str(role) for role in self.roles)
        return f"{', '.join(said)} ({', '.join(sorted(self.centres))})" if self.centres else ", ".join(said)


EVERYTHING = Access(frozenset(Role))
"""Whoever is on this machine, where there is no sign-in."""
NOTHING = Access()


def who_may(rule: AccessRule) -> Iterable[str]:
    """The roles of a rule, as a sentence names them."""
    return [str(role) for role in Role if role in rule.roles or (role is Role.AGENT and rule.agents)]
