"""The books: pairs of numbers that must be equal if nothing was lost, doubled or made up."""

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from libs.messages.base import event_type
from libs.messages.catalogue import CONTRACTS_DOOR, TICKETS_DOOR
from libs.messages.notices import NoticeSent
from libs.messages.receipts import Outcome
from services.ops.demo.figures import Figures, WrongFigure
from services.ops.demo.findings import Mails
from services.ops.demo.scribe import ScriptLine
from services.ops.demo.script import Script
from services.ops.demo.topics import DoorBook, Topics
from services.ops.watch.projections import Proof


class BookEntry(NamedTuple):
    """Two numbers, and what they are."""

    says: str
    left: int
    right: int

    @property
    def balanced(self) -> bool:
        """Whether they are equal."""
        return self.left == self.right


def entries(
    script: Script,
    topics: Topics,
    found: Figures,
    mails: Mails,
    proofs: Sequence[Proof],
    differing: Sequence[WrongFigure],
) -> list[BookEntry]:
    """Make all entries."""
    lines = (*chain.from_iterable(script.before), *script.lines)
    said = {door: [line for line in lines if line.record.topic == door] for door in (CONTRACTS_DOOR, TICKETS_DOOR)}
    return [
        *(entry for door, lines in said.items() for entry in _door(door, lines, topics.doors[door], topics)),
        BookEntry("mails that arrived = notices sent", mails.arrived, found.events[event_type(NoticeSent)]),
        BookEntry("mails that arrived = distinct Message-IDs", mails.arrived, mails.distinct),
        BookEntry("tables = tables equal to a fresh fold", len(proofs), sum(proof.equal for proof in proofs)),
        BookEntry("figures that are not as reckoned = none", len(differing), 0),
    ]


def _door(door: str, lines: Sequence[ScriptLine], book: DoorBook, topics: Topics) -> Iterator[BookEntry]:
    places = {receipt.place for receipt in book.receipts}
    unreadable = sum(receipt.outcome is Outcome.UNREADABLE for receipt in book.receipts)
    second = len(book.receipts) - len(places)
    readable = len(book.receipts) - second - unreadable
    commands = frozenset(receipt.command for receipt in book.receipts if receipt.command)
    name = door.removeprefix("olcare.").removesuffix(".v1")
    yield BookEntry(f"{name}: messages handed over = records", len(lines), book.records)
    yield BookEntry(f"{name}: records = places with a receipt", book.records, len(places))
    yield BookEntry(f"{name}: records = readable + unreadable", book.records, readable + unreadable)
    yield BookEntry(f"{name}: unreadable = dead letters", unreadable, len(book.letters))
    yield BookEntry(f"{name}: held messages decided = second receipts", topics.decided(door), second)
    yield BookEntry(f"{name}: distinct messages = commands", _distinct(lines), len(commands))
    yield BookEntry(f"{name}: commands = events of theirs that count", len(commands), topics.caused_by(commands))


def _distinct(lines: Sequence[ScriptLine]) -> int:
    events = [line.event for line in lines if line.event]
    words = (json.dumps([event["type"], event["data"]], sort_keys=True) for event in events)
    return len({(e["source"], e["id"], e["subject"], said) for e, said in zip(events, words, strict=True)})
