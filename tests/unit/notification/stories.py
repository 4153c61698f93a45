"""Events of a notice that the tests begin with, and how long things take."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from libs.messages.base import PrivateKey
from libs.messages.notices import (
    DeliveryProblem,
    NoticeAmbiguous,
    NoticeClass,
    NoticeDeferred,
    NoticeFacts,
    NoticeHandingOver,
    NoticeRequested,
    NoticeRole,
    NoticeSent,
    Recipient,
)
from services.notification.domain import RequestNotice
from services.notification.notice.delivery import ClaimHandOver
from services.notification.notice.state import Claim

TUESDAY = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
MACHINE = datetime(2030, 1, 1, tzinfo=UTC)
"""The machine's clock shows another time than the plan's."""
SMTP_LIMIT = timedelta(minutes=5)
EVENT, TICKET = str(UUID(int=7)), "ticket/crm-eu/4711"
ANA = PrivateKey(person="person/crm-eu/ana", topic="olcare.tickets.in.v1", partition=3, offset=42)
TO_ANA, TO_FRANCE = Recipient(private=ANA), Recipient(centre="france")
FIRST, SECOND, THIRD = (Claim(str(UUID(int=life)), life) for life in (1, 2, 3))
"""Each attempt by another life of the process."""


def request(notice_class: NoticeClass = NoticeClass.ACKNOWLEDGEMENT) -> RequestNotice:
    to_the_centre = notice_class in {
        NoticeClass.BREACH,
        NoticeClass.RESTATEMENT,
        NoticeClass.WARNING,
        NoticeClass.NO_PROMISE,
    }
    return RequestNotice(
        occurred_at=TUESDAY,
        role=NoticeRole.CENTRE if to_the_centre else NoticeRole.REQUESTER,
        notice_class=notice_class,
        about_event=EVENT,
        about_stream=TICKET,
        about_sequence=1,
        recipient=TO_FRANCE if to_the_centre else TO_ANA,
        language="fr",
        template=notice_class.value,
        facts=NoticeFacts(ticket=TICKET, centre="france"),
        message_id="<1@olcare.example>",
    )


def requested(notice_class: NoticeClass = NoticeClass.ACKNOWLEDGEMENT) -> NoticeRequested:
    asked = request(notice_class)
    return NoticeRequested(
        requested_at=TUESDAY,
        role=asked.role,
        notice_class=notice_class,
        about_event=EVENT,
        about_stream=TICKET,
        about_sequence=1,
        recipient=asked.recipient,
        language="fr",
        template=asked.template,
        facts=asked.facts,
        message_id="<1@olcare.example>",
    )


def take(claim: Claim, at: datetime = TUESDAY) -> ClaimHandOver:
    return ClaimHandOver(at, claim, MACHINE)


def taken(claim: Claim, at: datetime = TUESDAY) -> NoticeHandingOver:
    return NoticeHandingOver(attempt=claim.attempt, process=claim.process, claimed_at=at, claimed_wall=MACHINE)


def sent(claim: Claim, at: datetime = TUESDAY) -> NoticeSent:
    return NoticeSent(attempt=claim.attempt, sent_at=at, smtp_code=250)


def deferred(claim: Claim, retry_at: datetime, at: datetime = TUESDAY) -> NoticeDeferred:
    return NoticeDeferred(
        attempt=claim.attempt, deferred_at=at, problem=DeliveryProblem.NO_CONNECTION, retry_at=retry_at
    )


def in_doubt(claim: Claim, *, will_resend: bool, at: datetime = TUESDAY) -> NoticeAmbiguous:
    return NoticeAmbiguous(attempt=claim.attempt, noticed_at=at, will_resend=will_resend)
