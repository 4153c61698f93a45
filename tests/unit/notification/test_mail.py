import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import SMTP, compat32
from email.utils import getaddresses
from functools import cache
from itertools import groupby
from random import Random
from unicodedata import category

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notification.mail.message import Correspondent, Mail, NotWritable, compose, wire_address
from tests.unit.notification import generated_lines, rfc2047

ANA = Mail(
    sender=Correspondent("no-reply@olcare.example", "OL Care"),
    recipient=Correspondent("ana@customer.example", "Ána Müller"),
    subject="Votre demande 4711 est bien reçue",
    body="Bonjour,\n\n.Réponse à 13 h 30.\n",
    language="fr",
    message_id="<5f3c@olcare.example>",
    sent_at=datetime(2026, 11, 24, 8, 30, tzinfo=UTC),
)


CHUNK = 1000
"""Generated mails of one test; a whole run has 100,000."""


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
    assert mail["Subject"] == "Hello Bcc: eve@evil.example"


SLY = "=?utf-8?q?Facture=0D=0ABcc=3A_spy=40evil.example?="


def test_what_looks_like_an_encoded_word_is_text() -> None:
    content = compose(replace(ANA, subject=SLY, recipient=Correspondent("ana@customer.example", SLY)))
    mail = read(content)
    assert mail["Bcc"] is None
    assert mail["Subject"] == SLY
    assert recipients(read_of_old(content)) == [(SLY, "ana@customer.example")]
    assert b"\nBcc" not in content


def test_the_name_of_the_sender_is_text_as_well() -> None:
    content = compose(replace(ANA, sender=Correspondent("no-reply@olcare.example", "=?utf-8?q?=0D=0ABcc=3A_eve?=")))
    assert [sender.display_name for sender in read(content)["From"].addresses] == ["=?utf-8?q?=0D=0ABcc=3A_eve?="]


@pytest.mark.parametrize(
    "subject",
    [
        "imprimante Fwd: «",
        "Fwd: « l'imprimante »\u00a0: déjà  reçu à 50\u202f%",
        "é" * 200,
        "x" * 200,
        "PlanetPress " * 16 + "!",
    ],
)
def test_a_subject_arrives_as_it_was_written(subject: str) -> None:
    content = compose(replace(ANA, subject=subject))
    assert read(content)["Subject"] == subject
    assert not read(content)["Subject"].defects
    assert rfc2047.text_of(rfc2047.headers(content)["Subject"]) == subject


@pytest.mark.parametrize("name", ["Exemple, Camille", "Exemple de la Très Longue Lignée, " * 5 + "Camille", 'a\\ "b"'])
def test_a_name_with_a_comma_is_one_recipient(name: str) -> None:
    content = compose(replace(ANA, recipient=Correspondent("ana@customer.example", name)))
    assert recipients(read_of_old(content)) == [(name, "ana@customer.example")]
    assert rfc2047.correspondent_of(rfc2047.headers(content)["To"]) == (name, "ana@customer.example")


@pytest.mark.parametrize("subject", ["", " \r\n ", "\u2028"])
def test_no_mail_is_without_a_subject(subject: str) -> None:
    with pytest.raises(NotWritable):
        compose(replace(ANA, subject=subject))


@pytest.mark.parametrize("mail", [replace(ANA, subject="half a \ud83d"), replace(ANA, body="half a \ud83d")])
def test_what_is_no_character_is_not_written(mail: Mail) -> None:
    with pytest.raises(NotWritable):
        compose(mail)


INJECTED = "<1@olcare.example>\r\nBcc: eve@evil.example"


@pytest.mark.parametrize("mail", [replace(ANA, message_id=INJECTED), replace(ANA, language=INJECTED)])
def test_an_id_or_a_code_that_is_none_is_not_written(mail: Mail) -> None:
    with pytest.raises(NotWritable):
        compose(mail)


def on_one_line(text: str) -> str:
    """The text with a blank for each run of what breaks a line or controls a terminal."""
    runs = groupby(text, key=lambda character: category(character) in {"Cc", "Zl", "Zp"})
    return "".join(" " if breaks else "".join(run) for breaks, run in runs).strip()


def assert_reads_back(subject: str, name: str) -> None:
    """Two readers of Python and one of ours find in a mail what was given to it."""
    said, shown = on_one_line(subject), on_one_line(name)
    content = compose(replace(ANA, subject=subject, recipient=Correspondent("ana@customer.example", name)))
    fields = rfc2047.headers(content)
    assert rfc2047.text_of(fields["Subject"]) == said
    assert rfc2047.correspondent_of(fields["To"]) == (shown, "ana@customer.example")
    assert_python_reads(read(content), said, shown)
    assert_python_of_old_reads(read_of_old(content), said, shown)


