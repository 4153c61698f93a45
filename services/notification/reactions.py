"""Which notices an event of another service calls for.

Which notices there are, and their streams, follows from the event alone. Facts fill in the content only: language,
zone, and where the address of a customer's contact stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, assert_never

from pydantic import TypeAdapter

from libs.eventlog.commands import Reaction
from libs.eventlog.errors import Unavailable
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.base import PrivateKey
from libs.messages.certificates import RetargetCause
from libs.messages.clauses import Clause
from libs.messages.contracts import ContractLapsed
from libs.messages.notices import NoticeClass, NoticeFacts, NoticeRole, Recipient
from libs.messages.refusals import Contact
from libs.messages.sla import (
    FirstResponseAtRisk,
    FirstResponseBreached,
    FirstResponseClockStarted,
    FirstResponseNotPromised,
    FirstResponseNotRetargeted,
    FirstResponseRestated,
    FirstResponseRetargeted,
    NoPromise,
)
from libs.messages.streams import stream_id
from libs.messages.tickets import TicketOpened, TicketRefused
from services.notification.domain import RequestNotice
from services.notification.mail.languages import choose_language
from services.notification.news import Foreign, News, news_of

REQUEST = "RequestNotice"


@dataclass(frozen=True)
class CustomerFacts:
    """A customer's contact: where the address stands, the language, and whether a reseller stands between."""

    private: PrivateKey
    language: str
    reseller: str | None = None


@dataclass(frozen=True)
class CentreFacts:
    """A centre's language and zone."""

    language: str
    zone: str


@dataclass(frozen=True)
class RecipientFacts:
    """What our own tables say about the customer and the centres of an event; None where they know nothing."""

    customer: CustomerFacts | None = None
    centre: CentreFacts | None = None
    working_centre: CentreFacts | None = None


FACTS: TypeAdapter[RecipientFacts] = TypeAdapter(RecipientFacts)
NO_FACTS = RecipientFacts()


class FactsNeeded(NamedTuple):
    """The customer (stream id) and the centres that facts are wanted about."""

    customer: str | None
    centre: str | None
    working_centre: str | None = None


def facts_needed(event: RecordedEvent[Foreign]) -> FactsNeeded | None:
    """The facts that an event's notices are filled with; None where nobody is told of it."""
    news = news_of(event.data)
    if news is None:
        return None
    customer = news.customer if isinstance(news, ContractLapsed) else None
    return FactsNeeded(customer, news.centre, _working_centre(news))


def _working_centre(news: News) -> str | None:
    """The centre that has the ticket, where it is told beside the one that promised."""
    match news:
        case FirstResponseAtRisk() | FirstResponseBreached() | FirstResponseRestated():
            return news.transferred_to
        case _:
            return None


def react(event: RecordedEvent[Foreign], facts: RecipientFacts, mail_domain: str) -> Sequence[Reaction]:
    """Request the notices that an event calls for; raises Unavailable where a customer is not known here yet."""
    known, news = _Known(event, facts, mail_domain), news_of(event.data)
    match news:
        case None:
            return []
        case TicketOpened():
            return [_address_in_doubt(known, news)]
        case FirstResponseClockStarted():
            return [_acknowledgement(known, news)]
        case TicketRefused():
            return [_refusal(known, news)]
        case FirstResponseAtRisk():
            return _warning(known, news)
        case FirstResponseBreached():
            return _breach(known, news)
        case FirstResponseRestated():
            return _restatement(known, news)
        case FirstResponseRetargeted():
            return _deadline_moved(known, news)
        case FirstResponseNotPromised():
            return [_no_promise(known, news), *_acknowledgement_without_promise(known, news)]
        case FirstResponseNotRetargeted():
            return [_no_promise(known, news)]
        case ContractLapsed():
            return [_lapse(known, news)]
        case _:
            assert_never(news)


class _Known(NamedTuple):
    event: RecordedEvent[Foreign]
    facts: RecipientFacts
    mail_domain: str

    @property
    def zone(self) -> str | None:
        return self.facts.centre.zone if self.facts.centre else None

    def language(self, wish: str | None = None) -> str:
        """The recipient's own language, then the centre's, then English."""
        return choose_language(wish, self.facts.centre.language if self.facts.centre else None)


