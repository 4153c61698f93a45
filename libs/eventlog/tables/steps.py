"""Batches of one reader, stored in one transaction: what they touch is read at once, and written at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from libs.eventlog.fold import View, entries, parted
from libs.eventlog.ports import Position, Touched
from libs.eventlog.projection import Key, Projection, Reader, StateRow, Tally
from libs.eventlog.tables import put_away as tables
from libs.eventlog.tables.database import Connection
from libs.eventlog.tables.put_away import AwayRow, away, put_away, stored_state, take_back
from libs.eventlog.tables.states import KnownStates
from libs.eventlog.wire.record import Head


class PostgresSteps:
    """One batch of each of several partitions within their transaction, the position rows locked."""

    def __init__(
        self, connection: Connection, reader: Reader, partitions: Collection[int], states: KnownStates
    ) -> None:
        self._connection, self._reader, self._partitions = connection, reader, list(partitions)
        self._states = states
        self.moved_states: list[tuple[str, Head, Any]] = []
        """Of the streams that moved the states that are known, to be kept once the transaction has ended."""
        self.commands: dict[str, bytes] = {}
        """What the command indexes have gained, to be kept then as well."""
        self._before: dict[int, dict[str, tuple[int, bytes]]] = {}
        self._away: dict[int, dict[str, AwayRow]] = {}
        self._stored: dict[str, set[str]] = {}
        self.saved: Mapping[int, Position] = {}
        self.went = self.came_back = 0
        self.more = False

    async def put_away(self) -> None:
        """Put away the streams whose time has come, some of them where they are very many: then there are `more`."""
        await self._put_away(self._partitions)

    async def _put_away(self, partitions: Sequence[int]) -> None:
        went = await put_away(self._connection, self._reader, partitions, most=tables.MOST)
        self.went, self.more = self.went + went, went == tables.MOST

    async def views(self, touched: Mapping[int, Touched]) -> dict[int, View]:
        """Load the heads of the streams and the rows of the keys, by table, also of those that are put away."""
        views = await self._heads(touched)
        for projection in self._reader.projections:
            await self._add_rows(projection, touched, views)
        await self._add_away(touched, views)
        return views

    async def _heads(self, touched: Mapping[int, Touched]) -> dict[int, View]:
        """A view of each partition with the heads that its streams have there."""
        hour = "hour" if self._reader.writes else "0 as hour"
        found = await self._connection.fetch(
            f"select partition, stream, sequence, id, journal, {hour} from heads_{self._reader.name}"
            " where stream = any($1) and partition = any($2)",
            list({stream for each in touched.values() for stream in each.streams}),
            list(touched),
        )
        views = {partition: View() for partition in touched}
        self._before = {partition: {} for partition in touched}
        for partition, stream, sequence, event_id, journal, hour in found:
            if stream in touched[partition].streams:
                self._before[partition][stream] = sequence, journal
                views[partition].heads[stream], views[partition].hours[stream] = Head(sequence, event_id), hour
        return views

    async def _add_away(self, touched: Mapping[int, Touched], views: Mapping[int, View]) -> None:
        self._away = {partition: {} for partition in touched}
        asked = {partition: each.streams - self._before[partition].keys() for partition, each in touched.items()}
        for row in await away(self._connection, self._reader, asked):
            view = views[row.partition]
            self._away[row.partition][row.stream] = row
            self._before[row.partition][row.stream] = row.sequence, row.commands
            view.heads[row.stream], view.hours[row.stream] = row.head, row.hour
            if self._reader.state and (state := stored_state(self._reader, row)):
                view.rows[self._reader.state.table][row.stream,] = state

    async def _add_rows(
        self, projection: Projection[Any], touched: Mapping[int, Touched], views: Mapping[int, View]
    ) -> None:
        """Add the rows of a table to each view whose partition asks for their streams."""
        table, size, asking = projection.table, len(projection.key), dict[str, list[int]]()
        for partition, each in touched.items():
            views[partition].rows[table] = {}
            for stream in {key[0] for key in each.keys[table]}:
                asking.setdefault(stream, []).append(partition)
        rows: list[Any] = self._known(asking, views) if projection.is_state else []
        self._stored[table] = {row[0] for row in rows}
        if unknown := [stream for stream in asking if stream not in self._stored[table]]:
            found = await self._connection.fetch(f"select * from {table} where stream = any($1)", unknown)
            self._stored[table].update(row[0] for row in found)
            rows += [projection.loaded(tuple(row)) for row in found]
        for row in rows:
            for partition in asking[row[0]]:
                views[partition].rows[table][row[:size]] = row

    def _known(self, asking: Mapping[str, Collection[int]], views: Mapping[int, View]) -> list[StateRow]:
        """The states that are known by their heads."""
        heads = {s: next((h for p in asking[s] if (h := views[p].heads.get(s))), None) for s in asking}
        known = ((stream, self._states.of(stream, head)) for stream, head in heads.items())
        return [StateRow(stream, state) for stream, state in known if state is not None]

    async def save(self, views: Mapping[int, View], positions: Mapping[int, Position]) -> None:
        """Write what the folds made of the views, and the positions after the batches; put streams away."""
        await self._save_heads(views)
        for projection in self._reader.projections:
            await self._save_rows(projection, [self._kept(projection, *each) for each in views.items()])
        for register in self._reader.registers:
            await self._copy(register.table, [row for view in views.values() for row in view.entries[register.table]])
        for tally in self._reader.tallies:
            await self._add_up(tally, [view.tallies[tally.table] for view in views.values()])
        if self._reader.writes and (counted := [p for p, view in views.items() if view.counted]):
            await self._put_away(counted)
        if self._reader.reacts:
            await self._copy(f"voids_{self._reader.name}", [(p, at) for p, view in views.items() for at in view.voids])
        await self._connection.execute(
            f"update position_{self._reader.name} set next_offset = after.next_offset, digest = after.digest"
            " from unnest($1::int[], $2::bigint[], $3::bytea[]) as after (partition, next_offset, digest)"
            f" where position_{self._reader.name}.partition = after.partition",
            list(positions),
            [position.next_offset for position in positions.values()],
            [position.digest for position in positions.values()],
        )
        self.saved = positions

    def _kept(self, projection: Projection[Any], partition: int, view: View) -> Mapping[Key, Any]:
        """The rows to write: those of a stream that is put away are there if one of its events counted."""
        rows = view.rows[projection.table]
        if not projection.is_state:
            return rows
        stays = self._away[partition].keys() - self._moved(partition, view).keys()
        return {key: row for key, row in rows.items() if key[0] not in stays} if stays else rows

    def _moved(self, partition: int, view: View) -> Mapping[str, Head]:
        before = self._before[partition]
        return {s: head for s, head in view.heads.items() if s not in before or before[s][0] != head.sequence}

    async def _save_heads(self, views: Mapping[int, View]) -> None:
        moved = {partition: self._moved(partition, view) for partition, view in views.items()}
        known = [s for p, heads in moved.items() for s in heads if s in self._before[p] and s not in self._away[p]]
        if known:
            await self._connection.execute(f"delete from heads_{self._reader.name} where stream = any($1)", known)
        back = [s for p, heads in moved.items() for s in heads if s in self._away[p]]
        await take_back(self._connection, self._reader, back)
        self.came_back = len(back)
        rows, older = list[tuple[Any, ...]](), list[tuple[Any, ...]]()
        for partition, heads in moved.items():
            view, before = views[partition], self._before[partition]
            for stream, head in heads.items():
                newest = before[stream][1] if stream in before else b""
                self.commands[stream] = gained = bytes(view.command_indexes.get(stream, b""))
                full, index = parted(newest + gained)
                hour = (view.hours[stream],) if self._reader.writes else ()
                rows.append((stream, partition, head.sequence, head.id, index, *hour))
                self._note_state(stream, head, view)
                older += [(stream, *entry) for entry in entries(full)]
        await self._copy(f"heads_{self._reader.name}", rows)
        await self._copy(f"commands_{self._reader.name}", older)

    def _note_state(self, stream: str, head: Head, view: View) -> None:
        table = self._reader.state
        if table and (row := view.rows[table.table].get((stream,))):
            self.moved_states.append((stream, head, row.state))

    async def _save_rows(self, projection: Projection[Any], kept: Sequence[Mapping[Key, Any]]) -> None:
        if not any(kept):
            return
        if stored := self._stored.get(projection.table):
            await self._connection.execute(f"delete from {projection.table} where stream = any($1)", list(stored))
        rows = [projection.dump(row) for each in kept for row in each.values() if row is not None]
        await self._copy(projection.table, rows)

    async def _add_up(self, tally: Tally, counted: Sequence[Mapping[Key, int]]) -> None:
        """Add what the batches counted; nobody else writes rows of our partitions, whose positions we have locked."""
        values = ", ".join(f"${n}" for n in range(1, len(tally.key) + 3))
        await self._connection.executemany(
            f"insert into {tally.table} as t values ({values})"
            f" on conflict (partition, {', '.join(tally.key)}) do update set events = t.events + excluded.events",
            sorted((*key, events) for each in counted for key, events in each.items()),
        )

    async def _copy(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        if rows:
            await self._connection.copy_records_to_table(table, records=rows)


class PostgresStep:
    """One batch of one partition."""

    def __init__(self, steps: PostgresSteps, partition: int) -> None:
        self._steps, self._partition = steps, partition

    @property
    def more(self) -> bool:
        """Whether there are more streams to be put away."""
        return self._steps.more

    async def put_away(self) -> None:
        """Put away the streams whose time has come, some of them where they are very many: then there are `more`."""
        await self._steps.put_away()

    async def view(self, streams: Iterable[str], keys: Mapping[str, Iterable[Key]]) -> View:
        """Load the heads of the streams and the rows of the keys, by table, also of those that are put away."""
        return (await self._steps.views({self._partition: Touched(frozenset(streams), keys)}))[self._partition]

    async def save(self, view: View, position: Position) -> None:
        """Write what the fold made of the view, and the position after the batch; put streams away."""
        await self._steps.save({self._partition: view}, {self._partition: position})
