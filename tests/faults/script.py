"""What upstream systems will say: the same for the same seed, whatever the machine does meanwhile."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from libs.messages.base import rfc3339
from libs.messages.plan import CycleTargets
from libs.messages.sources import PLAN_SOURCE
from libs.plan import FILES, parse_plan, tz_database
from libs.stack.run import PROJECT

TICKETS_DOOR, CONTRACTS_DOOR = "olcare.tickets.in.v1", "olcare.contracts.in.v1"
BEGIN = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
"""A Tuesday: Malaysia, Japan and Australia are about to close, Europe is about to open."""

_STRUCTURED = (("content-type", b"application/cloudevents+json"),)
_PLAN = PROJECT / "services" / "contract" / "plan"
_COUNTRIES = ("FR", "DE", "GB", "NL", "CA", "AU", "MY", "JP")
_CUSTOMERS = range(1, 17)
_NEVER_COVERED, _ENDING = 15, 16
_ASKING = (*_CUSTOMERS, 99)
"""Who asks, in turn; the last one is nobody's customer."""
CYCLES = CycleTargets(next_response_seconds=3600, resolution_seconds=10_800, periodic_update_seconds=7200)
_PRODUCTS = ("planetpress-connect", "pres-connect")


class Message(NamedTuple):
    """A record for a door, and the plan time from which it may be said."""

    at: datetime
    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = _STRUCTURED
    readable: bool = True


def said(topic: str, at: datetime, source: str, identity: str, subject: str, kind: str, data: object) -> Message:
    """Make a CloudEvent in structured mode, keyed by what it is about."""
    event = {
        "specversion": "1.0",
        "id": identity,
        "source": source,
        "type": f"olcare.upstream.{kind}.v1",
        "subject": subject,
        "time": rfc3339(at),
        "datacontenttype": "application/json",
        "data": data,
    }
    return Message(at, topic, subject.encode(), json.dumps(event, ensure_ascii=False).encode())


def in_binary_mode(message: Message) -> Message:
    """Say the same in binary mode."""
    event = json.loads(message.value or b"")
    value = json.dumps(event.pop("data")).encode()
    headers = [("content-type", event.pop("datacontenttype").encode())]
    headers += [(f"ce_{name}", text.encode()) for name, text in event.items()]
    return message._replace(value=value, headers=tuple(headers))


def the_plan(at: datetime = BEGIN, cycles: CycleTargets | None = CYCLES) -> list[Message]:
    """Submit every part of the plan."""
    plan = parse_plan({name: (_PLAN / name).read_text() for name in FILES})
    parts = [
        *(("calendar", calendar.centre, calendar) for calendar in plan.centres),
        ("targets", "first-response", plan.targets.model_copy(update={"cycles": cycles})),
        *(("prices", prices.currency, prices) for prices in plan.prices),
        *(("versions", product.product, product) for product in plan.products),
        ("reminders", "renewal", plan.notices),
        ("tz", "iana", tz_database(plan.centres)),
    ]
    return [
        said(CONTRACTS_DOOR, at, PLAN_SOURCE, f"{part}-{name}", name, "PlanPartSubmitted", _publication(part, content))
        for part, name, content in parts
    ]


def _publication(part: str, content: Any) -> Mapping[str, Any]:
    return {"publication": {"part": part, "content": content.model_dump(mode="json", exclude_none=True)}}


def _contract(at: datetime, identity: str, subject: str, kind: str, data: object) -> Message:
    return said(CONTRACTS_DOOR, at, "erp", identity, subject, kind, data)


def customers(at: datetime = BEGIN) -> list[Message]:
    """Submit the customers; their contracts are to follow when they are known."""
    return [
        _contract(
            at,
            f"customer-{n}",
            f"C-{n}",
            "CustomerSubmitted",
            {
                "organisation": f"Exemple {n}",
                "country": _COUNTRIES[n % len(_COUNTRIES)],
                "language": "fr" if n % 2 else "en",
                "contact": _person(f"contact-{n}"),
            },
        )
        for n in _CUSTOMERS
    ]


def contracts(at: datetime = BEGIN) -> list[Message]:
    """Submit a contract for every customer but one; one ends within the day."""
    return [
        _contract(
            at,
            f"contract-{n}",
            f"K-{n}",
            "ContractSubmitted",
            {
                "customer": f"customer/erp/C-{n}",
                "licence": f"licence/erp/L-{n}",
                "licence_kind": "subscription",
                "products": list(_PRODUCTS),
                "first_day": "2026-06-01",
                "last_day": "2026-11-24" if n == _ENDING else "2027-05-31",
            },
        )
        for n in _CUSTOMERS
        if n != _NEVER_COVERED
    ]


def _person(name: str) -> Mapping[str, str]:
    return {"person": f"person/faults/{name}", "name": f"Nobody {name}", "email": f"{name}@client.example"}


def ticket(number: str, at: datetime, **other: object) -> Message:
    """Submit a ticket of the first customer, by the web, unless something else is said."""
    data = {
        "customer": "customer/erp/C-8",
        "product": _PRODUCTS[0],
        "version": "2024.1",
        "channel": "web",
        "request_kind": "question",
        "language": "fr",
        "requester": _person(f"requester-{number}"),
        "subject": f"Nothing works in {number}",
        "text": "It did yesterday.",
    }
    return said(TICKETS_DOOR, at, "crm", f"open-{number}", number, "TicketSubmitted", {**data, **other})


