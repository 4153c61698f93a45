"""A ticket to which nothing could be promised is reconsidered once what was wanting is published.

Its promise rests on the first that was published: the same one as if the ticket had been read after the publication.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from libs.messages.facts import resting_on
from libs.messages.sla import FirstResponseClockStarted, FirstResponseNotPromised, NoPromise
from services.sla_timer.promise.opening import StartClock, promise_or_not
from services.sla_timer.promise.state import NotPromised, State, Untracked
from services.sla_timer.published.publications import PublishedCalendar, PublishedTargets, in_force, of_centre


class Wanting(StrEnum):
    """What a ticket lacks to be promised anything."""

    GROUNDS = "grounds"
    """A calendar of its centre, or targets."""
    NEWER_CALENDAR = "newer-calendar"
    """One on which a deadline can be given, where it could not be on the one before."""


WANTING = {
    NoPromise.NO_CALENDAR: Wanting.GROUNDS,
    NoPromise.NO_TARGETS: Wanting.GROUNDS,
    NoPromise.CALENDAR_ENDS: Wanting.NEWER_CALENDAR,
    NoPromise.NO_OPENING_IN_A_YEAR: Wanting.NEWER_CALENDAR,
}


@dataclass(frozen=True)
class ReconsiderPromise:
    """Promise a first response after all, on what is published at `occurred_at`; a duty."""

    occurred_at: datetime
    calendars: tuple[PublishedCalendar, ...]
    targets: tuple[PublishedTargets, ...]


def wanting(refused: FirstResponseNotPromised) -> Wanting | None:
    """What is wanting; None where nothing would help, or where it was not written whom to tell."""
    return WANTING.get(refused.reason) if refused.private and refused.language and refused.customer else None


def reconsider(state: State, command: ReconsiderPromise) -> FirstResponseClockStarted | FirstResponseNotPromised | None:
    """Make the promise, or say why it can still not be made; None where somebody has answered, or it was called off."""
    match state:
        case NotPromised(asked=FirstResponseNotPromised() as asked, responded_at=None, cancelled_at=None):
            return _reconsidered(asked, command) if wanting(asked) else None
        case _:
            return None


def _reconsidered(
    asked: FirstResponseNotPromised, command: ReconsiderPromise
) -> FirstResponseClockStarted | FirstResponseNotPromised | None:
    """Take the first calendar on which a deadline can be given."""
    found: FirstResponseClockStarted | FirstResponseNotPromised | None = None
    for each in _asking_again(asked, command):
        found = promise_or_not(Untracked(), each)
        if isinstance(found, FirstResponseClockStarted):
            break
    return found


def _asking_again(asked: FirstResponseNotPromised, command: ReconsiderPromise) -> Iterator[StartClock]:
    """The opening once more, on the calendar in force then and on each that came after it."""
    known = sorted(of_centre(command.calendars, asked.centre), key=lambda one: one.sequence)
    first, targets = in_force(known, asked.opened_at), in_force(command.targets, asked.opened_at)
    if first is None or targets is None or not (asked.private and asked.language and asked.customer):
        return
    later = (one for one in known if one.sequence > first.sequence and one.published_at <= command.occurred_at)
    for calendar in (first, *later):
        yield StartClock(
            occurred_at=asked.opened_at,
            ticket=asked.ticket,
            customer=asked.customer,
            requester=asked.private.person,
            private=asked.private,
            language=asked.language,
            centre=asked.centre,
            channel=asked.channel,
            calendar=calendar.content,
            targets=targets.content,
            rests_on=resting_on(calendar, targets),
        )
