"""Tables: heads as the log says, private data as the topic says, and every row as a rebuild makes it."""

import json
from collections.abc import Iterator, Mapping, Sequence

from tests.faults.checked.books import Books, Generation
from tests.faults.checked.log import PRIVATE, Ledger


def check_tables(books: Books, logs: Mapping[str, Ledger]) -> Iterator[str]:
    """Find tables that say something else than the log."""
    for generation in (*books.live, *books.rebuilt):
        yield from _against_log(generation, books, logs[f"olcare.{generation.reader}.v1"])
    if books.rebuilt:
        yield from _against_each_other(books.live, books.rebuilt)
    private = _last_values(books)
    for database, table in books.private.items():
        differ = sorted(key for key in private.keys() | table.keys() if private.get(key) != _json(table.get(key)))
        yield from (f"{database}: the private record {key} is not as the topic says" for key in differ)


def _against_log(generation: Generation, books: Books, log: Ledger) -> Iterator[str]:
    name, topic = generation.name, books.topic(f"olcare.{generation.reader}.v1")
    ends = dict.fromkeys(range(topic.partitions), 0)
    ends |= {record.partition: record.offset + 1 for record in topic.records}
    if generation.positions != ends:
        yield f"{name} stands at {generation.positions}, the log ends at {ends}"
    heads = {s: (log.partitions[s], event.sequence, event.id) for s, event in log.heads.items()}
    rows = {row.stream: (row.partition, row.sequence, row.id) for row in generation.heads}
    differ = sorted(stream for stream in heads.keys() | rows.keys() if heads.get(stream) != rows.get(stream))
    yield from (f"{name}: the head of {s} is {rows.get(s)}, the log says {heads.get(s)}" for s in differ)
    if generation.voids and generation.voids != log.voids:
        yield f"{name}: void are {sorted(generation.voids)}, the log says {sorted(log.voids)}"
    for row in generation.heads:
        if row.journal and row.journal != _journal(log.command_indexes[row.stream]):
            yield f"{name}: the counted commands of {row.stream} are not those of the log"


def _journal(entries: Sequence[tuple[str, int]]) -> bytes:
    return b"".join(bytes.fromhex(cause.replace("-", "")) + offset.to_bytes(8, "big") for cause, offset in entries)


def _against_each_other(live: Sequence[Generation], rebuilt: Sequence[Generation]) -> Iterator[str]:
    before = {generation.name: generation.tables for generation in live}
    after = {generation.name: generation.tables for generation in rebuilt}
    if before.keys() != after.keys():
        yield f"{sorted(before)} were in use, {sorted(after)} after a rebuild"
    for name in before.keys() & after.keys():
        tables = before[name].keys() | after[name].keys()
        differ = sorted(table for table in tables if before[name].get(table) != after[name].get(table))
        yield from (f"{name}.{table} is not what a rebuild makes of the log" for table in differ)


def _last_values(books: Books) -> dict[str, object]:
    values: dict[str, object] = {}
    for record in books.topic(PRIVATE).records:
        key = (record.key or b"").decode()
        values.pop(key, None)
        if record.value is not None:
            values[key] = json.loads(record.value)
    return values


def _json(text: str | None) -> object:
    return None if text is None else json.loads(text)
