"""`/dead-letters`: what the doors could not read, together where the same is wrong; tried, sent in again, or marked."""

from datetime import datetime

from pydantic import ConfigDict, Field

from libs.messages.private import Line
from libs.messages.receipts import Unreadability
from services.ops.cli.output import Refused
from services.ops.console.pages.page import Action, Page, PageView, Parameters, Query
from services.ops.console.sources import Sources
from services.ops.console.undone import KeptLetter
from services.ops.console.words import N_
from services.ops.console.works import Work
from services.ops.door.dead_letter_groups import groups, in_any, what_fits
from services.ops.door.dead_letter_orders import discard, send_again
from services.ops.door.dead_letter_selection import Selection, too_large
from services.ops.door.dead_letter_trial import trial_of
from services.ops.door.redrive import USUAL, Pace, RedriveProgress
from services.ops.door.stored_dead_letters import StoredDeadLetter
from services.ops.watch.recording import RecordedOrder, order

MOST = 200
"""Letters that are listed at once."""
MARK = "p:"
"""What the fields of letters that are chosen one by one begin with."""


class DeadLetterFilters(Query):
    """Which dead letters are meant; what is None is not asked."""

    door: str | None = None
    reason: str | None = None
    where: str | None = None
    source: str | None = None
    since: datetime | None = None

    def has(self, kept: KeptLetter) -> bool:
        """Whether a dead letter is one of those meant."""
        known = kept.known
        return (
            self.door in {None, known.place.topic}
            and self.reason in {None, known.reason}
            and self.where in {None, in_any(known.where) or WHOLE}
            and self.source in {None, known.source}
            and (self.since is None or self.since <= known.written_at)
        )

    def given(self) -> dict[str, str]:
        """Those that are asked, as they stand in a URL."""
        return {name: str(value) for name, value in self.model_dump(mode="json").items() if value is not None}

    def selection(self) -> Selection:
        """The same, as far as an order says it."""
        return Selection(self.door, Unreadability(self.reason) if self.reason else None, self.source, self.since)


WHOLE = "-"
"""Stands for the whole event, whose pointer is empty, since an empty filter asks nothing."""


class GroupView(PageView):
    """Dead letters with the same wrong."""

    door: str
    reason: str
    where: str
    kind: str | None
    message: str
    letters: int
    sources: tuple[str, ...]
    since: datetime
    until: datetime
    example: str | None
    """What a good message has at this place, as JSON."""


class LetterView(PageView):
    """One dead letter, without what it holds."""

    place: str
    written_at: datetime
    reason: str
    where: str
    message: str
    kind: str | None
    source: str | None


class DeadLettersView(PageView):
    """What waits at the doors."""

    asked: dict[str, str]
    total: int
    groups: tuple[GroupView, ...]
    meant: int
    """How many the filters mean."""
    letters: tuple[LetterView, ...]
    """The oldest of them; none without a filter."""
    running: tuple[str, ...]
    """Ids of what is under way."""


def letter_view(kept: KeptLetter) -> LetterView:
    """One, as it is listed."""
    known = kept.known
    return LetterView(
        place=known.place.text(),
        written_at=known.written_at,
        reason=known.reason,
        where=known.where,
        message=known.message,
        kind=known.kind,
        source=known.source,
    )


async def look(sources: Sources, query: DeadLetterFilters) -> DeadLettersView:
    """What waits now."""
    waiting = await sources.dead_letters.waiting(await sources.log())
    meant = [kept for kept in waiting if query.has(kept)]
    contracts = sources.here.contracts
    return DeadLettersView(
        asked=query.given(),
        total=len(waiting),
        groups=tuple(
            GroupView(**group._asdict(), example=what_fits(contracts, group.kind, group.where))
            for group in groups(kept.known for kept in meant)
        ),
        meant=len(meant),
        letters=tuple(letter_view(kept) for kept in meant[:MOST]) if query.given() else (),
        running=tuple(work.id for work in sources.works.running("redrive")),
    )


class TrialView(PageView):
    """How many would be read now, by today's code and policy."""

    asked: dict[str, str]
    tried: int
    readable: int
    letters: tuple[LetterView, ...]
    """Those that would not be, with what is wrong now."""


