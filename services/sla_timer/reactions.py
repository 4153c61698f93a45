"""What a ticket's events ask of its promise, and what a promise that ended in a merge asks of the survivor's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from pydantic import TypeAdapter

from libs.eventlog.commands import Reaction
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.facts import resting_on
from libs.messages.sla import CancellationCause, FirstResponseCancelled
from libs.messages.streams import parse_stream, stream_id
from libs.messages.tickets import (
    CustomerCallRecorded,
    MergeUndone,
    ResponseRecorded,
    Side,
    TicketOpened,
    TicketsMerged,
    TicketTransferred,
    TicketWithdrawn,
)
from services.sla_timer.promise.calls import RecordCall
from services.sla_timer.promise.merging import AdoptPromise, CancelPromise, ReinstatePromise
from services.sla_timer.promise.opening import StartClock
from services.sla_timer.promise.responses import RecordResponse
from services.sla_timer.promise.transfers import SetInternalTarget
from services.sla_timer.published.publications import PublishedCalendar, PublishedTargets, in_force
from services.sla_timer.published.tz_changes import TzChange

Command = StartClock | RecordResponse | RecordCall | CancelPromise | ReinstatePromise | SetInternalTarget


@dataclass(frozen=True)
class PlanFacts:
    """What is published for a centre, the earlier publications that may still matter included."""

    calendars: tuple[PublishedCalendar, ...] = ()
    targets: tuple[PublishedTargets, ...] = ()
    tz_changes: tuple[TzChange, ...] = ()


ENDS = (FirstResponseCancelled,)
"""Of the events of promises, those that ask anything of another one."""
FACTS: TypeAdapter[PlanFacts] = TypeAdapter(PlanFacts)
NO_FACTS = PlanFacts()


class FactsNeeded(NamedTuple):
    """The centre that facts are needed about, and the earliest instant that matters."""

    centre: str
    since: datetime


class FactsQuery(NamedTuple):
    """The centres that facts are needed about, and the earliest instant that matters for one of them."""

    centres: tuple[str, ...]
    since: datetime


def called_about(events: Iterable[RecordedEvent]) -> list[str]:
    """Name the promises that calls are about: on whose calendar they run must be known."""
    return [_promise_of(event) for event in events if isinstance(event.data, CustomerCallRecorded)]


def opened(events: Iterable[RecordedEvent]) -> Mapping[str, FactsNeeded]:
    """Give what the promises of tickets that open just now will run on."""
    found = ((event, event.data) for event in events if isinstance(event.data, TicketOpened))
    return {promise_of(event.stream): FactsNeeded(data.centre, data.opened_at) for event, data in found}


def facts_needed(event: RecordedEvent, promises: Mapping[str, FactsNeeded]) -> FactsNeeded | None:
    """Say what is needed to react to an event; `promises` are those that calls are about."""
    match event.data:
        case TicketOpened(centre=centre, opened_at=at):
            return FactsNeeded(centre, at)
        case TicketTransferred(to_centre=centre, transferred_at=at):
            return FactsNeeded(centre, at)
        case CustomerCallRecorded():
            return promises.get(_promise_of(event))
        case _:
            return None


def together(each: Iterable[FactsNeeded | None]) -> FactsQuery | None:
    """Put what several events need into one question; None where nothing is needed."""
    some = [one for one in each if one]
    return FactsQuery(tuple(sorted({one.centre for one in some})), min(one.since for one in some)) if some else None


def react(event: RecordedEvent, facts: PlanFacts) -> Sequence[Reaction]:
    """Give the commands that an event asks for; which ones, and on which promise, depends on the event alone."""
    command = _command(event, facts)
    return [Reaction(type(command).__name__, _promise_of(event), command)] if command else []


def react_to_promise(event: RecordedEvent) -> Sequence[Reaction]:
    """Hand the promise of an absorbed ticket over to the survivor's."""
    match event.data:
        case FirstResponseCancelled(cause=CancellationCause.MERGED, into=str(into)) as ended:
            adopt = AdoptPromise(ended.cancelled_at, into, ended.ticket, ended.certificate)
            return [Reaction("AdoptPromise", promise_of(into), adopt)]
        case _:
            return []


def promise_of(ticket: str) -> str:
    """Name the promise of a ticket: the same source, the same number."""
    stream = parse_stream(ticket)
    return stream_id("promise", stream.source, stream.number)


def _command(event: RecordedEvent, facts: PlanFacts) -> Command | None:
    ticket = _ticket_of(event)
    match event.data:
        case TicketOpened() as ticket_opened:
            return _start(event, ticket_opened, facts)
        case ResponseRecorded() as given:
            return RecordResponse(given.responded_at, ticket, given.medium, given.by, given.help_given)
        case CustomerCallRecorded() as rang:
            return RecordCall(rang.called_at, ticket, rang.help_given, facts.calendars, facts.targets, facts.tz_changes)
        case TicketWithdrawn(by=Side.CUSTOMER, withdrawn_at=at):
            return CancelPromise(at, ticket, CancellationCause.WITHDRAWN)
        case TicketsMerged(merged_at=at, into=into):
            return CancelPromise(at, ticket, CancellationCause.MERGED, into)
        case MergeUndone(undone_at=at):
            return ReinstatePromise(at, ticket)
        case TicketTransferred(to_centre=centre, transferred_at=at):
            return SetInternalTarget(at, ticket, centre, in_force(facts.calendars, at))
        case _:
            return None


def _ticket_of(event: RecordedEvent) -> str:
    """Name the ticket whose promise is meant: what is said of one that was absorbed is said of the survivor."""
    match event.data:
        case ResponseRecorded(merged_into=str(survivor)) | CustomerCallRecorded(merged_into=str(survivor)):
            return survivor
        case _:
            return event.stream


def _promise_of(event: RecordedEvent) -> str:
    return promise_of(_ticket_of(event))


def _start(event: RecordedEvent, ticket: TicketOpened, facts: PlanFacts) -> StartClock:
    """A ticket that is read late still rests on what was in force when it was opened."""
    calendar, targets = in_force(facts.calendars, ticket.opened_at), in_force(facts.targets, ticket.opened_at)
    return StartClock(
        occurred_at=ticket.opened_at,
        ticket=event.stream,
        customer=ticket.customer,
        requester=ticket.requester,
        private=ticket.private,
        language=ticket.language,
        centre=ticket.centre,
        channel=ticket.channel,
        calendar=calendar.content if calendar else None,
        targets=targets.content if targets else None,
        rests_on=resting_on(calendar, targets),
    )
