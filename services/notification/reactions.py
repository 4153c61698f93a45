"""Which notices an event of another service calls for.

Which notices there are, and their streams, follows from the event alone. Facts fill in the content only: language,
zone, and where the address of a customer's contact stands.
"""

from collections.abc import Sequence
from typing import NamedTuple, assert_never

from pydantic import TypeAdapter

from libs.eventlog.commands import Reaction
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.certificates import RetargetCause
from libs.messages.contracts import (
    ContractActivated,
    ContractLapsed,
    ContractRenewed,
    RenewalOffered,
    RenewalReminded,
)
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
from libs.messages.tickets import CoverRestated, TicketOpened, TicketRefused
from services.notification.mail.languages import choose_language, choose_territory
from services.notification.news import Foreign, News, news_of
from services.notification.requests import KnownEvent, RecipientFacts, request, to_the_centre
from services.notification.terms import TermNews, about_a_term

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
    customer = news.customer if isinstance(news, TermNews | TicketRefused) else None
    return FactsNeeded(customer, news.centre, _working_centre(news))


def _working_centre(news: News) -> str | None:
    """The centre that has the ticket, where it is told beside the one that promised."""
    match news:
        case FirstResponseAtRisk() | FirstResponseBreached() | FirstResponseRestated():
            return news.transferred_to
        case TicketOpened() | TicketRefused() | CoverRestated():
            return None
        case FirstResponseClockStarted() | FirstResponseRetargeted():
            return None
        case FirstResponseNotPromised() | FirstResponseNotRetargeted():
            return None
        case ContractActivated() | RenewalOffered() | RenewalReminded() | ContractRenewed() | ContractLapsed():
            return None
        case _:
            assert_never(news)


def react(event: RecordedEvent[Foreign], facts: RecipientFacts, mail_domain: str) -> Sequence[Reaction]:
    """Request the notices that an event calls for; raises Unavailable where a customer is not known here yet."""
    known, news = KnownEvent(event, facts, mail_domain), news_of(event.data)
    match news:
        case None:
            return []
        case TicketOpened():
            return [_address_in_doubt(known, news)]
        case FirstResponseClockStarted():
            return [_acknowledgement(known, news)]
        case TicketRefused():
            return [_refusal(known, news)]
        case CoverRestated():
            return _cover_restated(known, news)
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
        case ContractActivated() | RenewalOffered() | RenewalReminded() | ContractRenewed() | ContractLapsed():
            return [about_a_term(known, news)]
        case _:
            assert_never(news)


def _address_in_doubt(known: KnownEvent, opened: TicketOpened) -> Reaction:
    """Tell the centre that the requester can be reached by telephone at most."""
    facts = NoticeFacts(
        ticket=known.event.stream,
        customer=opened.customer,
        centre=opened.centre,
        zone=known.zone,
        channel=opened.channel,
        opened_at=opened.opened_at,
    )
    return to_the_centre(known, NoticeClass.ADDRESS_IN_DOUBT, opened.centre, facts)


def _acknowledgement(known: KnownEvent, started: FirstResponseClockStarted) -> Reaction:
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
    return request(
        known,
        NoticeRole.REQUESTER,
        kind,
        Recipient(private=started.private),
        language,
        facts,
        territory=choose_territory(started.language),
    )


def _acknowledgement_without_promise(known: KnownEvent, missing: FirstResponseNotPromised) -> list[Reaction]:
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
    return [
        request(
            known,
            NoticeRole.REQUESTER,
            kind,
            Recipient(private=missing.private),
            language,
            facts,
            territory=choose_territory(missing.language),
        )
    ]


def _refusal(known: KnownEvent, refused: TicketRefused) -> Reaction:
    """Tell the requester why; the reseller is named where the customer is known here, and waited for by nobody."""
    customer = known.facts.customer
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
        reseller=customer.reseller if customer and refused.contact is Contact.RESELLER else None,
        price=refused.price_to_return,
    )
    kind, language = NoticeClass.REFUSAL, known.language(refused.language)
    return request(
        known,
        NoticeRole.REQUESTER,
        kind,
        Recipient(private=refused.private),
        language,
        facts,
        territory=choose_territory(refused.language),
    )


def _cover_restated(known: KnownEvent, restated: CoverRestated) -> list[Reaction]:
    """Tell the requester, who was refused, and the centre, which has one ticket more."""
    facts = NoticeFacts(
        ticket=known.event.stream,
        customer=restated.customer,
        contract=restated.cover.contract,
        centre=restated.centre,
        zone=known.zone,
        channel=restated.channel,
        opened_at=restated.opened_at,
    )
    kind, language, whom = NoticeClass.COVER_RESTATED, known.language(restated.language), restated.private
    territory = choose_territory(restated.language)
    return [
        request(known, NoticeRole.REQUESTER, kind, Recipient(private=whom), language, facts, territory=territory),
        to_the_centre(known, kind, restated.centre, facts, template="cover-restated-centre"),
    ]


def _warning(known: KnownEvent, at_risk: FirstResponseAtRisk) -> list[Reaction]:
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


def _breach(known: KnownEvent, breached: FirstResponseBreached) -> list[Reaction]:
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


def _restatement(known: KnownEvent, restated: FirstResponseRestated) -> list[Reaction]:
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


def _deadline_moved(known: KnownEvent, retargeted: FirstResponseRetargeted) -> list[Reaction]:
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
        request(
            known,
            NoticeRole.REQUESTER,
            kind,
            Recipient(private=retargeted.private),
            language,
            facts,
            territory=choose_territory(retargeted.language),
        ),
        to_the_centre(known, kind, retargeted.centre, facts, template="deadline-moved-centre"),
    ]


def _cause(retargeted: FirstResponseRetargeted) -> RetargetCause:
    """The cause of the last change that moved the deadline in the direction of the whole move.

    A certificate without changes is that of the ticket alone: what an absorbed one was changed by is the cause then.
    Where that was not changed either, the merge is undone.
    """
    beside = (change for one in retargeted.absorbed for change in one.certificate.changes)
    changes, was_due_at = retargeted.certificate.changes or tuple(beside), retargeted.was_due_at
    is_later = retargeted.certificate.due_at > was_due_at
    moved = (change for change in reversed(changes) if change.due_at != change.was_due_at)
    found = next((one.cause for one in moved if (one.due_at > one.was_due_at) is is_later), None)
    return found or (changes[-1].cause if changes else RetargetCause.MERGE_UNDONE)


def _no_promise(known: KnownEvent, missing: FirstResponseNotPromised | FirstResponseNotRetargeted) -> Reaction:
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
        return to_the_centre(known, NoticeClass.NO_PROMISE, missing.centre, facts)
    role, recipient = NoticeRole.OPERATIONS, Recipient(operations=True)
    return request(known, role, NoticeClass.NO_PROMISE, recipient, known.language(), facts)


def _to_the_centres(
    known: KnownEvent,
    kind: NoticeClass,
    news: FirstResponseAtRisk | FirstResponseBreached | FirstResponseRestated,
    facts: NoticeFacts,
) -> list[Reaction]:
    """To the centre that promised and, after a transfer, to the one that has the ticket, in its own zone as well."""
    promised = to_the_centre(known, kind, news.centre, facts)
    if news.transferred_to is None:
        return [promised]
    working = known.facts.working_centre
    language = choose_language(working.language if working else None)
    local = facts.model_copy(update={"centre": news.transferred_to, "zone": working.zone if working else facts.zone})
    recipient = Recipient(centre=news.transferred_to)
    return [promised, request(known, NoticeRole.WORKING_CENTRE, kind, recipient, language, local)]
