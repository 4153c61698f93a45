"""What a ticket's events ask of its promise, and what a promise that ended in a merge asks of the survivor's."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, TypeGuard, assert_never

from pydantic import TypeAdapter

from libs.eventlog.commands import Reaction
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.catalogue import SlaEvent
from libs.messages.cycles import CycleReckoned, CyclesReckoned, CycleTargetMissed
from libs.messages.facts import resting_on
from libs.messages.sla import (
    CallNoted,
    CancellationCause,
    CancellationNoted,
    FirstResponseAtRisk,
    FirstResponseBreached,
    FirstResponseCancelled,
    FirstResponseClockStarted,
    FirstResponseMet,
    FirstResponseNotPromised,
    FirstResponseNotRetargeted,
    FirstResponseReinstated,
    FirstResponseRestated,
    FirstResponseRetargeted,
    InternalTargetNotSet,
    InternalTargetSet,
    LaterResponseNoted,
    MergeNoted,
    NotChanged,
    ReinstatementNotApplied,
    ResponseNotApplied,
)
from libs.messages.streams import parse_stream, stream_id
from libs.messages.tickets import (
    CoverRestated,
    CustomerCallRecorded,
    Medium,
    MergeUndone,
    MessageHeld,
    MessageRefused,
    NoteRecorded,
    RespondedBy,
    ResponseRecorded,
    ResponseRefused,
    Side,
    TicketEvent,
    TicketOpened,
    TicketPaused,
    TicketRefused,
    TicketReopened,
    TicketResolved,
    TicketResumed,
    TicketsMerged,
    TicketTransferred,
    TicketWithdrawn,
    WorkExcluded,
    ticket_told_of,
)
from services.sla_timer.promise.calls import RecordCall
from services.sla_timer.promise.merging import AdoptPromise, CancelPromise, ReinstatePromise, RenouncePromise
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


ENDS = (FirstResponseCancelled, MergeNoted, FirstResponseMet, FirstResponseNotPromised, LaterResponseNoted)
"""Of the events of promises and cycles, those that ask anything of another promise."""
ASK_NO_OTHER = (
    *(FirstResponseClockStarted, FirstResponseAtRisk, FirstResponseRetargeted, FirstResponseNotRetargeted),
    *(FirstResponseReinstated, FirstResponseBreached, FirstResponseRestated, ResponseNotApplied, CallNoted),
    *(CancellationNoted, ReinstatementNotApplied, InternalTargetSet, InternalTargetNotSet),
    *(CyclesReckoned, CycleReckoned, CycleTargetMissed),
)
"""All others."""
FACTS: TypeAdapter[PlanFacts] = TypeAdapter(PlanFacts)
NO_FACTS = PlanFacts()


class FactsNeeded(NamedTuple):
    """The centres that facts are needed about, and the earliest instant that matters for one of them."""

    centres: tuple[str, ...]
    since: datetime


Asking = (
    TicketOpened
    | ResponseRecorded
    | CustomerCallRecorded
    | TicketWithdrawn
    | TicketsMerged
    | MergeUndone
    | TicketTransferred
)
"""Events of a ticket that ask something of its promise."""
ASK_NOTHING = (
    TicketRefused,
    ResponseRefused,
    MessageHeld,
    MessageRefused,
    NoteRecorded,
    TicketPaused,
    TicketResumed,
    TicketReopened,
    TicketResolved,
    CoverRestated,
    WorkExcluded,
)
"""All others: a first response never pauses, is promised once, and stays due whatever the cause."""


def asking(event: TicketEvent) -> Asking | None:
    """The event where it asks something of a promise, else None; a withdrawal by one of ours does not."""
    if isinstance(event, ASK_NOTHING) or (isinstance(event, TicketWithdrawn) and event.by is not Side.CUSTOMER):
        return None
    return event


def called_about(events: Iterable[RecordedEvent[TicketEvent]]) -> list[str]:
    """The promises that calls are about: it must be looked up on whose calendar they run."""
    return [_promise_of(event) for event in events if isinstance(event.data, CustomerCallRecorded)]


def opened(events: Iterable[RecordedEvent[TicketEvent]]) -> Mapping[str, FactsNeeded]:
    """The facts needed for promises of tickets that these events open."""
    found = ((event, event.data) for event in events if isinstance(event.data, TicketOpened))
    return {promise_of(event.stream): FactsNeeded((data.centre,), data.opened_at) for event, data in found}


def facts_needed(event: RecordedEvent[TicketEvent], promises: Mapping[str, FactsNeeded]) -> FactsNeeded | None:
    """What is needed to react to an event; `promises` are those that calls are about."""
    match asked := asking(event.data):
        case TicketOpened(centre=centre, opened_at=at):
            return FactsNeeded((centre,), at)
        case TicketTransferred(to_centre=centre, transferred_at=at):
            return FactsNeeded((centre,), at)
        case CustomerCallRecorded():
            return promises.get(_promise_of(event))
        case None | ResponseRecorded() | TicketWithdrawn() | TicketsMerged() | MergeUndone():
            return None
        case _:
            assert_never(asked)


def together(each: Iterable[FactsNeeded | None]) -> FactsNeeded | None:
    """Put what several events need into one query; None where nothing is needed."""
    some = [one for one in each if one]
    centres = sorted({centre for one in some for centre in one.centres})
    return FactsNeeded(tuple(centres), min(one.since for one in some)) if some else None


def react(event: RecordedEvent[TicketEvent], facts: PlanFacts) -> Sequence[Reaction]:
    """The commands that an event asks for; which ones, and on which promise, depends on the event alone.

    An answer on an absorbed ticket is one for its own promise as well: it may be from before the merge, or the merge be
    undone.
    """
    asked = asking(event.data)
    if asked is None:
        return []
    command = _command(event, asked, facts)
    found = [Reaction(type(command).__name__, _promise_of(event), command)]
    if isinstance(asked, MergeUndone):
        renounce = RenouncePromise(asked.undone_at, asked.into, event.stream)
        found.append(Reaction("RenouncePromise", promise_of(asked.into), renounce))
    if command.ticket != event.stream and _is_answer(command):
        own = replace(command, ticket=event.stream)
        found.append(Reaction(type(command).__name__, promise_of(event.stream), own))
    return found


def react_to_promise(event: RecordedEvent[SlaEvent]) -> Sequence[Reaction]:
    """Pass the promise of an absorbed ticket on to the survivor's, or give it back where that takes nothing over."""
    if isinstance(event.data, ASK_NO_OTHER):
        return []
    match event.data:
        case FirstResponseCancelled(into=str() as into, cause=CancellationCause.MERGED) as ended:
            return list(_handed_over(ended, into))
        case MergeNoted(into=str() as into, merged_at=at, absorbed=absorbed, certificate=certificate) as noted:
            adopt = AdoptPromise(at, into, absorbed, certificate, noted.through, noted.held_by)
            return [Reaction("AdoptPromise", promise_of(into), adopt)]
        case MergeNoted(held_by=str()):
            return []
        case MergeNoted(reason=NotChanged.OVER | NotChanged.NOT_PROMISED, merged_at=at, absorbed=ticket) as noted:
            return [_given_back(at, ticket, noted.responded_at)]
        case FirstResponseMet(handed_back=back) | FirstResponseNotPromised(handed_back=back):
            return [_given_back(event.time, ticket) for ticket in back]
        case LaterResponseNoted(responded_at=at, absorbed=absorbed, into=into):
            return [_answered(at, ticket) for ticket in (*absorbed, *([into] if into else []))]
        case FirstResponseCancelled() | MergeNoted():
            return []
        case _:
            assert_never(event.data)


