"""What customers read of their contracts, word for word, and that no text has a hole where a fact is absent."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.messages.clauses import Clause
from libs.messages.notices import NoticeFacts
from libs.messages.private import PrivateRecord
from services.notification.mail.languages import LANGUAGES
from services.notification.mail.message import Correspondent, Mail, compose
from services.notification.mail.texts import LetterContext, Text, render
from services.notification.projections import CentreSheet
from tests.unit.notification.foreign import AMERICAS, ANA, FRANCE
from tests.unit.notification.test_texts import EARLY, EVERY_TEXT, PLAIN, facts_of

OF_CONTRACTS = (
    "welcome", "renewal-offer", "renewal-reminder", "renewal", "lapse", "lapse-subscription", "lapse-reversed",
    "resubscription",
)  # fmt: skip
MARCH = LetterContext(datetime(2027, 3, 2, 8, tzinfo=UTC))
TERM = {"contract", "first_day", "last_day"}
NEEDED: Mapping[str, set[str]] = {
    "acknowledgement": {"ticket", "opened_at"},
    "refusal": {"ticket", "opened_at", "clause"},
    "cover-restated": {"ticket", "opened_at"},
    "cover-restated-centre": {"ticket", "opened_at"},
    "warning": {"ticket", "customer", "channel", "due_at"},
    "breach": {"ticket", "customer", "channel", "due_at"},
    "deadline-moved": {"ticket", "was_due_at", "due_at"},
    "deadline-moved-centre": {"ticket", "customer", "channel", "was_due_at", "due_at"},
    "no-promise": {"ticket", "centre", "channel", "opened_at"},
    "restatement": {"ticket", "channel", "was_due_at", "due_at", "responded_at"},
    "address-in-doubt": {"ticket", "customer", "channel", "opened_at"},
    "welcome": TERM,
    "renewal-offer": {*TERM, "next_last_day"},
    "renewal-reminder": {"contract", "last_day"},
    "renewal": TERM,
    "lapse": {"contract", "last_day"},
    "lapse-subscription": {"contract", "last_day"},
    "lapse-reversed": TERM,
    "resubscription": TERM,
}
"""Template → the facts that its events always have; a text can be written without any of the others."""
REACHED = {"acknowledgement", "deadline-moved"}
"""Texts that say where the centre is reached."""
ANY_FACTS = {
    "reseller": "revendeur-7", "team": "americas", "continued_by": "contract/erp/K-9", "follows": "contract/erp/K-0",
    "price": facts_of("renewal-offer").price, "contact": "reseller", "form": "renewal-2", "days_before": 30,
    "licence_kind": "perpetual", "signed_on": facts_of("renewal").signed_on, "product": "planetpress-connect",
    "version": "2026.1",
}  # fmt: skip


def said(
    template: str,
    language: str,
    standing: LetterContext = MARCH,
    *,
    territory: str | None = None,
    team: CentreSheet | None = None,
    **changes: object,
) -> Text:
    facts = facts_of(template).model_copy(update=changes)
    written = render(template, language, facts, standing, FRANCE, ANA, team=team, territory=territory)
    return Text(*(part.translate(PLAIN) for part in written))


@pytest.mark.parametrize(("template", "language"), EVERY_TEXT)
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_a_text_can_be_written_whatever_fact_is_absent_that_may_be(
    template: str, language: str, data: st.DataObject
) -> None:
    its_own = {name: fact for name, fact in facts_of(template) if fact is not None}
    all_facts = {**ANY_FACTS, **its_own}
    optional = sorted(all_facts.keys() - NEEDED.get(template, its_own.keys()))
    absent = data.draw(st.sets(st.sampled_from(optional)))
    facts = NoticeFacts.model_construct(**{n: f for n, f in all_facts.items() if n not in absent})
    centre = FRANCE if template in REACHED else data.draw(st.sampled_from([FRANCE, None]))
    team, person = (
        data.draw(st.sampled_from([AMERICAS, None])),
        data.draw(st.sampled_from([ANA, PrivateRecord(), None])),
    )
    territory = data.draw(st.sampled_from([None, "CA", "GB", "JP", "DE"]))
    standing = data.draw(st.sampled_from([EARLY, MARCH, MARCH._replace(told=True)]))
    subject, body = render(template, language, facts, standing, centre, person, team=team, territory=territory)
    for hole in ("None", "{", "}", "  ", "<", " ,", "( ", "\n\n\n", " \n"):
        assert hole not in subject + body, body


# What each one says


def test_the_offer_says_price_last_day_how_to_sign_and_who_helps() -> None:
    assert said("renewal-offer", "fr") == Text(
        "Renouvellement d'OL Care : contrat K-2001, à signer au plus tard le lundi 31 mai 2027",
        f"""Bonjour Ana Müller,

Votre abonnement à OL Care, contrat K-2001, se termine le lundi 31 mai 2027. Nous vous offrons de le renouveler sans \
interruption, du mardi 1 juin 2027 au mercredi 31 mai 2028, ces deux jours compris.

Prix : 2 469,13 €, soit 20 % de la valeur totale de votre licence, options comprises (12 345,67 €). Il ne changera pas \
d'ici au dernier jour.
Formulaire : renewal-2
Pour renouveler, signez ce formulaire au plus tard le lundi 31 mai 2027, ce jour compris. {Clause.NOT_SIGNING}
{Clause.DEARER}

