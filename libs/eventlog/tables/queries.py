"""SQL by name: `queries.sql` and `duties.sql` of a service as async functions of a connection and named values."""

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import aiosql
from pydantic import TypeAdapter

from libs.eventlog.projection import Reader
from libs.eventlog.tables.database import Database

F = TypeVar("F")
W = TypeVar("W", bound=NamedTuple)


PART = re.compile(r"^-- part: (\w+)\n((?:(?!-- (?:part|name): ).*\n)*)", re.MULTILINE)
HEAD = re.compile(r"^-- name: .*\n(?:--.*\n)*", re.MULTILINE)
NAMED = re.compile(r"^-- name: (\w+)\n(?:--.*\n)*((?:(?!-- name: ).*\n)*)", re.MULTILINE)
COMMENT, USE = re.compile(r"^--.*\n", re.MULTILINE), re.compile(r"\{(\w+)\}")


def put_together(text: str, expressions: Mapping[str, str]) -> str:
    """Expand a file's SQL: `{name}` stands for a part of the file (`-- part: name`) or for a given expression.

    A part may name others. Raises KeyError for an unknown name.
    """
    parts = {**expressions, **{name: COMMENT.sub("", part).strip() for name, part in PART.findall(text)}}

    def expanded(sql: str) -> str:
        return USE.sub(lambda use: expanded(parts[use[1]]), sql)

    return expanded(PART.sub("", text))


def seeing(text: str, instead: Mapping[str, str]) -> str:
    """Have every query of a file see other rows in place of some tables, each given as SQL.

    It is not materialized: a query finds by its indexes what it asks for, and no more of a table is read.
    """
    tables = ", ".join(f"{name} as not materialized ({sql})" for name, sql in instead.items())
    return HEAD.sub(lambda head: f"{head[0]}with {tables}\n", text) if instead else text


def expressions_of(readers: Iterable[Reader]) -> Mapping[str, str]:
    """The SQL expressions that the projections of some readers declare."""
    return {name: sql for r in readers for p in r.projections for name, sql in p.expressions.items()}


def one_question(queries: Mapping[str, str]) -> str:
    """A file with the one query `finding`, which gives the names of those of some queries that have a row."""
    each = (f"select '{name}' as name where exists (\n{sql}\n)" for name, sql in sorted(queries.items()))
    return "-- name: finding\n" + "\nunion all\n".join(each) + ";\n"


def _loaded(text: str) -> dict[str, Any]:
    loaded = aiosql.from_str(text, "asyncpg", mandatory_parameters=False)
    return {name: getattr(loaded, name) for name in loaded.available_queries}


class Queries:
    """The named queries of some files, each run on a connection of its own."""

    def __init__(
        self,
        database: Database,
        *files: Path,
        expressions: Mapping[str, str] = MappingProxyType({}),
        instead: Mapping[str, str] = MappingProxyType({}),
        values: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        """Load them; `expressions` are SQL that the queries name (`put_together`).

        `instead` are tables by their names, and the SQL of what every query sees in place of each; `values` are those
        that this SQL names. None of the queries may begin with a `with` of its own.
        """
        self._database, self._values = database, values
        self._named: dict[str, Any] = {}
        self._texts: dict[str, str] = {}
        self._questions: dict[frozenset[str], Any] = {}
        for file in files:
            text = seeing(put_together(file.read_text(), expressions), instead)
            self._texts |= {name: sql.strip().removesuffix(";") for name, sql in NAMED.findall(text)}
            self._named |= _loaded(text)

    async def rows(self, name: str, **values: object) -> list[dict[str, Any]]:
        """The rows of a query as dictionaries; raises Unavailable where the database can not be reached."""
        async with self._database.connection() as connection:
            return [dict(row) async for row in self._named[name](connection, **self._values, **values)]

    async def finding(self, names: AbstractSet[str], **values: object) -> frozenset[str]:
        """Those of some queries that have a row, all asked in one statement; raises Unavailable."""
        asked = frozenset(names)
        if asked not in self._questions:
            self._questions[asked] = _loaded(one_question({name: self._texts[name] for name in names}))["finding"]
        async with self._database.connection() as connection:
            return frozenset(
                [row["name"] async for row in self._questions[asked](connection, **self._values, **values)]
            )

    async def stream(self, name: str, at_once: int = 5_000, **values: object) -> AsyncIterator[dict[str, Any]]:
        """The rows of a query as they are read, never all of them at once; raises Unavailable."""
        read = self._named[f"{name}_cursor"]
        async with self._database.connection() as connection, read(connection, **self._values, **values) as found:
            cursor = await found
            while rows := await cursor.fetch(at_once):
                for row in rows:
                    yield dict(row)

    async def facts(self, name: str, needed: Sequence[W | None], read: TypeAdapter[F], nothing: F) -> list[F]:
        """What is known of each of `needed`, in their order; `nothing` where it is None. Raises Unavailable.

        The query takes each field of W as a list, and returns for each element a row with a JSON column `facts`.
        """
        asked = [one for one in needed if one is not None]
        if not asked:
            return [nothing for _ in needed]
        columns = dict(zip(asked[0]._fields, map(list, zip(*asked, strict=True)), strict=True))
        found = iter([read.validate_json(row["facts"]) for row in await self.rows(name, **columns)])
        return [nothing if one is None else next(found) for one in needed]

    async def row(self, name: str, **values: object) -> dict[str, Any] | None:
        """The first row of a query, None where there is none."""
        found = await self.rows(name, **values)
        return found[0] if found else None
