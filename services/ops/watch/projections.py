"""`olcare projections`: what the services derived, the proof that it equals the log, and building it anew."""

from asyncio import CancelledError
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Annotated, Any, NamedTuple

import typer

from libs.eventlog.engine import Engine, EngineSettings
from libs.eventlog.errors import Halted, Unavailable
from libs.eventlog.projection import Reader
from libs.eventlog.rebuild.build import Tell
from libs.eventlog.rebuild.proof import Difference, Snapshot
from libs.eventlog.tables.database import Database
from libs.messages.actions import ProvedTable, Rebuild, RebuildEnd, RebuildResult
from services.ops.cli.arguments import By
from services.ops.cli.environment import Environment, environment, open_log
from services.ops.cli.output import AsJson, Refused, counting, run, show, table
from services.ops.watch.recording import ordering
from services.ops.watch.services import WatchedService, chosen, queries

HASHES = 2**64
app = typer.Typer(no_args_is_help=True, help="The tables that services derive from the log: look, prove, build anew.")
Prove = Callable[[Engine, str, Tell], Awaitable[tuple[Snapshot | None, list[Difference]]]]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="SERVICE.READER", help="As `projections status` names them, or SERVICE.")
]
Every = Annotated[bool, typer.Option("--all", help="All of all services.")]
Lines = Annotated[bool, typer.Option("--lines", hidden=True, help="Say how far it is as JSON, a line each time.")]


Name = Annotated[str, typer.Argument(metavar="SERVICE.READER", help="As `projections status` names it.")]


class Proof(NamedTuple):
    """What one table of a live generation holds, and whether a fresh fold of the log gives the same."""

    reader: str
    table: str
    rows: int
    hash: str
    equal: bool


class How(NamedTuple):
    """How tables are built anew, and who has it done; `lines` for programs that want to hear how far it is."""

    processes: int
    accept: tuple[str, ...]
    by: str
    lines: bool


@app.command()
def status(ctx: typer.Context, names: Names = None, *, as_json: AsJson = False) -> None:
    """Which generation of each reader's tables is in use and when it was last proved."""
    rows = run(_status(environment(ctx), names or []))
    columns = (
        "reader",
        "topic",
        "version",
        "generation",
        "state",
        "in_use",
        "position",
        "behind",
        "put_away",
        "proved",
    )
    show(rows, as_json=as_json, otherwise=lambda: table(rows, columns))


@app.command()
def verify(
    ctx: typer.Context,
    names: Names = None,
    *,
    every: Every = False,
    lines: Lines = False,
    as_json: AsJson = False,
) -> None:
    """Fold the log afresh and compare with the live tables; exit code 1 where they differ. Without names: all."""
    del every  # the default, which scripts may state
    found = run(_verify(environment(ctx), names or [], lines=lines))
    _show_proofs(found, as_json=as_json)
    if not all(proof.equal for proof in found):
        raise typer.Exit(1)


@app.command()
def rebuild(
    ctx: typer.Context,
    names: Names = None,
    *,
    every: Every = False,
    processes: Annotated[int, typer.Option(min=1, help="In so many processes, each with partitions of its own.")] = 1,
    accept: Annotated[
        list[str] | None, typer.Option(help="A table that is meant to differ; may be given again.")
    ] = None,
    by: By = "olcare",
    lines: Lines = False,
    as_json: AsJson = False,
) -> None:
    """Build tables anew beside the live ones, prove them equal, and go over to them; services run on meanwhile."""
    if bool(names) == every:
        raise typer.BadParameter("name what to build anew, or say --all")
    how = How(processes, tuple(accept or ()), by, lines)
    _show_proofs(run(_rebuild(environment(ctx), names or [], how)), as_json=as_json)


@app.command()
def rollback(ctx: typer.Context, name: Name, *, by: By = "olcare", as_json: AsJson = False) -> None:
    """Go back to the tables that were in use before the last rebuild."""
    found = run(_go_over(environment(ctx), name, None, by))
    show(found, as_json=as_json, otherwise=lambda: f"{name} uses generation {found['generation']} again")


