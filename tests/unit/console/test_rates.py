"""Records a minute: what stood between two boundaries, whatever partitions had nothing since."""

from collections.abc import Mapping

from libs.eventlog.kafka.log import KafkaLog
from services.ops.console.rates import MINUTE, MINUTES, Rates, counts, totals


def test_a_partition_without_a_later_record_stood_at_its_end() -> None:
    assert totals({"t": {0: 5}}, {"t": {0: 9, 1: 7}, "u": {0: 3}}) == {"t": 12, "u": 3}


def test_what_came_between_two_instants_is_never_less_than_nothing() -> None:
    assert counts([3, 5, 5, 4]) == [2, 0, 0]


class Broker(KafkaLog):
    """One topic with a record at each of some instants (ms), in one partition."""

    def __init__(self, *written: int) -> None:
        self.written, self.asked = list(written), list[int]()

    async def since_of(self, topics: object, timestamp: int) -> Mapping[str, Mapping[int, int]]:  # noqa: ARG002 - as the log has it
        self.asked.append(timestamp)
        later = [at for at, one in enumerate(self.written) if one >= timestamp]
        return {"t": {0: later[0]} if later else {}}

    @property
    def now_at(self) -> Mapping[str, Mapping[int, int]]:
        return {"t": {0: len(self.written)}}


async def test_each_minute_has_its_own_and_is_asked_for_once() -> None:
    start = 1_000 * MINUTE
    broker, rates = Broker(start - MINUTE, start - 1, start, start + 1), Rates()
    found = await rates.per_minute(broker, broker.now_at, (start + 10) / 1000)
    assert found["t"][-3:] == [0, 2, 2]
    assert len(found["t"]) == MINUTES + 1
    assert sum(found["t"]) == 4
    asked = len(broker.asked)
    broker.written.append(start + MINUTE + 5)
    found = await rates.per_minute(broker, broker.now_at, (start + MINUTE + 10) / 1000)
    assert found["t"][-3:] == [2, 2, 1]
    assert len(broker.asked) == asked + 1


async def test_a_record_that_comes_late_into_a_running_minute_counts_there() -> None:
    start = 1_000 * MINUTE
    broker, rates = Broker(), Rates()
    assert (await rates.per_minute(broker, broker.now_at, start / 1000))["t"][-1] == 0
    broker.written.append(start + 30_000)
    assert (await rates.per_minute(broker, broker.now_at, (start + 31_000) / 1000))["t"][-1] == 1
