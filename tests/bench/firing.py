"""Firing: from the instant at which deadlines are due to their events known to count and their rows closed.

The real service, with a million promises armed and with none; against the jobs of Procrastinate that fall due, as many
armed; against one SQL client that deletes as many due rows; and the append of as many events alone. Costs are seconds a
deadline.
"""

import asyncio
import json
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import asyncpg

from libs.eventlog.ports import Appender
from libs.eventlog.wire.record import Cause, Outgoing, Record, encode
from libs.messages.ids import duty_command_id
from libs.messages.streams import partition_of
from libs.stack.run import PROJECT
from libs.stack.wait import machine_seconds
from services.sla_timer.promise.deadlines import FireDeadline
from services.sla_timer.promise.decider import DECIDER
from tests.bench.fetched import fetched
from tests.bench.promises import SOURCE, WAVE, Started, falling_due
from tests.bench.rounds import Bar, Competitor, alternate, seconds
from tests.bench.site import MORNING, PARTITIONS, Site, reached
from tests.bench.stage import Stage

ARMED, NONE, APPEND = "firing, all armed", "firing, none armed", "append alone"
DELETE, JOBS = "due-scan delete", "Procrastinate"
BARS = (
    Bar("firing against Procrastinate's jobs, as many armed", ARMED, JOBS, 1200, 5000),
    Bar("firing against a bare due-scan delete", ARMED, DELETE, 0.1, 0.2),
    Bar("the append of breaches alone against the same", APPEND, DELETE, 0.3),
    Bar("firing with all armed against none", ARMED, NONE, 0.9),
)
MOST = 20_000  # deadlines a round
WITHIN = timedelta(seconds=1)
WORKING = 8  # machine seconds
BREACHED = "olcare.FirstResponseBreached.v1"
TABLE = "create table due (stream text, head text not null, due_at timestamptz not null, correlation text not null)"
LYING = """
    insert into due select 'promise/crm-eu/l-' || n, gen_random_uuid(), '2026-12-01'::timestamptz + n * interval '1 s',
        gen_random_uuid() from generate_series(1, $1::int) n"""
INDEXES = "alter table due add primary key (stream); create index on due (due_at); analyze due"
ADD = """
    insert into due select 'promise/crm-eu/d-' || n, gen_random_uuid(), $2::timestamptz - n * interval '1 ms',
        gen_random_uuid() from generate_series(1, $1::int) n"""
SCAN = """
    delete from due where stream in (select stream from due where due_at < $1 order by due_at limit 1000)
    returning stream, head, due_at, correlation"""


class Race:
    """The competitors; the table of the delete and the jobs stand on the servers of the armed, which are the stage."""

    def __init__(self, stage: Stage, full: Site, bare: Site) -> None:
        self.promises = min(stage.armed, MOST)
        self._armed, self._full, self._bare = stage.armed, full, bare
        self._stage = stage
        self._address = ""

    async def measure(self) -> dict[str, list[float]]:
        """Run them; gives their costs."""
        async with self._stage.database() as name, self._stage.connection(name) as connection:
            self._address = f"{self._stage.postgres}/{name}"
            await connection.execute(TABLE)
            await connection.execute(LYING, self._armed)
            await connection.execute(INDEXES)
            await _run("arm", self._address, self._armed)
            race: dict[str, Competitor] = {
                ARMED: lambda: fire(self._full, self.promises),
                NONE: lambda: fire(self._bare, self.promises),
                APPEND: self.append,
                DELETE: lambda: self.delete(connection),
                JOBS: self.work,
            }
            return await alternate(self._stage.rounds, race)

    async def append(self) -> float:
        """Decide, envelope and append the breaches, in waves as a writer does."""
        started = list(falling_due("append", self.promises, MORNING, WITHIN, PARTITIONS))
        topic = await self._stage.topic(PARTITIONS)
        async with self._stage.log() as log:
            appender = log.appender()
            cost = await seconds(_append_all(appender, topic, started))
            await appender.close()
            written = sum((await log.ends(topic)).values())
        if written != self.promises:
            raise ValueError(f"{written} of {self.promises} were written")
        return cost / self.promises

    async def delete(self, connection: asyncpg.Connection) -> float:
        """Delete what is due from a table of nothing but deadlines."""
        await connection.execute(ADD, self.promises, MORNING)
        cost = await seconds(_scan(connection, MORNING, self.promises))
        left = await connection.fetchval("select count(*) from due")
        if left != self._armed:
            raise ValueError(f"{left} of {self._armed} rows are left")
        return cost / self.promises

    async def work(self) -> float:
        """Have jobs done; each that is done is done once."""
        took, done = map(float, (await _run("run", self._address, WORKING)).split())
        return took / max(done, 1)