def response(number: str, at: datetime, by: str = "person", name: str = "first") -> Message:
    """Say that a ticket was answered by mail."""
    data = {"medium": "email", "by": by, "help_given": by == "person"}
    return said(TICKETS_DOOR, at, "crm", f"{name}-response-{number}", number, "ResponseGiven", data)


@dataclass(frozen=True)
class Day:
    """A day of support: so many tickets within so many hours of plan time, and all that goes with them."""

    seed: int
    tickets: int
    hours: float = 8.0
    begin: datetime = BEGIN

    def messages(self) -> list[Message]:
        """Draw them, in the order in which they are said."""
        rng = Random(self.seed)
        orderly = [m for n in range(self.tickets) for m in self._about(n, rng)]
        noise = [m for m in orderly for m in _noise(m, rng)]
        return sorted((*orderly, *noise), key=lambda message: message.at)

    def _about(self, n: int, rng: Random) -> Iterator[Message]:
        """One ticket's life: opened, mostly answered, sometimes before it is there, twice, or under another key."""
        number, opened = f"{self.seed}-{n}", self.begin + timedelta(hours=rng.uniform(0, self.hours))
        yield _any_mode(_any_ticket(number, _ASKING[n % len(_ASKING)], opened, rng), rng)
        if rng.random() < 0.3:
            yield response(number, opened + timedelta(seconds=rng.uniform(0, 5)), "automatic", "automatic")
        if rng.random() < 0.1:
            early = response(number, opened + timedelta(seconds=1), name="early")
            yield early._replace(at=opened - timedelta(minutes=rng.uniform(0, 10)))
        for name in ("first", "second")[: rng.choice((0, 1, 1, 1, 2))]:
            answer = _any_mode(response(number, opened + timedelta(hours=rng.uniform(0.1, 5)), name=name), rng)
            yield answer if rng.random() < 0.8 else answer._replace(key=f"{name} of {number}".encode())
        for kind, data in self._said_besides(n, rng):
            if rng.random() < 0.25:
                at = opened + timedelta(hours=rng.uniform(-0.2, 4))
                message = said(TICKETS_DOOR, at, "crm", f"{kind}-{number}", number, kind, data)
                yield message._replace(at=at - timedelta(minutes=rng.choice((0, 0, 0, 3, 30))))

    def _said_besides(self, n: int, rng: Random) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """All else that can be said of a ticket; another to merge it into may be itself, or nothing that there is.

        Mostly it is one of the same customer.
        """
        agent, other = "person/faults/agent", rng.randint(0, self.tickets)
        if rng.random() < 0.7:
            other = n % len(_ASKING) + len(_ASKING) * rng.randint(0, self.tickets // len(_ASKING))
        another = f"ticket/crm/{self.seed}-{other}"
        yield (
            "CustomerCalled",
            {"caller": _person("caller"), "help_given": False, "number_dialled": "+33 1 80 87 52 86"},
        )
        yield "NoteAdded", {"by": "support", "author": _person("agent"), "text": "A note."}
        yield "TicketTransferred", {"to_centre": rng.choice(("americas", "france", "atlantis")), "by": agent}
        yield "TicketResolved", {"by": agent, "text": "It works."}
        yield "TicketReopened", {"by": "customer", "author": "person/faults/caller", "text": "It does not."}
        yield "TicketsMerged", {"into": another, "by": agent}
        yield "TicketPaused", {"by": agent}
        yield "TicketResumed", {"by": agent}
        yield "TicketWithdrawn", {"by": "customer"}


def _any_ticket(number: str, customer: int, at: datetime, rng: Random) -> Message:
    return ticket(
        number,
        at,
        customer=f"customer/erp/C-{customer}",
        channel=rng.choice(("phone", "email", "web")),
        language=rng.choice(("fr", "en")),
        product=rng.choice((*_PRODUCTS, *_PRODUCTS, "nothing-of-ours")),
        request_kind=rng.choice(("question", "solution-failure", "unexpected-behaviour", "professional-service")),
    )


def _any_mode(message: Message, rng: Random) -> Message:
    return in_binary_mode(message) if rng.random() < 0.3 else message


def _noise(message: Message, rng: Random) -> Iterator[Message]:
    """Now and then the same again, the same name for other words, or something that nobody can read."""
    later = message.at + timedelta(minutes=rng.uniform(0, 90))
    draw = rng.random()
    if draw < 0.1:
        yield message._replace(at=later)
    elif draw < 0.13:
        yield message._replace(at=later, value=(message.value or b"").replace(b'"fr"', b'"en"'))
    elif draw < 0.2:
        yield rng.choice(DIRT)(message)._replace(at=later, readable=False)


def _without(message: Message, old: bytes, new: bytes) -> Message:
    headers = tuple((name, value.replace(old, new)) for name, value in message.headers if name != "ce_time")
    return message._replace(value=(message.value or b"").replace(b'"time"', b'"when"'), headers=headers)


DIRT: Sequence[Any] = (
    lambda message: message._replace(value=None),
    lambda message: message._replace(value=b"\xff\xfe"),
    lambda message: message._replace(value=(message.value or b"")[:-3]),
    lambda message: message._replace(value=b"[]"),
    lambda message: message._replace(headers=()),
    lambda message: _without(message, b"olcare.upstream.", b"somebody.elses."),
)
"""Ways in which a message comes to be unreadable."""
