import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unicodedata import bidirectional

import pytest
import typer
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from libs.messages.certificates import RetargetCause
from libs.messages.clauses import Clause
from libs.messages.notices import NoticeClass, NoticeFacts
from libs.messages.plan import WeeklyWindow
from libs.messages.private import PrivateRecord
from libs.messages.refusals import TicketRefusal
from libs.messages.sla import NoPromise
from services.notification.domain import RequestNotice
from services.notification.mail.languages import (
    FOLDER,
    LANGUAGES,
    choose_language,
    choose_territory,
    locale_of,
    say_day,
    say_days,
    say_hours,
    say_list,
    say_money,
    say_rate,
)
from services.notification.mail.message import NotWritable
from services.notification.mail.texts import LetterContext, Text, render, say_instant
from services.notification.projections import CentreSheet
from services.notification.reactions import react
from services.ops.__main__ import app
from services.ops.cli.lazy import imported
from services.ops.ticket.command import ticket_id
from tests.unit.notification.foreign import AMERICAS, ANA, FRANCE, KNOWN, example

PLAIN = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2013": "-"})
"""No-break, narrow no-break and thin spaces, and dashes, as CLDR and the texts have them."""
PRICE, LAPSED = example("RenewalOffered").data.price.model_dump(), "contract/erp/K-2000"
ABOUT = {
    "acknowledgement": example("FirstResponseClockStarted"),
    "refusal": example("TicketRefused"),
    "cover-restated": example("CoverRestated"),
    "cover-restated-centre": example("CoverRestated"),
    "warning": example("FirstResponseAtRisk"),
    "breach": example("FirstResponseBreached"),
    "deadline-moved": example("FirstResponseRetargeted"),
    "deadline-moved-centre": example("FirstResponseRetargeted"),
    "no-promise": example("FirstResponseNotPromised"),
    "restatement": example("FirstResponseRestated"),
    "welcome": example("ContractActivated", term_kind="first-year", price=PRICE),
    "renewal-offer": example("RenewalOffered"),
    "renewal-reminder": example("RenewalReminded"),
    "renewal": example("ContractRenewed", reverses_lapse_at=None),
    "lapse": example("ContractLapsed", price_to_return=PRICE),
    "lapse-subscription": example("ContractLapsed", licence_kind="subscription"),
    "lapse-reversed": example("ContractRenewed"),
    "resubscription": example("ContractActivated", term_kind="resubscription", price=PRICE, follows=LAPSED),
    "address-in-doubt": example("TicketOpened", doubts=[{"field": "requester.email", "code": "not-an-address"}]),
}
EARLY = LetterContext(datetime(2026, 11, 24, 8, 30, tzinfo=UTC))
"""Before every deadline of the examples."""
EVERY_TEXT = [(template, language) for template in ABOUT for language in LANGUAGES]


def facts_of(template: str) -> NoticeFacts:
    commands = [reaction.command for reaction in react(ABOUT[template], KNOWN, "olcare.example")]
    notices = {command.template: command for command in commands if isinstance(command, RequestNotice)}
    return notices[template].facts


def text(
    template: str,
    language: str,
    person: PrivateRecord | None = ANA,
    centre: CentreSheet | None = FRANCE,
    standing: LetterContext = EARLY,
) -> Text:
    written = render(template, language, facts_of(template), standing, centre, person)
    return Text(*(part.translate(PLAIN) for part in written))


# Every text


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_a_text_for_every_class_of_notice_in_every_language(language: str) -> None:
    assert {f"{kind}.txt" for kind in NoticeClass} <= {path.name for path in (FOLDER / language).iterdir()}


@pytest.mark.parametrize(("template", "language"), EVERY_TEXT)
def test_every_text_has_a_subject_a_body_and_no_hole(template: str, language: str) -> None:
    subject, body = text(template, language)
    assert subject
    assert body.endswith("\n")
    assert "\n\n\n" not in body
    for hole in ("None", "{", "}", "  ", "<", " ,", "( "):
        assert hole not in subject + body


@pytest.mark.parametrize(("template", "language"), EVERY_TEXT)
def test_every_text_names_its_ticket_or_contract_in_the_subject(template: str, language: str) -> None:
    facts = facts_of(template)
    number = (facts.ticket or facts.contract or "").rpartition("/")[2]
    assert number in text(template, language).subject


