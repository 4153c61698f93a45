import pytest
from pydantic import ValidationError

from services.notification.mail.smtp import Encryption, Limits, Login, MailServer
from services.notification.settings import NotificationSettings


def test_mail_goes_to_the_server_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLCARE_SMTP", "[::1]:2525")
    assert NotificationSettings().server() == MailServer("::1", 2525, "olcare.example")


def test_we_log_in_where_a_user_and_a_password_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLCARE_SMTP_ENCRYPTION", "starttls")
    monkeypatch.setenv("OLCARE_SMTP_USER", "olcare")
    monkeypatch.setenv("OLCARE_SMTP_PASSWORD", "secret")
    settings = NotificationSettings()
    assert settings.server().login == Login("olcare", "secret")
    assert settings.server().encryption is Encryption.STARTTLS
    assert "secret" not in repr((settings, settings.server()))


def test_a_user_without_a_password_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLCARE_SMTP_USER", "olcare")
    with pytest.raises(ValidationError):
        NotificationSettings()


def test_a_password_is_not_sent_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLCARE_SMTP_USER", "olcare")
    monkeypatch.setenv("OLCARE_SMTP_PASSWORD", "secret")
    with pytest.raises(ValidationError):
        NotificationSettings()


def test_the_phases_of_a_hand_over_have_their_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLCARE_SMTP_BODY_SECONDS", "7")
    assert NotificationSettings().limits() == Limits(connect=10, command=30, body=7)


def test_nobody_is_written_to_from_an_address_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLCARE_MAIL_SENDER", "OL Care")
    with pytest.raises(ValidationError):
        NotificationSettings()


def test_operations_have_a_mailbox_that_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert NotificationSettings().letterhead().operations.address == "operations@olcare.example"
    monkeypatch.setenv("OLCARE_OPERATIONS_MAILBOX", "watch@olcare.example")
    assert NotificationSettings().letterhead().operations.address == "watch@olcare.example"


def test_answers_may_go_elsewhere_than_to_the_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    assert NotificationSettings().letterhead().reply_to is None
    monkeypatch.setenv("OLCARE_REPLY_TO", "support@straße.example")
    assert NotificationSettings().letterhead().reply_to == "support@xn--strae-oqa.example"


def test_answers_go_to_no_address_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLCARE_REPLY_TO", "support@olcare.example\nBcc: eve@evil.example")
    with pytest.raises(ValidationError):
        NotificationSettings()
