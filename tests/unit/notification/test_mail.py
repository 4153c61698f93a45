from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notification.mail.message import Correspondent, Mail, NotWritable, compose, wire_address

ANA = Mail(
    sender=Correspondent("no-reply@olcare.example", "OL Care"),
    recipient=Correspondent("ana@customer.example", "Ána Müller"),
    subject="Votre demande 4711 est bien reçue",
    body="Bonjour,\n\n.Réponse à 13 h 30.\n",
    language="fr",
    message_id="<5f3c@olcare.example>",
    sent_at=datetime(2026, 11, 24, 8, 30, tzinfo=UTC),
)


def read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, EmailMessage, policy=SMTP)


def test_a_mail_says_who_when_and_what() -> None:
    mail = read(compose(ANA))
    assert mail["From"] == "OL Care <no-reply@olcare.example>"
    assert mail["To"] == "Ána Müller <ana@customer.example>"
    assert mail["Subject"] == ANA.subject
    assert mail["Date"] == "Tue, 24 Nov 2026 08:30:00 +0000"
    assert mail["Message-ID"] == "<5f3c@olcare.example>"
    assert mail["Content-Language"] == "fr"
    assert mail.get_content() == ANA.body.replace("\n", "\r\n")


def test_a_mail_says_that_no_person_wrote_it() -> None:
    assert read(compose(ANA))["Auto-Submitted"] == "auto-generated"


def test_the_same_notice_is_the_same_message() -> None:
    assert compose(ANA) == compose(ANA)


def test_every_mail_server_takes_what_is_written() -> None:
    content = compose(replace(ANA, subject="é" * 200, body="ü" * 2000))
    assert content.isascii()
    assert content.endswith(b"\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= 78


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_name_and_no_subject_can_write_a_header_of_its_own(name: str, subject: str) -> None:
    ordinary = read(compose(ANA)).keys()
    try:
        content = compose(replace(ANA, subject=subject, recipient=Correspondent("ana@customer.example", name)))
    except NotWritable:
        return
    assert read(content).keys() == ordinary
    assert read(content).get_content() == ANA.body.replace("\n", "\r\n")


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028"])
def test_a_line_break_in_a_subject_is_a_blank(line_end: str) -> None:
    mail = read(compose(replace(ANA, subject=f"Hello{line_end}Bcc: eve@evil.example")))
    assert mail["Bcc"] is None
    assert mail["Subject"].split() == ["Hello", "Bcc:", "eve@evil.example"]


def test_a_domain_may_be_written_in_letters_of_its_own() -> None:
    assert wire_address("ana@müller.example") == "ana@xn--mller-kva.example"


NOT_TAKEN_BY_ALL = [
    "ána@customer.example", "ana", "@customer.example", "a b@customer.example", "a>@customer.example",
    "a..b@customer.example", "ana@", "ana@b..c", "ana@b c", "ana@[127.0.0.1]",
]  # fmt: skip


@pytest.mark.parametrize("address", NOT_TAKEN_BY_ALL)
def test_an_address_that_not_every_server_takes_is_not_written_to(address: str) -> None:
    with pytest.raises(NotWritable):
        compose(replace(ANA, recipient=Correspondent(address)))


def test_what_can_not_be_written_is_not_quoted_in_the_error() -> None:
    with pytest.raises(NotWritable) as error:
        compose(replace(ANA, recipient=Correspondent("ána@customer.example")))
    assert "customer" not in str(error.value)
