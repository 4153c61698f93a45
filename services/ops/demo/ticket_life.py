"""The life of one ticket and its promise, reckoned from what is said about it and from when that is handed over."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from libs.messages import upstream
from libs.messages.certificates import Certificate
from libs.messages.receipts import Outcome
from libs.messages.refusals import MessageRefusal
from libs.messages.sla import (
    CallNoted,
    CancellationNoted,
    FirstResponseAtRisk,
    FirstResponseBreached,
    FirstResponseClockStarted,
    FirstResponseMet,
    InternalTargetNotSet,
    LaterResponseNoted,
    NotAResponse,
    NotChanged,
    ResponseNotApplied,
)
from libs.messages.tickets import (
    Channel,
    CustomerCallRecorded,
    Medium,
    MessageHeld,
    MessageRefused,
    NoteRecorded,
    RespondedBy,
    ResponseRecorded,
    ResponseRefused,
    TicketOpened,
    TicketPaused,
    TicketRefused,
    TicketReopened,
    TicketResolved,
    TicketResumed,
    TicketsMerged,
    TicketTransferred,
    TicketWithdrawn,
)
from libs.messages.upstream import ResponseGiven, TicketSubmitted, Upstream
from services.ops.demo.register import CustomerRegister, Outcomes, accepted, refused

TOLERANCE = timedelta(minutes=5)
"""How far an upstream system's clock may be ahead."""


class SaidMessage(NamedTuple):
    """A message about a ticket: the instant it is about, when it was handed over, and its id."""

    at: datetime
    handed_over: datetime
    identity: str
    data: Upstream


class LifeAnswer(NamedTuple):
    """An answer that was recorded: when it was given, and when we got to know."""

    at: datetime
    known_at: datetime
    given: ResponseGiven


@dataclass
class Life:
    """What became of a ticket: the outcome of each record, and what followed from it besides."""

    outcomes: list[Outcomes] = field(default_factory=list)
    """One for each message; the same again for a repeat."""
    commands: dict[tuple[str, Upstream], Outcomes] = field(default_factory=dict)
    """By the id of the message and what it says: an id names one message."""
    applied: list[Outcomes] = field(default_factory=list)
    """Of messages that had been held."""
    asked: TicketSubmitted | None = None
    opened_at: datetime | None = None
    reason: str | None = None
    """Why it was refused."""
    state: str = "held"
    is_paused: bool = False
    answers: list[LifeAnswer] = field(default_factory=list)
    held: list[SaidMessage] = field(default_factory=list)
    besides: list[SaidMessage] = field(default_factory=list)
    """Other messages that the promise was told of."""


def live(messages: Sequence[SaidMessage], register: CustomerRegister) -> Life:
    """Take the messages in the order in which they are handed over."""
    life = Life()
    for said in messages:
        command = said.identity, said.data
        if command not in life.commands:
            is_used = any(identity == said.identity for identity, _ in life.commands)
            otherwise = refused(MessageRefused, MessageRefusal.ID_USED_OTHERWISE)
            life.commands[command] = otherwise if is_used else _take(life, said, register)
        life.outcomes.append(life.commands[command])
    return life


def _take(life: Life, said: SaidMessage, register: CustomerRegister) -> Outcomes:
    if said.at > said.handed_over + TOLERANCE:
        return refused(MessageRefused, MessageRefusal.TIME_IN_FUTURE)
    if not isinstance(said.data, TicketSubmitted):
        return _go_on(life, said, said.handed_over, register)
    if life.asked:
        return refused(MessageRefused, MessageRefusal.ALREADY_REFUSED if life.reason else MessageRefusal.ALREADY_OPEN)
    outcome = _open(life, said, said.data, register)
    # Held messages are applied as if they came now.
    life.applied += [_go_on(life, held, said.handed_over, register) for held in life.held]
    return outcome


def _open(life: Life, said: SaidMessage, asked: TicketSubmitted, register: CustomerRegister) -> Outcomes:
    life.asked, life.opened_at = asked, said.at
    if reason := register.refusal(asked, said.at):
        life.reason, life.state = str(reason), "refused"
        return refused(TicketRefused, reason)
    life.state = "open"
    return accepted(TicketOpened)


def _go_on(life: Life, said: SaidMessage, known_at: datetime, register: CustomerRegister) -> Outcomes:
    """Take a message about a ticket that was asked for, or may still be."""
    if life.opened_at is None or life.asked is None:
        life.held.append(said)
        return accepted(MessageHeld, Outcome.HELD)
    if life.reason:
        return _turned_away(said, MessageRefusal.TICKET_REFUSED)
    if said.at < life.opened_at:
        return _turned_away(said, MessageRefusal.BEFORE_OPENING)
    match said.data:
        case ResponseGiven() as given:
            life.answers.append(LifeAnswer(said.at, known_at, given))
            return accepted(ResponseRecorded)
        case upstream.CustomerCalled():
            life.besides.append(said)
            return accepted(CustomerCallRecorded)
        case upstream.NoteAdded():
            return accepted(NoteRecorded)
        case _ if life.state in {"merged", "withdrawn"}:
            return _turned_away(said, MessageRefusal(f"ticket-{life.state}"))
        case _:
            return _moved(life, said, life.asked, register)


