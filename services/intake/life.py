"""The life of a ticket that was opened: each message about it is judged by its stage."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, assert_never

from libs.messages.exclusions import SCRIPT_LANGUAGE_CODES, Exclusion
from libs.messages.facts import resting_on
from libs.messages.refusals import MessageRefusal
from libs.messages.tickets import (
    CustomerCallRecorded,
    HeldReopening,
    HeldTransfer,
    MergeUndone,
    MessageHeld,
    MessageRefused,
    NoteRecorded,
    RequestKind,
    ResponseRecorded,
    ResponseRefused,
    TicketOpened,
    TicketPaused,
    TicketReopened,
    TicketResolved,
    TicketResumed,
    TicketsMerged,
    TicketTransferred,
    TicketWithdrawn,
    WorkExcluded,
)
from libs.plan import Covered, NotCovered
from services.intake.cover import judge_reopening
from services.intake.facts import FactsNeeded, KnownTicket, TicketFacts
from services.intake.held_message import HeldContent, instant_of, taken_at, turned_away
from services.intake.known_calls import KnownCall, is_known, opening_calls, with_agent, with_call

LifeEvent = (
    ResponseRecorded
    | CustomerCallRecorded
    | NoteRecorded
    | TicketTransferred
    | TicketsMerged
    | MergeUndone
    | TicketPaused
    | TicketResumed
    | TicketReopened
    | TicketResolved
    | WorkExcluded
    | TicketWithdrawn
)
"""What may happen to a ticket that was opened."""
INTO = {
    "merged": MessageRefusal.INTO_MERGED,
    "refused": MessageRefusal.INTO_REFUSED,
    "withdrawn": MessageRefusal.INTO_WITHDRAWN,
}
"""State of another ticket → why nothing can be merged into it."""
NOT_OPENED = "held"
"""State of another ticket of which only messages are known that are held for it."""


@dataclass(frozen=True)
class Open:
    """Somebody works on it."""

    stage: Literal["open"] = "open"


@dataclass(frozen=True)
class Paused:
    """Open, and waiting for the customer."""

    stage: Literal["paused"] = "paused"


@dataclass(frozen=True)
class Resolved:
    """« jusqu'à résolution complète du problème »; it may be reopened."""

    stage: Literal["resolved"] = "resolved"


@dataclass(frozen=True)
class Excluded:
    """Its cause is none that the plan helps with, so nobody works on it; its first response stays due."""

    stage: Literal["excluded"] = "excluded"


@dataclass(frozen=True)
class Withdrawn:
    """The request is void."""

    stage: Literal["withdrawn"] = "withdrawn"


@dataclass(frozen=True)
class Merged:
    """Absorbed by another ticket; the stage `before` comes back if the merge is undone."""

    into: str
    before: Open | Paused | Resolved | Excluded
    merged_at: datetime | None = None
    stage: Literal["merged"] = "merged"


Stage = Open | Paused | Resolved | Excluded | Withdrawn | Merged


@dataclass(frozen=True)
class Ticket:
    """A ticket under cover; `held` are the messages still to be applied, `applied` counts those that were.

    `awaiting` are merges whose survivor is not open yet; nothing waits behind them.
    """

    opened_at: datetime
    customer: str
    product: str
    request_kind: RequestKind
    centre: str
    """Where it is now."""
    calls: tuple[KnownCall, ...] = ()
    """Calls in which no help was given, the opening one first."""
    stage: Stage = Open()
    excluded: tuple[Exclusion, ...] = ()
    """The causes that it was found to have; a reopening takes them back."""
    held: tuple[MessageHeld, ...] = ()
    applied: int = 0
    awaiting: tuple[MessageHeld, ...] = ()
    state: Literal["opened"] = "opened"


def ticket(opened: TicketOpened, held: tuple[MessageHeld, ...]) -> Ticket:
    """An opened ticket, with the messages that were held before its opening."""
    return Ticket(
        opened_at=opened.opened_at,
        customer=opened.customer,
        product=opened.product,
        request_kind=opened.request_kind,
        centre=opened.centre,
        calls=opening_calls(opened),
        held=held,
    )