async def fire(site: Site, promises: int) -> float:
    """Load promises, step plan time over their deadlines, and wait until all are closed."""
    async with site.tables() as connection:
        armed = await waiting(connection)
        due = await site.load(promises, WITHIN)
        before = await site.end()
        await check_rows(connection, due, "waiting", armed + promises)
        began = machine_seconds()
        site.system.step_clock(site.system.clock.now() + WITHIN + timedelta.resolution)
        await reached(connection, sum(before.values()) + promises)
        cost = machine_seconds() - began
        await site.system.quiet()
        await check_rows(connection, due, "breached", armed)
    check(await site.since(before), due)
    return cost / promises


async def waiting(connection: asyncpg.Connection) -> int:
    """Count the promises that run."""
    return int(await connection.fetchval("select count(*) from promises where state = 'waiting'"))


async def check_rows(connection: asyncpg.Connection, due: Collection[str], state: str, running: int) -> None:
    """Raise ValueError unless all of `due` are in a state, and so many promises run."""
    there = await connection.fetchval(
        "select count(*) from promises where state = $1 and stream = any ($2)", state, list(due)
    )
    if (there, left := await waiting(connection)) != (len(due), running):
        raise ValueError(f"{there} of {len(due)} promises are {state}, and {left} run, not {running}")


def check(records: Sequence[Record], due: Mapping[str, datetime]) -> None:
    """Raise ValueError unless these are one breach of each promise, at its deadline, and noticed after it."""
    seen = set()
    for record in records:
        event = json.loads(record.value or b"")
        stream, data = event["subject"], event["data"]
        breached_at, detected_at = (datetime.fromisoformat(data[name]) for name in ("breached_at", "detected_at"))
        if event["type"] != BREACHED or stream in seen or breached_at != due.get(stream) or detected_at <= breached_at:
            raise ValueError(f"{stream}: a second, other or wrong event {event}")
        seen.add(stream)
    if seen != due.keys():
        raise ValueError(f"{len(due.keys() - seen)} promises were not breached")


async def _append_all(appender: Appender, topic: str, started: Sequence[Started]) -> None:
    for at in range(0, len(started), WAVE):
        await appender.append([_breach(topic, each) for each in started[at : at + WAVE]])


def _breach(topic: str, started: Started) -> Outgoing:
    state, stream, head = DECIDER.evolve(DECIDER.initial, started.event), started.stream, started.written.head
    event = DECIDER.decide(state, FireDeadline(started.due_at, MORNING + 2 * WITHIN))
    assert event is not None
    command = duty_command_id(head.id, FireDeadline.__name__)
    written = encode(SOURCE, stream, head, event, Cause(command, command, started.due_at), MORNING)
    return Outgoing(topic, partition_of(stream, PARTITIONS), stream.encode(), written.value)


async def _scan(connection: asyncpg.Connection, now: datetime, expected: int) -> None:
    deleted = 0
    while found := await connection.fetch(SCAN, now):
        deleted += len(found)
    if deleted != expected:
        raise ValueError(f"{deleted} of {expected} rows were deleted")


async def _run(what: str, address: str, number: int) -> str:
    """Run Procrastinate; gives what it says."""
    program = (sys.executable, "-m", "tests.bench.jobs", what, address, str(number))
    path = os.pathsep.join([str(PROJECT), str(fetched())])
    process = await asyncio.create_subprocess_exec(
        *program, env={**os.environ, "PYTHONPATH": path}, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise ValueError(f"Procrastinate ended with {process.returncode}")
    return said.decode()
