"""Histories folded into the tables of every service on a real PostgreSQL, read back, and asked by every named query."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

import services.ops
from libs.eventlog.projection import Projection, Reader
from libs.eventlog.tables.database import BY_INDEX, SHORT, Database
from libs.eventlog.tables.generations import indexes, tables
from libs.eventlog.tables.queries import Queries, expressions_of
from libs.eventlog.wire.private import Personal
from libs.messages.catalogue import STREAMS_OF
from libs.messages.ids import name_id
from libs.messages.plan import ProductVersionsPublished
from libs.workcal import tz_version
from services.contract.contract_states import NOTHING_TOLD, OFFERED
from services.intake.facts import FACTS as TICKET_FACTS
from services.sla_timer.reactions import FACTS as PLAN_FACTS
from tests.contracts.recorded_log import SERVICES
from tests.integration.edges_followed import History, recorded
from tests.integration.folded import put_all_away

FOLDER = Path(services.ops.__file__).parents[1]
PRIVATE = "create table {}.private_records (key text primary key, partition int not null, value jsonb not null)"
NAMED = re.compile(r"-- name: (\w+)\n(.*?)(?=\n-- name:|\Z)", re.DOTALL)
PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")
LOT, USUAL = 200, 100
CERTIFICATE = ("since", "intervals", "packed")
NOWS = (
    datetime(2000, 1, 1, tzinfo=UTC),
    datetime(2026, 11, 27, tzinfo=UTC),
    datetime(2099, 12, 31, 23, 59, tzinfo=UTC),
)


class OneConnection(Database):
    """Lends one connection, in whose transaction the rows stand."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        super().__init__("", "")
        self._only = connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """Lend it."""
        yield self._only


