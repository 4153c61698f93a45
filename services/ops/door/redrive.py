"""Send dead letters in: at a rate, in the order of their keys, each marked by its receipt, until one fails again."""

from asyncio import CancelledError
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from libs.eventlog.client.door_client import DoorClient, taken
from libs.eventlog.errors import Unavailable
from libs.eventlog.wire.record import Outgoing
from libs.messages.actions import RedriveEnd, RedriveTally
from libs.messages.places import RecordAddress
from libs.messages.receipts import Outcome, Receipt


class Pace(NamedTuple):
    """How fast, and how many may fail again before it stops."""

    rate: int = 100
    """So many a second at most."""
    stop_after: int = 1


USUAL = Pace()


class Sending(NamedTuple):
    """A dead letter by its place, and the record that goes in for it."""

    place: RecordAddress
    record: Outgoing


class Sent(NamedTuple):
    """What became of a dead letter that was sent in again."""

    place: RecordAddress
    receipt: Receipt


@dataclass
class RedriveProgress:
    """How far it is; `ended` says how it came to its end."""

    total: int
    sent: list[Sent] = field(default_factory=list)
    ended: RedriveEnd | None = None

    def count(self, *outcomes: Outcome) -> int:
        """How many came to one of these."""
        return sum(one.receipt.outcome in outcomes for one in self.sent)

    def tally(self) -> RedriveTally:
        """What is said of it."""
        return RedriveTally(
            ended=self.ended or RedriveEnd.FAILED,
            taken=sum(taken(one.receipt) for one in self.sent),
            refused=self.count(Outcome.REFUSED),
            unreadable=self.count(Outcome.UNREADABLE),
            left=self.total - len(self.sent),
        )


Mark = Callable[[Sent], Outgoing]
Tell = Callable[[RedriveProgress], None]


def key_of(one: Sending) -> tuple[int, bytes] | None:
    """What keeps the order of a record; None where it has none."""
    return None if one.record.key is None else (one.record.partition, one.record.key)


def next_wave(waiting: Iterable[Sending], most: int) -> tuple[list[Sending], list[Sending]]:
    """What may go together, and what waits: so many at most, and of each key one, in the order given."""
    wave: list[Sending] = []
    left: list[Sending] = []
    busy: set[tuple[int, bytes]] = set()
    for one in waiting:
        key = key_of(one)
        (left if len(wave) == most or key in busy else wave).append(one)
        if key is not None:
            busy.add(key)
    return wave, left


def without_failed(waiting: Sequence[Sending], wave: Sequence[Sending], sent: Sequence[Sent]) -> list[Sending]:
    """What still may go: nothing behind a record of its own key that came back as unreadable."""
    failed = {
        key_of(one)
        for one, answered in zip(wave, sent, strict=True)
        if answered.receipt.outcome is Outcome.UNREADABLE and key_of(one) is not None
    }
    return [one for one in waiting if key_of(one) not in failed]


async def redrive(
    at: DoorClient, letters: Sequence[Sending], pace: Pace, mark: Mark, tell: Tell = lambda _: None
) -> RedriveProgress:
    """Send all in; a wave waits for the receipts of the one before, and each letter is marked by its own.

    The first wave is a single record, so that what fails again fails once.

    It stops once so many came back as unreadable as the pace allows. Raises Unavailable: what was sent is in the
    progress that was told last, whose `ended` says so; so does a task that is cancelled.
    """
    progress = RedriveProgress(len(letters))
    tell(progress)
    try:
        async for sent in _sent(at, letters, pace):
            progress.sent += sent
            await at.say([mark(one) for one in sent])
            tell(progress)
            if progress.count(Outcome.UNREADABLE) >= pace.stop_after:
                break
    except Unavailable:
        progress.ended = RedriveEnd.FAILED
        raise
    except CancelledError:
        progress.ended = RedriveEnd.CANCELLED
        raise
    finally:
        progress.ended = progress.ended or _end(progress)
        tell(progress)
    return progress


def _end(progress: RedriveProgress) -> RedriveEnd:
    return RedriveEnd.COMPLETE if len(progress.sent) == progress.total else RedriveEnd.STOPPED


async def _sent(at: DoorClient, letters: Sequence[Sending], pace: Pace) -> AsyncIterator[list[Sent]]:
    """Each wave with its receipts: one record first, then twice as many as before, up to what a second may have."""
    for door, of_a_door in groupby(sorted(letters, key=_door), key=_door):
        async with at.conversation(door) as conversation:
            waiting, most = list(of_a_door), 1
            while waiting:
                began = at.clock.monotonic()
                wave, waiting = next_wave(waiting, most)
                receipts = await conversation.ask([one.record for one in wave])
                sent = [Sent(one.place, receipt) for one, receipt in zip(wave, receipts, strict=True)]
                yield sent
                waiting, most = without_failed(waiting, wave, sent), min(2 * most, pace.rate)
                rest = len(wave) / pace.rate - (at.clock.monotonic() - began)
                if waiting and rest > 0:
                    await at.clock.sleep(rest)


def _door(one: Sending) -> str:
    return one.record.topic
