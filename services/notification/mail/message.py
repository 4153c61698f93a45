"""One message as the mail server gets it: built from data alone, so that the same notice gives the same message."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.quoprimime import body_encode
from email.utils import format_datetime

from libs.messages.addresses import smtp_address
from services.notification.mail.headers import header, is_plain, name_tokens, one_line, text_tokens

_QUOTED_PRINTABLE_LINE = 76  # RFC 2045, 6.7


class NotWritable(ValueError):  # noqa: N818 - it names a state of the message, not a fault of the program
    """No mail can be written to this address or with these words."""


@dataclass(frozen=True)
class Correspondent:
    """An address with the name to show beside it."""

    address: str
    name: str = ""


@dataclass(frozen=True)
class Letterhead:
    """What all our mails have in common; `domain` is what our Message-IDs end in."""

    sender: Correspondent
    operations: Correspondent
    """Who gets what no centre can get."""
    domain: str
    reply_to: str | None = None


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
    reply_to: str | None = None
    """The address that answers go to, where it is not the sender's."""
    root: str | None = None
    """The Message-ID, of no mail, that all mails of one conversation refer to."""
    is_answer: bool = False
    """Whether it answers a message that a person wrote (RFC 3834)."""
    unsubscribe: str | None = None
    """The URL by which no more mails of its kind are asked for (RFC 2369), where they can be."""


def compose(mail: Mail) -> bytes:
    """Write the message, in ASCII and with CRLF line ends; raises NotWritable.

    CRLF, CR and LF in the body are each the end of a line.
    """
    try:
        return f"{''.join(_headers(mail))}\r\n{_body(mail.body)}".encode("ascii")
    except UnicodeError as error:
        raise NotWritable("the text holds what is no character") from error


def _headers(mail: Mail) -> Iterator[str]:
    subject = one_line(mail.subject)
    if not subject:
        raise NotWritable("the message has no subject")
    yield header("Date", [format_datetime(mail.sent_at)])
    yield header("From", _correspondent("From", mail.sender))
    yield header("To", _correspondent("To", mail.recipient))
    if mail.reply_to:
        yield header("Reply-To", [wire_address(mail.reply_to)])
    yield header("Subject", text_tokens("Subject", subject))
    yield header("Message-ID", [_as_it_stands(mail.message_id)])
    if mail.root:
        yield header("In-Reply-To", [_as_it_stands(mail.root)])
        yield header("References", [_as_it_stands(mail.root)])
    yield header("Auto-Submitted", ["auto-replied" if mail.is_answer else "auto-generated"])
    yield header("X-Auto-Response-Suppress", ["All"])
    if mail.unsubscribe:
        yield header("List-Unsubscribe", [_as_it_stands(f"<{mail.unsubscribe}>")])
    yield header("Content-Language", [_as_it_stands(mail.language)])
    yield header("MIME-Version", ["1.0"])
    yield header("Content-Type", ['text/plain; charset="utf-8"'])
    yield header("Content-Transfer-Encoding", ["quoted-printable"])


def _correspondent(name: str, who: Correspondent) -> Sequence[str]:
    shown, address = one_line(who.name), wire_address(who.address)
    return [*name_tokens(name, shown), f"<{address}>"] if shown else [address]


def _as_it_stands(value: str) -> str:
    if not is_plain(value):
        raise NotWritable("an id or a code is not what it should be")
    return value


def _body(text: str) -> str:
    if "\0" in text:
        raise NotWritable("the text holds U+0000, which no mail may")
    lines = text.removesuffix("\n") + "\n"
    return body_encode(lines.encode().decode("latin-1"), _QUOTED_PRINTABLE_LINE, "\r\n")


def wire_address(address: str) -> str:
    """The address as every mail server takes it (`smtp_address`); raises NotWritable."""
    try:
        return smtp_address(address)
    except ValueError as error:
        raise NotWritable(str(error)) from error
