"""One message as the mail server gets it: built from data alone, so that the same notice gives the same message."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
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
        message.set_content(mail.body, charset="utf-8", cte="quoted-printable")
        message["Content-Language"] = mail.language
        return message.as_bytes()
    except (MessageError, ValueError) as error:
        raise NotWritable("the message can not be written") from error


def wire_address(address: str) -> str:
    """The address as SMTP takes it without extensions, its domain in ASCII (IDNA); raises NotWritable."""
    local, _, domain = address.rpartition("@")
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError as error:
        raise NotWritable("the part behind the @ is no domain") from error
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise NotWritable("the address is not one that every mail server takes")
    return f"{local}@{domain}"


def _shown(who: Correspondent) -> Address:
    return Address(_line(who.name), addr_spec=wire_address(who.address))


def _line(text: str) -> str:
    """The text on one line: a line break would begin a new header."""
    return _BREAKS.sub(" ", text).strip()
