from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from libs.eventlog.commands import Reaction
from libs.eventlog.errors import Unavailable
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.base import PrivateKey
from libs.messages.catalogue import CONTRACTS, EVENTS, SLA, TICKETS
from libs.messages.clauses import Clause
from libs.messages.contracts import ContractActivated
from libs.messages.notices import NoticeClass, NoticeRole, Recipient
from libs.messages.refusals import Contact
from libs.messages.sla import NoPromise, Verdict
from services.notification.domain import RequestNotice
from services.notification.reactions import FACTS, NO_FACTS, FactsNeeded, facts_needed, react
from services.notification.requests import REQUEST, CentreFacts, CustomerFacts, RecipientFacts
from tests.unit.notification.foreign import CONTACT, KNOWN, example
from tests.unit.recorded import recorded_event

PRICE = example("RenewalOffered").data.price
BEGINNINGS: Sequence[dict[str, Any]] = (
    {"term_kind": "first-year", "price": PRICE.model_dump()},
    {"term_kind": "subscription", "licence_kind": "subscription"},
    {"term_kind": "resubscription", "price": PRICE.model_dump(), "follows": "contract/erp/K-2000"},
)
STARTED, REFUSED = example("FirstResponseClockStarted"), example("TicketRefused")
AT_RISK, BREACHED, RESTATED = (
    example(f"FirstResponse{name}", transferred_to=None) for name in ("AtRisk", "Breached", "Restated")
)
LAPSED = example("ContractLapsed")
OFFERED, REMINDED = example("RenewalOffered"), example("RenewalReminded")
REVERSED, RENEWED = example("ContractRenewed"), example("ContractRenewed", reverses_lapse_at=None)
WELCOMED, INCLUDED, BACK = (example("ContractActivated", **changes) for changes in BEGINNINGS)
OF_A_CONTRACT = (WELCOMED, INCLUDED, BACK, OFFERED, REMINDED, RENEWED, REVERSED, LAPSED)
RETARGETED = example("FirstResponseRetargeted")
NOT_PROMISED, NOT_RETARGETED = example("FirstResponseNotPromised"), example("FirstResponseNotRetargeted")
TELLING = {
    "FirstResponseClockStarted": 1,
    "TicketRefused": 1,
    "FirstResponseAtRisk": 2,
    "FirstResponseBreached": 2,
    "FirstResponseRetargeted": 2,
    "FirstResponseNotPromised": 2,
    "FirstResponseRestated": 2,
    "FirstResponseNotRetargeted": 1,
    "ContractLapsed": 1,
    "CoverRestated": 2,
    "RenewalOffered": 1,
    "RenewalReminded": 1,
    "ContractRenewed": 1,
}
REACTED_TO = sorted(event.__name__ for topic in (TICKETS, SLA, CONTRACTS) for event in EVENTS[topic])


def asked_for(event: RecordedEvent, facts: RecipientFacts = KNOWN) -> RequestNotice:
    (reaction,) = react(event, facts, "olcare.example")
    assert reaction.name == REQUEST
    assert isinstance(reaction.command, RequestNotice)
    return reaction.command


def all_asked_for(event: RecordedEvent, facts: RecipientFacts = KNOWN) -> list[RequestNotice]:
    commands = [reaction.command for reaction in react(event, facts, "olcare.example")]
    notices = [command for command in commands if isinstance(command, RequestNotice)]
    assert len(notices) == len(commands)
    return notices


def test_the_requester_hears_that_the_ticket_came_and_by_when_it_is_answered() -> None:
    notice = asked_for(STARTED)
    assert (notice.role, notice.notice_class) == (NoticeRole.REQUESTER, NoticeClass.ACKNOWLEDGEMENT)
    assert notice.recipient == Recipient(private=STARTED.data.private)
    assert notice.facts.due_at == STARTED.data.certificate.due_at
    assert notice.facts.zone == "Europe/Paris"