def _moved(life: Life, said: SaidMessage, asked: TicketSubmitted, register: CustomerRegister) -> Outcomes:
    """Take what changes a ticket; the script merges into tickets that are open, and transfers to other centres."""
    match said.data:
        case upstream.TicketTransferred():
            life.besides.append(said)
            return accepted(TicketTransferred)
        case upstream.TicketsMerged():
            life.state = "merged"
            life.besides.append(said)
            return accepted(TicketsMerged)
        case upstream.TicketWithdrawn():
            life.state = "withdrawn"
            life.besides.append(said)
            return accepted(TicketWithdrawn)
        case upstream.TicketPaused() | upstream.TicketResumed():
            return _waits(life, said)
        case upstream.TicketResolved() if life.state == "resolved":
            return _turned_away(said, MessageRefusal.ALREADY_RESOLVED)
        case upstream.TicketResolved():
            life.state, life.is_paused = "resolved", False
            return accepted(TicketResolved)
        case upstream.TicketReopened():
            return _reopened(life, said, asked, register)
        case _:
            raise ValueError(f"the script says {type(said.data).__name__} about a ticket")


def _waits(life: Life, said: SaidMessage) -> Outcomes:
    """Pause or resume a ticket; only an open one can be paused."""
    if isinstance(said.data, upstream.TicketResumed):
        if not life.is_paused:
            return _turned_away(said, MessageRefusal.NOT_PAUSED)
        life.is_paused = False
        return accepted(TicketResumed)
    if life.state == "resolved":
        return _turned_away(said, MessageRefusal.ALREADY_RESOLVED)
    if life.is_paused:
        return _turned_away(said, MessageRefusal.ALREADY_PAUSED)
    life.is_paused = True
    return accepted(TicketPaused)


def _reopened(life: Life, said: SaidMessage, asked: TicketSubmitted, register: CustomerRegister) -> Outcomes:
    if life.state != "resolved":
        return _turned_away(said, MessageRefusal.NOT_RESOLVED)
    if reason := register.refusal(asked, said.at):
        return _turned_away(said, MessageRefusal(reason.value))
    life.state = "open"
    return accepted(TicketReopened)


def _turned_away(said: SaidMessage, reason: MessageRefusal) -> Outcomes:
    return refused(ResponseRefused if isinstance(said.data, ResponseGiven) else MessageRefused, reason)


class PromiseAtTheEnd(NamedTuple):
    """A promise at the end of the story: its state, how often somebody was warned, and its events."""

    state: str
    warned: int
    events: list[Outcomes]
    ended_at: datetime


def judge(certificate: Certificate, answers: Sequence[LifeAnswer], ends: datetime) -> PromiseAtTheEnd:
    """What becomes of a promise by the end of the story.

    An answer that is handed over after the deadline comes too late, whenever it was given.
    """
    first = next((a for a in answers if a.known_at <= certificate.due_at and _is_response(certificate, a)), None)
    met, over = first is not None, certificate.due_at < ends
    warned = sum(one.at_risk_at <= (first.known_at if first else ends) for one in certificate.at_risk)
    events = [accepted(FirstResponseClockStarted), *(_noted(certificate, a, first) for a in answers)]
    events += [accepted(FirstResponseAtRisk)] * warned + [accepted(FirstResponseBreached)] * (over and not met)
    state = "met" if met else "breached" if over else "waiting"
    return PromiseAtTheEnd(state, warned, events, first.known_at if first else certificate.due_at)


def told_too_late(said: SaidMessage, ended_at: datetime) -> Outcomes:
    """The event for a message after a promise's end; raises ValueError before it, where the script has none."""
    if said.handed_over <= ended_at:
        raise ValueError(f"the script says {type(said.data).__name__} about a ticket whose promise runs")
    match said.data:
        case upstream.CustomerCalled():
            return refused(CallNoted, NotChanged.OVER)
        case upstream.TicketTransferred():
            return refused(InternalTargetNotSet, NotChanged.OVER)
        case _:
            return refused(CancellationNoted, NotChanged.OVER)


def _is_response(certificate: Certificate, answer: LifeAnswer) -> bool:
    return answer.given.by is RespondedBy.PERSON and not _is_opening_call(certificate, answer)


def _is_opening_call(certificate: Certificate, answer: LifeAnswer) -> bool:
    """The call that opened the ticket, without help given in it."""
    by_phone = certificate.channel is Channel.PHONE and answer.given.medium is Medium.CALL
    return by_phone and answer.at == certificate.opened_at and not answer.given.help_given


def _noted(certificate: Certificate, answer: LifeAnswer, first: LifeAnswer | None) -> Outcomes:
    if answer.given.by is RespondedBy.AUTOMATIC:
        return refused(ResponseNotApplied, NotAResponse.AUTOMATIC)
    if answer is first:
        return accepted(FirstResponseMet)
    judged_at = first.known_at if first else certificate.due_at
    if _is_opening_call(certificate, answer) and answer.known_at <= judged_at:
        return refused(ResponseNotApplied, NotAResponse.CALL_WITHOUT_HELP)
    return accepted(LaterResponseNoted)


def types(outcomes: Sequence[Outcomes]) -> Iterator[str]:
    """Name the types of events."""
    return (outcome.event for outcome in outcomes)
