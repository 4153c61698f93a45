"""Which event stands on which stream and log topic, and which message comes in at which door."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, get_args

from libs.messages.actions import ActionEvent
from libs.messages.base import Event, event_type
from libs.messages.contracts import ContractEvent, CustomerEvent
from libs.messages.cycles import CyclesEvent
from libs.messages.entitlements import EntitlementsEvent
from libs.messages.licences import LicenceEvent
from libs.messages.notices import NoticeEvent
from libs.messages.plan import CalendarEvent, PricesEvent, RemindersEvent, TargetsEvent, TzEvent, VersionsEvent
from libs.messages.sla import PromiseEvent
from libs.messages.streams import parse_stream
from libs.messages.tickets import TicketEvent
from libs.messages.upstream import (
    ContractUpstream,
    NoticeUpstream,
    OpsUpstream,
    TicketUpstream,
    Upstream,
    upstream_type,
)

SlaEvent = PromiseEvent | CyclesEvent
ContractsEvent = CustomerEvent | ContractEvent | LicenceEvent | EntitlementsEvent
"""Of the log topics that hold streams of several kinds, what may stand there."""

TICKETS, SLA, CONTRACTS = "olcare.tickets.v1", "olcare.sla.v1", "olcare.contracts.v1"
PLAN, NOTICES, OPS, PRIVATE = "olcare.plan.v1", "olcare.notices.v1", "olcare.ops.v1", "olcare.private.v1"
CLOCK = "olcare.clock.v1"
TICKETS_DOOR, CONTRACTS_DOOR, NOTICES_DOOR = "olcare.tickets.in.v1", "olcare.contracts.in.v1", "olcare.notices.in.v1"
OPS_DOOR = "olcare.ops.in.v1"


def _messages(union: Any) -> tuple[Any, ...]:
    """The messages of a union, or the one that stands for it."""
    return get_args(union) or (union,)


STREAMS: Mapping[str, tuple[type[Event], ...]] = MappingProxyType(
    {
        "ticket": _messages(TicketEvent),
        "promise": _messages(PromiseEvent),
        "cycles": _messages(CyclesEvent),
        "customer": _messages(CustomerEvent),
        "contract": _messages(ContractEvent),
        "licence": _messages(LicenceEvent),
        "entitlements": _messages(EntitlementsEvent),
        "calendar": _messages(CalendarEvent),
        "targets": _messages(TargetsEvent),
        "prices": _messages(PricesEvent),
        "versions": _messages(VersionsEvent),
        "reminders": _messages(RemindersEvent),
        "tz": _messages(TzEvent),
        "notice": _messages(NoticeEvent),
        "action": _messages(ActionEvent),
    }
)
"""Kind of stream → the events that it may hold."""

STREAMS_OF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        TICKETS: ("ticket",),
        SLA: ("promise", "cycles"),
        CONTRACTS: ("customer", "contract", "licence", "entitlements"),
        PLAN: ("calendar", "targets", "prices", "versions", "reminders", "tz"),
        NOTICES: ("notice",),
        OPS: ("action",),
    }
)
"""Log topic → the kinds of its streams."""

_TOPICS: Mapping[str, str] = MappingProxyType({kind: topic for topic, kinds in STREAMS_OF.items() for kind in kinds})


def topic_of(stream: str) -> str:
    """The log topic on which a stream stands; raises ValueError where it is no stream id, KeyError of no known kind."""
    return _TOPICS[parse_stream(stream).kind]


EVENTS: Mapping[str, tuple[type[Event], ...]] = MappingProxyType(
    {
        topic: tuple(dict.fromkeys(event for kind in kinds for event in STREAMS[kind]))
        for topic, kinds in STREAMS_OF.items()
    }
)
"""Log topic → its events."""

EVENT_OF_TYPE: Mapping[str, type[Event]] = MappingProxyType(
    {event_type(event): event for events in EVENTS.values() for event in events}
)
"""CloudEvents type → event."""


def _named(messages: Any) -> Mapping[str, type[Upstream]]:
    return MappingProxyType({upstream_type(message): message for message in _messages(messages)})


UPSTREAM: Mapping[str, Mapping[str, type[Upstream]]] = MappingProxyType(
    {
        TICKETS_DOOR: _named(TicketUpstream),
        CONTRACTS_DOOR: _named(ContractUpstream),
        NOTICES_DOOR: _named(NoticeUpstream),
        OPS_DOOR: _named(OpsUpstream),
    }
)
"""Door topic → CloudEvents type → message."""


def door_of_client(door: str, client: str) -> str:
    """Name the topic at which a client alone says what is said at a door."""
    return f"{door}.{client}"


def split_door(topic: str) -> tuple[str, str | None]:
    """The door, and the client whose own it is; None where it is that of all."""
    door = next((door for door in UPSTREAM if topic.startswith(f"{door}.")), topic)
    return door, topic[len(door) + 1 :] or None


def doors_of(topics: Iterable[str], door: str) -> list[str]:
    """Those of some topics at which the same is said as at a door: itself, and clients' own, in order."""
    own = sorted(topic for topic in topics if topic.startswith(f"{door}.") and split_door(topic)[1] != "dlq")
    return [door, *own]


def group_at(group: str, topic: str) -> str:
    """Name the consumer group that reads one topic of a door: `intake.door`, at a client's own `intake.door.crm-eu`.

    Each has its own, since the members of a group read the same topics.
    """
    client = split_door(topic)[1]
    return f"{group}.{client}" if client else group
