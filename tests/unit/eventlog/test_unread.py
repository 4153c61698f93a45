"""How old the first unread record is: exact, over all partitions, and asked of the log once a record."""

from collections.abc import Mapping

from libs.eventlog.loops.followers import Follower
from libs.eventlog.loops.unread import KEPT, Standings
from libs.eventlog.ports import PartitionOffset
from libs.eventlog.testing import MemoryLog
from libs.eventlog.wire.record import Outgoing, Record

DOOR = "door"


class Stamped(MemoryLog):
    """A log whose records were written at instants; counts how often one is asked for."""

    def __init__(self, *partitions: tuple[int, ...]) -> None:
        super().__init__(len(partitions))
        self.asked = 0
        for partition, stamps in enumerate(partitions):
            for stamp in stamps:
                at = self.write(Outgoing(DOOR, partition, b"key", b"value"))
                kept = self.kept[DOOR, partition]
                kept[at] = kept[at]._replace(timestamp=stamp * 1000)

    async def at(self, topic: str, place: PartitionOffset) -> Record | None:
        self.asked += 1
        return await super().at(topic, place)


def standing(**offsets: int) -> Follower:
    async def told() -> Mapping[int, int]:
        return {int(name.removeprefix("p")): at for name, at in offsets.items()}

    return Follower("reader", DOOR, told)


async def test_the_age_is_that_of_the_oldest_of_the_first_unread_records() -> None:
    log = Stamped((10, 20, 30), (15, 40), (1,))
    found = await Standings().of(log, standing(p0=1, p1=1, p2=1), await log.ends(DOOR))
    assert (found.records, found.late, found.since) == (3, {0: 2, 1: 1}, 20)
    assert found.seconds(50.5) == 30.5


async def test_who_has_read_everything_has_nothing_that_grows_old() -> None:
    log = Stamped((10,), ())
    found = await Standings().of(log, standing(p0=1), await log.ends(DOOR))
    assert (found.records, found.since, found.seconds(1_000_000)) == (0, None, 0)


async def test_a_record_of_the_future_is_not_younger_than_now() -> None:
    log = Stamped((10,))
    assert (await Standings().of(log, standing(p0=0), await log.ends(DOOR))).seconds(9.9) == 0


async def test_a_record_is_asked_for_once_while_it_is_the_first() -> None:
    log, standings = Stamped((10, 20)), Standings()
    for read in (0, 0, 1, 1, 1):
        await standings.of(log, standing(p0=read), await log.ends(DOOR))
    assert log.asked == 2


async def test_what_is_remembered_is_bounded() -> None:
    log, standings = Stamped(tuple(range(KEPT + 2))), Standings()
    for read in range(KEPT + 1):
        await standings.of(log, standing(p0=read), {0: read + 1})
    assert len(standings._stamps) <= KEPT
