"""Merges: nothing is absorbed in a circle, and only what was absorbed names a survivor."""

from collections.abc import Iterator, Mapping, Sequence

from tests.faults.checked.books import Books, instant
from tests.faults.checked.log import TICKETS, Event, Ledger

_NAMING = ("ResponseRecorded", "CustomerCallRecorded", "NoteRecorded")


def check_merges(_: Books, logs: Mapping[str, Ledger]) -> Iterator[str]:
    """Find tickets that nobody has any more, and events that name a wrong survivor."""
    tickets = {stream: events for stream, events in logs[TICKETS].streams.items() if stream.startswith("ticket/")}
    survivors: dict[str, str] = {}
    for stream, events in tickets.items():
        yield from (f"{stream}: {problem}" for problem in _named(events))
        if into := _survivor(events):
            survivors[stream] = into
    yield from (f"{stream} was absorbed in a circle" for stream in survivors if _comes_back(stream, survivors))


def _named(events: Sequence[Event]) -> Iterator[str]:
    for place, event in enumerate(events):
        if event.name not in _NAMING:
            continue
        into = _survivor([one for one in events[:place] if one.name != "TicketsMerged" or _before(one, event)])
        if event.data.get("merged_into") != into:
            yield f"{event.name} names {event.data.get('merged_into')} as the survivor, but that is {into}"


def _before(merge: Event, event: Event) -> bool:
    """Whether a merge was made before the instant of what was said: until then the ticket was its own."""
    at = next(event.data[name] for name in ("responded_at", "called_at", "noted_at") if name in event.data)
    return instant(merge.data["merged_at"]) < instant(at)


def _survivor(events: Sequence[Event]) -> str | None:
    into: str | None = None
    for event in events:
        if event.name == "TicketsMerged":
            into = event.data["into"]
        elif event.name == "MergeUndone":
            into = None
    return into


def _comes_back(stream: str, survivors: Mapping[str, str]) -> bool:
    """Follow the survivors as far as there are tickets."""
    at = survivors.get(stream)
    for _ in survivors:
        if at == stream:
            return True
        at = survivors.get(at or "")
    return False
