"""Terms: a contract lapses or is continued, once, when its term is over, and not before."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from tests.faults.checked.books import Books, instant
from tests.faults.checked.log import CONTRACTS, Event, Ledger

ACTIVATED, ENDS = "ContractActivated", {"ContractLapsed": "lapsed_at", "ContractContinued": "ended_at"}


def check_terms(books: Books, logs: Mapping[str, Ledger]) -> Iterator[str]:
    """Find contracts that ended early, twice, not at all, or without ever having run."""
    for stream, events in logs[CONTRACTS].streams.items():
        if stream.startswith("contract/"):
            yield from (f"{stream}: {problem}" for problem in _term(events, books.now))


def _term(events: Sequence[Event], now: datetime) -> Iterator[str]:
    ends = [instant(event.data["covered_until"]) for event in events if event.name == ACTIVATED]
    ended = [event for event in events if event.name in ENDS]
    if len(ends) > 1 or len(ended) > len(ends):
        yield f"it was activated {len(ends)} times and ended {len(ended)} times"
        return
    for end in ended:
        at, detected = instant(end.data[ENDS[end.name]]), instant(end.data["detected_at"])
        if at != ends[0]:
            yield f"it ended at {at}, but its term ended at {ends[0]}"
        if min(detected, end.recorded_at) < at:
            yield f"its end was detected at {detected} and recorded at {end.recorded_at}, before {at}"
    if ends and not ended and now > ends[0]:
        yield f"its term ended at {ends[0]}, and it has not lapsed at {now}"
