"""The tables of one reader in PostgreSQL.

Every transaction locks the position row first: in any other order, two live owners deadlocked or wrote rows twice.
Rows of a batch are written by deleting what was there and copying what is there now.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from libs.eventlog.errors import Fenced, Unavailable
from libs.eventlog.fold import command_key, counted_at
from libs.eventlog.ports import Asked, Loaded, Position, Span, nobody
from libs.eventlog.projection import Reader
from libs.eventlog.tables.database import Connection, Database
from libs.eventlog.tables.states import KnownCommands, KnownState, KnownStates
from libs.eventlog.tables.steps import PostgresStep, PostgresSteps
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
        self.on_move: Callable[[], None] = nobody
        """Called after each of them."""
        self.put_away = self.came_back = 0
        """Streams that this process has put away, and that have come back."""
        self._state = reader.state
        self.states, self.commands = KnownStates(), KnownCommands()

    def forget(self) -> None:
        """Know nothing of what was read or written: other tables are in use."""
        self.states.clear()
        self.commands.clear()

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
    async def step(self, partition: int, expected: Position) -> AsyncIterator[PostgresStep]:
        """Open one transaction; raises Fenced where the position row is not as expected."""
        async with self.steps({partition: expected}) as steps:
            yield PostgresStep(steps, partition)

    @asynccontextmanager
    async def steps(self, expected: Mapping[int, Position]) -> AsyncIterator[PostgresSteps]:
        """Open one transaction for several partitions; raises Fenced where a position row is not as expected."""
        async with self._database.connection() as connection, connection.transaction():
            await self._lock(connection, expected)
            steps = PostgresSteps(connection, self._reader, expected.keys(), self.states)
            yield steps
        self.put_away, self.came_back = self.put_away + steps.went, self.came_back + steps.came_back
        if steps.saved:
            for known in steps.moved_states:
                self.states.keep(*known)
            for index in steps.commands.items():
                self.commands.keep(*index)
            self._known.update({partition: position.next_offset for partition, position in steps.saved.items()})
            self.moves += 1
            self.on_move()
            self._moved.set()
            self._moved = asyncio.Event()

    async def _lock(self, connection: Connection, expected: Mapping[int, Position]) -> None:
        """Lock the position rows, in order: whoever takes several waits for another one, never both for each other."""
        rows = await connection.fetch(
            f"select partition, epoch, next_offset, digest from position_{self._reader.name}"
            " where partition = any($1) order by partition for update",
            list(expected),
        )
        found = {partition: Position(*position) for partition, *position in rows}
        for partition, position in expected.items():
            if found.get(partition) != position:
                raise Fenced(f"{self._reader.name}[{partition}] is at {found.get(partition)}, not at {position}")

    async def load(self, streams: Sequence[str], commands: Sequence[Asked] = ()) -> Mapping[str, Loaded]:
        """Heads, counted commands and states in one snapshot; states that are known by their heads are not read."""
        by_stream: dict[str, list[str]] = {stream: [] for stream in streams}
        for asked in commands:
            by_stream[asked.stream].append(asked.command)
        state = self._state.table if self._state else None
        column, join = ("s.state", f"left join {state} s using (stream)") if state else ("null::bytea", "")
        known = self.states.of_streams(by_stream)
        is_new = "coalesce(h.id, a.id::text) is distinct from known"
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                f"select stream, coalesce(h.sequence, a.sequence) as sequence, coalesce(h.id, a.id::text) as id,"
                f" coalesce(h.journal, a.commands) as journal, older, case when {is_new} then {column} end as state,"
                f" case when {is_new} then a.state end as packed from unnest($1::text[], $4::text[])"
                f" as wanted (stream, known) left join heads_{self._reader.name} h using (stream)"
                f" left join {self._away} using (stream) {join} {self._older}",
                list(by_stream),
                *_arrays(commands),
                [known[stream].head if stream in known else None for stream in by_stream],
            )
        return {row["stream"]: self._loaded(row, by_stream[row["stream"]], known.get(row["stream"])) for row in rows}

    async def counted(self, commands: Sequence[Asked]) -> Mapping[Asked, int]:
        """Those of the commands that count: no state is read, and nothing of what this process has counted itself."""
        known = {asked: offset for asked in commands if (offset := self.commands.of(asked)) is not None}
        others = [asked for asked in commands if asked not in known]
        return {**known, **await self._counted(others)} if others else known

    async def _counted(self, commands: Sequence[Asked]) -> Mapping[Asked, int]:
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

    async def voids(self, spans: Mapping[int, Span]) -> Mapping[int, frozenset[int]]:
        """The offsets in spans of partitions that the reader found void; raises Unavailable until it has passed all."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                f'select partition, array(select "offset" from voids_{self._reader.name} v'
                ' where v.partition = asked.partition and v."offset" between asked.first and asked.last) as voids'
                " from unnest($1::int[], $2::bigint[], $3::bigint[]) as asked (partition, first, last)"
                f" join position_{self._reader.name} p using (partition) where p.next_offset > asked.last",
                list(spans),
                [span.first for span in spans.values()],
                [span.last for span in spans.values()],
            )
        found = {row["partition"]: frozenset[int](row["voids"]) for row in rows}
        if late := sorted(spans.keys() - found.keys()):
            raise Unavailable(
                f"the reader of {self._reader.topic}[{late[0]}] has not passed offset {spans[late[0]].last}"
            )
        return found

    async def next_position(self, partition: int, beyond: int, wait: float) -> bool:
        """Wait until the position of a partition is greater than `beyond`, for at most `wait` machine seconds.

        What this process moves it knows at once; the table is asked, now and then, of what another one may move.
        """
        now = asyncio.get_running_loop().time
        until = now() + wait
        look = now() + LOOK if partition in self._known else now()
        while self._known.get(partition, -1) <= beyond:
            moved = self._moved
            if now() >= look:
                if (await self.positions()).get(partition, -1) > beyond:
                    return True
                look = now() + LOOK
            if now() >= until:
                return False
            with suppress(TimeoutError):
                async with asyncio.timeout_at(min(look, until)):
                    await moved.wait()
        return True

    def _loaded(self, row: asyncpg.Record, commands: Iterable[str], known: KnownState | None) -> Loaded:
        head = Head(row["sequence"], row["id"]) if row["id"] is not None else None
        state = self._state_of(row, head, known) if self._state and head else None
        found = {command: _counted(row, command) for command in commands}
        return Loaded(head, {command: offset for command, offset in found.items() if offset is not None}, state)

    def _state_of(self, row: asyncpg.Record, head: Head, known: KnownState | None) -> Any:
        """The state that was read, else the one that is known; None where there is none."""
        stream, stored = row["stream"], row["state"] or self._reader.put_away.unpacked(row["packed"])
        if not stored or not self._state:
            return known.state if known and known.head == head.id else None
        state = self._state.loaded((stream, stored)).state
        self.states.keep(stream, head, state)
        return state


def _arrays(commands: Sequence[Asked]) -> tuple[list[str], list[bytes]]:
    return [asked.stream for asked in commands], [command_key(asked.command) for asked in commands]


def _counted(row: asyncpg.Record, command: str) -> int | None:
    return counted_at((row["older"] or b"") + (row["journal"] or b""), command)


async def how_far(connection: Connection, readers: Iterable[str]) -> list[int | None]:
    """How far the tables of each reader have come, as a number that grows with every move and every new owner."""
    sums = [f"(select sum(next_offset + epoch)::bigint from position_{name})" for name in readers]
    found: list[int | None] = await connection.fetchval(f"select array[{', '.join(sums)}]::bigint[]")
    return found