class Stored:
    """The tables and queries of all services."""

    def __init__(self, connections: Mapping[str, asyncpg.Connection]) -> None:
        self._connections = connections
        self._queries = {name: _queries(name, connection) for name, connection in connections.items()}

    async def culprits(self, histories: Sequence[History], records: Sequence[Personal]) -> list[str]:
        """Store lot by lot; tell of those that can not be stored or asked for, with the error."""
        lots = [
            *((lot, []) for lot in batches(histories, LOT)),
            *(([], records[n : n + LOT]) for n in range(0, len(records), LOT)),
        ]
        return [why for lot, some in lots for why in await self._culprits(lot, some)]

    async def _culprits(self, histories: Sequence[History], records: Sequence[Personal]) -> list[str]:
        try:
            await self.store(histories, records)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is found out where it comes from
            halves = [(several[: len(several) // 2], several[len(several) // 2 :]) for several in (histories, records)]
            parts = zip(*halves, strict=True) if len(histories) + len(records) > 1 else ()
            found = [why for part in parts for why in await self._culprits(*part)]
            return found or [f"{type(error).__name__}: {error}: {str([*histories, *records])[:500]}"]
        return []

    async def store(self, histories: Sequence[History], records: Sequence[Personal] = ()) -> None:
        """Fold histories of different streams, compare what is read back, ask every query, and undo it all.

        Every query gives the same once the streams are put away.
        """
        for service, connection in self._connections.items():
            transaction = connection.transaction()
            await transaction.start()
            try:
                await self._fold(service, connection, histories, records)
                found = await self._ask(service, histories)
                for reader in (r for r in SERVICES[service] if r.writes):
                    await put_all_away(connection, reader)
                again = await self._ask(service, histories)
                if differ := [name for name in found if found[name] != again[name]]:
                    raise AssertionError(f"once streams are put away {differ} give something else")
            finally:
                await transaction.rollback()

    async def _fold(
        self,
        service: str,
        connection: asyncpg.Connection,
        histories: Sequence[History],
        records: Sequence[Personal],
    ) -> None:
        for reader in SERVICES[service]:
            ours = [one for one in histories if one.stream.partition("/")[0] in STREAMS_OF[reader.topic]]
            hour = (0,) if reader.writes else ()
            heads = [(one.stream, 0, len(one.events), str(name_id(one.stream)), b"", *hour) for one in ours]
            await connection.copy_records_to_table(f"heads_{reader.name}", records=heads)
            for projection in reader.projections:
                rows = {key: row for one in ours for key, row in _rows(projection, one).items()}
                await _store(connection, projection, rows)
        if service in {"contract", "notification"}:
            found = [(one.key.text(), 0, one.content.model_dump_json(exclude_none=True)) for one in records]
            await connection.copy_records_to_table("private_records", records=found)

    async def _ask(self, service: str, histories: Sequence[History]) -> Mapping[str, list[str]]:
        streams = sorted({one.stream for one in histories})
        answers: dict[str, list[str]] = {}
        for name, parameters in _asked(service):
            for now in NOWS if {"now", "since"} & parameters else NOWS[:1]:
                values = _values(name, streams, now)
                found = await self._queries[service].rows(name, **{each: values[each] for each in parameters})
                _read(name, found)
                answers[f"{name} at {now}"] = sorted(repr(_wherever_it_is(row)) for row in found)
        return answers


def _wherever_it_is(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row but for the certificate of a promise, which is packed where its stream is put away."""
    return {name: value for name, value in row.items() if "packed" not in row or name not in CERTIFICATE}


def _read(name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Read the facts as the services do."""
    for row in rows:
        if name == "facts_for_tickets":
            TICKET_FACTS.validate_json(row["facts"])
        if name == "facts_for_promises":
            PLAN_FACTS.validate_json(row["facts"])


def _rows(projection: Projection[Any], history: History) -> dict[tuple[Any, ...], Any]:
    rows: dict[tuple[Any, ...], Any] = {}
    for sequence, event in enumerate(history.events, start=1):
        if type(event) in projection.events:
            written = recorded(history.stream, sequence, event)
            rows |= {key: projection.evolve(rows.get(key), written) for key in projection.keys(written)}
    return {key: row for key, row in rows.items() if row is not None}


async def _store(connection: asyncpg.Connection, projection: Projection[Any], rows: Mapping[Any, Any]) -> None:
    dumped = [projection.dump(row) for row in rows.values()]
    await connection.copy_records_to_table(projection.table, records=dumped)
    stored = [tuple(row) for row in await connection.fetch(f"select * from {projection.table}")]  # noqa: S608 - our name
    loaded = {tuple(row[: len(projection.key)]): projection.loaded(row) for row in stored}
    assert len(loaded) == len(rows)
    for key, row in rows.items():
        assert _plain(projection, loaded[key]) == _plain(projection, row), (projection.table, key)


def _plain(projection: Projection[Any], row: Any) -> Any:
    """A row as it is compared: JSON by its content, since the database sets blanks otherwise; sequences as lists."""
    jsonb = {column.split()[0] for column in projection.columns.split(",") if " jsonb" in column}
    values = row._asdict() if hasattr(row, "_asdict") else dict(enumerate(row))
    values = {n: json.loads(v) if n in jsonb and isinstance(v, str) else v for n, v in values.items()}
    return {n: list(v) if isinstance(v, tuple) else v for n, v in values.items()}


def _queries(service: str, connection: asyncpg.Connection) -> Queries:
    return Queries(OneConnection(connection), *_files(service), expressions=expressions_of(SERVICES[service]))


def _files(service: str) -> list[Path]:
    folder = FOLDER / "ops" / service if service == "audit" else FOLDER / service
    return sorted(folder.glob("*.sql"))


def _asked(service: str) -> Iterator[tuple[str, frozenset[str]]]:
    """The queries of a service with their parameters, those of parts that they use included."""
    for file in _files(service):
        text = file.read_text()
        parts = dict(re.findall(r"-- part: (\w+)\n(.*?)(?=\n-- (?:part|name):|\Z)", text, re.DOTALL))
        for name, sql in NAMED.findall(text):
            used = sql + "".join(body for part, body in parts.items() if f"{{{part}}}" in sql)
            used = "\n".join(line for line in used.splitlines() if not line.startswith("--"))
            yield name, frozenset(PARAMETER.findall(used))


def _values(name: str, streams: Sequence[str], now: datetime) -> Mapping[str, Any]:
    kinds = {
        kind: [one for one in streams if one.startswith(f"{kind}/")]
        for kind in ("ticket", "customer", "calendar", "contract")
    }
    centres = ["france", *(one.rsplit("/", 1)[1] for one in kinds["calendar"])]
    tickets = [*kinds["ticket"], None][:200]
    products = [one.rsplit("/", 1)[1] for one in streams if one.startswith("versions/")]
    asked = [("planetpress-connect", ticket) for ticket in tickets] + [(product, None) for product in products]
    lists: dict[str, list[str | None]] = {
        "customer": ["customer/erp/C-1001"] * len(asked),
        "product": [product for product, _ in asked],
        "number": ["+33180875286"] * len(asked),
        "ticket": [ticket for _, ticket in asked],
        "receiving": ["france"] * len(asked),
        "survivor": [ticket for _, ticket in asked],
    }
    if name == "facts_for_notices":
        customers, unknown = kinds["customer"], [None] * len(kinds["customer"])
        lists = {"customer": [*customers, None], "centre": [None, *customers], "working_centre": [None, *unknown]}
    return {
        "centre": None,
        "channel": None,
        "customer": None,
        "state": None,
        "open": True,
        "who": None,
        "now": now,
        "since": now,
        "until": None,
        "action": None,
        "what": None,
        "claimed_before": now,
        "most": 10_000,
        "installed": tz_version(),
        "streams": streams,
        "tickets": kinds["ticket"],
        "customers": kinds["customer"],
        "centres": centres,
        "about": "ticket/crm-eu/4711",
        "versions": [1] * len(streams),
        "contracts": kinds["contract"],
        "numbers": kinds["contract"],
        "products": ["planetpress-connect", *products],
        "instants": [now],
        "told": [NOTHING_TOLD, OFFERED, 60],
        "days": [90, 60, 30],
        "zones": ZONES,
        "dates": [now.date()] * len(ZONES),
        **(lists if name in {"facts_for_tickets", "facts_for_notices"} else {}),
    }


ZONES = ["America/Toronto", "Asia/Tokyo", "Europe/Paris"]


@asynccontextmanager
async def stored(address: str) -> AsyncIterator[Stored]:
    """Make the tables of every service in an empty database, each in a schema of its own."""
    connections: dict[str, asyncpg.Connection] = {}
    try:
        for service, readers in SERVICES.items():
            connection = await asyncpg.connect(address, server_settings={**SHORT, **BY_INDEX, "search_path": service})
            connections[service] = connection
            await connection.execute(f"create schema {service}")
            for statement in _tables(service, readers):
                await connection.execute(statement)
        yield Stored(connections)
    finally:
        for connection in connections.values():
            await connection.close()


def _tables(service: str, readers: Sequence[Reader]) -> Iterator[str]:
    for reader in readers:
        yield from (*tables(reader, service), *indexes(reader, service))
    yield PRIVATE.format(service)


def batches(histories: Sequence[History], size: int) -> Iterator[list[History]]:
    """Histories in lots in which no stream stands twice; one of an ordinary length gets a stream of its own."""
    lot: dict[str, History] = {}
    for number, one in enumerate(histories):
        own = _renamed(one, number) if len(one.stream) < USUAL else one
        if len(lot) >= size or own.stream in lot:
            yield list(lot.values())
            lot = {}
        lot[own.stream] = own
    if lot:
        yield list(lot.values())


def _renamed(history: History, number: int) -> History:
    """The same history in another stream; a product is known by the name that its stream ends in."""
    name, is_product = f"product-{number}", history.stream.startswith("versions/")
    stream = f"versions/plan/{name}" if is_product else f"{history.stream}-{number}"
    events = tuple(
        event.model_copy(update={"product": event.product.model_copy(update={"product": name})})
        if isinstance(event, ProductVersionsPublished)
        else event
        for event in history.events
    )
    return History(stream, events)
