"""`/audit`: who was shown what is private and why, who mended or published what, and what came of it."""

import json
from datetime import datetime
from typing import Any

from pydantic import Field

from services.ops.console.pages.page import Page, PageView, Query
from services.ops.console.sources import Sources
from services.ops.console.words import N_
from services.ops.door.audit import ACTIONS, QUERIES, ActionFilter


class AuditFilters(Query):
    """Which actions are meant."""

    since: datetime | None = None
    until: datetime | None = None
    who: str | None = None
    action: str | None = None
    what: str | None = None
    most: int = Field(default=200, ge=1, le=10_000)


class ProvedView(PageView):
    """One table of a proof."""

    table: str
    rows: int
    hash: str
    equal: bool


class DraftPartView(PageView):
    """A part of a draft that was published."""

    part: str
    version: int


class ActionView(PageView):
    """One thing that somebody did."""

    recorded_at: datetime
    who: str
    action: str
    kind: str | None
    what: str | None
    reason: str | None
    case_number: str | None
    letters: int | None
    generation: int | None
    done_at: datetime | None
    outcome: str | None
    counts: dict[str, int]
    proof: tuple[ProvedView, ...]
    parts: tuple[DraftPartView, ...]


class AuditView(PageView):
    """The youngest actions that are meant."""

    asked: dict[str, str]
    kinds: tuple[str, ...]
    actions: tuple[ActionView, ...]


COUNTS = ("taken", "refused", "unreadable", "discarded", "left_over")


def action_view(row: dict[str, Any]) -> ActionView:
    """One row of the list."""
    own = {name: row[name] for name in ActionView.model_fields if name in row and name not in {"proof", "parts"}}
    proof = tuple(ProvedView.model_validate(table) for table in json.loads(row["proof"] or "[]"))
    parts = tuple(DraftPartView.model_validate(part) for part in json.loads(row["parts"] or "[]"))
    return ActionView(**own, counts={name: row[name] for name in COUNTS if row[name]}, proof=proof, parts=parts)


async def look(sources: Sources, query: AuditFilters) -> AuditView:
    """What was done."""
    asked = ActionFilter(query.since, query.until, query.who, query.action, query.what, query.most)
    rows = await (await sources.queries("audit", QUERIES)).rows("actions", **asked._asdict())
    said = query.model_dump(mode="json", exclude={"most"}, exclude_none=True)
    return AuditView(asked=said, kinds=ACTIONS, actions=tuple(action_view(row) for row in rows))


PAGE = Page("/audit", look, AuditFilters, AuditView, "audit.html", N_("Audit"), nav=14)
