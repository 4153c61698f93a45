"""Terms: a contract lapses or is continued, once, when its last term is over, and not before."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from tests.faults.checked.books import Books, instant
from tests.faults.checked.log import CONTRACTS, Event, Ledger

ACTIVATED, RENEWED, ENDS = (
    "ContractActivated",
    "ContractRenewed",
    {"ContractLapsed": "lapsed_at", "ContractContinued": "ended_at"},
)


def check_terms(books: Books, logs: Mapping[str, Ledger]) -> Iterator[str]:
    """Find contracts that ended early, twice, not at all, or without ever having run."""
    for stream, events in logs[CONTRACTS].streams.items():
        if stream.startswith("contract/"):
            yield from (f"{stream}: {problem}" for problem in _term(events, books.now))


def _term(events: Sequence[Event], now: datetime) -> Iterator[str]:
    activated = sum(event.name == ACTIVATED for event in events)
    if activated > 1:
        yield f"it was activated {activated} times"
        return
    until, ended = None, False
    for event in events:
        if event.name in {ACTIVATED, RENEWED}:
            yield from _reversal(event, until, ended)
            until, ended = instant(event.data["covered_until"]), False
        elif event.name in ENDS:
            yield from _end(event, until, ended)
            ended = True
    if until and not ended and now > until:
        yield f"its term ended at {until}, and it has not lapsed at {now}"


def _reversal(renewed: Event, until: datetime | None, ended: bool) -> Iterator[str]:  # noqa: FBT001 - as it was
    """See that a renewal joins the term before it, and says so where that had lapsed."""
    if renewed.name == RENEWED and instant(renewed.data["covered_from"]) != until:
        yield f"it was renewed from {renewed.data['covered_from']}, but its term ended at {until}"
    if ended is not bool(renewed.data.get("reverses_lapse_at")):
        yield f"it had {'' if ended else 'not '}ended when it was renewed"


def _end(end: Event, until: datetime | None, ended: bool) -> Iterator[str]:  # noqa: FBT001 - as it was
    at, detected = instant(end.data[ENDS[end.name]]), instant(end.data["detected_at"])
    if ended:
        yield "it ended twice"
    if at != until:
        yield f"it ended at {at}, but its term ended at {until}"
    if min(detected, end.recorded_at) < at:
        yield f"its end was detected at {detected} and recorded at {end.recorded_at}, before {at}"