def _address_in_doubt(known: _Known, opened: TicketOpened) -> Reaction:
    """Tell the centre that the requester can be reached by telephone at most."""
    facts = NoticeFacts(
        ticket=known.event.stream,
        customer=opened.customer,
        centre=opened.centre,
        zone=known.zone,
        channel=opened.channel,
        opened_at=opened.opened_at,
    )
    return _to_the_centre(known, NoticeClass.ADDRESS_IN_DOUBT, opened.centre, facts)


def _acknowledgement(known: _Known, started: FirstResponseClockStarted) -> Reaction:
    facts = NoticeFacts(
        ticket=started.ticket,
        customer=started.customer,
        centre=started.centre,
        zone=started.certificate.zone,
        channel=started.channel,
        opened_at=started.certificate.opened_at,
        due_at=started.certificate.due_at,
    )
    kind, language = NoticeClass.ACKNOWLEDGEMENT, known.language(started.language)
    return _request(known, NoticeRole.REQUESTER, kind, Recipient(private=started.private), language, facts)


def _acknowledgement_without_promise(known: _Known, missing: FirstResponseNotPromised) -> list[Reaction]:
    """Whoever asks hears that the ticket came, also where no deadline can be given."""
    if missing.private is None:
        return []
    facts = NoticeFacts(
        ticket=missing.ticket,
        customer=missing.customer,
        centre=missing.centre,
        zone=known.zone,
        channel=missing.channel,
        opened_at=missing.opened_at,
    )
    kind, language = NoticeClass.ACKNOWLEDGEMENT, known.language(missing.language)
    return [_request(known, NoticeRole.REQUESTER, kind, Recipient(private=missing.private), language, facts)]


def _refusal(known: _Known, refused: TicketRefused) -> Reaction:
    facts = NoticeFacts(
        ticket=known.event.stream,
        customer=refused.customer,
        centre=refused.centre,
        zone=known.zone,
        channel=refused.channel,
        product=refused.product,
        version=refused.version,
        opened_at=refused.opened_at,
        reason=str(refused.reason),
        clause=refused.clause,
        contact=refused.contact,
    )
    kind, language = NoticeClass.REFUSAL, known.language(refused.language)
    return _request(known, NoticeRole.REQUESTER, kind, Recipient(private=refused.private), language, facts)


def _warning(known: _Known, at_risk: FirstResponseAtRisk) -> list[Reaction]:
    facts = NoticeFacts(
        ticket=at_risk.ticket,
        customer=at_risk.customer,
        centre=at_risk.centre,
        zone=known.zone,
        channel=at_risk.channel,
        at_risk_at=at_risk.at_risk_at,
        due_at=at_risk.due_at,
    )
    return _to_the_centres(known, NoticeClass.WARNING, at_risk, facts)


def _breach(known: _Known, breached: FirstResponseBreached) -> list[Reaction]:
    facts = NoticeFacts(
        ticket=breached.ticket,
        customer=breached.customer,
        centre=breached.centre,
        zone=known.zone,
        channel=breached.channel,
        due_at=breached.due_at,
        breached_at=breached.breached_at,
        responded_at=breached.responded_at,
    )
    return _to_the_centres(known, NoticeClass.BREACH, breached, facts)


def _restatement(known: _Known, restated: FirstResponseRestated) -> list[Reaction]:
    """Tell whoever was told of the breach what it is by all that is known now."""
    facts = NoticeFacts(
        ticket=restated.ticket,
        customer=restated.customer,
        centre=restated.centre,
        zone=known.zone,
        channel=restated.channel,
        due_at=restated.restated_due_at,
        was_due_at=restated.due_at,
        responded_at=restated.responded_at,
        reason=str(restated.restated),
    )
    return _to_the_centres(known, NoticeClass.RESTATEMENT, restated, facts)


def _deadline_moved(known: _Known, retargeted: FirstResponseRetargeted) -> list[Reaction]:
    """Tell the requester, who was told the deadline of before, and the centre, which must answer by the new one."""
    facts = NoticeFacts(
        ticket=retargeted.ticket,
        customer=retargeted.customer,
        centre=retargeted.centre,
        zone=known.zone or retargeted.certificate.zone,
        channel=retargeted.channel,
        due_at=retargeted.certificate.due_at,
        was_due_at=retargeted.was_due_at,
        reason=str(_cause(retargeted)),
    )
    kind, language = NoticeClass.DEADLINE_MOVED, known.language(retargeted.language)
    return [
        _request(known, NoticeRole.REQUESTER, kind, Recipient(private=retargeted.private), language, facts),
        _to_the_centre(known, kind, retargeted.centre, facts, template="deadline-moved-centre"),
    ]


