"""Promises that run, made up in any number: real ones of the shipped plan, each due at a known instant.

Few certificates serve many tickets: what is measured does not reckon deadlines.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from libs.eventlog.ports import Appender
from libs.eventlog.wire.record import Cause, Outgoing, Written, encode
from libs.messages.base import PrivateKey
from libs.messages.catalogue import SLA
from libs.messages.ids import name_id
from libs.messages.sla import FirstResponseClockStarted
from libs.messages.streams import partition_of
from libs.messages.tickets import Channel
from libs.plan import promise, working_calendar
from services.contract.plan import read_plan

SOURCE = "olcare/sla_timer"
WAVE = 5_000
LATER = datetime(2026, 12, 1, 8, tzinfo=UTC)
"""From here on the tickets of promises that only lie there are opened: long after whatever falls due."""
CERTIFICATES = 2_000
TARGET = timedelta(hours=2)
_PLAN = read_plan()
_CALENDARS = [working_calendar(centre) for centre in _PLAN.centres]
_PRIVATE = PrivateKey(person="person/crm-eu/p-17", topic="olcare.tickets.in.v1", partition=4, offset=1042)


@dataclass(frozen=True)
class Started:
    """A promise, and the record that makes it."""

    written: Written
    record: Outgoing

    @property
    def stream(self) -> str:
        """Name the promise."""
        return self.written.stream

    @property
    def due_at(self) -> datetime:
        """Give its deadline."""
        return self.event.certificate.due_at

    @property
    def event(self) -> FirstResponseClockStarted:
        """Give the event that made it."""
        assert isinstance(self.written.event, FirstResponseClockStarted)
        return self.written.event


def lying(promises: int, partitions: int) -> Iterator[Started]:
    """Promises of all centres and channels that fall due on later days."""
    channels = tuple(Channel)
    kinds = [
        _started(_CALENDARS[n % len(_CALENDARS)].name, channels[n % len(channels)], LATER + timedelta(seconds=97 * n))
        for n in range(min(promises, CERTIFICATES))
    ]
    return (_made(f"l-{n}", kinds[n % len(kinds)], partitions) for n in range(promises))


def falling_due(name: str, promises: int, begin: datetime, within: timedelta, partitions: int) -> Iterator[Started]:
    """Promises by telephone in France that fall due one after the other, all after `begin` and at most `within` it."""
    for n in range(promises):
        due_at = begin + within * (n + 1) / promises
        started = _started("france", Channel.PHONE, due_at - TARGET)
        if started.certificate.due_at != due_at:
            raise ValueError(f"{due_at} is not within the hours of a day in France")
        yield _made(f"{name}-{n}", started, partitions)


async def write(appender: Appender, promises: Iterator[Started]) -> dict[str, datetime]:
    """Append their records; gives the deadlines by stream."""
    due: dict[str, datetime] = {}
    while wave := list(islice(promises, WAVE)):
        if min(await appender.append([each.record for each in wave])) < 0:
            raise ValueError(f"{SLA} could not be filled")
        due |= {each.stream: each.due_at for each in wave}
    return due


def certified(number: int, opened_at: datetime) -> FirstResponseClockStarted:
    """A promise of any centre and channel, in turn, opened about then: where the centre is open."""
    channels = tuple(Channel)
    return _started(_CALENDARS[number % len(_CALENDARS)].name, channels[number % len(channels)], opened_at)


def _started(centre: str, channel: Channel, opened_at: datetime) -> FirstResponseClockStarted:
    calendar = next(each for each in _CALENDARS if each.name == centre)
    return FirstResponseClockStarted(
        ticket="ticket/crm-eu/0",
        customer="customer/erp/C-8",
        requester=_PRIVATE.person,
        private=_PRIVATE,
        language="fr",
        centre=centre,
        channel=channel,
        certificate=promise(calendar, _PLAN.targets, channel, opened_at),
    )


def _made(number: str, kind: FirstResponseClockStarted, partitions: int) -> Started:
    stream, event = f"promise/crm-eu/{number}", kind.model_copy(update={"ticket": f"ticket/crm-eu/{number}"})
    command = str(name_id(stream, "start"))
    opened_at = kind.certificate.opened_at
    written = encode(SOURCE, stream, None, event, Cause(command, command, opened_at), opened_at)
    return Started(written, Outgoing(SLA, partition_of(stream, partitions), stream.encode(), written.value))
