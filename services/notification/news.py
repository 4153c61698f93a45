"""Which events of other services somebody is told of."""

from libs.messages.catalogue import ContractsEvent, SlaEvent
from libs.messages.contracts import (
    ContractActivated,
    ContractContinued,
    ContractLapsed,
    ContractRefused,
    ContractRenewed,
    ContractResubscribed,
    CustomerChanged,
    CustomerRefused,
    CustomerRegistered,
    PersonErased,
    PersonErasureRefused,
    RemindersChosen,
    RenewalOffered,
    RenewalReminded,
    RenewalReminderSkipped,
    ResubscriptionUndone,
    SignatureRefused,
    TermBegan,
)
from libs.messages.cycles import CycleReckoned, CyclesReckoned, CycleTargetMissed
from libs.messages.entitlements import EntitlementsChanged
from libs.messages.licences import FirstTermNotBegun, LicenceOptionsAdded, LicenceRefused, LicenceRegistered
from libs.messages.sla import (
    CallNoted,
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
    NoPromise,
    ReinstatementNotApplied,
    ResponseNotApplied,
)
from libs.messages.tickets import (
    CoverRestated,
    CustomerCallRecorded,
    MergeUndone,
    MessageHeld,
    MessageRefused,
    NoteRecorded,
    ResponseRecorded,
    ResponseRefused,
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
)
from services.notification.truth import is_corrected

REQUESTERS_ADDRESS = "requester.email"
Foreign = TicketEvent | SlaEvent | ContractsEvent
News = (
    TicketOpened
    | FirstResponseClockStarted
    | TicketRefused
    | CoverRestated
    | FirstResponseAtRisk
    | FirstResponseBreached
    | FirstResponseRetargeted
    | FirstResponseNotPromised
    | FirstResponseNotRetargeted
    | FirstResponseRestated
    | ContractActivated
    | RenewalOffered
    | RenewalReminded
    | ContractRenewed
    | ContractLapsed
)
"""Events that somebody is told of."""
NO_NEWS = (
    *(ResponseRecorded, ResponseRefused, MessageHeld, MessageRefused, CustomerCallRecorded, NoteRecorded),
    *(TicketTransferred, TicketsMerged, MergeUndone, TicketPaused, TicketResumed, TicketReopened, TicketResolved),
    *(WorkExcluded, TicketWithdrawn, FirstResponseMet, FirstResponseCancelled, FirstResponseReinstated),
    *(LaterResponseNoted, ResponseNotApplied, CallNoted, CancellationNoted, ReinstatementNotApplied, MergeNoted),
    *(InternalTargetSet, InternalTargetNotSet, CyclesReckoned, CycleReckoned, CycleTargetMissed),
    *(CustomerRegistered, CustomerChanged, CustomerRefused, PersonErased, PersonErasureRefused),
    *(RemindersChosen, ContractRefused, ContractContinued, RenewalReminderSkipped, SignatureRefused),
    *(TermBegan, ContractResubscribed, ResubscriptionUndone),
    *(LicenceRegistered, LicenceOptionsAdded, LicenceRefused, FirstTermNotBegun, EntitlementsChanged),
)
"""All others."""


def news_of(event: Foreign) -> News | None:
    """The event where somebody is to be told of it, else None.

    Other grounds with the same deadline are not told, nor is a missing promise where one was made before and stands,
    nor a restatement that leaves a breach a breach, nor the opening of a ticket whose requester can be written to, nor
    a contract that was submitted as it stood.
    """
    match event:
        case TicketOpened() if not any(doubt.field == REQUESTERS_ADDRESS for doubt in event.doubts):
            return None
        case ContractActivated(term_kind=None):
            return None
        case FirstResponseRetargeted() if event.certificate.due_at == event.was_due_at:
            return None
        case FirstResponseRestated() if not is_corrected(event):
            return None
        case FirstResponseNotPromised(reason=reason) | FirstResponseNotRetargeted(reason=reason) if (
            reason is NoPromise.ALREADY_PROMISED
        ):
            return None
        case _:
            return None if isinstance(event, NO_NEWS) else event
