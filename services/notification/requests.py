"""How a notice is requested: what is known beside its event, in which language, and under which id."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from libs.eventlog.commands import Reaction
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.base import PrivateKey
from libs.messages.notices import NoticeClass, NoticeFacts, NoticeRole, Recipient
from libs.messages.streams import stream_id
from services.notification.domain import RequestNotice
from services.notification.mail.languages import choose_language
from services.notification.news import Foreign

REQUEST = "RequestNotice"


@dataclass(frozen=True)
class CustomerFacts:
    """Whom to write to at a customer: where the addresses stand, the language, and who helps with renewals."""

    private: PrivateKey
    language: str
    reseller: str | None = None
    country: str | None = None
    renewals: PrivateKey | None = None
    """Whom to write to about renewals, where it is somebody else."""
    team: str | None = None
    """The centre whose team helps, where it is not the home centre."""


@dataclass(frozen=True)
class CentreFacts:
    """A centre's language and zone."""

    language: str
    zone: str


@dataclass(frozen=True)
class RecipientFacts:
    """What our own tables say about the customer and the centres of an event; None where they know nothing."""

    customer: CustomerFacts | None = None
    centre: CentreFacts | None = None
    working_centre: CentreFacts | None = None


class KnownEvent(NamedTuple):
    """An event that somebody is told of, what is known beside it, and what our Message-IDs end in."""

    event: RecordedEvent[Foreign]
    facts: RecipientFacts
    mail_domain: str

    @property
    def zone(self) -> str | None:
        """The centre's."""
        return self.facts.centre.zone if self.facts.centre else None

    def language(self, wish: str | None = None) -> str:
        """The recipient's own language, then the centre's, then English."""
        return choose_language(wish, self.facts.centre.language if self.facts.centre else None)


def to_the_centre(
    known: KnownEvent, kind: NoticeClass, centre: str, facts: NoticeFacts, template: str | None = None
) -> Reaction:
    """Tell a centre, in its language."""
    return request(known, NoticeRole.CENTRE, kind, Recipient(centre=centre), known.language(), facts, template)


def request(
    known: KnownEvent,
    role: NoticeRole,
    kind: NoticeClass,
    recipient: Recipient,
    language: str,
    facts: NoticeFacts,
    template: str | None = None,
    *,
    territory: str | None = None,
    not_before: datetime | None = None,
) -> Reaction:
    """Request a notice; its template is that of its class unless another is named."""
    stream = stream_id("notice", known.event.id, role)
    command = RequestNotice(
        occurred_at=known.event.time,
        role=role,
        notice_class=kind,
        about_event=known.event.id,
        about_stream=known.event.stream,
        about_sequence=known.event.sequence,
        recipient=recipient,
        language=language,
        territory=territory,
        template=template or str(kind),
        facts=facts,
        message_id=f"<{known.event.id}.{role}@{known.mail_domain}>",
        not_before=not_before,
    )
    return Reaction(REQUEST, stream, command)
