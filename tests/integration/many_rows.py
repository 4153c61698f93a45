"""Tables that hold a great many rows alike, and what a query goes through there."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from libs.eventlog.projection import Reader
from libs.eventlog.tables.queries import NAMED, expressions_of, put_together
from libs.messages.base import Event
from libs.messages.catalogue import EVENT_OF_TYPE
from libs.stack.run import PROJECT
from tests.integration.folded import Folded, most_rows

EXAMPLES = PROJECT / "contracts" / "examples" / "log"
VALUE = re.compile(r"(?<![:\w]):(\w+)")


def example(name: str, number: str = "", mine: str = "") -> tuple[str, Event]:
    """The stream and the event of an example of the log, with another number in place of one."""
    text = (EXAMPLES / f"{name}.json").read_text()
    said = json.loads(text.replace(number, mine) if number else text)
    return said["subject"], EVENT_OF_TYPE[said["type"]].model_validate_json(json.dumps(said["data"]))


async def multiply(tables: Folded, number: str, times: int, names: Iterable[str]) -> None:
    """Add so many rows like each of some tables that is about a stream of this number, each about another stream."""
    for name in sorted(names):
        columns = await tables.connection.fetch(
            "select column_name, data_type from information_schema.columns where table_schema = 'public'"
            " and table_name = $1 order by ordinal_position",
            name,
        )
        each = [
            f"replace({column}, '{number}', '{number}~' || n)" if kind == "text" else f'"{column}"'
            for column, kind in columns
        ]
        await tables.connection.execute(
            f"insert into {name} select {', '.join(each)} from {name}, generate_series(1, {times}) n"  # noqa: S608 - ours
            f" where stream like '%{number}%' and stream not like '%~%'"
        )


def queries_in(file: Path, readers: Sequence[Reader]) -> Mapping[str, str]:
    """The SQL of the queries of a file, by their names."""
    return {
        name: sql.strip(" ;\n") for name, sql in NAMED.findall(put_together(file.read_text(), expressions_of(readers)))
    }


async def gone_through(tables: Folded, query: str, values: Mapping[str, object]) -> float:
    """The most rows that any step of a query's plan goes through."""
    text = VALUE.sub(lambda use: _literal(values[use[1]]), query)
    found = json.loads(await tables.connection.fetchval(f"explain (analyze, format json, timing off) {text}"))
    return most_rows(found[0]["Plan"])


def _literal(value: object) -> str:
    match value:
        case None:
            return "null"
        case int():
            return str(value)
        case datetime():
            return f"'{value.isoformat()}'::timestamptz"
        case list():
            return "array[{}]".format(", ".join(map(_literal, value))) if value else "'{}'"
        case date():
            return f"'{value}'::date"
        case _:
            return f"'{value}'"