@pytest.mark.parametrize("template", ["acknowledgement", "refusal", "deadline-moved", "lapse"])
def test_somebody_whose_name_is_not_known_is_greeted_all_the_same(template: str) -> None:
    assert text(template, "fr", PrivateRecord()).body.startswith("Bonjour,\n\n")
    assert text(template, "en", None).body.startswith("Hello,\n\n")


@pytest.mark.parametrize("language", LANGUAGES)
@given(breaking=st.text(st.characters(codec="utf-8", categories=["Cc", "Zl", "Zp", "L"]), min_size=1, max_size=20))
def test_no_subject_and_no_name_can_begin_a_line_of_its_own(language: str, breaking: str) -> None:
    sly = PrivateRecord.model_construct(name=f"Ana{breaking}Bcc: eve", subject=f"Help{breaking}Bcc: eve")
    ordinary, written = text("acknowledgement", language), text("acknowledgement", language, sly)
    assert len(written.subject.splitlines()) == 1
    assert len(written.body.splitlines()) == len(ordinary.body.splitlines())


STEERING = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", ["acknowledgement", "refusal"])
@given(said=st.text(st.sampled_from([*STEERING, *"aZ 7\u05d0\u0627"]), min_size=1, max_size=30))
def test_what_steers_the_direction_of_writing_reaches_no_further_than_itself(
    template: str, language: str, said: str
) -> None:
    sly = PrivateRecord.model_construct(name=f"Ana{said}", subject=f"Help{said}")
    written = text(template, language, sly)
    for line in (written.subject, *written.body.splitlines()):
        depth = 0
        for character in line:
            assert character not in STEERING[:-2]
            depth += {STEERING[-2]: 1, STEERING[-1]: -1}.get(character, 0)
            assert depth in {0, 1}
            assert depth or bidirectional(character) not in {"R", "AL"}
        assert depth == 0


def test_a_subject_in_hebrew_is_isolated_and_one_that_overrides_is_written_plainly() -> None:
    hebrew = text("acknowledgement", "en", PrivateRecord(subject="\u05e9\u05dc\u05d5\u05dd 7"))
    assert hebrew.subject.endswith(": \u2068\u05e9\u05dc\u05d5\u05dd 7\u2069")
    overriding = PrivateRecord.model_construct(subject="refund \u202eexe.gpj\u202c now")
    assert text("acknowledgement", "en", overriding).subject.endswith(": refund exe.gpj now")


def test_a_language_that_we_do_not_write_is_answered_in_english() -> None:
    assert text("breach", "de") == text("breach", "en")


def test_a_text_that_does_not_exist_can_not_be_written() -> None:
    with pytest.raises(NotWritable):
        render("birthday", "fr", facts_of("breach"), EARLY, FRANCE, ANA)


def test_a_text_without_the_fact_it_needs_can_not_be_written() -> None:
    without = facts_of("refusal").model_copy(update={"clause": None})
    with pytest.raises(NotWritable):
        render("refusal", "fr", without, EARLY, FRANCE, ANA)
    with pytest.raises(NotWritable):
        render("acknowledgement", "fr", facts_of("acknowledgement"), EARLY, None, ANA)


# What each one says


def test_the_acknowledgement_says_by_when_in_the_centres_time() -> None:
    deadline = "lundi 30 novembre 2026 à 12:30 (Europe/Paris, UTC+1)"
    assert f"au plus tard le {deadline}" in text("acknowledgement", "fr").body
    assert "by Monday, 30 November 2026 at 12:30 (Europe/Paris, UTC+1)" in text("acknowledgement", "en").body


def test_the_acknowledgement_says_when_the_centre_is_open_and_under_which_number() -> None:
    reach = "France, +33 1 80 87 52 86, lundi - vendredi, 09:00 - 17:00 (sauf les jours fériés)"
    assert reach in text("acknowledgement", "fr").body
    both = "Americas, +1 514 798-8714 or +1 866 348-5863, Monday - Friday, 09:00 - 20:00 (except public holidays)"
    assert both in text("acknowledgement", "en", centre=AMERICAS).body


def test_the_acknowledgement_repeats_the_subject() -> None:
    assert text("acknowledgement", "fr").subject.endswith(" : PlanetPress ne démarre plus")


