"""Cases that every demo shows, whatever its size: cover, boundaries, and what cannot be taken."""

from dataclasses import replace
from datetime import date, timedelta

from libs.messages import upstream
from libs.messages.catalogue import TICKETS_DOOR
from libs.messages.streams import stream_id
from libs.messages.tickets import Channel, Medium, RequestKind, RespondedBy, Side
from libs.messages.upstream import CustomerCalled, NoteAdded, ResponseGiven
from services.ops.demo.cast import Customer
from services.ops.demo.scribe import HALF_HOUR, Case, Scribe, UpstreamTicket, local

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY = (date(2026, 11, day) for day in range(23, 29))


def play_cases(scribe: Scribe) -> None:
    """Write all of them."""
    _cover_lapses(scribe)
    _cover_begins(scribe)
    _never_covered(scribe)
    _not_included(scribe)
    _boundaries(scribe)
    _another_number_dialled(scribe)
    _held(scribe)
    _hard_to_reach(scribe)
    _refused_at_the_door(scribe)
    _goes_on(scribe)
    _waits_for_the_customer(scribe)


def case_of(
    scribe: Scribe, customer: Customer, day: date, clock: str, channel: Channel = Channel.WEB, at: int = 0
) -> Case:
    """Somebody of a customer asks at a centre's own day and clock."""
    return Case(customer, customer.people[at], channel, local(scribe.calendars[customer.centre], day, clock))


def ask_and_answer(scribe: Scribe, case: Case) -> UpstreamTicket:
    """Let it be answered well before the deadline."""
    ticket = scribe.ask(case)
    scribe.answer(ticket, scribe.working(ticket, 0.3))
    return ticket


def _cover_lapses(scribe: Scribe) -> None:
    """A ticket is covered until the last second of the last local day, and its promise is kept after that."""
    for customer in scribe.cast.playing("lapsing"):
        assert customer.first_day is not None  # noqa: S101 - they have a contract
        last_day = customer.first_day.replace(year=customer.first_day.year + 1) - timedelta(days=1)
        ask_and_answer(scribe, case_of(scribe, customer, TUESDAY, "10:05:00"))
        ask_and_answer(scribe, case_of(scribe, customer, last_day, "23:59:59"))
        scribe.ask(case_of(scribe, customer, last_day + timedelta(days=1), "00:00:00"))
        refused = scribe.ask(case_of(scribe, customer, SATURDAY, "11:20:00"))
        scribe.answer(refused, refused.certificate.opened_at + timedelta(hours=1))


def _cover_begins(scribe: Scribe) -> None:
    for customer in scribe.cast.playing("newcomer"):
        scribe.ask(case_of(scribe, customer, WEDNESDAY, "15:40:00"))
        ask_and_answer(scribe, case_of(scribe, customer, THURSDAY, "09:10:00"))


def _never_covered(scribe: Scribe) -> None:
    for customer in [*scribe.cast.playing("uncovered"), *scribe.cast.playing("stranger")]:
        for at, day in zip(range(len(customer.people)), (TUESDAY, FRIDAY), strict=False):
            scribe.ask(case_of(scribe, customer, day, "13:30:00", Channel.EMAIL, at))


def _not_included(scribe: Scribe) -> None:
    """What the programme leaves out although the customer is covered."""
    american, german, japanese = (scribe.cast.covered(centre)[0] for centre in ("americas", "germany", "japan"))
    services = case_of(scribe, american, TUESDAY, "11:11:00")
    scribe.ask(replace(services, kind=RequestKind.PROFESSIONAL_SERVICE))
    old = case_of(scribe, german, WEDNESDAY, "14:15:00", Channel.PHONE)
    scribe.ask(replace(old, product="planetpress-connect", version="2022.1"))
    other = case_of(scribe, german, THURSDAY, "10:45:00")
    scribe.ask(replace(other, product="pres-connect"))
    unheard = case_of(scribe, japanese, TUESDAY, "16:05:00", Channel.EMAIL)
    scribe.ask(replace(unheard, product="paper-folder", version="1.0"))


def _boundaries(scribe: Scribe) -> None:
    """Answers exactly at the deadline and a second late; a holiday, and a deadline that falls on closing time."""
    french, british, japanese = (scribe.cast.covered(c)[0] for c in ("france", "united-kingdom", "japan"))
    exact = scribe.ask(case_of(scribe, french, TUESDAY, "09:30:00", Channel.EMAIL))
    scribe.answer(exact, exact.certificate.due_at)
    late = scribe.ask(case_of(scribe, british, WEDNESDAY, "11:00:00", Channel.PHONE, 2))
    scribe.answer(late, late.certificate.due_at + timedelta(seconds=1))
    closing = scribe.ask(case_of(scribe, french, WEDNESDAY, "13:00:00", Channel.EMAIL, 1))
    scribe.answer(closing, closing.certificate.due_at, medium=Medium.CALL)
    ask_and_answer(scribe, case_of(scribe, japanese, MONDAY, "10:00:00"))  # a holiday: the clock starts on Tuesday


def _another_number_dialled(scribe: Scribe) -> None:
    """The centre whose number was dialled is the local one, if the plan has the number."""
    dutch = scribe.cast.covered("netherlands")[0]
    for clock, dialled in (("16:10:00", scribe.plan.centres[0].phones[1].number), ("16:20:00", "+3100555999")):
        case = case_of(scribe, dutch, TUESDAY, clock, Channel.PHONE, 2)
        ask_and_answer(scribe, replace(case, dialled=dialled))


