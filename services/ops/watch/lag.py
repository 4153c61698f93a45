"""`olcare lag`: how far every reader, door and reaction of every service is behind the end of its topic."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from functools import partial

import typer

from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.loops.followers import Follower, behind, group_follower
from libs.eventlog.tables.database import Database
from libs.messages.catalogue import PRIVATE, doors_of, group_at
from services.ops.cli.environment import Environment, environment, open_log
from services.ops.cli.output import AsJson, Refused, run, show, table
from services.ops.watch.readiness import readiness
from services.ops.watch.services import SERVICES, WatchedService, tables

COLUMNS = ("follower", "kind", "topic", "behind", "partitions", "problem")
Positions = Callable[[str], Awaitable[Mapping[int, int]]]


def lag(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """How many records every reader, door and reaction has still to read; exit code 1 where a service is not ready."""
    found = run(_lag(environment(ctx)))
    show(found, as_json=as_json, otherwise=lambda: table(found, COLUMNS, alarming=_is_problem))
    if any(map(_is_problem, found)):
        raise typer.Exit(1)


def _is_problem(row: Mapping[str, object]) -> bool:
    return "problem" in row


def groups(service: WatchedService, log: KafkaLog, topics: Iterable[str]) -> Iterator[tuple[str, Follower]]:
    """Name what keeps its offsets with the broker: the door, clients' own doors among all topics, and reactions."""
    for topic in doors_of(topics, service.door) if service.door else ():
        yield "door", group_follower(group_at(f"{service.name}.door", topic), topic, log)
    for reader in service.readers:
        if reader.reacts:
            yield "reaction", group_follower(f"{service.name}.react-to-{reader.name}", reader.topic, log)


def readers(service: WatchedService, positions: Positions) -> Iterator[tuple[str, Follower]]:
    """Name what keeps its position in the service's tables."""
    for reader in service.readers:
        yield "reader", Follower(f"{service.name}.{reader.name}", reader.topic, partial(positions, reader.name))
    if service.private:
        yield "state", Follower(f"{service.name}.{service.private}", PRIVATE, partial(positions, service.private))


async def _lag(here: Environment) -> list[dict[str, object]]:
    async with open_log(here) as log:
        return [*await rows(here, log), *await not_ready(here)]


async def not_ready(here: Environment) -> list[dict[str, object]]:
    """A row for every service that is not ready, where it is known where they are."""
    said = await readiness(here.addresses()) if here.knows_services() else {}
    return [
        {"follower": name, "kind": "service", "problem": f"not ready: {one.waiting}"}
        for name, one in said.items()
        if not one.ready
    ]


async def rows(here: Environment, log: KafkaLog) -> list[dict[str, object]]:
    """A row for every follower, and one with the problem for a service whose tables can not be asked."""
    return [row for service in SERVICES.values() for row in await _of(here, log, service)]


async def _of(here: Environment, log: KafkaLog, service: WatchedService) -> list[dict[str, object]]:
    kept_there = [await _row(log, kind, follower) for kind, follower in groups(service, log, here.cards())]
    try:
        async with tables(here.postgres_address(), service) as database:
            kept = readers(service, partial(positions_in, database))
            return [*kept_there, *[await _row(log, kind, follower) for kind, follower in kept]]
    except (Refused, Unavailable) as error:
        return [*kept_there, {"follower": service.name, "kind": "reader", "problem": str(error)}]


async def _row(log: KafkaLog, kind: str, follower: Follower) -> dict[str, object]:
    try:
        late = await behind(log, follower, await log.ends(follower.topic))
    except Unavailable as error:
        return {"follower": follower.name, "kind": kind, "topic": follower.topic, "problem": str(error)}
    return {
        "follower": follower.name,
        "kind": kind,
        "topic": follower.topic,
        "behind": sum(late.values()),
        "partitions": len(late),
    }


async def positions_in(database: Database, name: str) -> Mapping[int, int]:
    """The next offset of each partition of a reader, as its table in use says."""
    async with database.connection() as connection:
        rows = await connection.fetch(f"select partition, next_offset from position_{name}")  # noqa: S608 - our name
    return {row["partition"]: row["next_offset"] for row in rows}
