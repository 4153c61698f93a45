"""The life of one ticket and its promise, reckoned from what is said about it and from when that is handed over."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from libs.messages.certificates import Certificate
from libs.messages.door import ResponseGiven, TicketSubmitted, Upstream
from libs.messages.receipts import Outcome
from libs.messages.sla import (
    FirstResponseAtRisk,
    FirstResponseBreached,
    FirstResponseClockStarted,
    FirstResponseMet,
    LaterResponseNoted,
    NotAResponse,
    ResponseNotApplied,
)
from libs.messages.tickets import (
    Channel,
    Medium,
    MessageHeld,
    MessageRefusal,
    MessageRefused,
    RespondedBy,
    ResponseRecorded,
    ResponseRefusal,
    ResponseRefused,
    TicketOpened,
    TicketRefused,
)
from services.ops.demo.register import Outcomes, Register, accepted, refused

TOLERANCE = timedelta(minutes=5)
"""How far an upstream system's clock may be ahead."""


class Said(NamedTuple):
    """A message about a ticket: when it is about, when it was handed over, under which name."""

    at: datetime
    handed_over: datetime
    identity: str
    data: Upstream


class Answer(NamedTuple):
    """An answer that was recorded: when it was given, and when we got to know."""

    at: datetime
    known_at: datetime
    given: ResponseGiven


@dataclass
class Life:
    """What became of a ticket: the outcome of each record, and what followed from it besides."""

    outcomes: list[Outcomes] = field(default_factory=list)
    """One for each message; the same again for a repeat."""
    commands: dict[str, Outcomes] = field(default_factory=dict)
    """By the name of the message."""
    applied: list[Outcomes] = field(default_factory=list)
    """Of answers that had been held."""
    asked: TicketSubmitted | None = None
    opened_at: datetime | None = None
    reason: str | None = None
    """Why it was refused."""
    answers: list[Answer] = field(default_factory=list)
    held: list[Said] = field(default_factory=list)


def live(messages: Sequence[Said], register: Register) -> Life:
    """Take the messages in the order in which they are handed over."""
    life = Life()
    for said in messages:
        if said.identity not in life.commands:
            life.commands[said.identity] = _take(life, said, register)
        life.outcomes.append(life.commands[said.identity])
    return life


def _take(life: Life, said: Said, register: Register) -> Outcomes:
    if not isinstance(said.data, TicketSubmitted | ResponseGiven):
        return refused(MessageRefused, MessageRefusal.NOT_TAKEN_YET)
    if said.at > said.handed_over + TOLERANCE:
        return refused(MessageRefused, MessageRefusal.TIME_IN_FUTURE)
    if isinstance(said.data, ResponseGiven):
        return _answer(life, said, said.data, said.handed_over)
    if life.asked:
        return refused(MessageRefused, MessageRefusal.ALREADY_REFUSED if life.reason else MessageRefusal.ALREADY_OPEN)
    outcome = _open(life, said, said.data, register)
    # What was held is applied as if it came now.
    life.applied += [_answer(life, held, held.data, said.handed_over) for held in life.held]  # type: ignore[arg-type] # answers alone are held
    return outcome


def _open(life: Life, said: Said, asked: TicketSubmitted, register: Register) -> Outcomes:
    life.asked, life.opened_at = asked, said.at
    if reason := register.refusal(asked, said.at):
        life.reason = str(reason)
        return refused(TicketRefused, reason)
    return accepted(TicketOpened)


def _answer(life: Life, said: Said, given: ResponseGiven, known_at: datetime) -> Outcomes:
    if life.opened_at is None:
        life.held.append(said)
        return accepted(MessageHeld, Outcome.HELD)
    if life.reason:
        return refused(ResponseRefused, ResponseRefusal.TICKET_REFUSED)
    if said.at < life.opened_at:
        return refused(ResponseRefused, ResponseRefusal.BEFORE_OPENING)
    life.answers.append(Answer(said.at, known_at, given))
    return accepted(ResponseRecorded)


class Promise(NamedTuple):
    """A promise at the end of the story: its state, whether somebody was warned, and its events."""

    state: str
    warned: bool
    events: list[Outcomes]


def judge(certificate: Certificate, answers: Sequence[Answer], ends: datetime) -> Promise:
    """Say what becomes of a promise by the end of the story.

    An answer that we get to know of after the deadline comes too late: until then it was not said at any door.
    """
    first = next((a for a in answers if a.known_at <= certificate.due_at and _is_response(certificate, a)), None)
    met, over = first is not None, certificate.due_at < ends
    warned = certificate.at_risk_at <= (first.known_at if first else ends)
    events = [accepted(FirstResponseClockStarted), *(_noted(certificate, a, first) for a in answers)]
    events += [accepted(FirstResponseAtRisk)] * warned + [accepted(FirstResponseBreached)] * (over and not met)
    return Promise("met" if met else "breached" if over else "waiting", warned, events)


def _is_response(certificate: Certificate, answer: Answer) -> bool:
    return answer.given.by is RespondedBy.PERSON and not _is_opening_call(certificate, answer)


def _is_opening_call(certificate: Certificate, answer: Answer) -> bool:
    """The call that opened the ticket, without help given in it."""
    by_phone = certificate.channel is Channel.PHONE and answer.given.medium is Medium.CALL
    return by_phone and answer.at == certificate.opened_at and not answer.given.help_given


def _noted(certificate: Certificate, answer: Answer, first: Answer | None) -> Outcomes:
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