def _held(scribe: Scribe) -> None:
    """Two answers before their ticket are applied in order; one whose ticket never comes is held for ever."""
    australian = scribe.cast.covered("australia")[0]
    case = case_of(scribe, australian, THURSDAY, "10:01:00", Channel.EMAIL)
    ticket = scribe.ask(case, handed_over=case.at.replace(minute=0) + 2 * HALF_HOUR)
    scribe.answer(ticket, case.at + timedelta(minutes=1), by=RespondedBy.AUTOMATIC, help_given=False)
    scribe.answer(ticket, case.at + timedelta(minutes=20))
    given = ResponseGiven(medium=Medium.CALL, by=RespondedBy.PERSON, help_given=True)
    scribe.say(TICKETS_DOOR, australian.source, "lost-1", case.at, given)


def _hard_to_reach(scribe: Scribe) -> None:
    """A mailbox that is gone, one whose server takes mail only at the second attempt, a person without an address."""
    cast = scribe.cast
    callers = [(c, at) for c in cast.customers for at, somebody in enumerate(c.people) if somebody.email is None]
    found = [(c, at) for c in cast.customers for at, somebody in enumerate(c.people) if cast.troubles(somebody)]
    for customer, at in [*found, callers[0]]:
        ask_and_answer(scribe, case_of(scribe, customer, TUESDAY, "12:12:00", Channel.PHONE, at))


def _refused_at_the_door(scribe: Scribe) -> None:
    """A ticket number used twice, a ticket opened in the future, an answer from before the opening."""
    british = scribe.cast.covered("united-kingdom")[1]
    case = case_of(scribe, british, TUESDAY, "09:20:00")
    opened = ask_and_answer(scribe, case)
    scribe.ask(case_of(scribe, british, TUESDAY, "15:20:00"), number=opened.number)
    scribe.answer(opened, case.at - timedelta(minutes=10), handed_over=case.at + timedelta(hours=6, minutes=10))
    uncovered = scribe.cast.playing("uncovered")[0]
    refused = scribe.ask(case_of(scribe, uncovered, WEDNESDAY, "10:00:00"))
    scribe.ask(case_of(scribe, uncovered, WEDNESDAY, "10:30:00"), number=refused.number)
    tomorrow = case_of(scribe, british, FRIDAY, "09:30:00")
    number = scribe.next_number(british.source)
    scribe.ask(tomorrow, number=number, handed_over=tomorrow.at - timedelta(hours=18))
    ticket = scribe.ask(tomorrow, number=number)
    scribe.answer(ticket, scribe.working(ticket, 0.2))


def _goes_on(scribe: Scribe) -> None:
    """All other messages about a ticket, after its answer; a merged ticket can not be withdrawn."""
    malaysian = scribe.cast.covered("malaysia")[0]
    case = case_of(scribe, malaysian, WEDNESDAY, "09:05:00", Channel.EMAIL)
    ticket = ask_and_answer(scribe, case)
    survivor = ask_and_answer(scribe, replace(case, at=case.at + timedelta(minutes=10)))
    agent, author = f"person/{malaysian.source}/agent-3", malaysian.people[0].at_the_door()
    double = scribe.cast.requests["en"][0][1].format(number="again")
    said = (
        CustomerCalled(caller=author, help_given=False, text=double),
        NoteAdded(by=Side.SUPPORT, author=author, text=double),
        upstream.TicketTransferred(to_centre="australia", by=agent),
        upstream.TicketResolved(by=agent, text=double),
        upstream.TicketReopened(by=Side.CUSTOMER, author=author.person, text=double),
        upstream.TicketsMerged(into=stream_id("ticket", survivor.source, survivor.number), by=agent),
        upstream.TicketWithdrawn(by=Side.CUSTOMER, author=author.person, text=double),
    )
    for hour, data in enumerate(said, start=2):
        scribe.say(TICKETS_DOOR, ticket.source, ticket.number, case.at + timedelta(hours=hour), data)


def _waits_for_the_customer(scribe: Scribe) -> None:
    """A ticket paused for a night; a second pause and a resume without a pause are refused."""
    german = scribe.cast.covered("germany")[0]
    ticket = ask_and_answer(scribe, case_of(scribe, german, TUESDAY, "09:02:00", Channel.EMAIL))
    agent, author = f"person/{german.source}/agent-4", german.people[0].at_the_door()
    question = scribe.cast.requests["en"][0][1].format(number=ticket.number)
    said = (
        (TUESDAY, "14:00:00", upstream.TicketResumed(by=agent)),
        (TUESDAY, "14:30:00", upstream.TicketPaused(by=agent)),
        (TUESDAY, "15:00:00", upstream.TicketPaused(by=agent)),
        (WEDNESDAY, "08:00:00", upstream.TicketResumed(by=agent)),
        (WEDNESDAY, "08:01:00", NoteAdded(by=Side.CUSTOMER, author=author, text=question)),
        (WEDNESDAY, "16:00:00", upstream.TicketResolved(by=agent)),
        (WEDNESDAY, "16:30:00", upstream.TicketPaused(by=agent)),
    )
    calendar = scribe.calendars[german.centre]
    for day, clock, data in said:
        scribe.say(TICKETS_DOOR, ticket.source, ticket.number, local(calendar, day, clock), data)
    scribe.answer(ticket, local(calendar, WEDNESDAY, "11:30:00"))
