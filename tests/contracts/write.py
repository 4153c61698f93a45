"""Write `contracts/schemas` and `contracts/asyncapi.yaml` from the models: `python -m tests.contracts.write`.

A change that an old message or an old reader could not live with is refused: it needs a new class, `TicketOpenedV2`
beside `TicketOpened`. `--never-written` takes it all the same, for a type that no log holds yet.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.contracts import asyncapi
from tests.contracts.cards import CONTRACTS
from tests.contracts.compatibility import Schema, breaks
from tests.contracts.schemas import described, schemas, written

SCHEMAS = CONTRACTS / "schemas"
ASYNCAPI = CONTRACTS / "asyncapi.yaml"


def committed(folder: Path = SCHEMAS) -> dict[str, Schema]:
    """Give the schemas that stand in the folder, by type."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def incompatible(old: dict[str, Schema], new: dict[str, Schema]) -> Iterator[str]:
    """Compare all types; one that is gone is as bad as a field that is gone."""
    for kind, before in old.items():
        if kind not in new:
            yield f"{kind}: the type was removed; a class is kept for ever"
        else:
            only_we = described()[kind].only_we_read
            yield from (f"{kind}: {why}" for why in breaks(before, new[kind], only_we_read=only_we))


def wanted() -> dict[Path, str]:
    """Give every file that is generated, with its text."""
    files = {SCHEMAS / f"{kind}.json": written(content) for kind, content in schemas().items()}
    return {**files, ASYNCAPI: asyncapi.written(asyncapi.document())}


def main(arguments: list[str]) -> int:
    """Write what differs; 1 where a change is refused."""
    refused = list(incompatible(committed(), schemas()))
    print(*refused, sep="\n", file=sys.stderr, end="\n" if refused else "")  # noqa: T201 - it is a program
    if refused and "--never-written" not in arguments:
        return 1
    files = wanted()
    for path in set(SCHEMAS.glob("*.json")) - files.keys():
        path.unlink()
    for path, text in files.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