def test_the_acknowledgement_recommends_the_telephone_to_those_who_wrote() -> None:
    by_phone = facts_of("acknowledgement").model_copy(update={"channel": "phone"})
    assert Clause.URGENCY in text("acknowledgement", "fr").body
    assert Clause.URGENCY not in render("acknowledgement", "fr", by_phone, EARLY, FRANCE, ANA).body


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_refusal_quotes_the_clause_in_the_plans_own_words(language: str) -> None:
    assert f"« {Clause.NOT_COVERED} »" in text("refusal", language).body


def test_the_refusal_says_why_and_whom_to_contact() -> None:
    body = text("refusal", "fr").body
    assert "votre abonnement à OL Care a pris fin" in body
    assert (
        "communiquer avec votre revendeur (revendeur-7) ou avec l'équipe OL Care de votre région. Votre centre : France"
        in body
    )


def test_the_refusal_to_a_customer_that_nobody_knows_names_no_centre() -> None:
    unknown = {"centre": None, "zone": None, "reason": "unknown-customer", "contact": "regional-team"}
    body = render("refusal", "fr", facts_of("refusal").model_copy(update=unknown), EARLY, None, ANA).body
    assert "communiquer avec l'équipe OL Care de votre région. Pour de plus" in body.translate(PLAIN)
    assert "(UTC, UTC+0)" in body


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_its_own_words(language: str) -> None:
    facts = facts_of("refusal")
    said = {
        render("refusal", language, facts.model_copy(update={"reason": reason.value}), EARLY, FRANCE, ANA).body
        for reason in TicketRefusal
    }
    assert len(said) == len(TicketRefusal)
    later = facts.model_copy(update={"reason": "a-reason-of-tomorrow"})
    assert render("refusal", language, later, EARLY, FRANCE, ANA).body in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_has_lapsed_hears_that_coming_back_is_dearer(language: str) -> None:
    assert Clause.DEARER in text("lapse", language).body
    assert Clause.DEARER in text("refusal", language).body


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_had_a_subscription_licence_hears_of_no_renewal(language: str) -> None:
    ended = {"reason": "cover-lapsed", "clause": Clause.SUBSCRIPTION_LICENCE}
    body = render("refusal", language, facts_of("refusal").model_copy(update=ended), EARLY, FRANCE, ANA).body
    assert Clause.SUBSCRIPTION_LICENCE in body
    assert Clause.DEARER not in body


def test_the_lapse_says_the_last_day() -> None:
    assert "Son dernier jour était le lundi 31 mai 2027" in text("lapse", "fr").body


@pytest.mark.parametrize("template", ["deadline-moved", "deadline-moved-centre"])
def test_a_deadline_that_moved_is_told_with_the_one_of_before_in_the_centres_time(template: str) -> None:
    body = text(template, "fr").body
    assert "lundi 30 novembre 2026 à 12:30 (Europe/Paris, UTC+1)" in body
    assert "lundi 30 novembre 2026 à 13:30 (Europe/Paris, UTC+1)" in body
    assert "une fermeture du centre" in body
    assert "13:30 (Europe/Paris, UTC+1)" in text(template, "en").subject


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", ["deadline-moved", "deadline-moved-centre"])
def test_every_cause_that_moves_a_deadline_has_its_own_words(template: str, language: str) -> None:
    facts = facts_of(template)

    def body(cause: str) -> str:
        return render(template, language, facts.model_copy(update={"reason": cause}), EARLY, FRANCE, ANA).body

    moving = set(RetargetCause) - {RetargetCause.CALENDAR}
    assert len({body("a-cause-of-tomorrow"), *map(body, moving)}) == len(moving) + 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_for_having_no_promise_has_its_own_words_and_says_what_to_do(language: str) -> None:
    facts = facts_of("no-promise")
    said = {
        reason: render("no-promise", language, facts.model_copy(update={"reason": reason}), EARLY, None, None).body
        for reason in (*NoPromise, "a-reason-of-tomorrow")
    }
    del said[NoPromise.ALREADY_PROMISED]  # nobody is told of it
    assert len(set(said.values())) == len(said)
    assert all("olcare plan" in body or "olcare calendar" in body for body in said.values())
    assert all("olcare sla not-promised" in body for body in said.values())


def test_a_promise_that_stands_is_not_said_to_be_missing() -> None:
    stands = facts_of("no-promise").model_copy(update={"opened_at": None, "due_at": facts_of("breach").due_at})
    subject, body = render("no-promise", "fr", stands, EARLY, FRANCE, None)
    assert "aucune nouvelle échéance" in subject
    assert "La promesse reste telle quelle." in body
    assert "12:30 (Europe/Paris, UTC+1)" in body
    assert "not-promised" not in body


