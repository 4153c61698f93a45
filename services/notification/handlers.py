"""The loops of notification: what makes us tell somebody, what a person orders, and what is owed until it is done."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from libs.chassis.service_host import ServiceHost
from libs.eventlog.commands import Reaction, Request
from libs.eventlog.errors import Unreadable
from libs.eventlog.loops.door import DoorKeeper
from libs.eventlog.loops.duty import Duty
from libs.eventlog.loops.writer import PATIENCE, Answer, Writer
from libs.eventlog.wire.cloudevents import Message, parse
from libs.eventlog.wire.receipts import receipt, unreadable
from libs.eventlog.wire.record import Outgoing, Record, RecordedEvent
from libs.messages.catalogue import NOTICES_DOOR, UPSTREAM
from libs.messages.door import ResendOrdered
from libs.messages.ids import door_command_id, duty_command_id
from libs.messages.notices import Cancellation, NoticeOrderRefused
from libs.messages.receipts import Outcome, Unreadability
from libs.messages.streams import parse_stream
from services.notification.delivery import AbandonClaim
from services.notification.domain import CancelNotice
from services.notification.notice import Claim
from services.notification.orders import OrderResend, Settle
from services.notification.reactions import FACTS, NO_FACTS, Facts, asked, react
from services.notification.settings import NotificationSettings


class NoticeReactions:
    """Fills in the facts and asks the pure router."""

    def __init__(self, host: ServiceHost, settings: NotificationSettings) -> None:
        self._queries, self._settings = host.queries, settings

    async def react(self, events: Sequence[RecordedEvent]) -> Sequence[Sequence[Reaction]]:
        """Give the notices that each event calls for; raises Unavailable where a customer is not known here yet."""
        facts = await self._facts(events)
        return [react(e, f, self._settings.mail_domain) for e, f in zip(events, facts, strict=True)]

    async def _facts(self, events: Sequence[RecordedEvent]) -> list[Facts]:
        wanted = [asked(event) for event in events]
        named = [one for one in wanted if one]
        if not named:
            return [NO_FACTS for _ in events]
        customers, centres = zip(*named, strict=True)
        rows = await self._queries.rows("facts_for_notices", customers=list(customers), centres=list(centres))
        found = iter(FACTS.validate_json(row["facts"]) for row in rows)
        return [next(found) if one else NO_FACTS for one in wanted]


class NoticeDoor:
    """Takes a person's orders about a notice."""

    def __init__(self, host: ServiceHost, writer: Writer) -> None:
        self._queries, self._cards, self._writer = host.queries, host.cards, writer

    def keeper(self, group: str) -> DoorKeeper:
        """Describe the door to its loop."""
        return DoorKeeper(
            topic=NOTICES_DOOR,
            group=group,
            read=self.read,
            private=lambda *_: (),
            ask=self.ask,
            answer=self._writer.handle,
            settle=self.settle,
            receipt=self.receipt,
            dead=self.dead,
        )

    def read(self, record: Record) -> Message:
        """Take a record apart; raises Unreadable, also where its subject names no notice."""
        message = parse(record.value, record.headers, UPSTREAM[NOTICES_DOOR])
        try:
            kind = parse_stream(message.subject).kind
        except ValueError:
            kind = ""
        if kind != "notice":
            raise Unreadable(Unreadability.BAD_ATTRIBUTE, "subject", "the subject must be the stream id of a notice")
        return message

    async def ask(self, read: Sequence[tuple[Record, Message]]) -> Sequence[Request]:
        """Make the requests, knowing whose recipients have been erased."""
        streams = [message.subject for _, message in read]
        erased = {row["stream"] for row in await self._queries.rows("erased_recipients", streams=streams)}
        return [_order(message, erased=message.subject in erased) for _, message in read]

    async def settle(self, answers: Sequence[Answer]) -> None:
        """Nothing waits for an order."""

    def receipt(self, record: Record, _: Message, answer: Answer) -> Outgoing:
        """Answer whoever gave the order."""
        assert answer.event is not None  # noqa: S101 - a door's command always has its event
        refused = isinstance(answer.event.data, NoticeOrderRefused)
        return receipt(record, Outcome.REFUSED if refused else Outcome.ACCEPTED, answer.event)

    def dead(self, record: Record, why: Unreadable) -> Sequence[Outgoing]:
        """Keep what can not be read."""
        return unreadable(record, why, self._cards[f"{NOTICES_DOOR}.dlq"].partitions)


class NoticeDuties:
    """What is owed whether or not anybody asks: claims of the dead are given up, the erased are told nothing more."""

    def __init__(self, host: ServiceHost, settings: NotificationSettings) -> None:
        self._queries, self._clock, self._limits = host.queries, host.clock, settings.limits()

    def all(self) -> list[Duty]:
        """Name the duties."""
        return [Duty("abandon claims", self.claims_to_abandon), Duty("cancel notices", self.notices_to_cancel)]

    async def claims_to_abandon(self, now: datetime, most: int) -> Sequence[Request]:
        """Give up claims that are older, on the machine's clock, than reading them back and a hand-over can last."""
        wall, limit = self._clock.wall(), timedelta(seconds=PATIENCE + self._limits.whole)
        rows = await self._queries.rows("claims_to_abandon", claimed_before=wall - limit, most=most)
        return [
            duty_request(row, AbandonClaim(now, Claim(row["process"], row["attempt"]), wall, limit)) for row in rows
        ]

    async def notices_to_cancel(self, now: datetime, most: int) -> Sequence[Request]:
        """Cancel what is still to be sent to somebody who has been erased."""
        rows = await self._queries.rows("notices_to_cancel", most=most)
        return [duty_request(row, CancelNotice(now, Cancellation.PERSON_ERASED)) for row in rows]

    async def next_due(self) -> datetime | None:
        """Give the instant at which a notice is next to be tried again."""
        row = await self._queries.row("next_retry")
        return row["at"] if row else None


def duty_request(row: Mapping[str, Any], command: Any, *more: str) -> Request:
    """Make the request of a row that a duty found; `more` tells apart attempts on the same head."""
    identity = str(duty_command_id(row["head"], type(command).__name__, *more))
    return Request(identity, row["stream"], command, row["correlation"])


def _order(message: Message, *, erased: bool) -> Request:
    stream, data = message.subject, message.data
    command: OrderResend | Settle
    if isinstance(data, ResendOrdered):
        command = OrderResend(message.time, data.by, person_erased=erased)
    else:
        command = Settle(message.time, data.by, data.settled_as)  # type: ignore[attr-defined] # the door's other type
    identity = str(door_command_id(message.source, message.id, stream))
    return Request(identity, stream, command, identity, message.traceparent)
