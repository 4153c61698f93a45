"""`olcare projections`: what the services derived, the proof that it equals the log, and building it anew."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Annotated, NamedTuple

import typer

from libs.eventlog.engine import Engine, EngineSettings
from libs.eventlog.projection import Reader
from libs.eventlog.rebuild.build import Tell
from libs.eventlog.rebuild.proof import Difference, Snapshot
from libs.eventlog.tables.database import Database
from services.ops.cli.environment import Environment, environment, open_log
from services.ops.cli.output import AsJson, Refused, counting, run, show, table
from services.ops.watch.services import WatchedService, chosen, queries

HASHES = 2**64
app = typer.Typer(no_args_is_help=True, help="The tables that services derive from the log: look, prove, build anew.")
By = Callable[[Engine, str, Tell], Awaitable[tuple[Snapshot | None, list[Difference]]]]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="SERVICE.READER", help="As `projections status` names them, or SERVICE.")
]
Every = Annotated[bool, typer.Option("--all", help="All of all services.")]


class Proof(NamedTuple):
    """What one table of a live generation holds, and whether a fresh fold of the log gives the same."""

    reader: str
    table: str
    rows: int
    hash: str
    equal: bool


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
def verify(ctx: typer.Context, names: Names = None, *, every: Every = False, as_json: AsJson = False) -> None:
    """Fold the log afresh and compare with the live tables; exit code 1 where they differ. Without names: all."""
    del every  # the default, which scripts may state
    found = run(_verify(environment(ctx), names or []))
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
    as_json: AsJson = False,
) -> None:
    """Build tables anew beside the live ones, prove them equal, and go over to them; services run on meanwhile."""
    if bool(names) == every:
        raise typer.BadParameter("name what to build anew, or say --all")
    _show_proofs(run(_rebuild(environment(ctx), names or [], processes, accept or [])), as_json=as_json)


@app.command()
def rollback(
    ctx: typer.Context, name: Annotated[str, typer.Argument(metavar="SERVICE.READER")], *, as_json: AsJson = False
) -> None:
    """Go back to the tables that were in use before the last rebuild."""
    found = run(_roll_back(environment(ctx), name))
    show(found, as_json=as_json, otherwise=lambda: f"{name} uses generation {found['generation']} again")


@app.command()
def discard(ctx: typer.Context, names: Names = None, *, every: Every = False, as_json: AsJson = False) -> None:
    """Drop the tables that were kept to go back to, and those that other versions of the code used."""
    if bool(names) == every:
        raise typer.BadParameter("name whose tables to drop, or say --all")
    found = run(_discard(environment(ctx), names or []))
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
async def engine(here: Environment, service: WatchedService, reader: Reader) -> AsyncIterator[Engine]:
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
        with _telling(f"{service.name}.{reader.name}: missing tables") as tell:
            await opened.open(tell, by_our_card=False)
        yield opened
    finally:
        await opened.close()


@contextmanager
def _telling(what: str) -> Iterator[Tell]:
    with counting(what, "events") as told:
        yield lambda progress: told(progress.done, progress.total)


async def _verify(here: Environment, names: Sequence[str]) -> list[Proof]:
    return [proof for s, r in chosen(names) for proof in await _prove(here, s, r, Engine.verify)]


async def _rebuild(here: Environment, names: Sequence[str], processes: int, accept: Sequence[str]) -> list[Proof]:
    by = partial(Engine.rebuild, processes=processes, accept=accept)
    return [proof for s, r in chosen(names) for proof in await _prove(here, s, r, by)]


async def _prove(here: Environment, service: WatchedService, reader: Reader, by: By) -> list[Proof]:
    name = f"{service.name}.{reader.name}"
    async with engine(here, service, reader) as opened:
        with _telling(name) as tell:
            try:
                live, found = await by(opened, reader.name, tell)
            except ValueError as error:
                raise Refused(f"{service.name}.{error}") from error
    return list(proofs(name, live, found)) if live else []


async def _roll_back(here: Environment, name: str) -> dict[str, object]:
    found = list(chosen([name]))
    if len(found) != 1:
        raise Refused(f"{name} is more than one projection")
    [(service, reader)] = found
    async with engine(here, service, reader) as opened:
        try:
            generation = await opened.roll_back(reader.name)
        except ValueError as error:
            raise Refused(f"{service.name}.{error}") from error
    return {"reader": name, "version": generation.version, "generation": generation.generation}


async def _discard(here: Environment, names: Sequence[str]) -> list[dict[str, object]]:
    dropped: list[dict[str, object]] = []
    for service, reader in chosen(names):
        async with engine(here, service, reader) as opened:
            for g in await opened.discard(reader.name):
                found = {"version": g.version, "generation": g.generation, "schema": g.schema}
                dropped.append({"reader": f"{service.name}.{reader.name}", **found})
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
        rows = await queries(database).rows("generations_of", reader=reader.name)
        for row in rows:
            positions = await _positions(database, reader, row["schema"])
            row["position"] = sum(positions.values())
            row["behind"] = sum(end - positions.get(partition, 0) for partition, end in ends.items())
            row["put_away"] = await _put_away(database, reader, row["schema"])
    finally:
        await database.close()
    known = {"reader": f"{service.name}.{reader.name}", "topic": reader.topic}
    return [{**known, **row} for row in rows] or [{**known, "version": reader.version, "state": "missing"}]


async def _positions(database: Database, reader: Reader, schema: str) -> Mapping[int, int]:
    database.use(reader.name, schema)
    async with database.connection() as connection:
        rows = await connection.fetch(f"select partition, next_offset from position_{reader.name}")  # noqa: S608 - our name
    return {row["partition"]: row["next_offset"] for row in rows}


async def _put_away(database: Database, reader: Reader, schema: str) -> int | None:
    """How many streams are put away; None for a reader that puts none away, as one of before did."""
    away = f"{schema}.away_{reader.name}"
    async with database.connection() as connection:
        if await connection.fetchval("select to_regclass($1)", away) is None:
            return None
        number: int = await connection.fetchval(f"select count(*) from {away}")  # noqa: S608 - our name
    return number
