"""Growth: what is kept of a ticket that is done, and what one more event of a long stream costs.

The bytes are those of the tables of intake and sla_timer and of the records of all topics. A long stream is a ticket
with so many notes: the last tenth of them against the second, folded by intake's own reader into its own tables. Costs
are seconds of the processor an event.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta

import asyncpg

from libs.eventlog.fold import Projector
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.rule import Judge
from libs.eventlog.tables.database import Database
from libs.eventlog.testing import MemoryLog
from libs.eventlog.wire.codec import Codec
from libs.eventlog.wire.record import CONTENT_TYPE, Cause, Head, Record, encode
from libs.messages.catalogue import EVENT_OF_TYPE, EVENTS, TICKETS
from libs.messages.ids import name_id
from libs.messages.streams import partition_of
from libs.stack.resolve import Stack
from libs.stack.run import PROJECT, Run
from services.intake.projections import READERS
from tests.bench.beside import at_the_door
from tests.bench.rounds import Bar, Part, compare
from tests.bench.site import Site, site
from tests.bench.stage import PARTITIONS, Stage, empty_store
from tests.faults.script import BEGIN, response, ticket
from tests.faults.system import CARDS

END, BEGINNING = "the end of a long stream", "its beginning"
BARS = (Bar("an event at the end of a stream of 10,000 against one at its beginning", END, BEGINNING, 1 / 1.2),)
EXAMPLES = PROJECT / "contracts" / "examples" / "log"
TICKETS_DONE, NOTES, AT_ONCE = 500, 10_000, 100
INSTALLATION = ("intake", "sla_timer")
FEW = 200  # tickets
AWAY_AFTER = max(reader.put_away.after for reader in READERS)


async def measure(stage: Stage) -> Part:
    """Take tickets to their end and weigh what is kept of each; then let a ticket have very many notes."""
    async with site(0) as here:
        figures = await _weighed(here)
    with Run.create(name="bench-growth") as run:
        there = Stage("", Stack(run, quick_start=False).postgres.address, stage.events, stage.rounds)
        costs = [await _long_stream(there) for _ in range(stage.rounds)]
    race = {BEGINNING: [begin for begin, _ in costs], END: [end for _, end in costs]}
    micro = {name: f"{min(of) * 1e6:.0f} to {max(of) * 1e6:.0f} µs of the processor" for name, of in race.items()}
    return Part("growth", compare(race, BARS), {**figures, **micro})


async def _weighed(here: Site) -> Mapping[str, str]:
    """What is kept of a ticket that was opened and answered, as it stands, and once its streams are put away."""
    empty, begin = await _tables(here), await _log(here)
    await _done(here, TICKETS_DONE)
    fresh, written = await _tables(here), await _log(here)
    here.system.step_clock(here.system.clock.now() + timedelta(hours=AWAY_AFTER + 1))
    await _done(here, FEW)  # whatever was recorded so long before the newest is put away
    away = await _tables(here)
    return {
        "tickets": f"{TICKETS_DONE:,}, each opened, promised, answered in time",
        "kept of one in tables": _said(fresh, empty, TICKETS_DONE),
        "kept of one that is put away": _said(away, empty, TICKETS_DONE + FEW),
        "written of one to the log, its keys and values": _said(written, begin, TICKETS_DONE),
    }


def _said(after: Mapping[str, int], before: Mapping[str, int], tickets: int) -> str:
    each = {name: (size - before.get(name, 0)) / tickets for name, size in after.items()}
    parts = ", ".join(
        f"{name} {size:,.0f}" for name, size in sorted(each.items(), key=lambda one: -one[1]) if size >= 1
    )
    return f"{sum(each.values()):,.0f} bytes: {parts}"


async def _done(here: Site, tickets: int) -> None:
    """Take tickets, and answer them when they have their promises."""
    names, now = [here.name() for _ in range(tickets)], here.system.clock.now()
    for said in ([ticket(name, now) for name in names], [response(name, now) for name in names]):
        if min(await here.appender.append([at_the_door(message) for message in said])) < 0:
            raise ValueError("the door took not all messages")
        await here.system.quiet()


async def _tables(here: Site) -> Mapping[str, int]:
    """The sizes of the tables of both services, their indexes included, without what is only waiting to be reused."""
    sizes = Counter[str]()
    for service in INSTALLATION:
        connection = await asyncpg.connect(f"{here.system.postgres.dsn}/olcare_{service}")
        try:
            await connection.execute("vacuum full")
            found = await connection.fetch(
                "select relname, pg_total_relation_size(c.oid) as size from pg_class c join pg_namespace n"
                " on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname !~ '^(pg_|information_schema)'"
            )
        finally:
            await connection.close()
        sizes.update({f"{service}.{row['relname']}": row["size"] for row in found})
    return sizes


async def _log(here: Site) -> Mapping[str, int]:
    """The bytes of keys and values on each topic that holds records of tickets."""
    sizes = Counter[str]()
    for topic in CARDS:
        for partition, end in (await here.log.ends(topic)).items():
            async for records in here.log.scan(topic, partition, end):
                sizes[topic] += sum(len(record.key or b"") + len(record.value or b"") for record in records)
    return sizes


async def _long_stream(there: Stage) -> tuple[float, float]:
    """Fold a ticket with its notes, so many at once; gives what an event costs in the second and the last tenth."""
    reader = next(reader for reader in READERS if reader.topic == TICKETS)
    async with there.database() as name:
        database = Database(there.postgres, name)
        await database.open()
        store = await empty_store(database, reader)
        judge = Judge(Codec(TICKETS, EVENTS[TICKETS], PARTITIONS), ())
        loop, records = ReaderLoop(MemoryLog(PARTITIONS), store, Projector(reader, judge), "bench"), list(_notes())
        [partition] = {record.partition for record in records}
        await loop.assigned(frozenset({partition}))
        costs = []
        for at in range(0, len(records), AT_ONCE):
            began = time.process_time()
            await loop.apply(partition, records[at : at + AT_ONCE])
            costs.append((time.process_time() - began) / AT_ONCE)
        await database.close()
    tenth = len(costs) // 10
    return sum(costs[tenth : 2 * tenth]) / tenth, sum(costs[-tenth:]) / tenth


def _notes() -> Iterator[Record]:
    """The records of a ticket that was opened, and of all its notes."""
    head: Head | None = None
    opened, noted = (json.loads((EXAMPLES / f"{name}.json").read_text()) for name in ("TicketOpened", "NoteRecorded"))
    stream = opened["subject"]
    partition = partition_of(stream, PARTITIONS)
    for number in range(NOTES):
        said = noted if number else opened
        event = EVENT_OF_TYPE[said["type"]].model_validate_json(json.dumps(said["data"]))
        command, at = str(name_id("bench", str(number))), BEGIN
        written = encode("olcare/intake", stream, head, event, Cause(command, command, at), at)
        head = written.head
        yield Record(TICKETS, partition, number, stream.encode(), written.value, CONTENT_TYPE, 0)
