"""Terms: a contract lapses once, when its term is over, and not before."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from tests.faults.checked.books import Books, instant
from tests.faults.checked.log import CONTRACTS, Event, Ledger

ACTIVATED, LAPSED = "ContractActivated", "ContractLapsed"


def check_terms(books: Books, logs: Mapping[str, Ledger]) -> Iterator[str]:
    """Find contracts that lapsed early, twice, not at all, or without ever having run."""
    for stream, events in logs[CONTRACTS].streams.items():
        if stream.startswith("contract/"):
            yield from (f"{stream}: {problem}" for problem in _term(events, books.now))


def _term(events: Sequence[Event], now: datetime) -> Iterator[str]:
    ends = [instant(event.data["covered_until"]) for event in events if event.name == ACTIVATED]
    lapses = [event for event in events if event.name == LAPSED]
    if len(ends) > 1 or len(lapses) > len(ends):
        yield f"it was activated {len(ends)} times and lapsed {len(lapses)} times"
        return
    for lapse in lapses:
        at, detected = instant(lapse.data["lapsed_at"]), instant(lapse.data["detected_at"])
        if at != ends[0]:
            yield f"it lapsed at {at}, but its term ended at {ends[0]}"
        if min(detected, lapse.recorded_at) < at:
            yield f"its lapse was detected at {detected} and recorded at {lapse.recorded_at}, before {at}"
    if ends and not lapses and now > ends[0]:
        yield f"its term ended at {ends[0]}, and it has not lapsed at {now}"