def _handed_over(ended: FirstResponseCancelled, into: str) -> Iterator[Reaction]:
    """Its own promise, and those of tickets absorbed in it before; each is a command of its own."""
    own = AdoptPromise(ended.cancelled_at, into, ended.ticket, ended.own or ended.certificate)
    yield Reaction("AdoptPromise", promise_of(into), own)
    for one in ended.absorbed:
        adopt = AdoptPromise(
            max(ended.cancelled_at, one.merged_at), into, one.ticket, one.certificate, held_by=ended.ticket
        )
        yield Reaction(f"AdoptPromise of {one.ticket}", promise_of(into), adopt)


def _given_back(at: datetime, ticket: str, responded_at: datetime | None = None) -> Reaction:
    return Reaction("ReinstatePromise", promise_of(ticket), ReinstatePromise(at, ticket, responded_at))


def _answered(at: datetime, ticket: str) -> Reaction:
    """An answer on the survivor is one to whoever asked on the absorbed ticket."""
    answer = RecordResponse(at, ticket, Medium.EMAIL, RespondedBy.PERSON, help_given=True)
    return Reaction("RecordResponse", promise_of(ticket), answer)


def promise_of(ticket: str) -> str:
    """Name the promise of a ticket: the same source, the same number."""
    stream = parse_stream(ticket)
    return stream_id("promise", stream.source, stream.number)


def _command(event: RecordedEvent[TicketEvent], asked: Asking, facts: PlanFacts) -> Command:
    ticket = ticket_told_of(event.stream, event.data)
    match asked:
        case TicketOpened() as ticket_opened:
            return _start(event, ticket_opened, facts)
        case ResponseRecorded() as given:
            at, medium, by = given.responded_at, given.medium, given.by
            return RecordResponse(at, ticket, medium, by, given.help_given, given.known_call)
        case CustomerCallRecorded() as rang:
            return RecordCall(rang.called_at, ticket, rang.help_given, facts.calendars, facts.targets, facts.tz_changes)
        case TicketWithdrawn(withdrawn_at=at):
            return CancelPromise(at, ticket, CancellationCause.WITHDRAWN)
        case TicketsMerged(merged_at=at, into=into):
            return CancelPromise(at, ticket, CancellationCause.MERGED, into)
        case MergeUndone(undone_at=at):
            return ReinstatePromise(at, ticket)
        case TicketTransferred(to_centre=centre, transferred_at=at):
            return SetInternalTarget(at, ticket, centre, in_force(facts.calendars, at))
        case _:
            assert_never(asked)


def _is_answer(command: Command) -> TypeGuard[RecordResponse | RecordCall]:
    return isinstance(command, RecordResponse) or (isinstance(command, RecordCall) and command.help_given)


def _promise_of(event: RecordedEvent[TicketEvent]) -> str:
    return promise_of(ticket_told_of(event.stream, event.data))


def _start(event: RecordedEvent[TicketEvent], ticket: TicketOpened, facts: PlanFacts) -> StartClock:
    """The promise rests on what was in force when its ticket was opened, however late the event is read."""
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
