"""`/rehearse`: a draft of the plan against what happened; the result stands under its digest, and can be published."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import Field, model_validator

from libs.messages.catalogue import PLAN
from libs.plan.files import CENTRES, HOLIDAYS, PRICES, TARGETS
from services.ops.cli.output import Refused
from services.ops.console.pages.page import Action, NotThere, Page, PageView, Parameters, Query
from services.ops.console.processes import followed
from services.ops.console.sources import Sources
from services.ops.console.words import N_, InLanguage
from services.ops.console.works import COMPLETE, FAILED, Work
from services.ops.plan.comparison import REFUSED
from services.ops.rehearse.command import LAST_DAYS
from services.ops.rehearse.document import FOLDER, KeptRehearsal, NotRehearsed
from services.ops.rehearse.draft import EXPORTED, check_stands
from services.ops.rehearse.findings import Flip, MovedDeadline, OtherMail, PriceChange, Summary
from services.ops.rehearse.publishing import publish_rehearsed
from services.ops.rehearse.timeline import timeline_of
from services.ops.watch.counting import counting_events
from services.ops.watch.recording import order

FILES: Mapping[str, str] = {
    "centres": CENTRES,
    "holidays": HOLIDAYS,
    "targets": TARGETS,
    "prices": PRICES,
    "plan": EXPORTED,
}
"""The fields of the form, and which file each stands for."""
KEPT = 20
"""Rehearsals that are listed, the newest first."""
SOME = 50
"""Of each list on one page."""


class RehearsalLine(PageView):
    """One rehearsal that was made here."""

    digest: str
    summary: Summary


class RehearseView(PageView):
    """What a rehearsal is begun with, and those that were made."""

    files: dict[str, str]
    from_day: date
    to_day: date
    running: str | None
    """The id of one that is under way."""
    rehearsals: tuple[RehearsalLine, ...]


async def begin(sources: Sources, _query: Query) -> RehearseView:
    """The days that are usual, and the last rehearsals."""
    today = sources.clock.now().date()
    running = sources.works.running("rehearse")
    found = await asyncio.to_thread(_last, sources.here.root / FOLDER)
    return RehearseView(
        files=dict(FILES),
        from_day=today - timedelta(days=LAST_DAYS),
        to_day=today + timedelta(days=1),
        running=running[0].id if running else None,
        rehearsals=tuple(found),
    )


def _last(folder: Path) -> list[RehearsalLine]:
    files = [path for path in folder.glob("*") if not path.suffix] if folder.is_dir() else []
    newest = sorted(files, key=lambda path: path.stat().st_mtime, reverse=True)[:KEPT]
    return [RehearsalLine(digest=path.name, summary=KeptRehearsal(folder, path.name).summary) for path in newest]


class RehearsalQuery(Query, InLanguage):
    """Which, and from where on its lists are shown."""

    digest: str
    first: int = Field(default=0, ge=0, description="So many of each list are left out")


class RehearsalView(PageView):
    """What a rehearsal came to."""

    digest: str
    summary: Summary
    first: int
    most: int
    """Of each list on one page."""
    flips: tuple[Flip, ...]
    moved: tuple[MovedDeadline, ...]
    other_mails: tuple[OtherMail, ...]
    price_changes: tuple[PriceChange, ...]
    outdated: str | None
    """Why it can not be published, since the plan is another one by now."""


async def look(sources: Sources, query: RehearsalQuery) -> RehearsalView:
    """Read it back; raises NotThere."""
    kept = _kept(sources, query.digest)
    first = query.first
    return RehearsalView(
        digest=kept.digest,
        summary=kept.summary,
        first=first,
        most=SOME,
        flips=tuple(flip.said_in(query.language) for flip in kept.flips(first, SOME)),
        moved=tuple(kept.moved(first, SOME)),
        other_mails=tuple(kept.other_mails(first, SOME)),
        price_changes=tuple(kept.price_changes(first, SOME)),
        outdated=await _outdated(sources, kept.summary),
    )


def _kept(sources: Sources, digest: str) -> KeptRehearsal:
    try:
        return KeptRehearsal(sources.here.root / FOLDER, digest)
    except NotRehearsed as error:
        raise NotThere(str(error)) from error


async def _outdated(sources: Sources, summary: Summary) -> str | None:
    log = await sources.log()
    events = [event async for event in counting_events(log, sources.cards[PLAN])]
    try:
        check_stands(summary.stood_on, timeline_of(events))
    except Refused as error:
        return str(error)
    return None


class DraftForm(Parameters):
    """The texts of some files, and the days of a history."""

    centres: str = ""
    holidays: str = ""
    targets: str = ""
    prices: str = ""
    plan: str = ""
    from_day: date | None = None
    to_day: date | None = None

    @model_validator(mode="before")
    @classmethod
    def _empty_is_none(cls, given: object) -> object:
        days = ("from_day", "to_day")
        return {n: v for n, v in given.items() if v or n not in days} if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _is_something(self) -> "DraftForm":
        if not self.texts():
            raise ValueError("paste at least one file of a draft")
        if self.from_day and self.to_day and self.from_day >= self.to_day:
            raise ValueError("the last day is excluded, so it comes after the first")
        return self

    def texts(self) -> dict[str, str]:
        """What was given, by the names of files."""
        every = {file: str(getattr(self, field)) for field, file in FILES.items()}
        return {file: text.replace("\r\n", "\n") for file, text in every.items() if text.strip()}

    def words(self) -> Sequence[str]:
        """The days as the command takes them."""
        days = {"--from": self.from_day, "--to": self.to_day}
        return [word for name, day in days.items() if day for word in (name, str(day))]


async def rehearse(sources: Sources, form: DraftForm, who: str) -> str:
    """Begin a rehearsal, in a process of its own."""

    async def run(work: Work) -> str:
        with TemporaryDirectory(prefix="olcare-draft-") as folder:
            for name, text in form.texts().items():
                Path(folder, name).write_text(text, encoding="utf-8")  # noqa: ASYNC240 - small, and on this machine
            return await _rehearsed(sources, [folder, *form.words()], work)

    about = ", ".join(form.texts())
    return f"/works/{sources.works.start('rehearse', about, who, '/rehearse', run).id}"


async def _rehearsed(sources: Sources, words: Sequence[str], work: Work) -> str:
    code, out = await followed(sources.here, ["rehearse", *words, "--lines"], work)
    if code:
        return FAILED
    work.result = {"rehearsal": json.loads(out)["digest"]}
    return COMPLETE


class WhichRehearsal(Parameters):
    """Which rehearsal."""

    digest: str


async def publish(sources: Sources, form: WhichRehearsal, who: str) -> str:
    """Publish what was rehearsed; raises NotThere and Refused."""
    kept = _kept(sources, form.digest)
    try:
        summary = await asyncio.to_thread(kept.checked)
    except NotRehearsed as error:
        raise NotThere(str(error)) from error
    recorded = order(await sources.doors(), sources.cards, who)
    parts = await publish_rehearsed(recorded, kept.digest, summary)
    if refused := [f"{part.part} {part.version}: {part.why}" for part in parts if part.outcome == REFUSED]:
        raise Refused(f"contract refused what was rehearsed: {'; '.join(refused)}")
    return f"/plan?part={parts[0].part}" if len(parts) == 1 else "/plan"


PAGE = Page("/rehearse", begin, Query, RehearseView, "rehearse.html", N_("Rehearse"), nav=62, live=False)
ONE = Page("/rehearse/{digest}", look, RehearsalQuery, RehearsalView, "rehearsal.html", N_("Rehearsal"), live=False)
BEGIN = Action("/rehearse", DraftForm, rehearse)
PUBLISH = Action("/rehearse/{digest}/publish", WhichRehearsal, publish)