def test_the_breach_says_whether_the_customer_still_waits() -> None:
    late = facts_of("breach").model_copy(update={"responded_at": datetime(2026, 11, 30, 12, 1, tzinfo=UTC)})
    assert "Le client attend toujours." in text("breach", "fr").body
    assert "trop tard, le lundi 30 novembre 2026 à 13:01" in render(
        "breach", "fr", late, EARLY, FRANCE, None
    ).body.translate(PLAIN)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_restatement_says_what_the_breach_is_by_now(language: str) -> None:
    facts = facts_of("restatement")
    said = {
        render("restatement", language, facts.model_copy(update={"reason": verdict}), EARLY, FRANCE, None)
        for verdict in ("met", "cancelled", "breached")
    }
    assert (len({each.body for each in said}), len({each.subject for each in said})) == (3, 2)


# How it stands when it is written

DUE_AT = example("FirstResponseClockStarted").data.certificate.due_at
ANSWERED_AT = DUE_AT - timedelta(hours=1)
A_TICK = timedelta(microseconds=1)
AHEAD = re.compile(r"will get an answer|recevrez une réponse|expert will answer|expert technique vous répondra")
SOON = re.compile(r"(will answer you|vous répondra)( by e-mail or by telephone| par courriel ou par téléphone)?"
                  r" (as soon as possible|dès que possible)")  # fmt: skip
PROMISED_BY = re.compile(r"will get an answer .*by|recevrez une réponse .*au plus tard")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", ["acknowledgement", "deadline-moved"])
def test_nobody_is_promised_an_answer_by_a_time_gone_by(template: str, language: str) -> None:
    due_at = facts_of(template).due_at
    assert due_at is not None
    before, at_it, later = (
        text(template, language, standing=LetterContext(due_at + by))
        for by in (-A_TICK, timedelta(), timedelta(days=9))
    )
    assert PROMISED_BY.search(before.body)
    for late in (at_it, later):
        assert not PROMISED_BY.search(late.body)
        assert SOON.search(late.body)
        assert re.search(r"were to be answered|deviez recevoir", late.body)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", ["deadline-moved", "deadline-moved-centre", "warning"])
def test_a_subject_says_in_the_past_what_has_passed(template: str, language: str) -> None:
    due_at = facts_of(template).due_at
    assert due_at is not None
    past = re.compile(r"was to be answered|réponse était attendue")
    found = [text(template, language, standing=LetterContext(due_at + by)).subject for by in (-A_TICK, timedelta())]
    assert [past.search(subject) is not None for subject in found] == [False, True]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", ["acknowledgement", "deadline-moved"])
@pytest.mark.parametrize("now", [DUE_AT - timedelta(minutes=30), DUE_AT + timedelta(days=1)])
def test_who_was_answered_already_is_told_that(template: str, language: str, now: datetime) -> None:
    body = text(template, language, standing=LetterContext(now, DUE_AT, ANSWERED_AT)).body
    assert re.search(r"You were answered on|Vous avez reçu une réponse le", body)
    assert not AHEAD.search(body)


def test_an_acknowledgement_says_the_deadline_as_it_is_by_now() -> None:
    moved = LetterContext(EARLY.now, DUE_AT + timedelta(hours=1))
    assert "au plus tard le lundi 30 novembre 2026 à 13:30" in text("acknowledgement", "fr", standing=moved).body


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("centre", [FRANCE, None])
def test_an_acknowledgement_without_a_deadline_names_none(language: str, centre: CentreSheet | None) -> None:
    facts = facts_of("acknowledgement").model_copy(update={"due_at": None, "zone": None})
    subject, body = render("acknowledgement", language, facts, EARLY, centre, ANA)
    assert SOON.search(body)
    assert not PROMISED_BY.search(body)
    assert re.search(r"received your request 4711|demande 4711 est bien reçue", subject)
    assert "\n\n\n" not in body


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_deadline_that_is_given_later_is_told_without_saying_the_same_twice(language: str) -> None:
    first, later = text("acknowledgement", language), text("acknowledgement", language, standing=AFTER_THE_FIRST)
    assert PROMISED_BY.search(later.body)
    assert re.search(r"to be answered by|réponse au plus tard le", later.subject)
    assert re.search(r"We received your request|Nous avons reçu votre demande", first.body)
    assert not re.search(r"We received your request|Nous avons reçu votre demande", later.body)
    assert Clause.URGENCY not in later.body
    assert "\n\n\n" not in later.body