def _cause(retargeted: FirstResponseRetargeted) -> RetargetCause:
    """The cause of the last change that moved the deadline in the direction of the whole move."""
    changes, was_due_at = retargeted.certificate.changes, retargeted.was_due_at
    is_later = retargeted.certificate.due_at > was_due_at
    moved = (change for change in reversed(changes) if change.due_at != change.was_due_at)
    return next((one for one in moved if (one.due_at > one.was_due_at) is is_later), changes[-1]).cause


def _no_promise(known: _Known, missing: FirstResponseNotPromised | FirstResponseNotRetargeted) -> Reaction:
    """Tell the centre, or operations where it has no calendar: then its mailbox is not known here either."""
    facts = NoticeFacts(
        ticket=missing.ticket,
        customer=missing.customer,
        centre=missing.centre,
        zone=known.zone,
        channel=missing.channel,
        opened_at=missing.opened_at if isinstance(missing, FirstResponseNotPromised) else None,
        due_at=missing.due_at if isinstance(missing, FirstResponseNotRetargeted) else None,
        reason=str(missing.reason),
    )
    if missing.reason is not NoPromise.NO_CALENDAR:
        return _to_the_centre(known, NoticeClass.NO_PROMISE, missing.centre, facts)
    role, recipient = NoticeRole.OPERATIONS, Recipient(operations=True)
    return _request(known, role, NoticeClass.NO_PROMISE, recipient, known.language(), facts)


def _lapse(known: _Known, lapsed: ContractLapsed) -> Reaction:
    customer = known.facts.customer
    if customer is None:
        raise Unavailable(f"{lapsed.customer} is not known here yet")
    facts = NoticeFacts(
        contract=lapsed.contract,
        customer=lapsed.customer,
        centre=lapsed.centre,
        zone=known.zone,
        last_day=lapsed.last_day,
        lapsed_at=lapsed.lapsed_at,
        clause=Clause.DEARER,
        contact=Contact.RESELLER if customer.reseller else Contact.REGIONAL_TEAM,
    )
    kind, language = NoticeClass.LAPSE, known.language(customer.language)
    return _request(known, NoticeRole.CUSTOMER, kind, Recipient(private=customer.private), language, facts)


def _to_the_centres(
    known: _Known,
    kind: NoticeClass,
    news: FirstResponseAtRisk | FirstResponseBreached | FirstResponseRestated,
    facts: NoticeFacts,
) -> list[Reaction]:
    """To the centre that promised and, after a transfer, to the one that has the ticket, in its own zone as well."""
    promised = _to_the_centre(known, kind, news.centre, facts)
    if news.transferred_to is None:
        return [promised]
    working = known.facts.working_centre
    language = choose_language(working.language if working else None)
    local = facts.model_copy(update={"centre": news.transferred_to, "zone": working.zone if working else facts.zone})
    recipient = Recipient(centre=news.transferred_to)
    return [promised, _request(known, NoticeRole.WORKING_CENTRE, kind, recipient, language, local)]


def _to_the_centre(
    known: _Known, kind: NoticeClass, centre: str, facts: NoticeFacts, template: str | None = None
) -> Reaction:
    return _request(known, NoticeRole.CENTRE, kind, Recipient(centre=centre), known.language(), facts, template)


def _request(
    known: _Known,
    role: NoticeRole,
    kind: NoticeClass,
    recipient: Recipient,
    language: str,
    facts: NoticeFacts,
    template: str | None = None,
) -> Reaction:
    """Request a notice; its template is that of its class unless another is named."""
    stream = stream_id("notice", known.event.id, role)
    command = RequestNotice(
        occurred_at=known.event.time,
        role=role,
        notice_class=kind,
        about_event=known.event.id,
        about_stream=known.event.stream,
        about_sequence=known.event.sequence,
        recipient=recipient,
        language=language,
        template=template or str(kind),
        facts=facts,
        message_id=f"<{known.event.id}.{role}@{known.mail_domain}>",
    )
    return Reaction(REQUEST, stream, command)
