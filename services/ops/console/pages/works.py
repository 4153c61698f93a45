"""`/works/{id}`: something that was begun on a page, how far it is and what came of it."""

from typing import Any

from services.ops.console.pages.page import Action, NotThere, Page, PageView, Parameters, Query
from services.ops.console.sources import Sources
from services.ops.console.words import N_


class WhichWork(Query):
    """Which."""

    id: str


class WorkView(PageView):
    """One thing that was begun."""

    id: str
    kind: str
    about: str
    who: str
    state: str
    done: int
    total: int | None
    seconds: float
    """Machine seconds since it was begun, or that it took."""
    seconds_left: float | None
    said: tuple[str, ...]
    result: dict[str, Any]
    back: str


async def look(sources: Sources, query: WhichWork) -> WorkView:
    """How far it is; raises NotThere."""
    work = sources.works.find(query.id)
    if work is None:
        raise NotThere("this was begun in another run of the console, or long ago: /audit says what came of it")
    now = sources.clock.monotonic()
    return WorkView(
        id=work.id,
        kind=work.kind,
        about=work.about,
        who=work.who,
        state=work.state,
        done=work.done,
        total=work.total,
        seconds=(work.ended or now) - work.began,
        seconds_left=work.seconds_left(now),
        said=tuple(work.said),
        result=work.result,
        back=work.back,
    )


class WorkToEnd(Parameters):
    """Which one to end."""

    id: str


async def cancel(sources: Sources, form: WorkToEnd, _who: str) -> str:
    """Have it end as soon as it can."""
    sources.works.cancel(form.id)
    return f"/works/{form.id}"


PAGE = Page("/works/{id}", look, WhichWork, WorkView, "work.html", N_("Under way"))
CANCEL = Action("/works/{id}/cancel", WorkToEnd, cancel)