AFTER_THE_FIRST = LetterContext(EARLY.now, DUE_AT, told=True)


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (LetterContext(DUE_AT), "Le client attend toujours."),
        (LetterContext(DUE_AT, answered_at=DUE_AT + A_TICK), "La réponse est venue le lundi 30 novembre 2026 à 12:30"),
        (LetterContext(DUE_AT, withdrawn_at=DUE_AT), "La demande a été retirée le lundi 30 novembre 2026 à 12:30"),
    ],
)
def test_a_breach_says_whether_the_customer_waits_when_it_is_written(standing: LetterContext, said: str) -> None:
    assert said in text("breach", "fr", standing=standing).body


# What a centre is told


OF_THE_CENTRE = ("warning", "breach", "restatement", "deadline-moved-centre", "no-promise")
CHANNELS = {"fr": {"phone": "téléphone", "email": "courriel", "web": "Web"},
            "en": {"phone": "telephone", "email": "e-mail", "web": "web"}}  # fmt: skip
COMMAND = re.compile(r"\bolcare ([a-z]+ [a-z-]+)(?: (\S+/\S+))?")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", OF_THE_CENTRE)
def test_a_centre_reads_whose_ticket_it_is_and_how_it_came(template: str, language: str) -> None:
    facts = facts_of(template)
    assert facts.customer is not None
    assert facts.channel is not None
    body = text(template, language).body
    assert f": {facts.customer.rpartition('/')[2]}\n" in body
    assert f": {CHANNELS[language][facts.channel]}\n" in body


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", OF_THE_CENTRE)
def test_a_centre_reads_how_to_look_at_the_ticket(template: str, language: str) -> None:
    facts = facts_of(template).model_copy(update={"ticket": "ticket/crm-eu/47%2F11"})
    body = render(template, language, facts, EARLY, FRANCE, None).body
    assert body.endswith("olcare sla explain crm-eu/47%2F11\n")
    assert "olcare ticket show crm-eu/47%2F11\n" in body
    looks = {command: ticket for command, ticket in COMMAND.findall(body) if ticket}
    assert looks == {"ticket show": "crm-eu/47%2F11", "sla explain": "crm-eu/47%2F11"}
    assert {ticket_id(ticket) for ticket in looks.values()} == {facts.ticket}


def test_every_command_that_a_text_names_is_one() -> None:
    named = {command for path in FOLDER.glob("*/*.txt") for command, _ in COMMAND.findall(path.read_text("utf-8"))}
    assert named >= {"ticket show", "sla explain", "plan publish"}
    for command in named:
        assert is_command(app, command.split(" ")), command


def is_command(group: typer.Typer, words: Sequence[str]) -> bool:
    command: Any = typer.main.get_command(group)
    for word in words:
        command = imported(getattr(command, "commands", {}).get(word))
    return command is not None


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_promise_that_stands_is_told_without_its_customer(language: str) -> None:
    stands = facts_of("no-promise").model_copy(update={"opened_at": None, "due_at": facts_of("breach").due_at,
                                                       "customer": None})  # fmt: skip
    body = render("no-promise", language, stands, EARLY, FRANCE, None).body
    assert "C-1001" not in body
    assert "olcare ticket show" in body


# How it is said

FRENCH, OF_QUEBEC, ENGLISH, AMERICAN = (
    Locale("fr"), Locale("fr", "CA"), Locale("en", "GB"), Locale("en", "US"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Europe/Paris", "mardi 24 novembre 2026 à 17:00 (Europe/Paris, UTC+1)"),
        ("Asia/Kuala_Lumpur", "mercredi 25 novembre 2026 à 00:00 (Asia/Kuala_Lumpur, UTC+8)"),
        ("America/Toronto", "mardi 24 novembre 2026 à 11:00 (America/Toronto, UTC-5)"),
        ("America/St_Johns", "mardi 24 novembre 2026 à 12:30 (America/St_Johns, UTC-3:30)"),
    ],
)
def test_an_instant_is_said_in_the_civil_time_of_the_zone(zone: str, said: str) -> None:
    assert say_instant(datetime(2026, 11, 24, 16, tzinfo=UTC), zone, "fr", FRENCH) == said