def test_the_requester_hears_why_no_ticket_was_opened_and_whom_to_contact() -> None:
    notice = asked_for(REFUSED)
    assert (notice.role, notice.notice_class) == (NoticeRole.REQUESTER, NoticeClass.REFUSAL)
    assert notice.facts.ticket == REFUSED.stream
    assert (notice.facts.reason, notice.facts.clause) == ("cover-lapsed", Clause.NOT_COVERED)
    assert notice.facts.contact is Contact.RESELLER
    assert facts_needed(REFUSED) == FactsNeeded(REFUSED.data.customer, REFUSED.data.centre)


@pytest.mark.parametrize(("contact", "named"), [("reseller", "revendeur-7"), ("regional-team", None)])
def test_a_refusal_names_the_reseller_where_it_sends_there(contact: str, named: str | None) -> None:
    refused = example("TicketRefused", contact=contact)
    bought = replace(KNOWN, customer=CustomerFacts(private=REFUSED.data.private, language="fr", reseller="revendeur-7"))
    assert asked_for(refused, bought).facts.reseller == named
    assert asked_for(refused, replace(KNOWN, customer=None)).facts.reseller is None


def test_who_was_refused_and_the_centre_hear_that_the_ticket_is_covered_after_all() -> None:
    restated = example("CoverRestated")
    to_the_requester, to_the_centre = all_asked_for(restated)
    assert to_the_requester.recipient == Recipient(private=restated.data.private)
    assert to_the_centre.recipient == Recipient(centre="france")
    assert {each.notice_class for each in (to_the_requester, to_the_centre)} == {NoticeClass.COVER_RESTATED}
    assert to_the_centre.template == "cover-restated-centre"
    assert to_the_requester.facts.opened_at == restated.data.opened_at


def test_a_refusal_says_what_it_costs_to_come_back() -> None:
    assert asked_for(example("TicketRefused", price_to_return=PRICE.model_dump())).facts.price == PRICE


def test_the_centre_hears_of_a_promise_at_risk() -> None:
    notice = asked_for(AT_RISK)
    assert (notice.role, notice.notice_class) == (NoticeRole.CENTRE, NoticeClass.WARNING)
    assert notice.recipient == Recipient(centre="france")


def test_the_centre_hears_of_a_breach() -> None:
    notice = asked_for(BREACHED)
    assert (notice.role, notice.notice_class) == (NoticeRole.CENTRE, NoticeClass.BREACH)
    assert notice.facts.breached_at == BREACHED.data.due_at


@pytest.mark.parametrize("event", [AT_RISK, BREACHED, RESTATED])
def test_after_a_transfer_the_centre_that_has_the_ticket_hears_of_it_too_in_its_own_words(event: RecordedEvent) -> None:
    moved = recorded_event(event.stream, 1, event.data.model_copy(update={"transferred_to": "united-kingdom"}))
    assert facts_needed(moved) == FactsNeeded(None, "france", "united-kingdom")
    known = replace(KNOWN, working_centre=CentreFacts("en", "Europe/London"))
    promised, working = all_asked_for(moved, known)
    assert (promised.role, promised.facts) == (NoticeRole.CENTRE, asked_for(event).facts)
    assert (working.role, working.recipient) == (NoticeRole.WORKING_CENTRE, Recipient(centre="united-kingdom"))
    assert (working.language, working.facts.zone, working.facts.centre) == ("en", "Europe/London", "united-kingdom")
    assert (working.notice_class, working.template) == (promised.notice_class, promised.template)


def test_whoever_was_told_of_a_breach_hears_that_it_is_restated_as_none() -> None:
    notice = asked_for(RESTATED)
    assert (notice.role, notice.notice_class) == (NoticeRole.CENTRE, NoticeClass.RESTATEMENT)
    assert (notice.facts.reason, notice.facts.responded_at) == ("met", RESTATED.data.responded_at)
    assert (notice.facts.was_due_at, notice.facts.due_at) == (RESTATED.data.due_at, RESTATED.data.restated_due_at)


