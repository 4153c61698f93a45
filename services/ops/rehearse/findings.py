"""What a rehearsal finds: values that a page shows and a file holds."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.ops.speech.languages import ENGLISH


class Finding(BaseModel):
    """A value that stays as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ReckonedPromise(Finding):
    """One of the two ways in which a promise stands."""

    verdict: str
    due_at: datetime | None
    calendar_version: int | None
    targets_version: int | None
    target_seconds: int | None
    reason: str | None


class FlipReasons(Finding):
    """Why a promise would have another verdict, in one language."""

    why: str
    explained_before: tuple[str, ...] = ()
    explained_after: tuple[str, ...] = ()


class Flip(Finding):
    """A promise that would have another verdict."""

    ticket: str
    centre: str
    channel: str
    opened_at: datetime
    responded_at: datetime | None
    before: ReckonedPromise
    after: ReckonedPromise
    why: str
    """In a sentence: what the deadlines rest on, and when somebody answered."""
    explained_before: tuple[str, ...] = ()
    """The life of the promise in sentences, as `olcare sla explain` has them; of the first flips alone."""
    explained_after: tuple[str, ...] = ()
    language: str = ENGLISH
    """Of these sentences."""
    in_other_languages: Mapping[str, FlipReasons] = Field(default_factory=dict)
    """By language, of a rehearsal that was made since there are any."""

    def said_in(self, language: str) -> "Flip":
        """It with the sentences of one language alone: those in English where there are no others."""
        other = self.in_other_languages.get(language)
        said = {"language": language, **other.model_dump()} if other else {}
        return self.model_copy(update={**said, "in_other_languages": {}})


class MovedDeadline(Finding):
    """A promise that would have another deadline, later by so many seconds, or earlier by less than none."""

    ticket: str
    centre: str
    channel: str
    is_running: bool
    before: datetime
    after: datetime
    seconds: int


class Moves(Finding):
    """Deadlines of a centre and a channel that would be others, of promises that run or of those that are over."""

    centre: str
    channel: str
    is_running: bool
    earlier: int
    later: int
    median_seconds: int
    furthest_seconds: int


class KeptCounts(Finding):
    """How many promises were kept, as `olcare sla report` counts them."""

    promised: int
    met: int
    breached: int
    running: int
    cancelled: int
    not_promised: int
    attainment: float | None
    """met / (met + breached); None where there is no verdict."""


class KeptGroup(Finding):
    """Promises of a centre by a channel, or of all."""

    centre: str | None
    channel: str | None
    before: KeptCounts
    after: KeptCounts


class MailCount(Finding):
    """Mails of a template to a role about tickets that the draft concerns; `new` would go, `gone` would not go."""

    template: str
    role: str
    before: int
    after: int
    new: int
    gone: int


class OtherMail(Finding):
    """A mail that would go and did not, or one that went and would not."""

    ticket: str
    template: str
    role: str
    at: datetime
    is_new: bool


class PriceChange(Finding):
    """A price that would have been another one; `after` is None where there would have been none."""

    stream: str
    said: str
    """The event that said it."""
    at: datetime
    kind: str
    on: date
    currency: str
    licence_value: str
    before: str
    after: str | None
    before_list: int
    after_list: int | None


class PriceTotal(Finding):
    """All prices of a kind in a currency that a history says, and how many of them would have been others."""

    currency: str
    said: str
    kind: str
    prices: int
    changed: int
    before: str
    after: str


class DraftedPart(Finding):
    """A part of the plan that was rehearsed, as its file says it."""

    stream: str
    part: str
    version: int
    content: dict[str, Any]
    differs: tuple[str, ...]
    """From the version in force, the first places."""


class StoodOn(Finding):
    """What was in force of a part of the plan when it was rehearsed: its last publication, 0 where there was none."""

    stream: str
    sequence: int
    version: str


class Summary(Finding):
    """What a rehearsal comes to, without the lists."""

    from_day: date
    to_day: date
    """Excluded."""
    begins_at: datetime
    """When the draft would have been published."""
    now: datetime
    """Up to when the history is known."""
    draft: tuple[DraftedPart, ...]
    stood_on: tuple[StoodOn, ...]
    tickets: int
    to_breached: int
    """Promises that were met, and would be breached."""
    to_met: int
    """Promises that were breached, and would be met."""
    otherwise: int
    """Other ends than these two: a promise that would run, be cancelled or not be made."""
    attainment: tuple[KeptGroup, ...]
    """In order of their names; all of them together last."""
    moves: tuple[Moves, ...]
    mails: tuple[MailCount, ...]
    prices: tuple[PriceTotal, ...]
    doubtful: tuple[str, ...]
    """Tickets that a replay on the plan as it was leaves otherwise than they stand: they are counted as they stand."""
    flips: int
    moved: int
    """Deadlines that are listed: all of promises that run, of the others those that move furthest."""
    other_mails: int
    """Mails that are listed."""
    price_changes: int


class Rehearsed(Finding):
    """What would be otherwise."""

    summary: Summary
    flips: tuple[Flip, ...]
    moved: tuple[MovedDeadline, ...]
    other_mails: tuple[OtherMail, ...]
    price_changes: tuple[PriceChange, ...]
