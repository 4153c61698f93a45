"""What can be set for notification."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from libs.chassis.settings import ServiceSettings
from libs.chassis.variables import LOWER
from services.notification.mail.message import Correspondent, Letterhead, wire_address
from services.notification.mail.smtp import Encryption, Limits, Login, MailServer

Seconds = Annotated[float, Field(gt=0, le=900)]
Address = Annotated[str, StringConstraints(max_length=100), AfterValidator(wire_address)]
Domain = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=100)]


class NotificationSettings(ServiceSettings):
    """Adds to the common settings how mail leaves; addresses are under a reserved domain until somebody sets them."""

    service: Literal["notification"] = "notification"
    mail_sender: Address = "no-reply@olcare.example"
    mail_sender_name: str = "OL Care"
    reply_to: Address | None = None
    """Where answers to our mails go; without it to the sender."""
    operations_mailbox: Address = "operations@olcare.example"
    """The mailbox for notices that no centre can get, as of a ticket for a centre of which nothing is published."""
    mail_domain: Domain = "olcare.example"
    """What our Message-IDs end in, and the name that we give to the mail server."""
    smtp_encryption: Annotated[Encryption, LOWER] = Encryption.NONE
    smtp_trust: Path | None = None
    """A bundle of certificates that may vouch for the mail server, beside those of the system."""
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_connect_seconds: Seconds = 10
    smtp_command_seconds: Seconds = 30
    smtp_body_seconds: Seconds = 120

    @model_validator(mode="after")
    def _logs_in_with_both(self) -> Self:
        if (self.smtp_user is None) != (self.smtp_password is None):
            raise ValueError("to log in to the mail server takes a user and a password")
        if self.smtp_user is not None and self.smtp_encryption is Encryption.NONE:
            raise ValueError("a password is sent to the mail server only under encryption")
        return self

    def server(self) -> MailServer:
        """The mail server; raises ValueError where `smtp` is not `host:port`."""
        host, _, port = self.smtp.rpartition(":")
        encryption, trust = self.smtp_encryption, self.smtp_trust
        return MailServer(host.strip("[]"), int(port), self.mail_domain, encryption, trust, self._login())

    def _login(self) -> Login | None:
        if self.smtp_user is None or self.smtp_password is None:
            return None
        return Login(self.smtp_user, self.smtp_password.get_secret_value())

    def limits(self) -> Limits:
        """The time that each phase of a hand-over may take."""
        return Limits(self.smtp_connect_seconds, self.smtp_command_seconds, self.smtp_body_seconds)

    def letterhead(self) -> Letterhead:
        """What all our mails have in common."""
        sender = Correspondent(self.mail_sender, self.mail_sender_name)
        operations = Correspondent(self.operations_mailbox, f"{self.mail_sender_name} operations")
        return Letterhead(sender, operations, self.mail_domain, self.reply_to)