@pytest.mark.parametrize("promised", Verdict)
@pytest.mark.parametrize("stated", [None, *Verdict])
@pytest.mark.parametrize("restated", Verdict)
def test_a_restatement_is_news_where_a_breach_is_none_after_all_or_one_after_all(
    promised: Verdict, stated: Verdict | None, restated: Verdict
) -> None:
    """What was written before did not say what was held until then: nobody is told of it now."""
    event = example("FirstResponseRestated", promised=promised, stated=stated, restated=restated, transferred_to=None)
    is_news = (
        promised is Verdict.BREACHED
        and stated is not None
        and (Verdict.BREACHED in {stated, restated})
        and stated is not restated
    )
    assert len(react(event, KNOWN, "olcare.example")) == int(is_news)


def test_the_requester_and_the_centre_hear_of_a_deadline_that_moved() -> None:
    to_the_requester, to_the_centre = all_asked_for(RETARGETED)
    assert (to_the_requester.role, to_the_centre.role) == (NoticeRole.REQUESTER, NoticeRole.CENTRE)
    assert to_the_requester.recipient == Recipient(private=RETARGETED.data.private)
    assert to_the_centre.recipient == Recipient(centre="france")
    assert (to_the_requester.template, to_the_centre.template) == ("deadline-moved", "deadline-moved-centre")
    assert to_the_requester.facts == to_the_centre.facts
    facts = to_the_requester.facts
    assert (facts.was_due_at, facts.due_at) == (RETARGETED.data.was_due_at, RETARGETED.data.certificate.due_at)
    assert (facts.reason, facts.zone) == ("closure", "Europe/Paris")


def test_nobody_hears_of_other_grounds_for_the_same_deadline() -> None:
    same = example("FirstResponseRetargeted", was_due_at=RETARGETED.data.certificate.due_at)
    assert react(same, KNOWN, "olcare.example") == []
    assert facts_needed(same) is None


def test_of_several_changes_the_last_one_that_moved_it_the_same_way_is_the_reason() -> None:
    def because(*changes: tuple[str, str, str]) -> str | None:
        was, due = changes[0][1], changes[-1][2]
        [template] = RETARGETED.data.certificate.changes
        made = [
            {**template.model_dump(), "cause": cause, "was_due_at": at(before), "due_at": at(after)}
            for cause, before, after in changes
        ]
        certificate = {**RETARGETED.data.certificate.model_dump(), "changes": made, "due_at": at(due)}
        event = example("FirstResponseRetargeted", certificate=certificate, was_due_at=at(was))
        return all_asked_for(event)[0].facts.reason

    def at(clock: str) -> str:
        return f"2026-11-30T{clock}:00Z"

    assert because(("closure", "10:00", "14:00"), ("opening", "14:00", "12:00")) == "closure"
    assert because(("opening", "14:00", "12:00"), ("closure", "12:00", "13:00")) == "opening"
    assert because(("shorter-target", "14:00", "12:00"), ("calendar", "12:00", "12:00")) == "shorter-target"
    assert because(("closure", "10:00", "14:00"), ("call", "14:00", "09:00")) == "call"


def test_a_deadline_that_is_the_ticket_s_own_again_is_told_of_with_what_moved_the_other_one() -> None:
    """The certificate has no change then: it stands as it was made."""
    alone = {**RETARGETED.data.certificate.model_dump(), "changes": []}
    absorbed = {
        "ticket": "ticket/crm-eu/4712",
        "merged_at": RETARGETED.data.certificate.opened_at,
        "certificate": RETARGETED.data.certificate.model_dump(),
    }
    earlier = RETARGETED.data.certificate.opened_at
    moved = example("FirstResponseRetargeted", certificate=alone, was_due_at=earlier, absorbed=[absorbed])
    undone = example("FirstResponseRetargeted", certificate=alone, was_due_at=earlier, absorbed=[])
    reasons = [{notice.facts.reason for notice in all_asked_for(event)} for event in (moved, undone)]
    assert reasons == [{"closure"}, {"merge-undone"}]


