"""The memory of a rebuild: the most that a process of its own has held, as the log grows and a slice does not.

`python -m tests.bench.memory KAFKA POSTGRES TOPIC SLICE` rebuilds once and prints it, in megabytes.
"""

import asyncio
import resource
import sys

import asyncpg

from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.ports import Identity
from libs.eventlog.rebuild import build as rebuild
from libs.eventlog.tables.database import REGISTRY
from libs.eventlog.tables.generations import begin
from tests.bench.rounds import Bar, Part, Result
from tests.bench.rows import projector
from tests.bench.stage import Stage

TIMES = 3
BAR = Bar(f"the memory of a rebuild against that of a log {TIMES} times as long", "long", "short", 0.9)
SHARE = 10  # of the events asked for, one in so many is enough here


async def measure(stage: Stage) -> Part:
    """Rebuild a short and a long log of one partition each, in slices of a quarter of the short one."""
    events = stage.events // SHARE
    peaks = []
    for size in (events, TIMES * events):
        topic = await stage.filled(size, partitions=1)
        peaks.append(await _peak(stage, topic, events // 4))
    short, long = peaks
    figures = {f"peak at {events:,} events": f"{short} MB", f"peak at {TIMES * events:,} events": f"{long} MB"}
    return Part("memory", [Result(BAR, [short / long])], {**figures, "slice": f"{events // 4:,} events"})


async def _peak(stage: Stage, topic: str, slice_: int) -> int:
    async with stage.database() as name:
        arguments = (stage.kafka, f"{stage.postgres}/{name}", topic, str(slice_))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.memory", *arguments, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
    if process.returncode:
        raise ValueError(f"the rebuild ended with {process.returncode}")
    return int(said)


async def _rebuild(kafka: str, postgres: str, topic: str) -> None:
    log, connection = KafkaLog(KafkaSettings(kafka, "bench")), await asyncpg.connect(postgres)
    await log.open()
    await connection.execute(REGISTRY)
    into = await begin(connection, projector(topic, 1).reader, Identity("bench", topic), "none")
    until = await log.ends(topic)
    await rebuild.build(connection, log, projector(topic, 1), into, until)
    counted = await connection.fetchval(f"select sum(sequence) from {into.schema}.heads_{into.reader}")  # noqa: S608 - ours
    if counted != sum(until.values()):
        raise ValueError(f"{counted} events of {sum(until.values())} are in the heads")
    await connection.close()
    await log.close()


if __name__ == "__main__":
    rebuild.SLICE = int(sys.argv[4])
    asyncio.run(_rebuild(*sys.argv[1:4]))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)  # noqa: T201 - this is its answer
