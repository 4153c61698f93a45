"""Who may say what at the doors: names of sources that are ours, and those that a policy gives to each client.

A name proves nothing by itself. What binds it to a client is who may write where (docs/adr/0007): under a policy each
client has door topics of its own, and its sources are taken there alone.
"""

import hashlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, NamedTuple, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from libs.messages.envelope import Source
from libs.messages.streams import normal
from libs.messages.upstream import (
    ContractUpstream,
    OpsUpstream,
    PersonErasureOrdered,
    PlanPartSubmitted,
    ResendOrdered,
    ResponseGiven,
    SettlementOrdered,
    TicketUpstream,
    Upstream,
)

PLAN_SOURCE, OPS_SOURCE = "plan", "ops"
"""Who `olcare plan publish` and all other commands of `olcare` are."""
OURS = "olcare/"
"""What the sources of events begin with: no message at a door has such a source."""

_OPS = frozenset[type[Upstream]](get_args(OpsUpstream))
SAID_BY: Mapping[str, frozenset[type[Upstream]]] = MappingProxyType(
    {
        PLAN_SOURCE: frozenset({PlanPartSubmitted}),
        OPS_SOURCE: frozenset({PersonErasureOrdered, ResendOrdered, SettlementOrdered, *_OPS}),
    }
)
SAID_BY_US_ALONE = SAID_BY[PLAN_SOURCE] | {ResendOrdered, SettlementOrdered} | _OPS

GROUPS: Mapping[str, frozenset[type[Upstream]]] = MappingProxyType(
    {
        "tickets": frozenset[type[Upstream]](get_args(TicketUpstream)) - {ResponseGiven},
        "answers": frozenset({ResponseGiven}),
        "contracts": frozenset[type[Upstream]](get_args(ContractUpstream)) - {PlanPartSubmitted, PersonErasureOrdered},
        "erasures": frozenset({PersonErasureOrdered}),
    }
)
"""What a policy may let a source say, by the name of the group; a kind of message may be named by itself as well."""
_KINDS = MappingProxyType({kind.__name__: frozenset({kind}) for kinds in GROUPS.values() for kind in kinds})
PROGRAMS = frozenset(
    {"audit", "backup", "contract", "dlq", "intake", "notification", "olcare", "ops", "plan", "restore", "upstream"}
)
"""Names that no client may have: those of our programs, of parts of topics, and of the sources that are ours."""


def objection(source: str, kind: type[Upstream]) -> str | None:
    """Why a source may not say a message of a kind, whatever the policy, and what to do; None where it may."""
    if is_ours(source) and kind not in SAID_BY.get(source, ()):
        return f"the source {source} is a name of ours: give your system another one"
    if kind in SAID_BY_US_ALONE and source not in SAID_BY:
        return f"{kind.__name__} is said by `olcare` alone, not by {source}"
    return None


def is_ours(source: str) -> bool:
    """Whether no client may have this source."""
    return source.startswith(OURS) or source in SAID_BY


def _not_ours(source: str) -> str:
    if is_ours(source):
        raise ValueError(f"the source {source} is a name of ours")
    if normal(source) != source:
        raise ValueError(f"the source {source} is written {normal(source)} at the doors")
    return source


def _no_program(name: str) -> str:
    if name in PROGRAMS:
        raise ValueError(f"no client can be called {name}")
    return name


def _sayable(name: str) -> str:
    if name not in GROUPS and name not in _KINDS:
        raise ValueError(f"{name} is nothing that a client may say; there are {', '.join([*GROUPS, *sorted(_KINDS)])}")
    return name


ClientName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=40), AfterValidator(_no_program)
]
"""Its door topics end in it, and the names of its consumer groups begin with it and a full stop."""
Principal = Annotated[str, StringConstraints(pattern=r"^User:.+$", max_length=400)]
ForeignSource = Annotated[Source, AfterValidator(_not_ours)]
Sayable = Annotated[str, AfterValidator(_sayable)]


class NotAllowed(NamedTuple):
    """Why the policy lets something not be said: the attribute that is at fault, and one sentence."""

    attribute: str
    text: str


class _Exact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Client(_Exact):
    """A system that writes to doors of its own."""

    principal: Principal | None = None
    """Who it is to the brokers, by their own name for it; `User:` and its name without a word."""
    shared: bool = False
    """While it goes over to its own doors: its sources are taken at the doors of all as well, by their name alone."""
    sources: Mapping[ForeignSource, tuple[Sayable, ...]]
    """By source, what it may say: groups, or single kinds of message."""

    def says(self, source: str) -> frozenset[type[Upstream]]:
        """The kinds of message that a source of its may say."""
        return frozenset(kind for name in self.sources.get(source, ()) for kind in (GROUPS.get(name) or _KINDS[name]))

    def kinds(self) -> frozenset[type[Upstream]]:
        """The kinds of message that any of its sources may say."""
        return frozenset(kind for source in self.sources for kind in self.says(source))


class SourcePolicy(_Exact):
    """Which clients there are, which sources each has, and what these may say. What is not in it is not taken."""

    clients: Annotated[Mapping[ClientName, Client], Field(max_length=200)]

    @model_validator(mode="after")
    def _each_source_once(self) -> Self:
        seen: dict[str, str] = {}
        for client, source in self._sources():
            if seen.setdefault(source, client) != client:
                raise ValueError(f"the source {source} belongs to {seen[source]} and to {client}: only one may say it")
        return self

    def _sources(self) -> Iterator[tuple[str, str]]:
        return ((name, source) for name, client in self.clients.items() for source in client.sources)

    def principal(self, client: str) -> str:
        """Who a client is to the brokers; raises KeyError where there is no such client."""
        return self.clients[client].principal or f"User:{client}"

    def fingerprint(self) -> str:
        """Twelve digits that are the same wherever the policy is."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    def objection(self, client: str | None, source: str, kind: type[Upstream]) -> NotAllowed | None:
        """Why this may not be said at the door of a client, None meaning that of all; None where it may.

        What a source of ours may say is not the policy's to say: it is said at the door of all, where `olcare` writes.
        """
        owner = next((name for name, of in self._sources() if of == source), None)
        if source in SAID_BY and client is None:
            return None
        if owner is None or (client != owner and not (client is None and self.clients[owner].shared)):
            return NotAllowed("source", "this source may not be said at this door: have operations allow it here")
        if kind not in self.clients[owner].says(source):
            return NotAllowed("type", f"this source may not say {kind.__name__}: have operations allow it")
        return None
