"""A log as version 0.1.0 wrote it (every type of event), folded into the tables of every service.

`recorded/log.jsonl` never changes. `recorded/tables.jsonl` is what it folds to; where a later version means to fold it
to something else, `python -m tests.contracts.recorded_log` writes that anew, and the difference is read and told.
`recorded/put_away.jsonl` holds states as each version of a reader packs them: as long as the version stays they can be
read back. For a new version the same program packs some anew.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from libs.eventlog.fold import Projector, View
from libs.eventlog.projection import Reader, StateRow
from libs.eventlog.rule import Judge
from libs.eventlog.wire.codec import Codec
from libs.eventlog.wire.record import CONTENT_TYPE, Record
from libs.eventlog.wire.unvalidated import encoder_without_validation
from libs.messages.base import rfc3339
from libs.messages.catalogue import EVENTS
from services.contract.projections import READERS as CONTRACT
from services.intake.projections import READERS as INTAKE
from services.notification.projections import READERS as NOTIFICATION
from services.ops.audit.projections import READERS as AUDIT
from services.sla_timer.projections import READERS as SLA_TIMER

RECORDED = Path(__file__).with_name("recorded")
LOG, TABLES, PUT_AWAY = (RECORDED / f"{name}.jsonl" for name in ("log", "tables", "put_away"))
PARTITIONS = 12
SERVICES: Mapping[str, tuple[Reader, ...]] = {
    "contract": CONTRACT,
    "intake": INTAKE,
    "notification": NOTIFICATION,
    "sla_timer": SLA_TIMER,
    "audit": AUDIT,
}


def recorded_log() -> Mapping[str, list[Record]]:
    """Give the records by topic, in the order of their partitions."""
    found: dict[str, list[Record]] = defaultdict(list)
    for line in LOG.read_text().splitlines():
        topic, partition, offset, key, value = json.loads(line).values()
        found[topic].append(Record(topic, partition, offset, key.encode(), value.encode(), CONTENT_TYPE, 0))
    return {topic: sorted(records, key=lambda r: (r.partition, r.offset)) for topic, records in found.items()}


def folded() -> list[str]:
    """Every row of every table, every head with its counted commands, and the void records, a line of JSON each."""
    log = recorded_log()
    lines = [
        line
        for service, readers in SERVICES.items()
        for reader in readers
        for line in _lines(f"{service}.{reader.name}", reader, log.get(reader.topic, []))
    ]
    return sorted(lines)


def _lines(name: str, reader: Reader, records: list[Record]) -> Iterator[str]:
    projector = Projector(reader, Judge(Codec(reader.topic, EVENTS[reader.topic], PARTITIONS)))
    dump = {p.table: _state_as_text if p.is_state else p.dump for p in reader.projections}
    for partition in range(PARTITIONS):
        events = projector.judge.envelopes([record for record in records if record.partition == partition])
        view = View(rows={table: {} for table in dump})
        projector.fold(events, view)
        for table, rows in view.rows.items():
            yield from (_line(f"{name}.{table}", dump[table](row)) for row in rows.values() if row is not None)
        for table, entries in view.entries.items():
            yield from (_line(f"{name}.{table}", entry) for entry in entries)
        for table, counted in view.tallies.items():
            yield from (_line(f"{name}.{table}", (*key, events)) for key, events in counted.items())
        for stream, head in view.heads.items():
            yield _line(f"{name}.heads", (stream, partition, *head, bytes(view.command_indexes.get(stream, b""))))
        yield from (_line(f"{name}.voids", (partition, offset)) for offset in view.voids)


def _state_as_text(row: StateRow) -> tuple[str, str]:
    return row.stream, encoder_without_validation()(row.state).decode()


def _line(table: str, row: tuple[Any, ...]) -> str:
    return json.dumps({"table": table, "row": row}, ensure_ascii=False, default=_as_text)


def _as_text(value: object) -> str:
    match value:
        case datetime():
            return rfc3339(value)
        case bytes():
            return value.hex()
        case _:
            return str(value)


def writing() -> Mapping[str, Reader]:
    """The readers that put streams away, by `service.reader`, of which states are recorded."""
    named = {f"{service}.{r.name}": r for service, readers in SERVICES.items() for r in readers if r.writes}
    tables = {json.loads(line)["table"] for line in TABLES.read_text().splitlines()}
    return {name: r for name, r in named.items() if r.state and f"{name}.{r.state.table}" in tables}


def put_away() -> Iterator[dict[str, Any]]:
    """Pack some states of each reader of whose version none are recorded yet; give the others as they are."""
    known = [json.loads(line) for line in PUT_AWAY.read_text().splitlines()] if PUT_AWAY.exists() else []
    rows = [json.loads(line) for line in TABLES.read_text().splitlines()]
    for name, reader in writing().items():
        mine = [one for one in known if (one["reader"], one["version"]) == (name, reader.version)]
        table = f"{name}.{reader.state.table if reader.state else ''}"
        states = [row["row"][1] for row in rows if row["table"] == table][::9]
        made = [{"reader": name, "version": reader.version, "state": s, "packed": _packed(reader, s)} for s in states]
        yield from mine or made


def _packed(reader: Reader, state: str) -> str:
    return (reader.put_away.packed(state.encode()) or b"").hex()


if __name__ == "__main__":
    TABLES.write_text("".join(f"{line}\n" for line in folded()))
    PUT_AWAY.write_text("".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in [*put_away()]))
