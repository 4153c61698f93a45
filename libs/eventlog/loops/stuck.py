"""Work apart: what fails unexpectedly for one stream is left aside, and all other streams go on."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from libs.eventlog.failures import EXPECTED, Failure, Report, failure_of
from libs.eventlog.ports import Clock

FIRST, LONGEST = 1.0, 300.0  # machine seconds until the first try again, and at most between two


class OfStream(Protocol):
    """Work that belongs to a stream: an event, a command."""

    @property
    def stream(self) -> str:
        """The id of the stream."""
        ...


T = TypeVar("T", bound=OfStream)
R = TypeVar("R")


@dataclass
class Stuck:
    """A stream that is left aside: what failed, how often, and when it is tried again."""

    failure: Failure
    since: float
    """Seconds of the monotonic clock, as `again_at`."""
    again_at: float
    tries: int = 1


class StuckStreams:
    """The streams that one loop has left aside. Each is tried again after a while, which doubles with every failure."""

    def __init__(self, loop: str, clock: Clock, report: Report) -> None:
        self._loop, self._clock, self._report = loop, clock, report
        self._streams: dict[str, Stuck] = {}

    def __len__(self) -> int:
        return len(self._streams)

    def __iter__(self) -> Iterator[Stuck]:
        return iter(self._streams.values())

    def __contains__(self, stream: str) -> bool:
        return stream in self._streams

    def waits(self, stream: str) -> bool:
        """Whether the stream is left aside, and not to be tried again yet."""
        stuck = self._streams.get(stream)
        return stuck is not None and stuck.again_at > self._clock.monotonic()

    def put(self, stream: str, error: Exception) -> None:
        """Leave a stream aside, or note that it has failed again."""
        failure, now = failure_of(self._loop, stream, error), self._clock.monotonic()
        before = self._streams.get(stream)
        tries, since = (before.tries + 1, before.since) if before else (1, now)
        self._streams[stream] = Stuck(failure, since, now + min(FIRST * 2 ** min(tries - 1, 20), LONGEST), tries)
        self._report(failure)

    def known(self, stream: str) -> None:
        """Leave aside what another process has left aside: it is tried at once."""
        failure, now = Failure(self._loop, stream, "", "left aside before", ()), self._clock.monotonic()
        self._streams.setdefault(stream, Stuck(failure, now, now, 0))

    def back(self, stream: str) -> None:
        """Take a stream back: it has succeeded, or belongs to another process now."""
        self._streams.pop(stream, None)

    def retry(self) -> int:
        """Try all of them at once; gives their number."""
        for stuck in self._streams.values():
            stuck.again_at = self._clock.monotonic()
        return len(self._streams)


async def apart(
    items: Sequence[T],
    work: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
    failed: Callable[[T, Exception], None],
) -> list[R]:
    """Do the work for all items; where it fails unexpectedly, find the streams that do it, and do the others.

    `failed` is told the first item of each stream that fails; the later ones of that stream are left. The work must be
    such that it may be done again. Raises what is expected (failures.py).
    """
    try:
        return list(await work(items))
    except EXPECTED:
        raise
    except Exception:  # noqa: BLE001 - of whatever kind: the work is done again in parts, which show whose it was
        streams = list(dict.fromkeys(item.stream for item in items))
    if len(streams) == 1:
        return await _in_order(items, work, failed)
    first = set(streams[: len(streams) // 2])
    halves = ([item for item in items if (item.stream in first) is wanted] for wanted in (True, False))
    return [result for half in halves for result in await apart(half, work, failed)]


async def _in_order(
    items: Sequence[T], work: Callable[[Sequence[T]], Awaitable[Sequence[R]]], failed: Callable[[T, Exception], None]
) -> list[R]:
    """The items of one stream one by one, up to the first that fails."""
    done: list[R] = []
    for item in items:
        try:
            done += await work([item])
        except EXPECTED:
            raise
        except Exception as error:  # noqa: BLE001 - of whatever kind: `failed` is told
            failed(item, error)
            break
    return done
