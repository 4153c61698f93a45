"""`/dead-letters/{topic}/{partition}/{offset}`: one dead letter; shown to who says why, mended, and sent in."""

import json
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from libs.eventlog.client.door_client import taken, why_not
from libs.eventlog.wire.record import CONTENT_TYPE
from libs.messages.actions import PrivateKind, ViewingReason
from libs.messages.base import Reference
from libs.messages.places import RecordAddress
from services.ops.console.grants import InBrowser
from services.ops.console.masking import masked
from services.ops.console.pages.dead_letters import ordered
from services.ops.console.pages.page import Action, NotThere, Page, PageView, Parameters, Query
from services.ops.console.sources import Sources
from services.ops.console.words import N_
from services.ops.door.dead_letter_groups import NOTHING, at, event_of, what_fits
from services.ops.door.dead_letter_orders import send_edited
from services.ops.door.dead_letter_trial import record_of, trial, trial_of
from services.ops.door.stored_dead_letters import StoredDeadLetter, draft
from services.ops.door.viewings import Viewer, put_on_record


class WhichDeadLetter(Query, InBrowser):
    """Which one, and what lets its content be seen."""

    topic: str
    partition: int
    offset: int
    grant: str | None = None

    def place(self) -> RecordAddress:
        """Where its record stands at its door."""
        return RecordAddress(topic=self.topic, partition=self.partition, offset=self.offset)


class DeadLetterView(PageView):
    """One dead letter."""

    place: str
    written_at: datetime
    reason: str
    where: str
    message: str
    kind: str | None
    source: str | None
    done_by: str | None
    done_why: str | None
    here: str | None
    """What stands at the place that is wrong, as JSON; its shape alone where the content is not shown."""
    example: str | None
    """What a good message has there."""
    readable: bool
    """Whether it would be read now."""
    reason_now: str | None
    message_now: str | None
    shown_to: str | None
    """To whom the content is shown; None where it is hidden."""
    grant: str | None
    """What lets it be seen, as it was given."""
    text: str | None
    """The event, to be mended."""
    headers: dict[str, str] | None
    problem: str | None
    """Why the copy that was sent last was not taken."""
    reasons: tuple[str, ...]
    """For which it may be looked at."""


async def find(sources: Sources, place: RecordAddress) -> StoredDeadLetter:
    """One with what it holds; raises NotThere."""
    log = await sources.log()
    kept = await sources.dead_letters.find(log, place)
    found = await sources.dead_letters.whole(log, [kept]) if kept else []
    if kept is None or not found:
        raise NotThere(f"there is no dead letter of {place.text()}; look at /dead-letters")
    return found[0]._replace(marker=kept.marker)


def at_place(stored: StoredDeadLetter, *, shown: bool) -> str | None:
    """What stands where the letter is wrong; its shape where it is not to be shown."""
    event = event_of(stored.letter)
    found = at(stored.letter.where, event) if event is not None else NOTHING
    if found is NOTHING:
        return None
    return json.dumps(found if shown else masked(found), ensure_ascii=False, indent=2)


async def look(sources: Sources, query: WhichDeadLetter) -> DeadLetterView:
    """Look at one; its content only by a grant."""
    place = query.place()
    log = await sources.log()
    kept = await sources.dead_letters.find(log, place)
    stored = await find(sources, place)
    grant = sources.grants.find(query.grant, place.text(), query.browser)
    now = trial_of(stored.letter, sources.here.source_policy())
    known = kept.known if kept else None
    headers = {h.name: (h.value or b"").decode(errors="backslashreplace") for h in stored.letter.headers}
    return DeadLetterView(
        place=place.text(),
        written_at=stored.written_at,
        reason=str(stored.letter.reason),
        where=stored.letter.where,
        message=stored.letter.message,
        kind=known.kind if known else None,
        source=known.source if known else None,
        done_by=stored.marker.by if stored.marker else None,
        done_why=stored.marker.why if stored.marker else None,
        here=at_place(stored, shown=grant is not None),
        example=what_fits(sources.here.contracts, known.kind if known else None, stored.letter.where),
        readable=now.readable,
        reason_now=now.reason,
        message_now=now.message,
        shown_to=grant.who if grant else None,
        grant=query.grant if grant else None,
        text=(grant.text or draft(stored.letter)) if grant else None,
        headers=headers if grant else None,
        problem=grant.problem if grant else None,
        reasons=tuple(ViewingReason),
    )


class DeadLetterReveal(Parameters, InBrowser):
    """Why somebody wants to look."""

    topic: str
    partition: int
    offset: int
    reason: ViewingReason
    case_number: Annotated[Reference | None, BeforeValidator(lambda text: text or None)] = None

    def place(self) -> RecordAddress:
        """Which one."""
        return RecordAddress(topic=self.topic, partition=self.partition, offset=self.offset)


async def reveal(sources: Sources, form: DeadLetterReveal, who: str) -> str:
    """Have it recorded who looks and why, and let them."""
    place = form.place()
    await find(sources, place)
    said = Viewer(who, form.reason, form.case_number).request(PrivateKind.DEAD_LETTER, place.text())
    await put_on_record(sources.here, await sources.doors(), said)
    return f"/dead-letters/{place.text()}?grant={sources.grants.give(who, place.text(), form.browser)}"


class Mended(Parameters, InBrowser):
    """A mended copy."""

    topic: str
    partition: int
    offset: int
    grant: str
    text: str = Field(min_length=1)
    only: str = "send"
    """`try` says whether it would be read, and sends nothing."""


async def mend(sources: Sources, form: Mended, who: str) -> str:
    """Send a mended copy; what would come back is not sent, and stands in the form as it was."""
    place = RecordAddress(topic=form.topic, partition=form.partition, offset=form.offset)
    stored = await find(sources, place)
    back = f"/dead-letters/{place.text()}?grant={form.grant}"
    grant = sources.grants.find(form.grant, place.text(), form.browser)
    if grant is None:
        return f"/dead-letters/{place.text()}"
    copied = record_of(stored.letter)._replace(value=form.text.encode(), headers=CONTENT_TYPE)
    now = trial(copied, sources.here.source_policy())
    grant.text = form.text
    grant.problem = None if now.readable else f"{now.reason}: {now.message}"
    if not now.readable or form.only == "try":
        return f"{back}#edit"
    said: list[str] = []
    sent = await send_edited(await ordered(sources, who, said), stored, form.text)
    if not taken(sent.receipt):
        grant.problem = why_not(sent.receipt)
        return f"{back}#edit"
    grant.text = None
    return f"/dead-letters/{place.text()}"


PATH = "/dead-letters/{topic}/{partition}/{offset}"
PAGE = Page(PATH, look, WhichDeadLetter, DeadLetterView, "dead_letter.html", N_("Dead letter"), live=False)
REVEAL = Action(f"{PATH}/show", DeadLetterReveal, reveal)
MEND = Action(f"{PATH}/mend", Mended, mend)
