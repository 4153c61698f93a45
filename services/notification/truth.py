"""What makes a notice untrue that is still to be sent: every kind of notice by every kind of later fact.

The kinds of notices are their templates. What a text can say as it stands is not untrue: an acknowledgement or a moved
deadline says so itself when it was answered, or when its instant has passed.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import assert_never

from libs.messages.catalogue import SlaEvent
from libs.messages.certificates import RetargetCause
from libs.messages.contracts import (
    ContractActivated,
    ContractContinued,
    ContractEvent,
    ContractLapsed,
    ContractRefused,
    ContractRenewed,
    ContractResubscribed,
    RenewalOffered,
    RenewalReminded,
    RenewalReminderSkipped,
    ResubscriptionUndone,
    SignatureRefused,
    TermBegan,
)
from libs.messages.cycles import CycleReckoned, CyclesReckoned, CycleTargetMissed
from libs.messages.notices import Cancellation
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
    NotAResponse,
    ReinstatementNotApplied,
    ResponseNotApplied,
    Verdict,
)
from libs.messages.tickets import CoverRestated, ResponseRecorded, TicketWithdrawn


class LaterFact(StrEnum):
    """What may happen after that of which a notice tells."""

    ANSWER = "answer"
    WITHDRAWAL = "withdrawal"
    PROMISE = "promise"
    """A deadline is given after none could be."""
    MOVED_DEADLINE = "moved-deadline"
    RECKONING = "reckoning"
    """A deadline is reckoned on what was published."""
    BREACH = "breach"
    KEPT_AFTER_ALL = "kept-after-all"
    """A breach is restated as none."""
    BREACHED_AFTER_ALL = "breached-after-all"
    """What was restated as no breach is restated as one."""
    RENEWAL = "renewal"
    LAPSE = "lapse"
    REVERSED_LAPSE = "reversed-lapse"
    CONTINUATION = "continuation"
    """The term ended, and another one of the licence goes on."""
    REMINDER = "reminder"
    COVER = "cover"
    """Who was refused is under cover after all."""
    TAKEN_BACK = "taken-back"
    """A ticket without a promise is withdrawn."""


A, F = Cancellation, LaterFact
_OFFERED = {F.RENEWAL: A.RENEWED, F.LAPSE: A.LAPSED, F.CONTINUATION: A.CONTINUED}
_LAPSED = {F.REVERSED_LAPSE: A.LAPSE_REVERSED}
UNTRUE: Mapping[str, Mapping[LaterFact, Cancellation]] = {
    "acknowledgement": {F.WITHDRAWAL: A.WITHDRAWN, F.PROMISE: A.PROMISED},
    "refusal": {F.COVER: A.RESTATED},
    "cover-restated": {F.TAKEN_BACK: A.WITHDRAWN},
    "cover-restated-centre": {F.TAKEN_BACK: A.WITHDRAWN},
    "warning": {
        F.ANSWER: A.ANSWERED,
        F.WITHDRAWAL: A.WITHDRAWN,
        F.MOVED_DEADLINE: A.DEADLINE_MOVED,
        F.BREACH: A.DEADLINE_PASSED,
    },
    "breach": {F.KEPT_AFTER_ALL: A.RESTATED},
    "restatement": {F.KEPT_AFTER_ALL: A.RESTATED, F.BREACHED_AFTER_ALL: A.RESTATED},
    "deadline-moved": {F.WITHDRAWAL: A.WITHDRAWN, F.MOVED_DEADLINE: A.DEADLINE_MOVED},
    "deadline-moved-centre": {
        F.ANSWER: A.ANSWERED,
        F.WITHDRAWAL: A.WITHDRAWN,
        F.MOVED_DEADLINE: A.DEADLINE_MOVED,
        F.BREACH: A.DEADLINE_PASSED,
    },
    "no-promise": {
        F.ANSWER: A.ANSWERED,
        F.WITHDRAWAL: A.WITHDRAWN,
        F.PROMISE: A.PROMISED,
        F.RECKONING: A.PROMISED,
    },
    "welcome": {},
    "renewal-offer": _OFFERED,
    "renewal-reminder": {**_OFFERED, F.REMINDER: A.REMINDED_LATER},
    "renewal": {},
    "lapse": _LAPSED,
    "lapse-subscription": _LAPSED,
    "lapse-reversed": {},
    "resubscription": {},
    "address-in-doubt": {},
}
"""Template -> later fact -> the cause with which it is cancelled.