def test_a_deadline_that_another_ticket_brought_is_told_to_the_survivor_s_requester_in_its_centres_time() -> None:
    certificate = {**RETARGETED.data.certificate.model_dump(), "centre": "japan", "zone": "Asia/Tokyo"}
    notices = all_asked_for(example("FirstResponseRetargeted", certificate=certificate))
    assert {(notice.facts.centre, notice.facts.zone) for notice in notices} == {("france", "Europe/Paris")}
    assert notices[1].recipient == Recipient(centre="france")


def test_the_centre_hears_of_a_ticket_without_a_promise_and_why() -> None:
    notice, _ = all_asked_for(NOT_PROMISED)
    assert (notice.role, notice.notice_class) == (NoticeRole.CENTRE, NoticeClass.NO_PROMISE)
    assert notice.recipient == Recipient(centre="france")
    assert (notice.facts.reason, notice.facts.channel) == ("calendar-ends", "web")
    assert (notice.facts.opened_at, notice.facts.due_at) == (NOT_PROMISED.data.opened_at, None)


def test_the_requester_of_a_ticket_without_a_promise_hears_that_it_came_and_no_deadline() -> None:
    _, notice = all_asked_for(NOT_PROMISED)
    assert (notice.role, notice.notice_class) == (NoticeRole.REQUESTER, NoticeClass.ACKNOWLEDGEMENT)
    assert notice.recipient == Recipient(private=NOT_PROMISED.data.private)
    assert (notice.facts.opened_at, notice.facts.due_at) == (NOT_PROMISED.data.opened_at, None)


def test_where_nothing_was_written_of_the_requester_the_centre_alone_hears_of_it() -> None:
    before = example("FirstResponseNotPromised", private=None, language=None)
    assert asked_for(before).role is NoticeRole.CENTRE


def test_the_centre_hears_of_a_promise_for_which_no_new_deadline_can_be_given() -> None:
    notice = asked_for(NOT_RETARGETED)
    assert (notice.role, notice.notice_class) == (NoticeRole.CENTRE, NoticeClass.NO_PROMISE)
    assert (notice.facts.reason, notice.facts.due_at) == ("calendar-ends", NOT_RETARGETED.data.due_at)


def test_operations_hear_of_a_ticket_for_a_centre_of_which_nothing_is_published() -> None:
    notice, _ = all_asked_for(example("FirstResponseNotPromised", reason="no-calendar"), NO_FACTS)
    assert (notice.role, notice.recipient) == (NoticeRole.OPERATIONS, Recipient(operations=True))
    assert (notice.facts.centre, notice.facts.zone, notice.language) == ("france", None, "en")


def test_who_hears_of_a_missing_promise_follows_from_its_reason() -> None:
    told = {
        reason: [reaction.stream.rpartition("/")[2] for reaction in react(missing(reason), KNOWN, "olcare.example")]
        for reason in NoPromise
    }
    assert told.pop(NoPromise.ALREADY_PROMISED) == []
    assert told.pop(NoPromise.NO_CALENDAR) == ["operations", "requester"]
    assert set(map(tuple, told.values())) == {("centre", "requester")}


def missing(reason: str) -> RecordedEvent:
    return example("FirstResponseNotPromised", reason=reason)


TOLD_AS = {
    NoticeClass.WELCOME: WELCOMED,
    NoticeClass.RESUBSCRIPTION: BACK,
    NoticeClass.RENEWAL_OFFER: OFFERED,
    NoticeClass.RENEWAL_REMINDER: REMINDED,
    NoticeClass.RENEWAL: RENEWED,
    NoticeClass.LAPSE_REVERSED: REVERSED,
    NoticeClass.LAPSE: LAPSED,
}
RENEWALS = PrivateKey(person="person/erp/c-90", topic="olcare.contracts.in.v1", partition=4, offset=13)
OTHER_PERSON = replace(KNOWN, customer=CustomerFacts(CONTACT, "fr", renewals=RENEWALS, country="BE", team="benelux"))


