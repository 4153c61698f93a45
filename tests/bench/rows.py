"""What the measured reader derives: a row of about 200 bytes for every ticket, a primary key and two indexes."""

from datetime import datetime
from typing import NamedTuple

from libs.eventlog.fold import Projector
from libs.eventlog.projection import Projection, Reader
from libs.eventlog.rule import Judge
from libs.eventlog.wire.codec import Codec
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.catalogue import EVENTS, TICKETS
from libs.messages.tickets import RespondedBy, ResponseRecorded, TicketOpened


class Ticket(NamedTuple):
    """A ticket as an agent looks at it."""

    stream: str
    customer: str
    contract: str
    product: str
    version: str | None
    channel: str
    centre: str
    language: str
    requester: str
    correlation: str
    opened_at: datetime
    covered_until: datetime
    responses: int = 0
    """Answers by a person."""
    first_responded_at: datetime | None = None


def _ticket(row: Ticket | None, event: RecordedEvent) -> Ticket | None:
    match event.data:
        case ResponseRecorded(by=RespondedBy.PERSON, responded_at=at) if row:
            first = min(at, row.first_responded_at or at)
            return row._replace(responses=row.responses + 1, first_responded_at=first)
        case TicketOpened() as opened:
            return _opened(event, opened)
        case _:
            return row


def _opened(event: RecordedEvent, opened: TicketOpened) -> Ticket:
    return Ticket(
        stream=event.stream,
        customer=opened.customer,
        contract=opened.cover.contract,
        product=opened.product,
        version=opened.version,
        channel=opened.channel,
        centre=opened.centre,
        language=opened.language,
        requester=opened.requester,
        correlation=event.correlationid,
        opened_at=opened.opened_at,
        covered_until=opened.cover.covered_until,
    )


ROWS: Projection[Ticket] = Projection(
    table="bench_tickets",
    row=Ticket,
    columns="""
        stream text not null, customer text not null, contract text not null, product text not null, version text,
        channel text not null, centre text not null, language text not null, requester text not null,
        correlation text not null, opened_at timestamptz not null, covered_until timestamptz not null,
        responses int not null, first_responded_at timestamptz""",
    events=(TicketOpened, ResponseRecorded),
    evolve=_ticket,
    indexes=("(customer, opened_at)", "(centre, opened_at)"),
)


def reader(topic: str) -> Reader:
    """Give the measured reader: it writes, so its heads carry the commands that counted."""
    return Reader("bench", topic, 1, (ROWS,), writes=True)


def projector(topic: str, partitions: int) -> Projector:
    """Give what folds it; a helper of a rebuild makes its own."""
    return Projector(reader(topic), Judge(Codec(topic, EVENTS[TICKETS], partitions)))
