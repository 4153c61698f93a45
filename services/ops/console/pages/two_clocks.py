"""What was true at an instant beside what was known then: of each event, and of what a ticket, promise or mail was."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.ops.console.pages.page import PageView
from services.ops.trail.as_of import Cut
from services.ops.trail.tickets import TicketThen

Value = datetime | int | str | None
SHOWN: Mapping[str, Sequence[str]] = {
    "ticket": ("state", "current_centre", "responses", "first_responded_at", "resolved_at", "merged_into", "reason"),
    "promise": ("state", "due_at", "responded_at", "breached_at", "restated", "reason"),
    "mail": ("state",),
}
"""What is compared of each."""


class ClockDifference(PageView):
    """What was otherwise than it was known; `of` names one where there are several."""

    what: str
    of: str | None
    name: str
    true: Value
    known: Value


def both_clocks(cut: Cut) -> Cut:
    """A cut by which both are asked: where one clock alone is given, both stand at it."""
    return Cut(cut.as_of or cut.known_at, cut.known_at or cut.as_of)


def standing(cut: Cut, occurred_at: datetime, recorded_at: datetime) -> str:
    """How an event stands to a cut: `stands`, `not-known` yet, `not-yet` happened though known, or `later` by both."""
    happened = cut.as_of is None or occurred_at <= cut.as_of
    known = cut.known_at is None or recorded_at <= cut.known_at
    if happened:
        return "stands" if known else "not-known"
    return "not-yet" if known else "later"


def differences(true: TicketThen, known: TicketThen) -> list[ClockDifference]:
    """Where what was true differs from what was known."""
    found = [*_of("ticket", None, true.ticket, known.ticket), *_of("promise", None, true.promise, known.promise)]
    told, heard = ({row.stream: row for row in then.notices} for then in (true, known))
    for stream in dict.fromkeys((*told, *heard)):
        found += _of("mail", stream, told.get(stream), heard.get(stream))
    return found


def _of(what: str, of: str | None, true: Any, known: Any) -> Iterator[ClockDifference]:
    for name in SHOWN[what]:
        one, other = getattr(true, name, None), getattr(known, name, None)
        if one != other:
            yield ClockDifference(what=what, of=of, name=name, true=one, known=other)
