"""The tables of one reader in PostgreSQL.

Every transaction locks the position row first: in any other order, two live owners deadlocked or wrote rows twice.
Rows of a batch are written by deleting what was there and copying what is there now.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from libs.eventlog.errors import Fenced, Unavailable
from libs.eventlog.fold import View, command_key, counted_at, entries, parted
from libs.eventlog.ports import Asked, Loaded, Position
from libs.eventlog.projection import Key, Projection, Reader, Tally
from libs.eventlog.tables import put_away as tables
from libs.eventlog.tables.database import Connection, Database
from libs.eventlog.tables.put_away import AwayRow, away, put_away, stored_state, take_back
from libs.eventlog.wire.record import Head

LOOK = 0.02  # machine seconds between two looks at a position that another process moves


class PostgresStore:
    """One reader's tables in the generation that the database uses."""

    def __init__(self, database: Database, reader: Reader) -> None:
        self._database, self._reader = database, reader
        self._known: dict[int, int] = {}
        self._moved = asyncio.Event()
        self.moves = 0
        """The number of batches that this process has committed."""
        self.put_away = self.came_back = 0
        """Streams that this process has put away, and that have come back."""
        self._state = reader.state

    async def claim(self, partitions: Iterable[int]) -> Mapping[int, Position]:
        """Become the owner: bump the epochs and read the positions, in one transaction."""
        wanted = sorted(partitions)
        async with self._database.connection() as connection, connection.transaction():
            await connection.execute(
                f"select from position_{self._reader.name} where partition = any($1) order by partition for update",
                wanted,
            )
            rows = await connection.fetch(
                f"update position_{self._reader.name} set epoch = epoch + 1 where partition = any($1) returning *",
                wanted,
            )
        return {row["partition"]: Position(row["epoch"], row["next_offset"], row["digest"]) for row in rows}

    async def positions(self) -> Mapping[int, int]:
        """The next offset of every partition."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(f"select partition, next_offset from position_{self._reader.name}")
        return {row["partition"]: row["next_offset"] for row in rows}

    @asynccontextmanager
    async def step(self, partition: int, expected: Position) -> AsyncIterator["PostgresStep"]:
        """Open one transaction; raises Fenced where the position row is not as expected."""
        async with self._database.connection() as connection, connection.transaction():
            row = await connection.fetchrow(
                f"select epoch, next_offset, digest from position_{self._reader.name} where partition = $1 for update",
                partition,
            )
            if row is None or Position(*row) != expected:
                raise Fenced(f"{self._reader.name}[{partition}] is at {row}, not at {expected}")
            step = PostgresStep(connection, self._reader, partition)
            yield step
        self.put_away, self.came_back = self.put_away + step.went, self.came_back + step.came_back
        if step.saved is not None:
            self._known[partition] = step.saved.next_offset
            self.moves += 1
            self._moved.set()
            self._moved = asyncio.Event()

    async def load(self, streams: Sequence[str], commands: Sequence[Asked] = ()) -> Mapping[str, Loaded]:
        """Heads, counted commands and states in one snapshot."""
        by_stream: dict[str, list[str]] = {stream: [] for stream in streams}
        for asked in commands:
            by_stream[asked.stream].append(asked.command)
        state = self._state.table if self._state else None
        column, join = ("s.state", f"left join {state} s using (stream)") if state else ("null", "")
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                f"select stream, coalesce(h.sequence, a.sequence) as sequence, coalesce(h.id, a.id::text) as id,"
                f" coalesce(h.journal, a.commands) as journal, older, {column} as state, a.state as packed"
                f" from unnest($1::text[]) as wanted (stream) left join heads_{self._reader.name} h using (stream)"
                f" left join {self._away} using (stream) {join} {self._older}",
                list(by_stream),
                *_arrays(commands),
            )
        return {row["stream"]: self._loaded(row, by_stream[row["stream"]]) for row in rows}

    async def counted(self, commands: Sequence[Asked]) -> Mapping[Asked, int]:
        """Those of the commands that count: no state is read."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                f"select stream, coalesce(h.journal, a.commands) as journal, older"
                f" from unnest($1::text[]) as wanted (stream) left join heads_{self._reader.name} h using (stream)"
                f" left join {self._away} using (stream) {self._older}",
                list({asked.stream for asked in commands}),
                *_arrays(commands),
            )
        found = {row["stream"]: row for row in rows}
        each = ((asked, _counted(found[asked.stream], asked.command)) for asked in commands if asked.stream in found)
        return {asked: offset for asked, offset in each if offset is not None}

    @property
    def _away(self) -> str:
        """What is put away; for a reader that puts nothing away, a table without rows."""
        if self._reader.writes:
            return f"away_{self._reader.name} a"
        return (
            "(select null::text as stream, null::bigint as sequence, null::uuid as id, null::bytea as commands,"
            " null::bytea as state limit 0) a"
        )

    @property
    def _older(self) -> str:
        """Join, by stream, those of the commands in $2 and $3 that are rows of their own: ids followed by offsets."""
        return (
            ' left join (select stream, string_agg(command || int8send("offset"), \'\' order by "offset") as older'
            f" from unnest($2::text[], $3::bytea[]) as asked (stream, command)"
            f" join commands_{self._reader.name} using (stream, command) group by stream) as found using (stream)"
        )

    async def voids(self, partition: int, first: int, last: int) -> frozenset[int]:
        """The offsets in [first, last] that the reader found void; raises Unavailable until it has passed `last`."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                f'select array(select "offset" from voids_{self._reader.name}'
                ' where partition = $1 and "offset" between $2 and $3) as voids'
                f" from position_{self._reader.name} where partition = $1 and next_offset > $3",
                partition,
                first,
                last,
            )
        if row is None:
            raise Unavailable(f"the reader of {self._reader.topic}[{partition}] has not passed offset {last}")
        return frozenset(row["voids"])

    async def next_position(self, partition: int, beyond: int, wait: float) -> bool:
        """Wait until the position of a partition is greater than `beyond`, for at most `wait` machine seconds."""
        for _ in range(int(wait / LOOK) + 1):
            if self._known.get(partition, -1) > beyond:
                return True
            moved = self._moved
            if (await self.positions()).get(partition, -1) > beyond:
                return True
            try:
                async with asyncio.timeout(LOOK):
                    await moved.wait()
            except TimeoutError:
                continue
        return False

    def _loaded(self, row: asyncpg.Record, commands: Iterable[str]) -> Loaded:
        head = Head(row["sequence"], row["id"]) if row["id"] is not None else None
        stored = row["state"] or self._reader.put_away.unpacked(row["packed"])
        state = self._state.loaded((row["stream"], stored)).state if self._state and stored else None
        found = {command: _counted(row, command) for command in commands}
        return Loaded(head, {command: offset for command, offset in found.items() if offset is not None}, state)


def _arrays(commands: Sequence[Asked]) -> tuple[list[str], list[bytes]]:
    return [asked.stream for asked in commands], [command_key(asked.command) for asked in commands]


def _counted(row: asyncpg.Record, command: str) -> int | None:
    return counted_at((row["older"] or b"") + (row["journal"] or b""), command)


class PostgresStep:
    """One batch of one partition within its transaction."""

    def __init__(self, connection: Connection, reader: Reader, partition: int) -> None:
        self._connection, self._reader, self._partition = connection, reader, partition
        self._before: dict[str, tuple[int, bytes]] = {}
        self._away: Mapping[str, AwayRow] = {}
        self._stored: dict[str, set[Key]] = {}
        self.saved: Position | None = None
        self.went = self.came_back = 0
        self.more = False

    async def put_away(self) -> None:
        """Put away the streams whose time has come, some of them where they are very many: then there are `more`."""
        went = await put_away(self._connection, self._reader, self._partition, most=tables.MOST)
        self.went, self.more = self.went + went, went == tables.MOST

    async def view(self, streams: Iterable[str], keys: Mapping[str, Iterable[Key]]) -> View:
        """Load the heads of the streams and the rows of the keys, by table, also of those that are put away."""
        hour = "hour" if self._reader.writes else "0 as hour"
        found = await self._connection.fetch(
            f"select stream, sequence, id, journal, {hour} from heads_{self._reader.name}"
            " where stream = any($1) and partition = $2",
            list(streams),
            self._partition,
        )
        self._before = {row["stream"]: (row["sequence"], row["journal"]) for row in found}
        view = View(
            heads={row["stream"]: Head(row["sequence"], row["id"]) for row in found},
            hours={row["stream"]: row["hour"] for row in found},
        )
        for projection in self._reader.projections:
            view.rows[projection.table] = await self._rows(projection, keys[projection.table])
        await self._add_away(view, [stream for stream in streams if stream not in self._before])
        return view

    async def _add_away(self, view: View, streams: Sequence[str]) -> None:
        self._away = await away(self._connection, self._reader, self._partition, streams)
        for stream, row in self._away.items():
            self._before[stream] = row.sequence, row.commands
            view.heads[stream], view.hours[stream] = row.head, row.hour
            if self._reader.state and (state := stored_state(self._reader, row)):
                view.rows[self._reader.state.table][stream,] = state

    async def _rows(self, projection: Projection[Any], keys: Iterable[Key]) -> dict[Key, Any]:
        streams = list({key[0] for key in keys})
        if not streams:
            return {}
        found = await self._connection.fetch(f"select * from {projection.table} where stream = any($1)", streams)
        size = len(projection.key)
        rows = {tuple(row)[:size]: projection.loaded(tuple(row)) for row in found}
        self._stored[projection.table] = set(rows)
        return rows

    async def save(self, view: View, position: Position) -> None:
        """Write what the fold made of the view, and the position after the batch; put streams away."""
        await self._save_heads(view)
        for projection in self._reader.projections:
            await self._save_rows(projection, self._kept(projection, view))
        for table, rows in view.entries.items():
            await self._copy(table, rows)
        for tally in self._reader.tallies:
            await self._add_up(tally, view.tallies[tally.table])
        if self._reader.writes and view.counted:
            await self.put_away()
        if self._reader.reacts and view.voids:
            await self._copy(f"voids_{self._reader.name}", [(self._partition, at) for at in view.voids])
        await self._connection.execute(
            f"update position_{self._reader.name} set next_offset = $2, digest = $3 where partition = $1",
            self._partition,
            position.next_offset,
            position.digest,
        )
        self.saved = position

    def _kept(self, projection: Projection[Any], view: View) -> Mapping[Key, Any]:
        """The rows to write: those of a stream that is put away are there if one of its events counted."""
        rows = view.rows[projection.table]
        if not projection.is_state:
            return rows
        stays = self._away.keys() - self._moved(view).keys()
        return {key: row for key, row in rows.items() if key[0] not in stays} if stays else rows

    def _moved(self, view: View) -> Mapping[str, Head]:
        before = self._before
        return {s: head for s, head in view.heads.items() if s not in before or before[s][0] != head.sequence}

    async def _save_heads(self, view: View) -> None:
        moved = self._moved(view)
        if not moved:
            return
        known = [s for s in moved if s in self._before and s not in self._away]
        if known:
            await self._connection.execute(f"delete from heads_{self._reader.name} where stream = any($1)", known)
        back = [s for s in moved if s in self._away]
        await take_back(self._connection, self._reader, back)
        self.came_back = len(back)
        newest = {s: self._before[s][1] for s in moved if s in self._before}
        indexes = {s: parted(newest.get(s, b"") + bytes(view.command_indexes.get(s, b""))) for s in moved}
        hour = {s: (view.hours[s],) if self._reader.writes else () for s in moved}
        rows = [(s, self._partition, head.sequence, head.id, indexes[s][1], *hour[s]) for s, head in moved.items()]
        await self._copy(f"heads_{self._reader.name}", rows)
        older = [(s, *entry) for s, (older, _) in indexes.items() for entry in entries(older)]
        await self._copy(f"commands_{self._reader.name}", older)

    async def _save_rows(self, projection: Projection[Any], rows: Mapping[Key, Any]) -> None:
        if not rows:
            return
        if stored := self._stored.get(projection.table):
            streams = list({key[0] for key in stored})
            await self._connection.execute(f"delete from {projection.table} where stream = any($1)", streams)
        await self._copy(projection.table, [projection.dump(row) for row in rows.values() if row is not None])

    async def _add_up(self, tally: Tally, counted: Mapping[Key, int]) -> None:
        """Add what a batch counted; nobody else writes the rows of our partition, whose position we have locked."""
        values = ", ".join(f"${n}" for n in range(1, len(tally.key) + 3))
        await self._connection.executemany(
            f"insert into {tally.table} as t values ({values})"
            f" on conflict (partition, {', '.join(tally.key)}) do update set events = t.events + excluded.events",
            [(*key, events) for key, events in sorted(counted.items())],
        )

    async def _copy(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        if rows:
            await self._connection.copy_records_to_table(table, records=rows)