@app.command()
def switch(
    ctx: typer.Context,
    name: Name,
    generation: Annotated[int, typer.Argument(min=1, help="As `projections status` numbers it; it must be kept.")],
    *,
    by: By = "olcare",
    as_json: AsJson = False,
) -> None:
    """Go over to tables that were kept, those built last or those before."""
    found = run(_go_over(environment(ctx), name, generation, by))
    show(found, as_json=as_json, otherwise=lambda: f"{name} uses generation {found['generation']}")


@app.command()
def discard(
    ctx: typer.Context, names: Names = None, *, every: Every = False, by: By = "olcare", as_json: AsJson = False
) -> None:
    """Drop the tables that were kept to go back to, and those that other versions of the code used."""
    if bool(names) == every:
        raise typer.BadParameter("name whose tables to drop, or say --all")
    found = run(_discard(environment(ctx), names or [], by))
    show(found, as_json=as_json, otherwise=lambda: table(found, ("reader", "version", "generation", "schema")))


def _show_proofs(found: Sequence[Proof], *, as_json: bool) -> None:
    rows = [proof._asdict() for proof in found]
    show(rows, as_json=as_json, otherwise=lambda: table(rows, Proof._fields))


def proofs(reader: str, live: Snapshot, found: Sequence[Difference]) -> Iterator[Proof]:
    """The proof of each table."""
    different = {difference.table for difference in found}
    for name, print_ in live.tables.items():
        yield Proof(reader, name, print_.rows, f"{print_.hash % HASHES:016x}", name not in different)


@asynccontextmanager
async def engine(
    here: Environment, service: WatchedService, reader: Reader, *, lines: bool = False
) -> AsyncIterator[Engine]:
    """Open a service's share of the log protocol for one reader, without its loops."""
    clock = here.clock()
    settings = EngineSettings(
        service=service.name,
        instance=f"olcare-{clock.process_id}",
        kafka=here.kafka_address(),
        postgres=here.postgres_address(),
        database=service.database,
        module=f"{service.module}.projections",
    )
    opened = Engine(settings, clock, here.cards(), [reader])
    try:
        with _telling(f"{service.name}.{reader.name}: missing tables", lines=lines) as tell:
            await opened.open(tell, by_our_card=False)
        yield opened
    finally:
        await opened.close()


@contextmanager
def _telling(what: str, *, lines: bool) -> Iterator[Tell]:
    with counting(what, "events", lines=lines) as told:
        yield lambda progress: told(progress.done, progress.total)


async def _verify(here: Environment, names: Sequence[str], *, lines: bool) -> list[Proof]:
    found: list[Proof] = []
    for service, reader in chosen(names):
        async with engine(here, service, reader, lines=lines) as opened:
            found += await _prove(opened, service, reader, Engine.verify, lines=lines)
    return found


async def _rebuild(here: Environment, names: Sequence[str], how: How) -> list[Proof]:
    return [proof for s, r in chosen(names) for proof in await _rebuild_one(here, s, r, how)]


async def _rebuild_one(here: Environment, service: WatchedService, reader: Reader, how: How) -> list[Proof]:
    """Build one reader's tables anew; that it is begun and what comes of it goes on record."""
    name = f"{service.name}.{reader.name}"
    build = partial(Engine.rebuild, processes=how.processes, accept=how.accept)
    async with ordering(here, how.by) as order:
        await order.rebuild(Rebuild(reader=name, processes=how.processes, accept=how.accept))
        try:
            async with engine(here, service, reader, lines=how.lines) as opened:
                found = await _prove(opened, service, reader, build, lines=how.lines)
                generation = opened.generation(reader.name).generation
        except (Refused, Unavailable, Halted, CancelledError) as error:
            await order.rebuilt(RebuildResult(ended=_end(error)))
            raise
        await order.rebuilt(RebuildResult(ended=RebuildEnd.SWITCHED, generation=generation, proof=_recorded(found)))
    return found


