"""What the console says at `/metrics` of all services, seen from outside: also of one whose process is gone."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import product

import structlog
from prometheus_client import CollectorRegistry, Gauge

from libs.chassis.levels import Levels, Look, keep_looking
from libs.eventlog.errors import Unavailable
from libs.eventlog.failures import Failure
from libs.messages.catalogue import UPSTREAM, split_door
from libs.messages.receipts import Unreadability
from services.ops.cli.output import Refused
from services.ops.console.followers import FollowerState
from services.ops.console.sources import Sources
from services.ops.console.undone import KeptLetter
from services.ops.console.works import Work

_log = structlog.get_logger("olcare.console")
REASONS = (*map(str, Unreadability), "other")


class ConsoleMeasures:
    """Followers, dead letters that nobody is done with, rebuilds that were begun on a page, open pages."""

    def __init__(self, sources: Sources, registry: CollectorRegistry) -> None:
        self._sources = sources
        of = "follower topic"
        self._members = Levels(
            registry, "follower_members", "Processes that read as this reader, door or reaction; 0: nobody reads", of
        )
        self._lag = Levels(registry, "follower_lag", "Records that it has not read yet, in all partitions", of)
        self._seconds = Levels(registry, "follower_lag_seconds", "The age of the first record that it has not read", of)
        self._letters = Levels(
            registry, "dead_letters", "Dead letters that nobody is done with, by the door and the reason", "door reason"
        )
        self._oldest = Levels(registry, "dead_letters_oldest_seconds", "How old the oldest of them is; 0: none", "door")
        self._rebuild = Levels(
            registry,
            "rebuild_records",
            "Records of a rebuild that was begun on a page: folded, and all",
            "reader count",
        )
        self._streams = Gauge(
            "event_streams", "Pages that are open and kept up to date", namespace="olcare", registry=registry
        )

    async def run(self) -> None:
        """Look until cancelled."""
        looks: Sequence[Look] = (self.followers, self.dead_letters, self.works)
        await keep_looking(self._sources.clock, looks, _report)

    async def followers(self) -> None:
        """Raises Unavailable where not all are known: of the others nothing is said, or an alarm would be false."""
        try:
            found, why = await self._sources.followers.states(), None
        except (Refused, Unavailable) as error:
            found, why = (), str(error)
        self._members.set_known(_by_follower(found, "members"))
        self._lag.set_known(_by_follower(found, "behind"))
        self._seconds.set_known(_by_follower(found, "seconds"))
        if why := why or next((one.problem for one in found if one.problem), None):
            raise Unavailable(why)

    async def dead_letters(self) -> None:
        """Raises Unavailable."""
        with suppress(Refused):
            log = await self._sources.log()
            self._letters.set(by_reason(await self._sources.dead_letters.waiting(log)))
            undone = await self._sources.dead_letters.undone(log)
            now = self._sources.clock.wall()
            self._oldest.set({(door,): _age(one.since, now) for door, one in undone.items()})

    async def works(self) -> None:
        """What runs now."""
        self._rebuild.set(_progress(self._sources.works.running("rebuild")))
        self._streams.set(self._sources.live.watching())


def _report(failure: Failure) -> None:
    _log.error("failed", **failure._asdict())


def by_reason(waiting: Iterable[KeptLetter]) -> Mapping[tuple[str, ...], float]:
    """By door of all and reason; each that there is, and `other` for what an older version may have written."""
    found = Counter(
        (split_door(kept.known.place.topic)[0], kept.known.reason if kept.known.reason in REASONS else "other")
        for kept in waiting
    )
    return {key: found[key] for key in product(UPSTREAM, REASONS)}


def _by_follower(found: Iterable[FollowerState], what: str) -> Mapping[tuple[str, ...], float]:
    known = ((one, getattr(one, what)) for one in found)
    return {(one.name, one.topic): number for one, number in known if number is not None}


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def _progress(works: Iterable[Work]) -> Mapping[tuple[str, ...], float]:
    counts = ((work, {"folded": work.done, "all": work.total or 0}) for work in works)
    return {(work.about, count): number for work, each in counts for count, number in each.items()}
