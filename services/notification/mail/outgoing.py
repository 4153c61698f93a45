"""From a row of `notices_to_send` to the message and its recipient."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from libs.messages.ids import name_id
from libs.messages.notices import DeliveryProblem, NoticeClass, NoticeFacts, NoticeRole
from libs.messages.private import PrivateRecord
from libs.messages.streams import parse_stream
from libs.messages.tickets import Channel
from services.notification.mail.bidi import isolated
from services.notification.mail.message import Correspondent, Letterhead, Mail, NotWritable, compose, wire_address
from services.notification.mail.texts import LetterContext, render
from services.notification.projections import CentreSheet

ANSWERS = frozenset({NoticeClass.ACKNOWLEDGEMENT, NoticeClass.REFUSAL})
"""Notices that answer a person's message, where the ticket was opened by one and not by telephone."""

UNSUBSCRIBED_FROM = frozenset({NoticeClass.RENEWAL_REMINDER})
UNSUBSCRIBE = "unsubscribe"
_LONGEST = 700  # of a line with it, which must not be longer than 998 octets (RFC 5322, 2.1.1)


@dataclass(frozen=True)
class OutgoingMail:
    """A message that is ready to be handed over; `recipient` as the mail server takes it."""

    recipient: str
    content: bytes


def write(row: Mapping[str, Any], letterhead: Letterhead, sent_at: datetime) -> OutgoingMail | DeliveryProblem:
    """The mail of a notice, the same for every attempt except its date, or the problem why it can not be written."""
    try:
        person = PrivateRecord.model_validate_json(row["person"]) if row["person"] else None
        centre = _sheet(row["centre"])
        to_operations = row["role"] == NoticeRole.OPERATIONS
        recipient = letterhead.operations if to_operations else _recipient(person, row["mailbox"], centre)
        if recipient is None:
            return DeliveryProblem.NO_ADDRESS
        facts = NoticeFacts.model_validate_json(row["facts"])
        standing = LetterContext(sent_at, row["due_at"], row["answered_at"], row["withdrawn_at"], row["told"])
        team, territory = _sheet(row["team"]), row["territory"]
        text = render(row["template"], row["language"], facts, standing, centre, person, team=team, territory=territory)
        mail = Mail(
            sender=letterhead.sender,
            recipient=recipient,
            subject=text.subject,
            body=text.body,
            language=row["language"],
            message_id=row["message_id"],
            sent_at=sent_at,
            reply_to=letterhead.reply_to,
            root=conversation_root(facts.ticket, letterhead.domain) if facts.ticket else None,
            is_answer=row["template"] in ANSWERS and facts.channel is not Channel.PHONE,
            unsubscribe=_unsubscribe(row["template"], row["mailbox"], facts.customer),
        )
        return OutgoingMail(wire_address(recipient.address), compose(mail))
    except (NotWritable, ValidationError):  # an unreadable notice must not block the others
        return DeliveryProblem.NOT_WRITABLE


def _sheet(published: str | None) -> CentreSheet | None:
    return CentreSheet.model_validate_json(published) if published else None


def conversation_root(ticket: str, domain: str) -> str:
    """The Message-ID that all mails about a ticket (a stream id) refer to, so that mail programs show them together."""
    return f"<{name_id(ticket, 'conversation')}@{domain}>"


def _unsubscribe(template: str, mailbox: str | None, customer: str | None) -> str | None:
    """The URL of a mail to the centre that names the customer; of reminders alone, as all else is told in any case."""
    if template not in UNSUBSCRIBED_FROM or mailbox is None or customer is None:
        return None
    said = quote(f"{UNSUBSCRIBE} {parse_stream(customer).number}", safe="")
    return f"mailto:{quote(mailbox, safe='@')}?subject={said if len(said) <= _LONGEST else UNSUBSCRIBE}"


def _recipient(person: PrivateRecord | None, mailbox: str | None, centre: CentreSheet | None) -> Correspondent | None:
    """The person where the notice names one; the centre's mailbox never replaces a person's missing address."""
    if person:
        return Correspondent(person.email, isolated(person.name or "")) if person.email else None
    return Correspondent(mailbox, f"OL Care {centre.printed_name}") if mailbox and centre else None
