"""Who plays: the customers of `cast.yaml` with their people, and what they ask."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from libs.messages.streams import stream_id
from libs.messages.upstream import Person

CAST = Path(__file__).with_name("cast.yaml")
ERP = "erp"
"""The upstream system that knows customers, licences and contracts."""
DOMAINS = ("example.org", "example.com", "example.net")
SPOKEN = ("fr", "en")
"""Languages that people write in; those who wish to be answered in another one write English."""


@dataclass(frozen=True)
class CustomerPerson:
    """One of a customer's people, and the language in which they wish to be answered."""

    person: str
    name: str
    language: str
    email: str | None
    phone: str

    def at_the_door(self) -> Person:
        """The person as upstream systems send it."""
        return Person(person=self.person, name=self.name, email=self.email, phone=self.phone)


class Licence(NamedTuple):
    """What a customer's licence is worth by the list, options included."""

    value: str
    currency: str


@dataclass(frozen=True)
class Customer:
    """A customer; `source` is the upstream system of its tickets, `role` the case that it is there for."""

    number: str
    organisation: str
    country: str
    centre: str
    source: str
    language: str
    people: tuple[CustomerPerson, ...]
    products: tuple[str, ...]
    first_day: date | None
    licence: Licence | None
    """Bought on the first day; None where only the contract is told."""
    reseller: str | None
    role: str | None

    @property
    def id(self) -> str:
        """Its stream id."""
        return stream_id("customer", ERP, self.number)


@dataclass(frozen=True)
class Cast:
    """Everybody, and what they ask: by language a subject and a text with a place for `{number}`."""

    customers: tuple[Customer, ...]
    requests: Mapping[str, tuple[tuple[str, str], ...]]
    mailbox_gone: str
    greylisted: str
    """A mail address whose server takes its first mail only at the second attempt; `mailbox_gone` is always refused."""

    def covered(self, centre: str) -> list[Customer]:
        """The customers of a centre who are covered the whole week."""
        return [c for c in self.customers if c.centre == centre and c.role is None]

    def playing(self, role: str) -> list[Customer]:
        """The customers who are there for a case."""
        return [customer for customer in self.customers if customer.role == role]

    def troubles(self, somebody: CustomerPerson) -> bool:
        """Whether their mail server refuses or defers mail."""
        return somebody.email in {self.mailbox_gone, self.greylisted}

    def people(self) -> Iterator[CustomerPerson]:
        """All people."""
        return (somebody for customer in self.customers for somebody in customer.people)


def read_cast(path: Path = CAST) -> Cast:
    """Read the file."""
    content = yaml.safe_load(path.read_text())
    customers = tuple(_customers(content["centres"]))
    address = {somebody.name: str(somebody.email) for customer in customers for somebody in customer.people}
    return Cast(
        customers=customers,
        requests={language: tuple((s, t) for s, t in found) for language, found in content["requests"].items()},
        mailbox_gone=address[content["mailbox_gone"]],
        greylisted=address[content["greylisted"]],
    )


def _customers(centres: list[dict[str, Any]]) -> Iterator[Customer]:
    for number, (centre, found) in enumerate(((c, f) for c in centres for f in c["customers"]), start=101):
        people = [_somebody(centre, p, 10 * (number - 100) + at) for at, p in enumerate(found["people"])]
        yield Customer(
            number=f"C-{number}",
            organisation=found["organisation"],
            country=found["country"],
            centre=centre["centre"],
            source=centre["source"],
            language=found["language"],
            people=tuple(people),
            products=tuple(found.get("products", ())),
            first_day=found.get("first_day"),
            licence=Licence(**found["licence"]) if "licence" in found else None,
            reseller=found.get("reseller"),
            role=found.get("role"),
        )


def _somebody(centre: dict[str, Any], found: dict[str, Any], number: int) -> CustomerPerson:
    name = found["name"]
    email = None if found.get("phone_only") else f"{_ascii(name)}@{DOMAINS[number % len(DOMAINS)]}"
    person = stream_id("person", centre["source"], f"p-{number}")
    return CustomerPerson(person, name, found["language"], email, f"{centre['phone']}{number % 100:02}")


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z]+", ".", plain.lower())
