"""`/projections`: the tables that services derive from the log; built anew, proved, and gone back to."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from services.ops.cli.output import Refused
from services.ops.console.pages.page import Action, Page, PageView, Parameters, Query
from services.ops.console.processes import followed, started
from services.ops.console.sources import Sources
from services.ops.console.words import N_
from services.ops.console.works import FAILED, Work
from services.ops.watch.projections import HASHES, generation_rows
from services.ops.watch.services import chosen


class TableView(PageView):
    """One table of a proof."""

    table: str
    rows: int
    hash: str


class GenerationView(PageView):
    """One build of a reader's tables."""

    version: int
    generation: int
    state: str
    in_use: bool
    begun_at: datetime | None
    position: int
    behind: int
    put_away: int | None
    proved: bool | None
    tables: tuple[TableView, ...]


class ReaderView(PageView):
    """A reader with the builds of its tables, the youngest first."""

    name: str
    topic: str
    version: int
    problem: str | None
    generations: tuple[GenerationView, ...]
    running: str | None
    """The id of what is under way about it."""


class ProjectionsView(PageView):
    """All readers of all services."""

    readers: tuple[ReaderView, ...]


def generation_view(row: Mapping[str, Any]) -> GenerationView:
    """One row of a reader's builds."""
    proof = json.loads(row["proof"] or "{}")
    tables = tuple(
        TableView(table=name, rows=found["rows"], hash=f"{int(found['hash']) % HASHES:016x}")
        for name, found in sorted(proof.get("tables", {}).items())
    )
    own = {name: row[name] for name in GenerationView.model_fields if name not in {"tables", "proved"}}
    return GenerationView(**own, tables=tables, proved=row["proved"] if proof else None)


async def look(sources: Sources, _query: Query) -> ProjectionsView:
    """Which builds there are, and which are in use."""
    log = await sources.log()
    every = list(chosen([]))
    ends = await log.ends_of(sorted({reader.topic for _, reader in every}))
    running = {work.about: work.id for kind in ("rebuild", "verify") for work in sources.works.running(kind)}
    readers = []
    for service, reader in every:
        name = f"{service.name}.{reader.name}"
        problem, rows = None, list[dict[str, Any]]()
        try:
            rows = await generation_rows(await sources.database(service.name), reader, ends[reader.topic])
        except Refused as error:
            problem = str(error)
        readers.append(
            ReaderView(
                name=name,
                topic=reader.topic,
                version=reader.version,
                problem=problem,
                generations=tuple(generation_view(row) for row in rows),
                running=running.get(name),
            )
        )
    return ProjectionsView(readers=tuple(readers))


class WhichReader(Parameters):
    """Which reader's tables."""

    service: str
    reader: str

    def name(self) -> str:
        """As the command line names it; raises Refused where there is none."""
        name = f"{self.service}.{self.reader}"
        list(chosen([name]))
        return name


class RebuildForm(WhichReader):
    """Which, and in how many processes."""

    processes: int = Field(default=1, ge=1, le=64)


class GenerationSwitch(WhichReader):
    """To which build."""

    generation: int = Field(ge=1)


async def rebuild(sources: Sources, form: RebuildForm, who: str) -> str:
    """Begin to build tables anew, in a process of its own."""
    words = ["rebuild", form.name(), "--by", who, "--processes", str(form.processes)]
    return _begin(sources, "rebuild", form.name(), who, words, "switched")


async def verify(sources: Sources, form: WhichReader, who: str) -> str:
    """Begin to compare tables with the log, in a process of its own."""
    return _begin(sources, "verify", form.name(), who, ["verify", form.name()], "equal")


async def switch(sources: Sources, form: GenerationSwitch, who: str) -> str:
    """Go over to tables that were kept; raises Refused."""
    words = ["switch", form.name(), str(form.generation), "--by", who, "--json"]
    process = await started(sources.here, ["projections", *words])
    _, said = await process.communicate()
    if process.returncode:
        raise Refused(said.decode(errors="replace").strip().removeprefix("olcare: "))
    return "/projections"


def _begin(sources: Sources, kind: str, name: str, who: str, words: Sequence[str], well: str) -> str:
    async def run(work: Work) -> str:
        code, out = await followed(sources.here, ["projections", *words, "--lines", "--json"], work)
        found = json.loads(out) if out.strip() else []
        work.result = {"proof": found}
        if code == 0:
            return well
        return "different" if found or any("differ" in said for said in work.said) else FAILED

    return f"/works/{sources.works.start(kind, name, who, '/projections', run).id}"


PAGE = Page("/projections", look, Query, ProjectionsView, "projections.html", N_("Projections"), nav=9)
REBUILD = Action("/projections/{service}/{reader}/rebuild", RebuildForm, rebuild)
VERIFY = Action("/projections/{service}/{reader}/verify", WhichReader, verify)
SWITCH = Action("/projections/{service}/{reader}/switch/{generation}", GenerationSwitch, switch)