An offer, a reminder and a lapse are untrue as well where a term of another contract of the licence goes on or takes it
up again, whichever is known first, and a reminder where the customer wants none any more.
"""
TRUE_AGAIN: Mapping[str, LaterFact] = {"breach": LaterFact.BREACHED_AFTER_ALL}
"""Template -> the later fact that makes it true again, if it was not cancelled meanwhile."""
_PUBLISHED = {RetargetCause.CLOSURE, RetargetCause.OPENING, RetargetCause.CALENDAR, RetargetCause.TZ_VERSION}


def later_facts(event: SlaEvent | ContractEvent) -> Iterator[LaterFact]:
    """The facts in an event of a promise or a contract that may make notices about earlier events untrue."""
    match event:
        case ContractRenewed():
            yield LaterFact.RENEWAL
            if event.reverses_lapse_at is not None:
                yield LaterFact.REVERSED_LAPSE
        case ContractLapsed():
            yield LaterFact.LAPSE
        case ContractContinued():
            yield LaterFact.CONTINUATION
        case RenewalReminded():
            yield LaterFact.REMINDER
        case ContractActivated() | ContractRefused() | RenewalOffered() | RenewalReminderSkipped():
            return
        case SignatureRefused() | ContractResubscribed() | ResubscriptionUndone() | TermBegan():
            return
        case FirstResponseMet() | LaterResponseNoted() | ResponseNotApplied(reason=NotAResponse.NO_PROMISE):
            yield LaterFact.ANSWER
        case FirstResponseCancelled(cause=cause) | CancellationNoted(cause=cause):
            if cause is CancellationCause.WITHDRAWN:
                yield LaterFact.WITHDRAWAL
        case FirstResponseClockStarted():
            yield LaterFact.PROMISE
        case FirstResponseRetargeted(certificate=certificate, was_due_at=was_due_at):
            if certificate.due_at != was_due_at:
                yield LaterFact.MOVED_DEADLINE
            if certificate.changes and certificate.changes[-1].cause in _PUBLISHED:
                yield LaterFact.RECKONING
        case FirstResponseBreached():
            yield LaterFact.BREACH
        case FirstResponseRestated() if is_corrected(event):
            is_breach = event.restated is Verdict.BREACHED
            yield LaterFact.BREACHED_AFTER_ALL if is_breach else LaterFact.KEPT_AFTER_ALL
        case FirstResponseRestated() | FirstResponseNotPromised() | FirstResponseNotRetargeted():
            return
        case FirstResponseAtRisk() | FirstResponseReinstated() | ReinstatementNotApplied() | MergeNoted():
            return
        case ResponseNotApplied() | CallNoted() | InternalTargetSet() | InternalTargetNotSet():
            return
        case CyclesReckoned() | CycleReckoned() | CycleTargetMissed():
            return
        case _:
            assert_never(event)


def later_facts_of_a_ticket(event: CoverRestated | ResponseRecorded | TicketWithdrawn) -> Iterator[LaterFact]:
    """The facts in an event of a ticket that may make notices about earlier events untrue.

    Answers are told as they stand.
    """
    match event:
        case CoverRestated():
            yield LaterFact.COVER
        case TicketWithdrawn():
            yield LaterFact.TAKEN_BACK
        case ResponseRecorded():
            return
        case _:
            assert_never(event)


def is_corrected(restated: FirstResponseRestated) -> bool:
    """Whether a restatement changes what people were told of a breach.

    It does where a breach that was told is none after all, or the other way round; what nobody was told of needs no
    correction.
    """
    if restated.promised is not Verdict.BREACHED or restated.stated is None:
        return False
    return (restated.stated is Verdict.BREACHED) is not (restated.restated is Verdict.BREACHED)
