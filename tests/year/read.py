"""What came of it, read from the records of the log as plain data."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tests.faults.checked.books import Books
from tests.faults.checked.log import Event, ledger
from tests.year.reckoned import Happening

CONTRACTS, TICKETS, NOTICES = "olcare.contracts.v1", "olcare.tickets.v1", "olcare.notices.v1"
RECEIPTS = "olcare.contracts.receipts.v1"


class Outcome(NamedTuple):
    """All that is compared, gathered once: the events by stream, the mails by contract, the answers by message."""

    contracts: Mapping[str, Sequence[Event]]
    tickets: Mapping[str, Sequence[Event]]
    mails: Mapping[str, Sequence[tuple[str, str]]]
    outcomes: Mapping[tuple[str, str], tuple[str, str | None]]

    @classmethod
    def of(cls, books: Books) -> "Outcome":
        """Gather it."""
        return cls(counting(books, CONTRACTS), counting(books, TICKETS), mails(books), outcomes(books, RECEIPTS))


def counting(books: Books, topic: str) -> Mapping[str, Sequence[Event]]:
    """The counting events of a log topic by stream."""
    return ledger(books.topic(topic)).streams


def happening(event: Event) -> Happening | None:
    """An event of a contract as it is reckoned; None of those that are not."""
    kind, data = event.name, event.data
    match kind:
        case "ContractActivated" | "ContractRenewed":
            return Happening(kind, _at(event.time), _term(data, data.get("price")))
        case "ContractResubscribed":
            return Happening(kind, _at(event.time), _term(data["term"], data["term"].get("price")))
        case "TermBegan":
            return Happening(kind, _at(data["began_at"]))
        case "RenewalOffered":
            return Happening(kind, _at(data["due_at"]), (data["last_day"], _amount(data.get("price"))))
        case "RenewalReminded":
            return Happening(kind, _at(data["due_at"]), (str(data["days_before"]), _amount(data.get("price"))))
        case "RenewalReminderSkipped":
            return Happening(kind, _at(data["due_at"]), (str(data["days_before"]), data["reason"]))
        case "ContractLapsed":
            return Happening(kind, _at(data["lapsed_at"]), (data["last_day"], _amount(data.get("price_to_return"))))
        case _:
            return None


def outcomes(books: Books, topic: str) -> Mapping[tuple[str, str], tuple[str, str | None]]:
    """Source and id of each message -> what its receipt says of it."""
    answers = [json.loads(record.value or b"") for record in books.topic(topic).records]
    return {(a["source"], a["id"]): (a["outcome"], a.get("reason")) for a in answers}


def tickets(events: Sequence[Event]) -> Iterator[str]:
    """What became of a ticket."""
    for event in events:
        if event.name == "TicketRefused":
            yield event.data["reason"]
        elif event.name in {"TicketOpened", "CoverRestated"}:
            yield {"TicketOpened": "opened", "CoverRestated": "restated"}[event.name]


def benefits(events: Sequence[Event]) -> list[tuple[bool, datetime]]:
    """When the benefits of a product changed, as recorded."""
    return [(bool(event.data["benefits"]), _at(event.data["holds_from"])) for event in events]


def mails(books: Books) -> Mapping[str, Sequence[tuple[str, str]]]:
    """The notices by what they are about: the class of each, and what is wrong with it, which should be nothing."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for events in counting(books, NOTICES).values():
        requested = events[0].data
        found[requested.get("about_stream", "")].append((requested["notice_class"], _wrong(events)))
    return found


def _wrong(events: Sequence[Event]) -> str:
    """A mail leaves once, and not before its time; or it is cancelled with a cause."""
    not_before, sent = events[0].data.get("not_before"), [event for event in events if event.name == "NoticeSent"]
    if len(sent) + sum(event.name == "NoticeCancelled" for event in events) != 1:
        return f"{[event.name for event in events]}"
    early = sent and not_before and _at(sent[0].data["sent_at"]) < _at(not_before)
    return f"sent before {not_before}" if early else ""


def _term(term: Mapping[str, Any], price: Mapping[str, str] | None) -> tuple[str, ...]:
    instants = (_at(term["covered_from"]).isoformat(), _at(term["covered_until"]).isoformat())
    return (term["first_day"], term["last_day"], *instants, _amount(price))


def _amount(price: Mapping[str, str] | None) -> str:
    return price["amount"] if price else "None"


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