def assert_python_reads(mail: EmailMessage, said: str, shown: str) -> None:
    """In a name of several encoded words this one puts blanks between them, and makes several blanks one."""
    assert mail.keys() == names_of_fields()
    subject = mail["Subject"]  # it is read anew each time
    assert subject == said
    assert not subject.defects
    (recipient,) = mail["To"].addresses
    assert recipient.addr_spec == "ana@customer.example"
    assert "".join(recipient.display_name.split()) == "".join(shown.split())


@cache
def names_of_fields() -> Sequence[str]:
    """Those of a plain mail."""
    return read(compose(ANA)).keys()


def assert_python_of_old_reads(mail: Message, said: str, shown: str) -> None:
    assert decoded(mail["Subject"]) == said
    assert recipients(mail) == [(shown, "ana@customer.example")]


def recipients(mail: Message) -> list[tuple[str, str]]:
    return [(decoded(name), address) for name, address in getaddresses([mail["To"]])]


def decoded(text: str) -> str:
    """It leaves it to us to unfold."""
    return str(make_header(decode_header(text.replace("\r\n", ""))))


def read_of_old(content: bytes) -> Message:
    return message_from_bytes(content, policy=compat32)


def assert_a_chunk_reads_back(seed: int) -> None:
    random = Random(seed)
    for _ in range(CHUNK):
        assert_reads_back(generated_lines.subject(random), generated_lines.name(random))


def test_subjects_and_names_arrive_as_they_were_written() -> None:
    assert_a_chunk_reads_back(0)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(1, 100))
def test_any_subject_and_any_name_arrive_as_they_were_written(seed: int) -> None:
    assert_a_chunk_reads_back(seed)


@pytest.mark.parametrize(
    ("address", "on_the_wire"),
    [
        ("ana@müller.example", "ana@xn--mller-kva.example"),
        ("anna@straße.example", "anna@xn--strae-oqa.example"),
        ("anna@STRASSE.example", "anna@strasse.example"),
        ("nikos@ορθός.example", "nikos@xn--txangf3c.example"),
    ],
)
def test_a_domain_may_be_written_in_letters_of_its_own(address: str, on_the_wire: str) -> None:
    assert wire_address(address) == on_the_wire


@pytest.mark.parametrize("local", ["a..b.", ".a", "a.", "a..b"])
def test_an_address_with_dots_in_odd_places_is_quoted(local: str) -> None:
    address = f"{local}@docomo.ne.jp"
    assert wire_address(address) == f'"{local}"@docomo.ne.jp' == wire_address(wire_address(address))
    content = compose(replace(ANA, recipient=Correspondent(address, "Ana")))
    (recipient,) = read(content)["To"].addresses
    assert (recipient.username, recipient.domain) == (local, "docomo.ne.jp")
    assert rfc2047.correspondent_of(rfc2047.headers(content)["To"]) == ("Ana", f'"{local}"@docomo.ne.jp')


@given(
    st.text(max_size=70) | st.from_regex(r"[\"a.@ <>\\\r\n]{0,10}", fullmatch=True),
    st.text(max_size=70) | st.from_regex(r"[a-zß.\-\u200d\[\]\r\n ]{0,10}", fullmatch=True),
)
@settings(max_examples=500)
def test_an_address_is_written_as_one_or_not_at_all(local: str, domain: str) -> None:
    try:
        on_the_wire = wire_address(f"{local}@{domain}")
    except NotWritable:
        return
    content = compose(replace(ANA, recipient=Correspondent(f"{local}@{domain}", "Ana, of the customer")))
    assert [to.domain for to in read(content)["To"].addresses] == [on_the_wire.rpartition("@")[2]]
    assert read(content).keys() == read(compose(ANA)).keys()


def test_no_address_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dns", None)
    monkeypatch.setitem(sys.modules, "dns.resolver", None)
    assert wire_address("ana@nowhere.example") == "ana@nowhere.example"


NOT_TAKEN_BY_ALL = [
    "ána@customer.example", "ana", "@customer.example", "a b@customer.example", "a>@customer.example",
    "a@customer.example>", "ana@", "ana@b..c", "ana@b c", "ana@[127.0.0.1]",
    "ana@customer.example\r\nRCPT TO:<eve@evil.example>", "ana\r\n@customer.example",
    '"a\r\n"@customer.example', "Ana <ana@customer.example>", "ana@☃.example",
    "ana@xn--a.example", "ana@-.example", f"{'a' * 65}@customer.example", f"ana@{'a' * 64}.example",
]  # fmt: skip


@pytest.mark.parametrize("address", NOT_TAKEN_BY_ALL)
def test_an_address_that_not_every_server_takes_is_not_written_to(address: str) -> None:
    with pytest.raises(NotWritable):
        compose(replace(ANA, recipient=Correspondent(address)))


def test_what_can_not_be_written_is_not_quoted_in_the_error() -> None:
    with pytest.raises(NotWritable) as error:
        compose(replace(ANA, recipient=Correspondent("ána@customer.example")))
    assert "customer" not in str(error.value)
