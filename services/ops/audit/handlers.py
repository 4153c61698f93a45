"""The door of audit: what somebody is about to do is recorded, and the receipt lets them."""

from collections.abc import Sequence
from typing import assert_never

from libs.chassis.service_door import ServiceDoor
from libs.chassis.service_host import ServiceHost
from libs.eventlog.commands import IssuedCommand, issued_at_door
from libs.eventlog.loops.fact_waves import Resting
from libs.eventlog.loops.writer import Answer, Writer
from libs.eventlog.wire.cloudevents import Message
from libs.eventlog.wire.record import Record
from libs.messages import upstream
from libs.messages.actions import (
    ActionEvent,
    ActionRefused,
    GenerationsDiscarded,
    GenerationSwitched,
    PrivateDataShown,
    PublicationDone,
    PublicationOrdered,
    RebuildDone,
    RebuildOrdered,
    RedriveDone,
    RedriveOrdered,
)
from libs.messages.catalogue import OPS_DOOR
from libs.messages.receipts import Outcome
from libs.messages.streams import stream_id
from libs.messages.upstream import OpsUpstream, PrivateDataRequested
from services.ops.audit.domain import Discard, Mend, Mending, ShowPrivateData, Switch


class ActionDoor(ServiceDoor[OpsUpstream]):
    """Takes what somebody is about to do."""

    def __init__(self, host: ServiceHost, writer: Writer) -> None:
        super().__init__(OPS_DOOR, host.cards)
        self._writer = writer

    def outcome(self, event: ActionEvent) -> Outcome:
        """Whether it may be done, from its counting event."""
        match event:
            case PrivateDataShown() | GenerationSwitched() | GenerationsDiscarded():
                return Outcome.ACCEPTED
            case RedriveOrdered() | RedriveDone() | RebuildOrdered() | RebuildDone():
                return Outcome.ACCEPTED
            case PublicationOrdered() | PublicationDone():
                return Outcome.ACCEPTED
            case ActionRefused():
                return Outcome.REFUSED
            case _:
                assert_never(event)

    async def answer(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        """Have the writer answer the commands with their counting events."""
        return await self._writer.handle(commands)

    def resting(self, message: Message[OpsUpstream]) -> Resting:
        """Whose action it is; it rests on nothing else."""
        return Resting(frozenset({stream_of(message)}))

    async def issue(self, read: Sequence[tuple[Record, Message[OpsUpstream]]]) -> Sequence[IssuedCommand]:
        """Make the commands."""
        return [issued_at_door(message, stream_of(message), command_of(message)) for _, message in read]


def stream_of(message: Message[OpsUpstream]) -> str:
    """Name the stream of whoever does it."""
    return stream_id("action", message.source, message.data.by)


def command_of(message: Message[OpsUpstream]) -> ShowPrivateData | Mend:
    """Make the command of a message."""
    said = message.data
    if isinstance(said, PrivateDataRequested):
        return ShowPrivateData(message.time, said.by, said.reason, said.case_number, said.kind, said.what)
    return Mend(message.time, said.by, said.order, _mending(said))


def _mending(said: upstream.MendingUpstream) -> Mending:
    match said:
        case upstream.RedriveOrdered(redrive=redrive):
            return redrive
        case upstream.RedriveDone(tally=tally):
            return tally
        case upstream.RebuildOrdered(rebuild=rebuild):
            return rebuild
        case upstream.RebuildDone(result=result):
            return result
        case upstream.GenerationSwitchOrdered(reader=reader, generation=generation):
            return Switch(reader, generation)
        case upstream.GenerationsDiscardOrdered(reader=reader):
            return Discard(reader)
        case upstream.PublicationOrdered(draft=draft):
            return draft
        case upstream.PublicationDone(tally=tally):
            return tally
        case _:
            assert_never(said)