@pytest.mark.parametrize("kind", TOLD_AS)
def test_the_customer_is_told_of_each_thing_in_the_life_of_a_contract(kind: NoticeClass) -> None:
    event = TOLD_AS[kind]
    notice = asked_for(event)
    assert (notice.role, notice.notice_class, notice.template) == (NoticeRole.CUSTOMER, kind, kind)
    assert (notice.facts.contract, notice.facts.customer) == ("contract/erp/K-2001", "customer/erp/C-1001")
    assert (notice.facts.centre, notice.facts.zone) == ("france", "Europe/Paris")
    assert (notice.facts.contact, notice.facts.reseller) == (Contact.RESELLER, "revendeur-7")
    assert notice.facts.last_day == event.data.last_day
    assert notice.facts.price == getattr(event.data, "price", None)


def test_a_subscription_licence_is_welcomed_too_and_ends_without_a_price() -> None:
    assert asked_for(INCLUDED).notice_class is NoticeClass.WELCOME
    assert asked_for(INCLUDED).facts.clause is Clause.SUBSCRIPTION_LICENCE
    price = PRICE.model_dump()
    ended = asked_for(example("ContractLapsed", licence_kind="subscription", price_to_return=price))
    assert (ended.notice_class, ended.template) == (NoticeClass.LAPSE, "lapse-subscription")
    assert (ended.facts.price, ended.facts.clause) == (None, Clause.SUBSCRIPTION_LICENCE)


def test_a_contract_that_was_submitted_as_it_stood_is_welcomed_by_nobody() -> None:
    assert react(example("ContractActivated", term_kind=None), KNOWN, "olcare.example") == []


@pytest.mark.parametrize("event", OF_A_CONTRACT)
def test_whoever_is_named_for_renewals_hears_of_all_but_the_beginning(event: RecordedEvent) -> None:
    notice = asked_for(event, OTHER_PERSON)
    begins = isinstance(event.data, ContractActivated)
    assert notice.recipient == Recipient(private=CONTACT if begins else RENEWALS)


def test_who_helps_with_renewals_is_the_reseller_or_the_team_of_another_centre() -> None:
    facts = asked_for(OFFERED, OTHER_PERSON).facts
    assert (facts.contact, facts.reseller, facts.team) == (Contact.REGIONAL_TEAM, None, "benelux")
    at_home = replace(OTHER_PERSON, customer=CustomerFacts(CONTACT, "fr", team="france"))
    assert asked_for(OFFERED, at_home).facts.team is None


@pytest.mark.parametrize(("language", "territory"), [("fr", "BE"), ("fr-CA", "CA"), ("de-AT", "AT")])
def test_a_customers_dates_have_the_form_of_its_language_s_territory_else_of_its_country(
    language: str, territory: str
) -> None:
    assert OTHER_PERSON.customer is not None
    known = replace(OTHER_PERSON, customer=replace(OTHER_PERSON.customer, language=language))
    assert asked_for(OFFERED, known).territory == territory


@pytest.mark.parametrize(("language", "territory"), [("fr", None), ("fr-CA", "CA")])
def test_a_requester_s_dates_have_the_form_of_the_language_s_territory(language: str, territory: str | None) -> None:
    assert asked_for(example("FirstResponseClockStarted", language=language)).territory == territory


def test_offers_reminders_and_lapses_leave_at_the_next_opening_and_all_else_at_once() -> None:
    monday = "2027-06-01T07:00:00.000000Z"
    lapsed = example("ContractLapsed", mail_at=monday)
    assert asked_for(lapsed).not_before == lapsed.data.mail_at
    assert asked_for(OFFERED).not_before == OFFERED.data.mail_at
    assert asked_for(REMINDED).not_before == REMINDED.data.mail_at
    assert {asked_for(event).not_before for event in (WELCOMED, BACK, RENEWED, REVERSED, LAPSED, STARTED)} == {None}


@pytest.mark.parametrize("event", OF_A_CONTRACT)
def test_what_is_told_of_contracts_waits_until_the_customer_is_known(event: RecordedEvent) -> None:
    with pytest.raises(Unavailable):
        react(event, replace(KNOWN, customer=None), "olcare.example")


