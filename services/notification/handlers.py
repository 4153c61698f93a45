"""The loops of notification: reactions to other services' events, orders of a person, and duties."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import assert_never

from pydantic import TypeAdapter, ValidationError

from libs.chassis.service_door import ServiceDoor
from libs.chassis.service_host import ServiceHost
from libs.eventlog.commands import IssuedCommand, Reaction, issued_at_door, issued_by_duty
from libs.eventlog.errors import Unreadable
from libs.eventlog.loops.duty import Duty, Found, found_by
from libs.eventlog.loops.fact_waves import Resting
from libs.eventlog.loops.writer import PATIENCE, Answer, Writer
from libs.eventlog.wire.cloudevents import Message, parse
from libs.eventlog.wire.record import Record, RecordedEvent
from libs.messages.base import NoticeId
from libs.messages.catalogue import NOTICES_DOOR, UPSTREAM
from libs.messages.notices import (
    Cancellation,
    NoticeAmbiguous,
    NoticeCancelled,
    NoticeDeferred,
    NoticeEvent,
    NoticeFailed,
    NoticeHandingOver,
    NoticeOrderRefused,
    NoticeRequested,
    NoticeResendOrdered,
    NoticeSent,
    NoticeSettled,
)
from libs.messages.receipts import Outcome, Unreadability
from libs.messages.upstream import NoticeUpstream, ResendOrdered, SettlementOrdered
from services.notification.domain import CancelNotice
from services.notification.notice.delivery import AbandonClaim
from services.notification.notice.orders import OrderResend, Settle
from services.notification.notice.state import Claim
from services.notification.reactions import FACTS, NO_FACTS, FactsNeeded, facts_needed, react
from services.notification.requests import RecipientFacts
from services.notification.settings import NotificationSettings
from services.notification.terms import take_back

_NOTICE: TypeAdapter[str] = TypeAdapter(NoticeId)


class NoticeReactions:
    """Looks up the facts and calls the pure `react`."""

    def __init__(self, host: ServiceHost, settings: NotificationSettings) -> None:
        self._queries, self._settings = host.queries, settings

    async def react(self, events: Sequence[RecordedEvent]) -> Sequence[Sequence[Reaction]]:
        """The notices that each event calls for; raises Unavailable where a customer is not known here yet."""
        facts = await self._facts(events)
        return [react(e, f, self._settings.mail_domain) for e, f in zip(events, facts, strict=True)]

    async def _facts(self, events: Sequence[RecordedEvent]) -> list[RecipientFacts]:
        needed = [facts_needed(event) for event in events]
        return await self._queries.facts("facts_for_notices", needed, FACTS, NO_FACTS)


def read(record: Record) -> Message[NoticeUpstream]:
    """Parse a record; raises Unreadable, also where its subject names no notice."""
    message = parse(record.value, record.headers, UPSTREAM[NOTICES_DOOR])
    try:
        _NOTICE.validate_python(message.subject)
    except ValidationError:
        text = "the subject must be the stream id of a notice"
        raise Unreadable(Unreadability.BAD_ATTRIBUTE, "/subject", text) from None
    return message


class NoticeDoor(ServiceDoor[NoticeUpstream]):
    """Takes a person's orders about a notice."""

    def __init__(self, host: ServiceHost, writer: Writer) -> None:
        super().__init__(NOTICES_DOOR, host.cards)
        self._queries, self._writer = host.queries, writer

    def outcome(self, event: NoticeEvent) -> Outcome:
        """The outcome of an order, from its counting event."""
        match event:
            case NoticeOrderRefused():
                return Outcome.REFUSED
            case NoticeResendOrdered() | NoticeSettled():
                return Outcome.ACCEPTED
            case NoticeRequested() | NoticeHandingOver() | NoticeSent() | NoticeDeferred() | NoticeFailed():
                return Outcome.ACCEPTED
            case NoticeAmbiguous() | NoticeCancelled():
                return Outcome.ACCEPTED
            case _:
                assert_never(event)

    async def answer(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        """Have the writer answer the commands with their counting events."""
        return await self._writer.handle(commands)

    async def counted(self, commands: Sequence[IssuedCommand]) -> Sequence[RecordedEvent | None]:
        """The events of those commands that count already."""
        return await self._writer.counted(commands)

    def read(self, record: Record) -> Message[NoticeUpstream]:
        """Parse a record; raises Unreadable."""
        return read(record)

    def resting(self, message: Message[NoticeUpstream]) -> Resting:
        """The notice that a message says something about; it rests on no other."""
        return Resting(frozenset({message.subject}))

    async def issue(self, read: Sequence[tuple[Record, Message[NoticeUpstream]]]) -> Sequence[IssuedCommand]:
        """Make the commands, each with why its notice is not to be sent any more, if it is not."""
        streams = [message.subject for _, message in read]
        rows = await self._queries.rows("causes_not_to_send", streams=streams)
        causes = {row["stream"]: Cancellation(row["cause"]) for row in rows}
        return [_order(message, causes.get(message.subject)) for _, message in read]


class NoticeDuties:
    """What notices need: claims are abandoned, and what is not so is cancelled before it is told, or taken back."""

    def __init__(self, host: ServiceHost, settings: NotificationSettings) -> None:
        self._queries, self._clock, self._limits = host.queries, host.clock, settings.limits()
        self._domain = settings.mail_domain

    def all(self) -> list[Duty]:
        """Name the duties."""
        return [
            Duty("abandon claims", self.claims_to_abandon, asks="claims_to_abandon"),
            Duty("cancel notices", self.notices_to_cancel, sparing=True),  # none of them is sent meanwhile
            Duty("take back lapses", self.lapses_to_take_back, sparing=True),
        ]

    def values(self) -> Mapping[str, object]:
        """What the queries name beside the instant."""
        return {"claimed_before": self._clock.wall() - self._longest}

    @property
    def _longest(self) -> timedelta:
        """How long reading back a claim and a hand-over can take."""
        return timedelta(seconds=PATIENCE + self._limits.whole)

    async def claims_to_abandon(self, now: datetime, most: int) -> Sequence[IssuedCommand]:
        """Abandon claims that are older, by the machine's clock, than reading them back and a hand-over can take."""
        wall, limit = self._clock.wall(), self._longest
        rows = await self._queries.rows("claims_to_abandon", claimed_before=wall - limit, most=most)
        return [
            issued_by_duty(row, AbandonClaim(now, Claim(row["process"], row["attempt"]), wall, limit)) for row in rows
        ]

    async def notices_to_cancel(self, now: datetime, most: int) -> Sequence[IssuedCommand]:
        """Cancel what is still to be sent and has become untrue, or is for somebody who has been erased."""
        rows = await self._queries.rows("notices_to_cancel", most=most)
        return [issued_by_duty(row, CancelNotice(now, Cancellation(row["cause"]))) for row in rows]

    async def lapses_to_take_back(self, now: datetime, most: int) -> Sequence[Found]:
        """Tell customers that a lapse they were told of is none: a contract that was submitted later goes on."""
        rows = await self._queries.rows("lapses_to_take_back", now=now, most=most)
        needed = [FactsNeeded(row["customer"], row["centre"]) for row in rows]
        facts = await self._queries.facts("facts_for_notices", needed, FACTS, NO_FACTS)
        return found_by(
            zip(rows, facts, strict=True),
            lambda found: str(found[0]["stream"]),
            lambda found: issued_by_duty(found[0], take_back(*found, now, self._domain)),
        )

    async def next_due(self) -> datetime | None:
        """The instant at which a notice is next to be tried again, or may leave."""
        row = await self._queries.row("next_retry")
        return row["at"] if row else None


def _order(message: Message[NoticeUpstream], cause: Cancellation | None) -> IssuedCommand:
    return issued_at_door(message, message.subject, _command(message.data, message.time, cause))


def _command(order: NoticeUpstream, at: datetime, cause: Cancellation | None) -> OrderResend | Settle:
    match order:
        case ResendOrdered(by=by):
            return OrderResend(at, by, cause)
        case SettlementOrdered(by=by, settled_as=settled_as):
            return Settle(at, by, settled_as)
        case _:
            assert_never(order)
