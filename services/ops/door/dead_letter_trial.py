"""Whether a dead letter would be read now: taken apart and checked as its door does, and nothing is done."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from libs.eventlog.errors import Unreadable
from libs.eventlog.wire.cloudevents import Message, parse
from libs.eventlog.wire.field_errors import pointer
from libs.eventlog.wire.record import Record
from libs.messages.catalogue import CONTRACTS_DOOR, NOTICES_DOOR, OPS_DOOR, TICKETS_DOOR, UPSTREAM, split_door
from libs.messages.receipts import DeadLetter, Unreadability
from libs.messages.sources import SourcePolicy
from services.contract.door import read as read_by_contract
from services.intake.door import read as read_by_intake
from services.notification.handlers import read as read_by_notification


def _read_by_audit(record: Record) -> Message[Any]:
    return parse(record.value, record.headers, UPSTREAM[OPS_DOOR])


READ: Mapping[str, Callable[[Record], Message[Any]]] = {
    TICKETS_DOOR: read_by_intake,
    CONTRACTS_DOOR: read_by_contract,
    NOTICES_DOOR: read_by_notification,
    OPS_DOOR: _read_by_audit,
}
"""How the service behind each door takes a record apart."""


class Trial(NamedTuple):
    """What would become of a record at its door now; `reason` is None where it would be read."""

    reason: str | None = None
    where: str | None = None
    message: str | None = None

    @property
    def readable(self) -> bool:
        """Whether the door would take it: whatever is decided then."""
        return self.reason is None


def trial(record: Record, policy: SourcePolicy | None) -> Trial:
    """Read a record as its door would, under a policy of sources."""
    door, client = split_door(record.topic)
    try:
        message = READ[door](record)
    except Unreadable as why:
        return Trial(str(why.reason), why.where, why.text)
    why_not = policy.objection(client, message.source, type(message.data)) if policy else None
    if why_not:
        return Trial(str(Unreadability.SOURCE_NOT_ALLOWED), pointer(why_not.attribute), why_not.text)
    return Trial()


def trial_of(letter: DeadLetter, policy: SourcePolicy | None) -> Trial:
    """Read a dead letter as its door would; what was too large to be kept stays unreadable."""
    if letter.value is None and letter.reason is not Unreadability.NO_VALUE:
        return Trial(str(letter.reason), letter.where, letter.message)
    return trial(record_of(letter), policy)


def record_of(letter: DeadLetter) -> Record:
    """The door's record as it came."""
    headers = [(header.name, header.value) for header in letter.headers]
    place = letter.place
    return Record(place.topic, place.partition, place.offset, letter.key, letter.value, headers, 0)  # type: ignore[arg-type] # a header may have no value