def asked_again(known: Ticket, content: HeldContent) -> FactsNeeded | None:
    """The facts needed to apply a held message; None where none are."""
    match content:
        case HeldTransfer(to_centre=centre):
            return FactsNeeded(receiving=centre)
        case TicketsMerged(into=survivor):
            return FactsNeeded(survivor=survivor)
        case HeldReopening():
            return FactsNeeded(known.customer, known.product)
        case ResponseRecorded() | CustomerCallRecorded() | NoteRecorded() | TicketPaused() | TicketResumed():
            return None
        case WorkExcluded() | TicketResolved() | TicketWithdrawn():
            return None
        case _:
            assert_never(content)


def is_there(survivor: KnownTicket | None, into: str) -> bool:
    """Whether it is known what became of the ticket that another is to be merged into."""
    return survivor is not None and survivor.stream == into and survivor.state != NOT_OPENED


def is_of_another(known: Ticket, content: HeldContent, facts: TicketFacts) -> bool:
    """Whether a reopening came with facts from before its ticket was opened: cover can not be judged on them."""
    customer = facts.customer.stream if facts.customer else None
    return isinstance(content, HeldReopening) and customer != known.customer


def judged(
    known: Ticket, message: MessageHeld, content: HeldContent, facts: TicketFacts, tolerance: timedelta
) -> LifeEvent | MessageHeld | MessageRefused | ResponseRefused:
    """The event that a message about the ticket leads to; a merge is held as long as its survivor is not open.

    What is about an instant before the opening is taken at the opening, up to the tolerance for clocks; else refused.
    """
    if message.said_at < known.opened_at - tolerance:
        return turned_away(message, MessageRefusal.BEFORE_OPENING)
    content = taken_at(content, max(instant_of(content), known.opened_at))
    match content:
        case ResponseRecorded():
            known_call = is_known(content, known.calls, tolerance)
            survivor = _survivor(known.stage, content.responded_at)
            return content.model_copy(update={"merged_into": survivor, "known_call": known_call})
        case CustomerCallRecorded() | NoteRecorded():
            return content.model_copy(update={"merged_into": _survivor(known.stage, instant_of(content))})
        case WorkExcluded():
            return _excluded(known, message, content)
        case _ if reason := _over(known.stage):
            return turned_away(message, reason)
        case HeldTransfer():
            return _transferred(known, message, content, facts)
        case TicketsMerged():
            return _merged(known, message, content, facts.survivor)
        case HeldReopening():
            return _reopened(known, message, content, facts)
        case TicketPaused() | TicketResumed():
            return _waiting(known.stage, message, content)
        case TicketResolved() if isinstance(known.stage, Resolved):
            return turned_away(message, MessageRefusal.ALREADY_RESOLVED)
        case TicketResolved() | TicketWithdrawn():
            return content
        case _:
            assert_never(content)


def lived(known: Ticket, event: LifeEvent) -> Ticket:
    """Fold what happened to the ticket."""
    match event:
        case ResponseRecorded():
            return replace(known, calls=with_agent(known.calls, event))
        case CustomerCallRecorded():
            return replace(known, calls=with_call(known.calls, event))
        case NoteRecorded():
            return known
        case TicketTransferred(to_centre=centre):
            return replace(known, centre=centre)
        case TicketPaused():
            return replace(known, stage=Paused())
        case TicketReopened():
            return replace(known, stage=Open(), excluded=())
        case TicketResumed():
            return replace(known, stage=Open())
        case WorkExcluded(exclusion=exclusion):
            stage = _without_work(known.stage) if event.merged_into is None else known.stage
            return replace(known, stage=stage, excluded=(*known.excluded, exclusion))
        case TicketResolved():
            return replace(known, stage=Resolved())
        case TicketWithdrawn():
            return replace(known, stage=Withdrawn())
        case TicketsMerged() | MergeUndone():
            return replace(known, stage=_crossing(known.stage, event))
        case _:
            assert_never(event)


def _crossing(stage: Stage, event: TicketsMerged | MergeUndone) -> Stage:
    match stage, event:
        case Open() | Paused() | Resolved() | Excluded() as before, TicketsMerged(into=into, merged_at=at):
            return Merged(into, before, at)
        case Merged(before=before), MergeUndone():
            return before
        case _:
            return stage


def _survivor(stage: Stage, said_at: datetime) -> str | None:
    """The ticket into which this one was merged by an instant; None where it was still a ticket of its own.

    At the very instant of the merge it still is.
    """
    if not isinstance(stage, Merged) or (stage.merged_at and said_at <= stage.merged_at):
        return None
    return stage.into


