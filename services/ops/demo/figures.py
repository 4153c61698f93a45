"""The figures of a demo: reckoned from the script before it, found in tables, topics and mailboxes after it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeVar

K = TypeVar("K")


class ContractNews(StrEnum):
    """What the calendar and signatures make of contracts."""

    OFFERED = "offer"
    RENEWED = "renewal"
    LAPSED = "lapse"
    REFUSED = "refused ticket"
    """As cover had lapsed."""
    TAKEN_UP = "re-subscription"


class AskedFor(NamedTuple):
    """A ticket that was asked for; no centre where the customer is unknown, no channel where it never came."""

    centre: str | None
    channel: str | None
    state: str
    reason: str | None = None


class Promised(NamedTuple):
    """What became of a promise, and whether somebody was warned."""

    centre: str
    channel: str
    state: str
    warned: bool


class NoticeFigure(NamedTuple):
    """What became of a notice."""

    notice_class: str
    state: str
    problem: str | None = None


class Answered(NamedTuple):
    """What a receipt says."""

    door: str
    outcome: str


class NotTaken(NamedTuple):
    """Why something was not taken; `event` is the type of the event that says so."""

    event: str
    reason: str


class ContractFigure(NamedTuple):
    """What became of a contract at a centre, and the price that was told; None where there is none."""

    centre: str
    what: ContractNews
    amount: str | None = None
    currency: str | None = None


@dataclass(frozen=True)
class Figures:
    """How many of each."""

    tickets: Counter[AskedFor] = field(default_factory=Counter)
    promises: Counter[Promised] = field(default_factory=Counter)
    notices: Counter[NoticeFigure] = field(default_factory=Counter)
    mails: Counter[str] = field(default_factory=Counter)
    """Those that arrived, by the recipient's address."""
    receipts: Counter[Answered] = field(default_factory=Counter)
    dead_letters: Counter[str] = field(default_factory=Counter)
    """By reason."""
    not_taken: Counter[NotTaken] = field(default_factory=Counter)
    contracts: Counter[ContractFigure] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    """Those that count, by type."""


class WrongFigure(NamedTuple):
    """A figure that is not as reckoned."""

    figure: str
    key: str
    reckoned: int
    found: int


def differences(reckoned: Figures, found: Figures) -> list[WrongFigure]:
    """Compare every figure."""
    return [
        *_different("tickets", reckoned.tickets, found.tickets),
        *_different("promises", reckoned.promises, found.promises),
        *_different("notices", reckoned.notices, found.notices),
        *_different("mails", reckoned.mails, found.mails),
        *_different("receipts", reckoned.receipts, found.receipts),
        *_different("dead letters", reckoned.dead_letters, found.dead_letters),
        *_different("not taken", reckoned.not_taken, found.not_taken),
        *_different("contracts", reckoned.contracts, found.contracts),
        *_different("events", reckoned.events, found.events),
    ]


def _different(figure: str, reckoned: Counter[K], found: Counter[K]) -> Iterator[WrongFigure]:
    for key in sorted(reckoned.keys() | found.keys(), key=repr):
        if reckoned[key] != found[key]:
            yield WrongFigure(figure, _said(key), reckoned[key], found[key])


def _said(key: object) -> str:
    return " ".join(str(part) for part in key if part is not None) if isinstance(key, tuple) else str(key)
