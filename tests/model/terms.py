"""Contracts beside the story: terms that are signed for, renewed, in time or told late, and that lapse.

A ticket is opened where a term of the contract of its number is known to hold its instant. A renewal may be told of
after the lapse which it reverses; then a ticket that was refused meanwhile had been under cover.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple, assert_never

from libs.decider import Decider
from libs.eventlog.projection import Projection, Reader, state_of
from libs.eventlog.wire.codec import Codec
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.base import Event, Instant
from tests.model import story
from tests.model.story import DESK_TICKETS, PARTITIONS, TOPICS, CoverRestated, Decided, Refused, content_of

TERM = timedelta(seconds=45)
SIGNATURES, SIGNED, CONTRACTS = "signatures", "signature-receipts", "contracts"
ALL_TOPICS = (*TOPICS, SIGNATURES, SIGNED, CONTRACTS)


class TermBegan(Decided):
    """The first term of a contract, or one after a gap: cover is taken up again."""

    covered_from: Instant
    until: Instant


class TermRenewed(Decided):
    """The next term, without a gap."""

    signed_at: Instant
    covered_from: Instant
    until: Instant
    reverses_lapse: bool


class TermLapsed(Decided):
    lapsed_at: Instant
    detected_at: Instant


class SignatureRefused(Decided):
    signed_at: Instant


ContractEvent = TermBegan | TermRenewed | TermLapsed | SignatureRefused
CONTRACT_EVENTS = (TermBegan, TermRenewed, TermLapsed, SignatureRefused)


@dataclass(frozen=True)
class Sign:
    occurred_at: datetime


@dataclass(frozen=True)
class Lapse:
    occurred_at: datetime


@dataclass(frozen=True)
class Contract:
    contents: tuple[str, ...] = ()
    covered_from: datetime | None = None
    """Of the latest term."""
    until: datetime | None = None
    lapsed: bool = False


def decide_contract(state: Contract, command: Sign | Lapse) -> ContractEvent | None:
    at, basis, until = command.occurred_at, state.contents, state.until
    if isinstance(command, Lapse):
        over = until is not None and not state.lapsed and until < at
        return TermLapsed(lapsed_at=until, detected_at=at, basis=basis) if over and until else None
    if until is None or state.covered_from is None or (state.lapsed and until <= at):
        return TermBegan(covered_from=at, until=at + TERM, basis=basis)
    if state.covered_from <= at < until:
        end, late = until + TERM, state.lapsed
        return TermRenewed(signed_at=at, covered_from=until, until=end, reverses_lapse=late, basis=basis)
    return SignatureRefused(signed_at=at, basis=basis)


def evolve_contract(state: Contract, event: ContractEvent) -> Contract:
    contents = (*state.contents, content_of(event))
    match event:
        case TermBegan(covered_from=at, until=until) | TermRenewed(covered_from=at, until=until):
            return Contract(contents, at, until)
        case TermLapsed():
            return Contract(contents, state.covered_from, state.until, lapsed=True)
        case SignatureRefused():
            return Contract(contents, state.covered_from, state.until, state.lapsed)
        case _:
            assert_never(event)


CONTRACT: Decider[Contract, Sign | Lapse, ContractEvent | None] = Decider(
    Contract(),
    decide_contract,
    evolve_contract,  # type: ignore[arg-type] # what came to nothing is never folded
)


class Terms(NamedTuple):
    """All terms of a contract: the place of the event that began each, and from when until when it holds."""

    stream: str
    terms: str


class Running(NamedTuple):
    """Until when the latest term of a contract runs."""

    stream: str
    until: str
    runs: bool
    head: str


class Lacking(NamedTuple):
    """The refusals of a ticket for want of cover, by their places, with the instants asked about."""

    stream: str
    refused: str
    head: str


def terms_in(row: str) -> list[tuple[int, datetime, datetime]]:
    return [(n, datetime.fromisoformat(at), datetime.fromisoformat(until)) for n, at, until in json.loads(row)]


def refused_in(row: str) -> dict[int, datetime]:
    return {int(n): datetime.fromisoformat(at) for n, at in json.loads(row).items()}


def _terms(row: Terms | None, event: RecordedEvent[TermBegan | TermRenewed]) -> Terms:
    begun = event.data
    term = [event.sequence, begun.covered_from.isoformat(), begun.until.isoformat()]
    return Terms(event.stream, json.dumps([*json.loads(row.terms if row else "[]"), term]))


def _running(row: Running | None, event: RecordedEvent[ContractEvent]) -> Running | None:
    match event.data:
        case TermBegan(until=until) | TermRenewed(until=until):
            return Running(event.stream, until.isoformat(), runs=True, head=event.id)
        case TermLapsed() | SignatureRefused():
            runs = isinstance(event.data, SignatureRefused) and row is not None and row.runs
            return row and row._replace(runs=runs, head=event.id)
        case _:
            assert_never(event.data)


def _lacking(row: Lacking | None, event: RecordedEvent[Event]) -> Lacking:
    refused = json.loads(row.refused if row else "{}")
    match event.data:
        case Refused(lacks_cover=True, at=at):
            refused[str(event.sequence)] = at.isoformat()
        case CoverRestated(refused=place):
            refused.pop(str(place), None)
        case _:
            pass
    return Lacking(event.stream, json.dumps(refused), event.id)


TERMS = Projection("terms", Terms, "stream text not null, terms text not null", (TermBegan, TermRenewed), _terms)
RUNNING = Projection(
    "running",
    Running,
    "stream text not null, until text not null, runs boolean not null, head text not null",
    CONTRACT_EVENTS,
    _running,
)
LACKING = Projection(
    "lacking",
    Lacking,
    "stream text not null, refused text not null, head text not null",
    story.TICKET_EVENTS,
    _lacking,
)

OFFICE_CONTRACTS = Reader(
    "office_contracts",
    CONTRACTS,
    1,
    (state_of("contract_state", {"contract": CONTRACT}, Contract, CONTRACT_EVENTS), RUNNING),
    writes=True,
)
DESK_CONTRACTS = Reader("desk_contracts", CONTRACTS, 1, (TERMS,))
COVERED_TICKETS = replace(DESK_TICKETS, projections=(*DESK_TICKETS.projections, LACKING))

CODECS = {**story.CODECS, CONTRACTS: Codec(CONTRACTS, CONTRACT_EVENTS, PARTITIONS)}