def _over(stage: Stage) -> MessageRefusal | None:
    match stage:
        case Withdrawn():
            return MessageRefusal.TICKET_WITHDRAWN
        case Merged():
            return MessageRefusal.TICKET_MERGED
        case _:
            return None


def _waiting(
    stage: Stage, message: MessageHeld, content: TicketPaused | TicketResumed
) -> TicketPaused | TicketResumed | MessageRefused | ResponseRefused:
    """Pause an open ticket, or resume a paused one."""
    match stage, content:
        case (Open(), TicketPaused()) | (Paused(), TicketResumed()):
            return content
        case Paused(), TicketPaused():
            return turned_away(message, MessageRefusal.ALREADY_PAUSED)
        case Excluded(), TicketPaused():
            return turned_away(message, MessageRefusal.ALREADY_EXCLUDED)
        case Resolved(), TicketPaused():
            return turned_away(message, MessageRefusal.ALREADY_RESOLVED)
        case _:
            return turned_away(message, MessageRefusal.NOT_PAUSED)


def _excluded(
    known: Ticket, message: MessageHeld, content: WorkExcluded
) -> WorkExcluded | MessageRefused | ResponseRefused:
    """Decided by a person after reading; of a merged ticket it is told as a note is."""
    if content.exclusion is Exclusion.OTHER_LANGUAGES and content.script_language in SCRIPT_LANGUAGE_CODES:
        return turned_away(message, MessageRefusal.LANGUAGE_IS_INCLUDED, content.clause)
    if content.exclusion in known.excluded:
        return turned_away(message, MessageRefusal.ALREADY_EXCLUDED)
    match known.stage:
        case Withdrawn():
            return turned_away(message, MessageRefusal.TICKET_WITHDRAWN)
        case Resolved():
            return turned_away(message, MessageRefusal.ALREADY_RESOLVED)
        case stage:
            return content.model_copy(update={"merged_into": _survivor(stage, content.excluded_at)})


def _without_work(stage: Stage) -> Stage:
    match stage:
        case Open() | Paused():
            return Excluded()
        case Merged(before=Open() | Paused()):
            return replace(stage, before=Excluded())
        case _:
            return stage


def _transferred(
    known: Ticket, message: MessageHeld, transfer: HeldTransfer, facts: TicketFacts
) -> TicketTransferred | MessageRefused | ResponseRefused:
    if transfer.to_centre == known.centre:
        return turned_away(message, MessageRefusal.ALREADY_THERE)
    if facts.receiving is None:
        return turned_away(message, MessageRefusal.UNKNOWN_CENTRE)
    return TicketTransferred(
        transferred_at=transfer.transferred_at,
        from_centre=known.centre,
        to_centre=transfer.to_centre,
        by=transfer.by,
        rests_on=resting_on(facts.receiving),
    )


def _merged(
    known: Ticket, message: MessageHeld, merge: TicketsMerged, survivor: KnownTicket | None
) -> TicketsMerged | MessageHeld | MessageRefused | ResponseRefused:
    """A merge into a ticket that is not open yet waits: its opening may be on its way, or come to nothing."""
    if survivor is None or not is_there(survivor, merge.into):
        return message.model_copy(update={"awaits": merge.into})
    if reason := INTO.get(survivor.state):
        return turned_away(message, reason)
    if survivor.customer != known.customer:
        return turned_away(message, MessageRefusal.OTHER_CUSTOMER)
    return merge.model_copy(update={"rests_on": resting_on(survivor)})


def _reopened(
    known: Ticket, message: MessageHeld, reopening: HeldReopening, facts: TicketFacts
) -> TicketReopened | MessageRefused | ResponseRefused:
    """Judge cover anew at this instant: the rule « lapse while a ticket is open » ends with the resolution."""
    if not isinstance(known.stage, Resolved | Excluded):
        return turned_away(message, MessageRefusal.NOT_RESOLVED)
    kind, at = known.request_kind, reopening.reopened_at
    verdict = judge_reopening(facts, known.customer, known.product, kind, at)
    match verdict:
        case Covered(cover=cover, rests_on=rests_on):
            return TicketReopened(**dict(reopening), cover=cover, rests_on=rests_on)
        case NotCovered(reason=reason, clause=clause):
            return turned_away(message, MessageRefusal(reason.value), clause)
        case _:
            assert_never(verdict)
