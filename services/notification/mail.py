"""One message as the mail server gets it: built from data alone, so that the same notice is the same message."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


class NotWritable(ValueError):  # noqa: N818 - it names a state of the message, not a fault of the program
    """No mail can be written to this address or with these words."""


@dataclass(frozen=True)
class Correspondent:
    """An address with the name to show beside it."""

    address: str
    name: str = ""


@dataclass(frozen=True)
class Mail:
    """What is written; `message_id` in angle brackets, `sent_at` aware, `language` a code such as `fr`."""

    sender: Correspondent
    recipient: Correspondent
    subject: str
    body: str
    language: str
    message_id: str
    sent_at: datetime


def compose(mail: Mail) -> bytes:
    """Write the message with CRLF line ends; raises NotWritable."""
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = _shown(mail.sender)
        message["To"] = _shown(mail.recipient)
        message["Subject"] = _line(mail.subject)
        message["Date"] = mail.sent_at
        message["Message-ID"] = mail.message_id
        message["Auto-Submitted"] = "auto-generated"
        message["Content-Language"] = mail.language
        message.set_content(mail.body, charset="utf-8", cte="quoted-printable")
        return message.as_bytes()
    except (MessageError, ValueError) as error:
        raise NotWritable("the message can not be written") from error


def wire_address(address: str) -> str:
    """The address as SMTP takes it without extensions, its domain in ASCII (IDNA); raises NotWritable."""
    local, _, domain = address.rpartition("@")
    if not local.isascii() or not local or re.search(r'[\s<>"(),:;\\\[\]]', local):
        raise NotWritable("the part before the @ is not one that every mail server takes")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError as error:
        raise NotWritable("the domain is none") from error


def _shown(who: Correspondent) -> Address:
    return Address(_line(who.name), addr_spec=wire_address(who.address))


def _line(text: str) -> str:
    """Make one line of it: whatever ends a line would begin a header of its own."""
    return _BREAKS.sub(" ", text).strip()