Veuillez communiquer avec votre revendeur (revendeur-7) ou avec l'équipe OL Care de votre région. Votre centre : \
France, +33 1 80 87 52 86, lundi - vendredi, 09:00 - 17:00 (sauf les jours fériés). Pour de plus amples \
renseignements : uplandsoftware.com/objectiflune-fr/resources/ebook/olcare/

L'équipe OL Care
""",
    )


def test_the_offer_in_english_has_english_money_and_dates() -> None:
    subject, body = said("renewal-offer", "en", territory="GB")
    assert subject == "Renewal of OL Care: contract K-2001, to be signed by Monday, 31 May 2027"
    assert (
        "Price: €2,469.13, which is 20% of the total list value of your licence, options included (€12,345.67)" in body
    )
    assert "from Tuesday, 1 June 2027 to Wednesday, 31 May 2028, both days included" in body
    assert "Please contact your reseller (revendeur-7) or the OL Care team of your region." in body


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", ["renewal-offer", "renewal-reminder"])
def test_where_nothing_could_be_priced_whoever_helps_says_the_price(template: str, language: str) -> None:
    body = said(template, language, price=None).body
    assert ("whoever helps you" in body) or ("votre interlocuteur" in body)
    assert "€" not in body


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_team_of_another_centre_is_named_where_it_helps(language: str) -> None:
    elsewhere = said("renewal-offer", language, contact="regional-team", reseller=None, team=AMERICAS)
    assert "514" not in elsewhere.body
    facts = facts_of("renewal-offer").model_copy(update={"team": "americas"})
    assert "514 798-8714" in render("renewal-offer", language, facts, MARCH, FRANCE, ANA, team=AMERICAS).body


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (datetime(2027, 5, 1, 7, tzinfo=UTC), "dans 30 jours, le lundi 31 mai 2027"),
        (datetime(2027, 5, 29, 22, tzinfo=UTC), "dans 1 jour, le lundi 31 mai 2027"),
        (datetime(2027, 5, 31, 7, tzinfo=UTC), "se termine le lundi 31 mai 2027"),
    ],
)
def test_a_reminder_counts_the_days_from_the_local_day_on_which_it_leaves(now: datetime, left: str) -> None:
    assert left in said("renewal-reminder", "fr", LetterContext(now)).body


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_lapse_says_what_ends_that_coming_back_is_dearer_and_at_what_price(language: str) -> None:
    subject, body = said("lapse", language)
    assert "K-2001" in subject
    for ended in ("OL Learn", "31 mai 2027" if language == "fr" else "31 May 2027", Clause.DEARER, "469"):
        assert ended in body
    assert "€" not in said("lapse", language, price=None).body


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_subscription_licence_ends_without_prices(language: str) -> None:
    subject, body = said("lapse-subscription", language)
    assert "OL Care" in subject
    assert "€" not in body
    assert Clause.DEARER not in body
    assert Clause.SUBSCRIPTION_LICENCE in body


def test_a_reversed_lapse_apologises_and_says_that_there_is_no_gap() -> None:
    told, untold = (said("lapse-reversed", "fr", MARCH._replace(told=was)).body for was in (True, False))
    assert "Nous vous avons écrit" in told
    assert "Nous vous avons écrit" not in untold
    for body in (told, untold):
        assert "nous vous prions de nous en excuser" in body
        assert "sans interruption, du mardi 1 juin 2027 au mercredi 31 mai 2028" in body
        assert "signé à temps, le lundi 31 mai 2027" in body
    joined = said("lapse-reversed", "en", continued_by="contract/erp/K-9", signed_on=None).body
    assert "We wrote to you" in joined
    assert "Contract K-9, which was recorded since, goes on from it." in joined


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_new_subscription_names_the_contract_that_it_follows_and_the_gap(language: str) -> None:
    body = said("resubscription", language).body
    assert "K-2000" in body
    assert ("not covered" in body) or ("n'est pas couvert" in body)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refusal_says_what_it_costs_to_come_back_where_that_is_known(language: str) -> None:
    price = facts_of("renewal-offer").price
    assert "469" in said("refusal", language, price=price).body
    assert "€" not in said("refusal", language, price=None).body


@pytest.mark.parametrize("language", LANGUAGES)
def test_restated_cover_apologises_and_says_whether_anything_is_to_be_done(language: str) -> None:
    waiting, answered = (
        said("cover-restated", language, MARCH._replace(answered_at=at)).body for at in (None, MARCH.now)
    )
    assert "apologise" in waiting or "excuser" in waiting
    assert "open now" in waiting or "ouverte maintenant" in waiting
    assert "nothing more" in answered or "rien à faire de plus" in answered


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", OF_CONTRACTS)
def test_narrow_blanks_and_currencies_survive_the_mail(template: str, language: str) -> None:
    facts = facts_of(template)
    text = render(template, language, facts, MARCH, FRANCE, ANA)
    mail = Mail(
        sender=Correspondent("no-reply@olcare.example"),
        recipient=Correspondent("ana@customer.example"),
        subject=text.subject,
        body=text.body,
        language=language,
        message_id="<1@olcare.example>",
        sent_at=MARCH.now,
    )
    read = message_from_bytes(compose(mail), EmailMessage, policy=SMTP)
    assert read.get_content().replace("\r\n", "\n") == text.body
    assert read["Subject"] == text.subject
    if facts.price and language == "fr":
        assert "2\u202f469,13\u00a0€" in read.get_content()
    assert "\u202f" not in read["Subject"]
