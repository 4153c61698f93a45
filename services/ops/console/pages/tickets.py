"""`/tickets/{source}/{number}`: a ticket's life over all topics, its promise day by day, its mails, how it stood."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

from pydantic import Field

from libs.messages.streams import normal_id, parse_stream
from libs.workcal import CalendarEnds, Interval, windows, zone
from services.ops.console.lanes import Happened, bands, marks, place, stretches, width_of
from services.ops.console.pages.page import Elsewhere, NotThere, Page, PageView, Query, TwoClocks
from services.ops.console.pages.promise_days import PromiseView, certificate_then, promise_view, sentences_then
from services.ops.console.pages.two_clocks import ClockDifference, both_clocks, differences, standing
from services.ops.console.sources import Sources
from services.ops.console.words import N_, InLanguage
from services.ops.sla.grounds import Grounds, grounds_in_tables
from services.ops.speech.speech import speech_of
from services.ops.trail.as_of import Cut
from services.ops.trail.links import Link
from services.ops.trail.tickets import TicketLife, as_it_stood

ABOUT_TICKETS = ("ticket", "promise", "cycles")


class Search(Query):
    """Which ticket is looked for."""

    source: str | None = None
    number: str | None = None


class TicketSearchView(PageView):
    """A ticket that is looked for."""

    source: str | None
    number: str | None


class WhichTicket(TwoClocks, InLanguage):
    """Which ticket, source and number percent-encoded as in its id, and how it stood when."""

    source: str
    number: str
    verify: bool = Field(default=False, description="Reckon its certificate anew")

    def ticket(self) -> str:
        """The id of the ticket; raises NotThere."""
        try:
            parse_stream(f"ticket/{self.source}/{self.number}")
            return normal_id(f"ticket/{self.source}/{self.number}")
        except ValueError:
            raise NotThere(f"{self.source}/{self.number} is not source/number of a ticket") from None


class EventView(PageView):
    """An event of its life; `standing` says how it stands to the instants that are asked for."""

    place: str
    topic: str
    type: str
    stream: str
    sequence: int
    occurred_at: datetime
    recorded_at: datetime
    standing: str


class StretchView(PageView):
    """Hours to scale, or a gap that is folded."""

    since: datetime
    until: datetime
    x: float
    width: float
    is_folded: bool
    open_seconds: float | None


class BandView(PageView):
    """Opening hours."""

    x: float
    width: float


class MarkView(PageView):
    """What happened about then in a lane."""

    x: float
    topic: str
    standing: str
    types: tuple[str, ...]


class LineView(PageView):
    """An instant over all lanes: `due`, `as-of` or `known-at`."""

    x: float
    what: str
    at: datetime


class LanesView(PageView):
    """The lanes, laid out from left to right."""

    width: float
    topics: tuple[str, ...]
    stretches: tuple[StretchView, ...]
    open: tuple[BandView, ...]
    marks: tuple[MarkView, ...]
    lines: tuple[LineView, ...]


class MailView(PageView):
    """A mail about it; to whom by role alone."""

    stream: str
    state: str
    notice_class: str
    role: str
    requested_at: datetime
    changed_at: datetime


class FactsView(PageView):
    """The ticket itself, by ids alone."""

    state: str
    customer: str | None
    contract: str | None
    product: str | None
    channel: str | None
    centre: str | None
    current_centre: str | None
    opened_at: datetime | None
    first_responded_at: datetime | None
    resolved_at: datetime | None
    responses: int
    merged_into: str | None
    reason: str | None


class TicketView(PageView):
    """A ticket; where instants are asked for as it stood, and what was true beside what was known."""

    ticket: str
    path: str
    as_of: datetime | None
    known_at: datetime | None
    true_at: datetime | None
    """What was true is that of this instant …"""
    heard_at: datetime | None
    """… and what was known that of this one."""
    facts: FactsView | None
    """None where there was nothing yet."""
    promise: PromiseView | None
    sentences: tuple[str, ...]
    """Why it was due when it was, in the language of whoever asks."""
    mails: tuple[MailView, ...]
    events: tuple[EventView, ...]
    differences: tuple[ClockDifference, ...]
    lanes: LanesView
    centres: tuple[str, ...]
    """With which it is, or was opened, by all that is known now."""


def path_of(ticket: str) -> str:
    """Where the page of a ticket is."""
    return "/tickets/" + quote(ticket.removeprefix("ticket/"))


def ticket_path(stream: str | None) -> str | None:
    """The page of the ticket that a stream is about: its own, its promise's or its cycles'; None of any other."""
    kind, _, rest = (stream or "").partition("/")
    return path_of(f"ticket/{rest}") if kind in ABOUT_TICKETS and rest.count("/") == 1 else None


def events_view(links: Sequence[Link], cut: Cut) -> tuple[EventView, ...]:
    """The events of its life as they stand to both clocks."""
    asked = both_clocks(cut)
    return tuple(
        EventView(
            place=link.address.text(),
            topic=link.topic,
            type=link.type,
            stream=link.stream,
            sequence=link.sequence,
            occurred_at=link.occurred_at,
            recorded_at=link.recorded_at,
            standing=standing(asked, link.occurred_at, link.recorded_at),
        )
        for link in links
    )


def lanes_view(
    events: Sequence[EventView], hours: Sequence[Interval] | None, lines: Mapping[str, datetime | None]
) -> LanesView:
    """The lanes of some events; `hours` are None where nobody knows them."""
    said = {what: at for what, at in lines.items() if at is not None}
    along = stretches([*(one.occurred_at for one in events), *said.values()], hours)
    happened = [Happened(one.occurred_at, one.topic, one.type, one.standing) for one in events]
    return LanesView(
        width=width_of(along),
        topics=tuple(dict.fromkeys(one.topic for one in events)),
        stretches=tuple(
            StretchView(
                since=one.since,
                until=one.until,
                x=one.x,
                width=one.width,
                is_folded=one.is_folded,
                open_seconds=None if one.open is None else one.open.total_seconds(),
            )
            for one in along
        ),
        open=tuple(BandView(**one._asdict()) for one in bands(along, hours or ())),
        marks=tuple(MarkView(**one._asdict()) for one in marks(along, happened)),
        lines=tuple(LineView(x=place(along, at), what=what, at=at) for what, at in said.items()),
    )


def hours_behind(
    grounds: Grounds, centre: str | None, at: datetime, instants: Sequence[datetime]
) -> Sequence[Interval] | None:
    """The opening hours of a centre over some instants, by the calendar in force; None where nobody knows them."""
    if centre is None or not instants:
        return None
    try:
        calendar = grounds.calendar_at(centre, at)
        civil = zone(calendar.zone)
        first, last = (edge.astimezone(civil).date() for edge in (min(instants), max(instants)))
        return windows(calendar, first, last)
    except (LookupError, CalendarEnds):
        return None


def ticket_view(told: TicketLife, ticket: str, query: WhichTicket, grounds: Grounds, now: datetime) -> TicketView:
    """All that a page shows of a ticket."""
    cut = Cut(query.as_of, query.known_at)
    both, then = both_clocks(cut), as_it_stood(told, cut)
    events = events_view(told.links, cut)
    lines = {"due": then.promise.due_at if then.promise else None, "as-of": query.as_of, "known-at": query.known_at}
    instants = [*(link.occurred_at for link in told.links), *(at for at in lines.values() if at)]
    centre = then.ticket.centre if then.ticket else None
    certificate = certificate_then(told, cut)
    return TicketView(
        ticket=ticket,
        path=path_of(ticket),
        as_of=query.as_of,
        known_at=query.known_at,
        true_at=both.as_of,
        heard_at=both.known_at,
        facts=FactsView(**{name: getattr(then.ticket, name) for name in FactsView.model_fields})
        if then.ticket
        else None,
        promise=promise_view(then, certificate, grounds, checked=query.verify),
        sentences=sentences_then(told, ticket, cut, grounds, speech_of(query.language)),
        mails=tuple(MailView(**{name: getattr(row, name) for name in MailView.model_fields}) for row in then.notices),
        events=events,
        differences=_differing(told, both),
        lanes=lanes_view(events, hours_behind(grounds, centre, query.known_at or now, instants), lines),
        centres=centres_of(told),
    )


def centres_of(told: TicketLife) -> tuple[str, ...]:
    """The centres that a ticket is with, or was opened with."""
    now = as_it_stood(told, Cut()).ticket
    known = (now.centre, now.current_centre) if now else ()
    return tuple(dict.fromkeys(centre for centre in known if centre))


def _differing(told: TicketLife, both: Cut) -> tuple[ClockDifference, ...]:
    if both.as_of is None:
        return ()
    true, known = Cut(as_of=both.as_of), Cut(known_at=both.known_at)
    return tuple(differences(as_it_stood(told, true), as_it_stood(told, known)))


async def look(sources: Sources, query: WhichTicket) -> TicketView:
    """Look at a ticket; raises NotThere."""
    ticket = query.ticket()
    chain = await sources.chain()
    told = await sources.lives.of(chain, await sources.log(), sources.cards, ticket)
    if told is None:
        raise NotThere(f"there is no {ticket}; /tickets looks for another one")
    grounds = await grounds_in_tables(await sources.database("sla_timer"))
    return ticket_view(told, ticket, query, grounds, sources.clock.now())


async def search(_sources: Sources, query: Search) -> TicketSearchView:
    """Go to a ticket whose source and number are known; raises Elsewhere."""
    if query.source and query.number:
        raise Elsewhere(
            f"/tickets/{'/'.join(quote(quote(part.strip(), safe='')) for part in (query.source, query.number))}"
        )
    return TicketSearchView(source=query.source, number=query.number)


SEARCH = Page("/tickets", search, Search, TicketSearchView, "tickets.html", N_("Tickets"), nav=4, live=False)
PAGE = Page(
    "/tickets/{source}/{number}",
    look,
    WhichTicket,
    TicketView,
    "ticket.html",
    N_("Ticket"),
    centres=lambda view: view.centres,
)
