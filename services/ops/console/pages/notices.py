"""`/notices`: what people are told and what became of it; its text, to who says why; settled, or sent again."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError

import services.ops.watch
from libs.chassis.clock import draw_id
from libs.eventlog.client.messages import door_record, event
from libs.messages.actions import PrivateKind, ViewingReason
from libs.messages.base import NoticeId, Reference
from libs.messages.catalogue import NOTICES_DOOR
from libs.messages.notices import NoticeFacts, Settlement
from libs.messages.private import PrivateRecord
from libs.messages.sources import OPS_SOURCE
from libs.messages.upstream import ResendOrdered, SettlementOrdered
from services.notification.mail.message import NotWritable
from services.notification.mail.texts import LetterContext, Text, render
from services.notification.projections import CentreSheet
from services.ops.cli.door_client import require
from services.ops.console.grants import InBrowser
from services.ops.console.pages.page import Action, NotThere, Page, PageView, Parameters, Query, of_a_centre
from services.ops.console.sources import Sources
from services.ops.console.words import N_
from services.ops.door.viewings import Viewer, put_on_record

QUERIES = Path(services.ops.watch.__file__).with_name("queries.sql")
NOBODY = PrivateRecord()


class NoticeFilters(Query):
    """Which notices are meant."""

    state: (
        Literal["requested", "handing-over", "deferred", "sent", "failed", "ambiguous", "cancelled", "settled"] | None
    ) = None
    centre: str | None = None
    most: int = Field(default=100, ge=1, le=1000)


class StateView(PageView):
    """How many are in a state."""

    state: str
    notices: int
    since: datetime


class NoticeView(PageView):
    """One notice; who it goes to by number alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    stream: str
    state: str
    notice_class: str
    role: str
    about_stream: str
    person: str | None
    centre: str | None
    """Which it is about."""
    attempts: int
    doubts: int
    problem: str | None
    smtp_code: int | None
    cause: str | None
    requested_at: datetime
    changed_at: datetime
    retry_at: datetime | None


class NoticesView(PageView):
    """What people are told."""

    state: str | None
    centre: str | None
    states: tuple[StateView, ...]
    notices: tuple[NoticeView, ...]


async def look(sources: Sources, query: NoticeFilters) -> NoticesView:
    """Those in a state, the youngest first; without one those that wait for a person, if any do."""
    asked = await sources.queries("notification", QUERIES)
    counted = await asked.rows("notices_counted", centre=query.centre)
    rows = await asked.rows("notices_in_state", state=query.state, centre=query.centre, most=query.most)
    return NoticesView(
        state=query.state,
        centre=query.centre,
        states=tuple(StateView(**row) for row in counted),
        notices=tuple(NoticeView(**row) for row in rows),
    )


class WhichNotice(Query, InBrowser):
    """Which notice, and what lets its recipient be seen."""

    notice: NoticeId
    grant: str | None = None


class OneView(PageView):
    """One notice with its text."""

    notice: NoticeView
    language: str
    subject: str | None
    """None where it can not be written."""
    body: str | None
    recipient: str | None
    """The address; None where it is not shown, or there is none."""
    shown_to: str | None
    settlements: tuple[str, ...]
    reasons: tuple[str, ...]


def written(row: dict[str, Any], now: datetime, *, shown: bool) -> Text | None:
    """The text of a notice as it would be written now, with the name of its recipient where that is shown."""
    person = PrivateRecord.model_validate_json(row["person_record"]) if row["person_record"] and shown else NOBODY
    standing = LetterContext(now, row["due_at"], row["answered_at"], row["withdrawn_at"], row["told"])
    try:
        facts = NoticeFacts.model_validate_json(row["facts"])
        centre, team = (CentreSheet.model_validate_json(row[n]) if row[n] else None for n in ("centre", "team"))
        return render(
            row["template"], row["language"], facts, standing, centre, person, team=team, territory=row["territory"]
        )
    except (NotWritable, ValidationError):
        return None


async def notice_row(sources: Sources, notice: str) -> dict[str, Any]:
    """All that the tables have of a notice; raises NotThere."""
    row = await (await sources.queries("notification", QUERIES)).row("notice_to_preview", notice=notice)
    if row is None:
        raise NotThere(f"there is no notice {notice}; look at /notices")
    return dict(row)


async def look_at_one(sources: Sources, query: WhichNotice) -> OneView:
    """One with its text; to whom it goes only by a grant. Raises NotThere."""
    row = await notice_row(sources, query.notice)
    grant = sources.grants.find(query.grant, query.notice, query.browser)
    text = written(row, sources.clock.now(), shown=grant is not None)
    person = PrivateRecord.model_validate_json(row["person_record"]) if row["person_record"] else NOBODY
    return OneView(
        notice=NoticeView(**{**row, "centre": row["of_centre"]}),
        language=row["language"],
        subject=text.subject if text else None,
        body=text.body if text else None,
        recipient=(person.email or row["mailbox"]) if grant else None,
        shown_to=grant.who if grant else None,
        settlements=tuple(Settlement),
        reasons=tuple(ViewingReason),
    )


class Ordered(Parameters):
    """Which notice."""

    notice: NoticeId


class Settled(Ordered):
    """What somebody found out."""

    settled_as: Settlement


class NoticeReveal(Ordered, InBrowser):
    """Why somebody wants to see to whom it goes."""

    reason: ViewingReason
    case_number: Annotated[Reference | None, BeforeValidator(lambda text: text or None)] = None


async def _say(sources: Sources, notice: str, order: ResendOrdered | SettlementOrdered) -> str:
    at = await sources.doors()
    said = event(OPS_SOURCE, str(draw_id()), notice, at.clock.now(), order)
    require((await at.ask([door_record(NOTICES_DOOR, said, sources.cards[NOTICES_DOOR].partitions)]))[0])
    return f"/notices/{notice}"


async def centre_of(sources: Sources, form: Ordered) -> list[str | None]:
    """Whose notice a form is about; raises NotThere."""
    return [(await notice_row(sources, form.notice))["of_centre"]]


async def resend(sources: Sources, form: Ordered, who: str) -> str:
    """Have it sent once more."""
    return await _say(sources, form.notice, ResendOrdered(by=who))


async def settle(sources: Sources, form: Settled, who: str) -> str:
    """Say what became of it."""
    return await _say(sources, form.notice, SettlementOrdered(by=who, settled_as=form.settled_as))


async def reveal(sources: Sources, form: NoticeReveal, who: str) -> str:
    """Have it recorded who looks and why, and let them."""
    said = Viewer(who, form.reason, form.case_number).request(PrivateKind.NOTICE, form.notice)
    await put_on_record(sources.here, await sources.doors(), said)
    return f"/notices/{form.notice}?grant={sources.grants.give(who, form.notice, form.browser)}"


PAGE = Page("/notices", look, NoticeFilters, NoticesView, "notices.html", N_("Notices"), nav=7, narrowed=of_a_centre)
ONE = Page(
    "/notices/{notice:path}",
    look_at_one,
    WhichNotice,
    OneView,
    "notice.html",
    N_("Notice"),
    live=False,
    centres=lambda view: [view.notice.centre],
)
RESEND = Action("/notices/resend", Ordered, resend, centre_of)
SETTLE = Action("/notices/settle", Settled, settle, centre_of)
REVEAL = Action("/notices/show", NoticeReveal, reveal)