def test_the_customers_contact_hears_of_a_lapse() -> None:
    notice = asked_for(LAPSED)
    assert (notice.role, notice.notice_class) == (NoticeRole.CUSTOMER, NoticeClass.LAPSE)
    assert notice.recipient == Recipient(private=CONTACT)
    assert notice.facts.clause is Clause.DEARER
    assert notice.facts.contact is Contact.RESELLER


def test_a_customer_without_a_reseller_turns_to_the_regional_team() -> None:
    assert KNOWN.customer is not None
    direct = replace(KNOWN, customer=replace(KNOWN.customer, reseller=None))
    assert asked_for(LAPSED, direct).facts.contact is Contact.REGIONAL_TEAM


def test_the_centre_is_told_of_a_requester_who_can_not_be_written_to() -> None:
    doubtful = example("TicketOpened", doubts=[{"field": "requester.email", "code": "empty"}])
    notice = asked_for(doubtful)
    assert (notice.notice_class, notice.recipient) == (NoticeClass.ADDRESS_IN_DOUBT, Recipient(centre="france"))
    assert facts_needed(doubtful) == FactsNeeded(None, "france")
    other = example("TicketOpened", doubts=[{"field": "subject", "code": "too-long"}])
    assert (react(other, KNOWN, "olcare.example"), facts_needed(other)) == ([], None)


@pytest.mark.parametrize("name", REACTED_TO)
def test_nobody_is_told_of_anything_else(name: str) -> None:
    event = example(name)
    assert len(react(event, KNOWN, "olcare.example")) == TELLING.get(name, 0)
    assert (facts_needed(event) is not None) is (name in TELLING)


@pytest.mark.parametrize("event", [STARTED, REFUSED, AT_RISK, BREACHED, RESTATED, RETARGETED, NOT_PROMISED])
def test_the_notices_and_their_streams_follow_from_the_event_alone(event: RecordedEvent) -> None:
    def where(reactions: Sequence[Reaction]) -> list[tuple[str, str]]:
        return [(reaction.name, reaction.stream) for reaction in reactions]

    knowing = react(event, KNOWN, "olcare.example")
    unknowing = react(event, NO_FACTS, "elsewhere.example")
    assert where(knowing) == where(unknowing)


def test_a_notice_is_named_after_its_event_and_role() -> None:
    (reaction,) = react(BREACHED, KNOWN, "olcare.example")
    assert reaction.stream == f"notice/{BREACHED.id}/centre"
    assert asked_for(BREACHED).message_id == f"<{BREACHED.id}.centre@olcare.example>"
    assert (asked_for(BREACHED).about_stream, asked_for(BREACHED).about_sequence) == (BREACHED.stream, 1)


@pytest.mark.parametrize(
    ("own", "centre", "spoken"),
    [
        ("fr", "en", "fr"),
        ("fr-CA", "en", "fr"),
        ("en", "fr", "en"),
        ("de", "fr", "fr"),
        ("ja", "ja", "en"),
    ],
)
def test_the_recipients_language_comes_first_then_the_centres_then_english(own: str, centre: str, spoken: str) -> None:
    facts = RecipientFacts(centre=CentreFacts(centre, "Europe/Paris"))
    assert asked_for(example("FirstResponseClockStarted", language=own), facts).language == spoken


def test_a_centre_is_told_in_its_own_language() -> None:
    assert asked_for(BREACHED, RecipientFacts(centre=CentreFacts("fr", "Europe/Paris"))).language == "fr"
    assert asked_for(BREACHED, RecipientFacts(centre=CentreFacts("ja", "Asia/Tokyo"))).language == "en"


def test_only_what_is_told_of_contracts_asks_about_a_customer() -> None:
    for event in OF_A_CONTRACT:
        assert facts_needed(event) == FactsNeeded("customer/erp/C-1001", "france")
    assert facts_needed(BREACHED) == FactsNeeded(None, "france")


def test_facts_are_read_as_the_query_gives_them() -> None:
    assert FACTS.validate_json(FACTS.dump_json(KNOWN)) == KNOWN
    assert FACTS.validate_json('{"customer": null, "centre": null}') == NO_FACTS
