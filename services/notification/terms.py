"""What a customer is told of its contracts: their beginning, offers and reminders, renewals, lapses and their reversal.

Whoever is named for renewals is written to, else the main contact. Who helps is named in each: the reseller, of whom
nothing but a reference is known, or the team of the region.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, assert_never

from libs.eventlog.commands import Reaction
from libs.eventlog.errors import Unavailable
from libs.messages.clauses import Clause
from libs.messages.contracts import (
    ContractActivated,
    ContractLapsed,
    ContractRenewed,
    RenewalOffered,
    RenewalReminded,
    TermKind,
)
from libs.messages.licences import LicenceKind
from libs.messages.notices import NoticeClass, NoticeFacts, NoticeRole, Recipient
from libs.messages.refusals import Contact
from services.notification.domain import RequestNotice
from services.notification.mail.languages import choose_language, choose_territory
from services.notification.requests import CustomerFacts, KnownEvent, RecipientFacts, request

TermNews = ContractActivated | RenewalOffered | RenewalReminded | ContractRenewed | ContractLapsed


def about_a_term(known: KnownEvent, news: TermNews) -> Reaction:
    """Tell the customer; raises Unavailable where it is not known here yet."""
    match news:
        case ContractActivated(term_kind=TermKind.RESUBSCRIPTION):
            return _tell(known, news, NoticeClass.RESUBSCRIPTION, _of_a_beginning(known, news))
        case ContractActivated():
            return _tell(known, news, NoticeClass.WELCOME, _of_a_beginning(known, news))
        case RenewalOffered():
            return _tell(known, news, NoticeClass.RENEWAL_OFFER, _of_an_offer(news), not_before=news.mail_at)
        case RenewalReminded():
            return _tell(known, news, NoticeClass.RENEWAL_REMINDER, _of_a_reminder(news), not_before=news.mail_at)
        case ContractRenewed(reverses_lapse_at=None):
            return _tell(known, news, NoticeClass.RENEWAL, _of_a_renewal(news))
        case ContractRenewed():
            return _tell(known, news, NoticeClass.LAPSE_REVERSED, _of_a_renewal(news))
        case ContractLapsed():
            return _lapse(known, news)
        case _:
            assert_never(news)


def _of_a_beginning(known: KnownEvent, begun: ContractActivated) -> NoticeFacts:
    return NoticeFacts(
        contract=known.event.stream,
        zone=begun.zone,
        licence_kind=begun.licence_kind,
        first_day=begun.first_day,
        last_day=begun.last_day,
        price=begun.price,
        follows=begun.follows,
        clause=_clause(begun),
    )


def _clause(begun: ContractActivated) -> Clause:
    if begun.term_kind is TermKind.RESUBSCRIPTION:
        return Clause.DEARER
    included = begun.licence_kind is LicenceKind.SUBSCRIPTION
    return Clause.SUBSCRIPTION_LICENCE if included else Clause.COMPULSORY_FIRST_YEAR


def _of_an_offer(offered: RenewalOffered) -> NoticeFacts:
    return NoticeFacts(
        contract=offered.contract,
        zone=offered.zone,
        form=offered.form,
        last_day=offered.last_day,
        first_day=offered.first_day,
        next_last_day=offered.next_last_day,
        price=offered.price,
        clause=Clause.DEARER,
    )


def _of_a_reminder(reminded: RenewalReminded) -> NoticeFacts:
    return NoticeFacts(
        contract=reminded.contract,
        zone=reminded.zone,
        form=reminded.form,
        last_day=reminded.last_day,
        days_before=reminded.days_before,
        price=reminded.price,
        clause=Clause.DEARER,
    )


def _of_a_renewal(renewed: ContractRenewed) -> NoticeFacts:
    return NoticeFacts(
        contract=renewed.contract,
        zone=renewed.zone,
        signed_on=renewed.signed_on,
        first_day=renewed.first_day,
        last_day=renewed.last_day,
        lapsed_at=renewed.reverses_lapse_at,
        price=renewed.price,
    )


def _lapse(known: KnownEvent, lapsed: ContractLapsed) -> Reaction:
    """A subscription licence that ended was not to be renewed, and has no price to come back."""
    included = lapsed.licence_kind is LicenceKind.SUBSCRIPTION
    facts = NoticeFacts(
        contract=lapsed.contract,
        zone=lapsed.zone or known.zone,
        licence_kind=lapsed.licence_kind,
        last_day=lapsed.last_day,
        lapsed_at=lapsed.lapsed_at,
        price=None if included else lapsed.price_to_return,
        clause=Clause.SUBSCRIPTION_LICENCE if included else Clause.DEARER,
    )
    template = "lapse-subscription" if included else None
    return _tell(known, lapsed, NoticeClass.LAPSE, facts, template, not_before=lapsed.mail_at)


def _tell(
    known: KnownEvent,
    news: TermNews,
    kind: NoticeClass,
    facts: NoticeFacts,
    template: str | None = None,
    *,
    not_before: datetime | None = None,
) -> Reaction:
    customer = known.facts.customer
    if customer is None:
        raise Unavailable(f"{news.customer} is not known here yet")
    about_renewals = not isinstance(news, ContractActivated)
    private = (customer.renewals if about_renewals else None) or customer.private
    whole = facts.model_copy(update=_parties(customer, news.customer, news.centre))
    return request(
        known,
        NoticeRole.CUSTOMER,
        kind,
        Recipient(private=private),
        known.language(customer.language),
        whole,
        template,
        territory=territory_of(customer),
        not_before=not_before,
    )


def _parties(customer: CustomerFacts, stream: str, centre: str) -> Mapping[str, Any]:
    """The customer, its centre, and who helps with renewals."""
    return {
        "customer": stream,
        "centre": centre,
        "contact": Contact.RESELLER if customer.reseller else Contact.REGIONAL_TEAM,
        "reseller": customer.reseller,
        "team": customer.team if customer.team != centre else None,
    }


def territory_of(customer: CustomerFacts) -> str | None:
    """The territory that its language names, else its country."""
    return choose_territory(customer.language) or customer.country


def take_back(row: Mapping[str, Any], facts: RecipientFacts, now: datetime, mail_domain: str) -> RequestNotice:
    """Say of a lapse that was told (a row of `lapses_to_take_back`) that there was none; the customer is known."""
    customer = facts.customer
    assert customer is not None  # noqa: S101 - the query has joined it
    told = NoticeFacts(
        contract=row["contract"],
        continued_by=row["continued_by"],
        zone=row["zone"],
        first_day=row["first_day"],
        last_day=row["last_day"],
        lapsed_at=row["lapsed_at"],
    )
    centre = facts.centre.language if facts.centre else None
    return RequestNotice(
        occurred_at=now,
        role=NoticeRole.CUSTOMER,
        notice_class=NoticeClass.LAPSE_REVERSED,
        about_event=row["event"],
        about_stream=row["continued_by"],
        about_sequence=row["sequence"],
        recipient=Recipient(private=customer.renewals or customer.private),
        language=choose_language(customer.language, centre),
        territory=territory_of(customer),
        template=str(NoticeClass.LAPSE_REVERSED),
        facts=told.model_copy(update=_parties(customer, row["customer"], row["centre"])),
        message_id=f"<{row['event']}.{NoticeRole.CUSTOMER}@{mail_domain}>",
    )
