"""A plan beside what is published: what would become of each part, and in what it differs."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from libs.eventlog.wire.record import RecordedEvent
from libs.messages.plan import PlanEvent, PlanPartRefused, PlanRefusal, PriceList, PriceListPublished, TzDatabaseRefused
from services.contract.plan_parts import (
    DECIDER,
    Publication,
    Published,
    PublishPart,
    State,
    stream_of_publication,
)

NEW, SAME, OLDER, REFUSED = "new", "same", "older", "refused"
_OUTCOMES = {PlanRefusal.ALREADY_PUBLISHED: SAME, PlanRefusal.OLDER_VERSION: OLDER}
PricesOf = tuple[str, int]
"""Currency and version of a price list."""
MOST = 8
"""Differences of a part that are named."""


class Compared(NamedTuple):
    """What would become of a part: `new`, `same`, `older` (a newer one stands, which stays) or `refused`."""

    publication: Publication
    outcome: str
    reason: PlanRefusal | None
    differs: tuple[str, ...]


def published_by(events: Iterable[RecordedEvent]) -> dict[str, State]:
    """What is published, by stream: the counting events of the plan's topic folded."""
    states: dict[str, State] = {}
    for event in events:
        data: Any = event.data
        states[event.stream] = DECIDER.evolve(states.get(event.stream, DECIDER.initial), data)
    return states


def lists_published(events: Iterable[RecordedEvent]) -> dict[PricesOf, PriceList]:
    """Every price list that is published: those of before count as well."""
    lists = (event.data.prices for event in events if isinstance(event.data, PriceListPublished))
    return {(prices.currency, prices.version): prices for prices in lists}


def compared(
    publications: Iterable[Publication],
    states: Mapping[str, State],
    at: datetime,
    lists: Mapping[PricesOf, PriceList] = {},
) -> Iterator[Compared]:
    """Compare each part as contract would decide about it, after those before it in its stream."""
    after = dict(states)
    for publication in publications:
        stream = stream_of_publication(publication)
        before, known = after.get(stream, DECIDER.initial), _known(publication, lists)
        is_altered = known is not None and known != publication.content
        event = DECIDER.decide(Published(known) if known and is_altered else before, PublishPart(at, publication))
        if event and not is_altered:
            after[stream] = DECIDER.evolve(before, event)
        yield _compared(publication, Published(known) if known else before, _reason(event))


def _known(publication: Publication, lists: Mapping[PricesOf, PriceList]) -> PriceList | None:
    content = publication.content
    return lists.get((content.currency, content.version)) if isinstance(content, PriceList) else None


def _compared(publication: Publication, state: State, reason: PlanRefusal | None) -> Compared:
    outcome = _OUTCOMES.get(reason, REFUSED) if reason else NEW
    known = state.content.model_dump(mode="json") if isinstance(state, Published) else None
    found = differences(known, publication.content.model_dump(mode="json")) if known else []
    return Compared(publication, outcome, reason, tuple(found))


def _reason(event: PlanEvent | None) -> PlanRefusal | None:
    return event.reason if isinstance(event, PlanPartRefused | TzDatabaseRefused) else None


def differences(before: Any, after: Any) -> list[str]:
    """Say where a part differs from the one that is published, its version apart: the first MOST places."""
    found = [
        f"{place}: {_short(was)} is published, {_short(is_)} is given"
        for place, was, is_ in places_that_differ(before, after)
        if place != "/version"
    ]
    more = [f"and {len(found) - MOST} more"] if len(found) > MOST else []
    return found[:MOST] + more


def places_that_differ(before: Any, after: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Each place, like a JSON pointer, where two values differ, with what stands there; None where nothing does."""
    match before, after:
        case dict(), dict():
            for key in [*before, *(key for key in after if key not in before)]:
                yield from places_that_differ(before.get(key), after.get(key), f"{place}/{key}")
        case list(), list():
            for at in range(max(len(before), len(after))):
                was, is_ = (values[at] if at < len(values) else None for values in (before, after))
                yield from places_that_differ(was, is_, f"{place}/{at}")
        case _ if before != after:
            yield place, before, after


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004 - what fits into a line
