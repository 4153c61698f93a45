"""The mail catcher accepts, keeps and fails as it is told."""

import smtplib
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Literal

import pytest

from libs.stack.catcher import MailCatcher
from libs.stack.faults import Fault
from libs.stack.ports import free_port
from libs.stack.run import Run


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailCatcher]:
    with Run.create(tmp_path_factory.mktemp("mail")) as run:
        catcher = MailCatcher(run)
        catcher.start()
        yield catcher


@pytest.fixture
def catcher(running: MailCatcher) -> MailCatcher:
    running.fail()
    running.journal.unlink(missing_ok=True)
    return running


def test_a_health_check_tells_whether_it_answers(catcher: MailCatcher) -> None:
    check = [sys.executable, "-m", "libs.stack.mail_answers"]
    port = catcher.address.rpartition(":")[2]
    assert subprocess.run([*check, port], check=False).returncode == 0
    assert subprocess.run([*check, str(free_port())], check=False, capture_output=True).returncode == 1


def test_what_is_accepted_is_in_the_journal_before_the_answer(catcher: MailCatcher) -> None:
    _send(catcher)
    (message,) = catcher.messages()
    assert message["message_id"] == "<1@olcare.test>"
    assert message["subject"] == "Votre ticket 4711 a été reçu"
    assert message["body"].strip() == "Réponse avant 17 h."
    assert message["mail_from"] == "care@olcare.test"
    assert message["rcpt_to"] == ["anna@customer.test"]


def test_a_refused_recipient_gets_550_and_a_deferred_one_451(catcher: MailCatcher) -> None:
    catcher.fail(Fault("recipient", "refuse", to="anna"), Fault("recipient", "defer", to="bert"))
    assert _code_of_refusal(catcher, "anna@customer.test") == 550
    assert _code_of_refusal(catcher, "bert@customer.test") == 451
    _send(catcher, "carl@customer.test")
    assert [message["rcpt_to"] for message in catcher.messages()] == [["carl@customer.test"]]


def test_a_body_deferred_twice_is_taken_the_third_time(catcher: MailCatcher) -> None:
    catcher.fail(Fault("body", "defer", times=2))
    for _ in range(2):
        with pytest.raises(smtplib.SMTPDataError, match="451"):
            _send(catcher)
    _send(catcher)
    assert len(catcher.messages()) == 1


@pytest.mark.parametrize(("do", "kept"), [("cut", 0), ("keep and cut", 1)])
def test_a_cut_after_the_body_leaves_the_sender_without_an_answer(
    catcher: MailCatcher, do: Literal["cut", "keep and cut"], kept: int
) -> None:
    catcher.fail(Fault("body", do))
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        _send(catcher)
    assert len(catcher.messages()) == kept


def test_a_slow_answer_comes_after_the_message_was_kept(catcher: MailCatcher) -> None:
    catcher.fail(Fault("body", "keep and wait", seconds=5))
    with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
        _send(catcher, timeout=2)
    assert len(catcher.messages()) == 1


def test_a_killed_catcher_comes_back_with_its_journal(catcher: MailCatcher) -> None:
    _send(catcher)
    catcher.process.kill()
    catcher.start()
    _send(catcher)
    assert len(catcher.messages()) == 2


def _send(catcher: MailCatcher, to: str = "anna@customer.test", timeout: float = 10) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "care@olcare.test", to
    message["Message-ID"], message["Subject"] = "<1@olcare.test>", "Votre ticket 4711 a été reçu"
    message.set_content("Réponse avant 17 h.")
    host, _, port = catcher.address.partition(":")
    with smtplib.SMTP(host, int(port), timeout=timeout) as client:
        client.send_message(message)


def _code_of_refusal(catcher: MailCatcher, to: str) -> int:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        _send(catcher, to)
    code, _ = refused.value.recipients[to]
    return code