def test_summer_time_shows() -> None:
    assert say_instant(datetime(2026, 7, 1, 16, tzinfo=UTC), "Europe/London", "en", ENGLISH) == (
        "Wednesday, 1 July 2026 at 17:00 (Europe/London, UTC+1)"
    )


def test_a_day_is_said_as_the_locales_have_it() -> None:
    first = date(2026, 12, 1)
    assert say_day(first, FRENCH) == "mardi 1 décembre 2026"
    assert say_day(first, ENGLISH) == "Tuesday, 1 December 2026"
    assert say_day(first, AMERICAN) == "Tuesday, December 1, 2026"


def test_days_with_the_same_hours_are_said_together() -> None:
    def window(day: int, opens: str, closes: str) -> WeeklyWindow:
        return WeeklyWindow(weekday=day, opens=opens, closes=closes)

    week = [
        window(1, "13:30", "17:00"), window(1, "09:00", "12:00"),
        window(2, "09:00", "17:00"), window(3, "09:00", "17:00"), window(6, "10:00", "24:00"),
    ]  # fmt: skip
    assert say_hours(week, FRENCH).translate(PLAIN) == (
        "lundi, 09:00 - 12:00 et 13:30 - 17:00; mardi - mercredi, 09:00 - 17:00; samedi, 10:00 - 00:00"
    )
    assert say_hours(week[2:4], OF_QUEBEC).translate(PLAIN) == "mardi - mercredi, 09 h 00 - 17 h 00"
    assert say_hours(week[2:4], AMERICAN).translate(PLAIN) == "Tuesday - Wednesday, 9:00 AM - 5:00 PM"


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "said"),
    [
        ("2469.10", "EUR", FRENCH, "2\u202f469,10\u00a0€"),
        ("2469.10", "EUR", ENGLISH, "€2,469.10"),
        ("12345", "JPY", ENGLISH, "JP¥12,345"),
        ("12345", "JPY", FRENCH, "12\u202f345\u00a0JPY"),
        ("3", "CAD", OF_QUEBEC, "3,00\u00a0$"),
        ("3", "CAD", FRENCH, "3,00\u00a0$CA"),
        ("12345.6789", "USD", AMERICAN, "$12,345.6789"),
        ("12345.50", "HUF", ENGLISH, "HUF12,345.50"),
        ("7", "IQD", ENGLISH, "IQD7.000"),
    ],
)
def test_money_is_said_with_the_minor_digits_of_its_currency(
    amount: str, currency: str, locale: Locale, said: str
) -> None:
    assert say_money(amount, currency, locale) == said


def test_shares_days_and_lists_are_said_as_the_locales_have_them() -> None:
    price = example("RenewalOffered").data.price
    half = price.model_copy(update={"rate": 1250})
    assert (say_rate(price, FRENCH), say_rate(half, ENGLISH)) == ("20\u00a0%", "12.5%")
    assert (say_days(1, FRENCH), say_days(30, ENGLISH)) == ("1\u00a0jour", "30 days")
    assert say_list(["a", "b", "c"], FRENCH, style="or") == "a, b ou c"
    assert say_list(["a", "b", "c"], ENGLISH) == "a, b and c"


def test_a_wish_may_name_a_country_or_be_absent() -> None:
    assert choose_language(None, "fr-CA") == "fr"
    assert choose_language("de", None) == "en"
    assert choose_language() == "en"
    assert choose_territory(None, "fr", "fr-CA", "en-GB") == "CA"
    assert choose_territory("fr", None) is None


@pytest.mark.parametrize(
    ("language", "territory", "zone", "locale"),
    [
        ("fr", "CA", "Europe/Paris", "fr_CA"),
        ("fr", None, "America/Toronto", "fr_CA"),
        ("fr", "DE", "Europe/Paris", "fr"),
        ("en", "DE", None, "en_DE"),
        ("en", None, "UTC", "en"),
        ("en", None, None, "en"),
    ],
)
def test_the_forms_are_those_of_the_readers_territory_else_of_the_centres_where_the_locale_exists(
    language: str, territory: str | None, zone: str | None, locale: str
) -> None:
    assert str(locale_of(language, territory, zone)) == locale


def test_every_folder_of_texts_is_a_language_of_cldr() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(LANGUAGES)
    assert {"fr", "en"} <= set(LANGUAGES)
