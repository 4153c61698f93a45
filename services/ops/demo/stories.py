"""What becomes of an ordinary ticket: the stories that are dealt to the week's tickets, by their shares."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from libs.messages.tickets import Channel, Medium, RespondedBy
from libs.workcal import WorkingCalendar, add_working_time, is_open, working_time_between
from services.ops.demo.scribe import HALF_HOUR, Case, Scribe, UpstreamTicket, half_hour

AT_WORK = 0.7
"""Share of the tickets that are opened during opening hours."""


class Week(NamedTuple):
    """The instants within which tickets are opened, `[begins, ends)`."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True)
class Story:
    """A story, with its share in percent; `at_work` where a person must be at the telephone when it begins."""

    share: int
    play: Callable[[Scribe, Case], None]
    channels: tuple[Channel, ...] = tuple(Channel)
    at_work: bool = False


def _answered(scribe: Scribe, case: Case) -> None:
    _in_time(scribe, scribe.ask(case))


def _barely_answered(scribe: Scribe, case: Case) -> None:
    """Somebody is warned, and answers before the deadline."""
    ticket = scribe.ask(case)
    known_at = scribe.rng.choice(_half_hours_at_risk(scribe, ticket))
    at = known_at - timedelta(minutes=scribe.rng.randint(0, 29))
    scribe.answer(ticket, max(at, ticket.certificate.at_risk[-1].at_risk_at), handed_over=known_at)


def _answered_late(scribe: Scribe, case: Case) -> None:
    ticket = scribe.ask(case)
    scribe.answer(ticket, scribe.working(ticket, scribe.rng.uniform(1.1, 2)))


def _never_answered(scribe: Scribe, case: Case) -> None:
    scribe.ask(case)


def _acknowledged_and_answered(scribe: Scribe, case: Case) -> None:
    ticket = scribe.ask(case)
    _automatic(scribe, ticket)
    _in_time(scribe, ticket)


def _merely_acknowledged(scribe: Scribe, case: Case) -> None:
    """An automatic receipt is no first response."""
    _automatic(scribe, scribe.ask(case))


def _helped_at_once(scribe: Scribe, case: Case) -> None:
    ticket = scribe.ask(case)
    scribe.answer(ticket, case.at, medium=Medium.CALL)


def _called_back(scribe: Scribe, case: Case) -> None:
    """The opening call brought no help, so it was no response."""
    ticket = scribe.ask(case)
    scribe.answer(ticket, case.at, medium=Medium.CALL, help_given=False)
    _in_time(scribe, ticket, Medium.CALL)


def _answered_before_it_arrived(scribe: Scribe, case: Case) -> None:
    """The mail gateway was slow: the answer is at the door before the ticket."""
    at = case.at + timedelta(minutes=scribe.rng.randint(5, 45))
    arrives = half_hour(at) + HALF_HOUR * scribe.rng.randint(1, 2)
    scribe.answer(scribe.ask(case, handed_over=arrives), at)


def _answered_twice(scribe: Scribe, case: Case) -> None:
    ticket = scribe.ask(case)
    _in_time(scribe, ticket)
    scribe.answer(ticket, scribe.working(ticket, scribe.rng.uniform(0.8, 1.5)), medium=Medium.CALL)


STORIES = (
    Story(50, _answered),
    Story(11, _barely_answered),
    Story(7, _answered_late),
    Story(7, _never_answered),
    Story(7, _acknowledged_and_answered),
    Story(3, _merely_acknowledged),
    Story(6, _helped_at_once, (Channel.PHONE,), at_work=True),
    Story(3, _called_back, (Channel.PHONE,), at_work=True),
    Story(3, _answered_before_it_arrived, (Channel.EMAIL,)),
    Story(3, _answered_twice),
)


def play_ordinary_tickets(scribe: Scribe, week: Week, tickets: int) -> None:
    """Deal the stories to so many tickets, turn by turn to the customers of each centre."""
    stories = _deal(scribe.rng, tickets)
    centres = list(scribe.calendars)
    for turn, story in enumerate(stories):
        calendar = scribe.calendars[centres[turn % len(centres)]]
        customer = scribe.rng.choice(scribe.cast.covered(calendar.name))
        at = _opening(scribe.rng, calendar, week, at_work=story.at_work)
        channel = scribe.rng.choice(story.channels)
        people = [somebody for somebody in customer.people if somebody.email or channel is Channel.PHONE]
        story.play(scribe, Case(customer, scribe.rng.choice(people), channel, at))


def _deal(rng: Random, tickets: int) -> list[Story]:
    """Each story by its share, rounded down to whole tickets but at least one, in random order."""
    deck = [story for story in STORIES for _ in range(max(1, story.share * tickets // 100))]
    deck = [*deck, *[STORIES[0]] * (tickets - len(deck))][-tickets:]
    rng.shuffle(deck)
    return deck


def _opening(rng: Random, calendar: WorkingCalendar, week: Week, *, at_work: bool) -> datetime:
    """Choose an instant of the week, to the second."""
    if at_work or rng.random() < AT_WORK:
        worked = working_time_between(calendar, week.begins, week.ends)
        return add_working_time(calendar, week.begins, worked * rng.random()).replace(microsecond=0)
    while True:
        at = week.begins + timedelta(seconds=rng.randrange(int((week.ends - week.begins).total_seconds())))
        if not is_open(calendar, at):
            return at


def _in_time(scribe: Scribe, ticket: UpstreamTicket, medium: Medium | None = None) -> None:
    medium = medium or scribe.rng.choice(tuple(Medium))
    scribe.answer(ticket, scribe.working(ticket, scribe.rng.uniform(0.05, 0.65)), medium=medium)


def _automatic(scribe: Scribe, ticket: UpstreamTicket) -> None:
    at = ticket.certificate.opened_at + timedelta(seconds=scribe.rng.randint(1, 20))
    scribe.answer(ticket, at, by=RespondedBy.AUTOMATIC, help_given=False)


def _half_hours_at_risk(scribe: Scribe, ticket: UpstreamTicket) -> list[datetime]:
    """The half hours after the warning, until the deadline, that end opening hours or lie within them."""
    certificate = ticket.certificate
    calendar = scribe.calendars[certificate.centre]
    first = half_hour(certificate.at_risk[-1].at_risk_at + timedelta.resolution)
    count = (certificate.due_at - first) // HALF_HOUR + 1
    half_hours = [first + HALF_HOUR * n for n in range(count)]
    return [q for q in half_hours if is_open(calendar, q - timedelta.resolution)]