async def look_at_trial(sources: Sources, query: DeadLetterFilters) -> TrialView:
    """Take all that are meant apart as their doors do; nothing is done."""
    log, policy = await sources.log(), sources.here.source_policy()
    meant = [kept for kept in await sources.dead_letters.waiting(log) if query.has(kept)]
    whole = {one.letter.place: one for one in await sources.dead_letters.whole(log, meant)}
    found = [(kept, trial_of(whole[kept.known.place].letter, policy)) for kept in meant if kept.known.place in whole]
    wrong = [
        letter_view(kept).model_copy(update={"reason": now.reason, "where": now.where, "message": now.message})
        for kept, now in found
        if not now.readable
    ]
    return TrialView(
        asked=query.given(), tried=len(found), readable=len(found) - len(wrong), letters=tuple(wrong[:MOST])
    )


class Chosen(Parameters):
    """Which dead letters a form means: all that its filters mean, or those that are marked one by one."""

    model_config = ConfigDict(extra="allow")
    which: str = "selected"
    door: str = ""
    reason: str = ""
    where: str = ""
    source: str = ""
    since: str = ""

    def filters(self) -> DeadLetterFilters:
        """The filters of the page on which it stood."""
        said = {name: getattr(self, name) or None for name in DeadLetterFilters.model_fields}
        return DeadLetterFilters.model_validate(said)

    def places(self) -> frozenset[str]:
        """Those that are marked."""
        return frozenset(name[len(MARK) :] for name in self.model_extra or {} if name.startswith(MARK))

    def means(self, kept: KeptLetter) -> bool:
        """Whether this one is meant."""
        if self.which == "all":
            return self.filters().has(kept)
        return kept.known.place.text() in self.places()


class LettersSent(Chosen):
    """What is sent in again, and how."""

    rate: int = Field(default=USUAL.rate, ge=1, le=10_000)
    stop_after: int = Field(default=USUAL.stop_after, ge=1, le=1_000_000)


class Discarded(Chosen):
    """What needs nothing more, and why."""

    why: Line = Field(min_length=1)


async def whole(sources: Sources, form: Chosen) -> list[StoredDeadLetter]:
    """Those that a form means, with what they hold, in order; raises Refused where there are none."""
    log = await sources.log()
    meant = [kept for kept in await sources.dead_letters.waiting(log) if form.means(kept)]
    found = [one for one in await sources.dead_letters.whole(log, meant) if not too_large(one.letter)]
    if not found:
        raise Refused("no dead letter is meant: mark some, or they are done with already")
    return found


async def ordered(sources: Sources, who: str, said: list[str]) -> RecordedOrder:
    """Begin an order; what is to be told goes to whoever watches."""
    return order(await sources.doors(), sources.cards, who, said.append)


async def send(sources: Sources, form: LettersSent, who: str) -> str:
    """Begin to send them in as they came."""
    letters = await whole(sources, form)
    return await begin(sources, letters, who, Pace(form.rate, form.stop_after), form.filters().selection())


async def begin(sources: Sources, letters: list[StoredDeadLetter], who: str, pace: Pace, some: Selection) -> str:
    """Begin to send some in; gives the page that says how far it is."""

    async def run(work: Work) -> str:
        def tell(progress: RedriveProgress) -> None:
            tally = progress.tally()
            work.done, work.total = len(progress.sent), progress.total
            work.result = tally.model_dump(mode="json", exclude={"ended"})

        progress = await send_again(await ordered(sources, who, work.said), letters, pace, some, tell)
        return str(progress.tally().ended)

    first = letters[0].letter.place
    about = first.text() if len(letters) == 1 else first.topic
    return f"/works/{sources.works.start('redrive', about, who, '/dead-letters', run).id}"


async def mark(sources: Sources, form: Discarded, who: str) -> str:
    """Mark them as needing nothing more."""
    said: list[str] = []
    await discard(await ordered(sources, who, said), await whole(sources, form), form.why, form.filters().selection())
    return "/dead-letters"


PAGE = Page("/dead-letters", look, DeadLetterFilters, DeadLettersView, "dead_letters.html", N_("Dead letters"), nav=6)
TRIAL = Page("/dead-letters/try", look_at_trial, DeadLetterFilters, TrialView, "trial.html", N_("Trial"), live=False)
SEND = Action("/dead-letters/send", LettersSent, send)
MARKED = Action("/dead-letters/discard", Discarded, mark)