def _end(error: BaseException) -> RebuildEnd:
    match error:
        case CancelledError():
            return RebuildEnd.CANCELLED
        case Refused():
            return RebuildEnd.DIFFERENT
        case _:
            return RebuildEnd.FAILED


def _recorded(found: Sequence[Proof]) -> tuple[ProvedTable, ...]:
    return tuple(ProvedTable(table=p.table, rows=p.rows, hash=p.hash, equal=p.equal) for p in found)


async def _prove(opened: Engine, service: WatchedService, reader: Reader, prove: Prove, *, lines: bool) -> list[Proof]:
    name = f"{service.name}.{reader.name}"
    with _telling(name, lines=lines) as tell, _refusing(service):
        live, found = await prove(opened, reader.name, tell)
    return list(proofs(name, live, found)) if live else []


@contextmanager
def _refusing(service: WatchedService) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise Refused(f"{service.name}.{error}") from error


async def _go_over(here: Environment, name: str, to: int | None, by: str) -> dict[str, object]:
    found = list(chosen([name]))
    if len(found) != 1:
        raise Refused(f"{name} is more than one projection")
    [(service, reader)] = found
    async with engine(here, service, reader) as opened, ordering(here, by) as order:
        with _refusing(service):
            wanted = await opened.standby_to(reader.name, to)
            await order.switch(name, wanted.generation)
            generation = await opened.roll_back(reader.name, wanted.generation)
    return {"reader": name, "version": generation.version, "generation": generation.generation}


async def _discard(here: Environment, names: Sequence[str], by: str) -> list[dict[str, object]]:
    dropped: list[dict[str, object]] = []
    for service, reader in chosen(names):
        name = f"{service.name}.{reader.name}"
        async with engine(here, service, reader) as opened:
            if not await opened.discardable(reader.name):
                continue
            async with ordering(here, by) as order:
                await order.discard(name)
            for g in await opened.discard(reader.name):
                found = {"version": g.version, "generation": g.generation, "schema": g.schema}
                dropped.append({"reader": name, **found})
    return dropped


async def _status(here: Environment, names: Sequence[str]) -> list[dict[str, object]]:
    async with open_log(here) as log:
        return [row for s, r in chosen(names) for row in await _generations(here, s, r, await log.ends(r.topic))]


async def _generations(
    here: Environment, service: WatchedService, reader: Reader, ends: Mapping[int, int]
) -> list[dict[str, object]]:
    database = Database(here.postgres_address(), service.database)
    try:
        await database.open_to_read()
        rows = await generation_rows(database, reader, ends)
    finally:
        await database.close()
    known = {"reader": f"{service.name}.{reader.name}", "topic": reader.topic}
    shown = [{name: value for name, value in row.items() if name not in {"proof", "begun_at"}} for row in rows]
    return [{**known, **row} for row in shown] or [{**known, "version": reader.version, "state": "missing"}]


async def generation_rows(database: Database, reader: Reader, ends: Mapping[int, int]) -> list[dict[str, Any]]:
    """All builds of a reader's tables, the youngest first, each with how far it is; raises Unavailable."""
    rows = await queries(database).rows("generations_of", reader=reader.name)
    for row in rows:
        positions = await _positions(database, reader, row["schema"])
        row["position"] = sum(positions.values())
        row["behind"] = sum(end - positions.get(partition, 0) for partition, end in ends.items())
        row["put_away"] = await _put_away(database, reader, row["schema"])
    return rows


async def _positions(database: Database, reader: Reader, schema: str) -> Mapping[int, int]:
    async with database.connection() as connection:
        rows = await connection.fetch(f"select partition, next_offset from {schema}.position_{reader.name}")  # noqa: S608 - our name
    return {row["partition"]: row["next_offset"] for row in rows}


async def _put_away(database: Database, reader: Reader, schema: str) -> int | None:
    """How many streams are put away; None for a reader that puts none away, as one of before did."""
    away = f"{schema}.away_{reader.name}"
    async with database.connection() as connection:
        if await connection.fetchval("select to_regclass($1)", away) is None:
            return None
        number: int = await connection.fetchval(f"select count(*) from {away}")  # noqa: S608 - our name
    return number
