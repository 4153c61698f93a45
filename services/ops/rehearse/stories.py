"""Tickets of which little happened: their outcome follows from a few instants, without a replay of every event."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from libs.messages.notices import NoticeClass, NoticeRole
from libs.messages.plan import ResponseTargets
from libs.messages.tickets import Channel
from libs.plan import changed_hours, target_of
from libs.workcal import CalendarEnds, Interval, TooFarAhead, WorkingCalendar, add_working_time, joined
from services.ops.rehearse.outcome import BREACHED, CANCELLED, MET, RUNNING, MailAsked, PromiseOutcome
from services.ops.rehearse.timeline import PlanTimeline
from services.ops.sla.grounds import Grounds
from services.sla_timer.promise.histories import FactKind, PromiseHistory, counting
from services.sla_timer.published.publications import PublishedCalendar, PublishedTargets, in_force

SOON = timedelta(minutes=1)
"""Within which a fact was told of that is in a short story."""


class ShortStory(NamedTuple):
    """A ticket that was never merged, transferred or rung about, of which each fact was told as it happened."""

    ticket: str
    centre: str
    channel: Channel
    opened_at: datetime
    answered_at: datetime | None = None
    """By a person, for the first time."""
    withdrawn_at: datetime | None = None
    """By the customer, for the first time."""


def short_story(history: PromiseHistory) -> ShortStory | None:
    """Make a story of what happened to a ticket; None where more happened than fits into one."""
    answers, withdrawals = list[datetime](), list[datetime]()
    for fact in counting(history):
        match fact.kind:
            case FactKind.ANSWERED | FactKind.RANG_WITHOUT_HELP:
                answers.append(fact.at)
            case FactKind.WITHDRAWN:
                withdrawals.append(fact.at)
            case _:
                return None
    if any(fact.kind in {FactKind.MERGED, FactKind.UNMERGED} for fact in history.facts):
        return None
    one = history
    return ShortStory(
        one.ticket, one.centre, one.channel, one.opened_at, min(answers, default=None), min(withdrawals, default=None)
    )


class InForce(NamedTuple):
    """What holds for tickets of a centre that are opened in a span of time."""

    calendar: WorkingCalendar
    targets: ResponseTargets
    lengths: Mapping[Channel, timedelta]
    """The working time that is promised on each channel, where anything is."""
    until: datetime | None
    """The next publication that may move a deadline of before."""
    changed: tuple[Interval, ...]
    """Hours that publications of later changed, apart from each other and in order."""

    def stays(self, opened_at: datetime, due_at: datetime) -> bool:
        """Whether nothing that was published later says otherwise of the time between."""
        if self.until is not None and self.until <= due_at:
            return False
        place = bisect_right(self.changed, due_at, key=lambda one: one.opens_at)
        return place == 0 or self.changed[place - 1].closes_at <= opened_at


class Spans:
    """The publications of a centre, cut where one of them begins to hold."""

    def __init__(self, grounds: Grounds, others: Iterable[datetime], centre: str) -> None:
        calendars = grounds.calendars.get(centre, ())
        published: list[PublishedCalendar | PublishedTargets] = [*calendars, *grounds.targets]
        self._grounds, self._centre = grounds, centre
        self._cuts = sorted({*(one.published_at for one in published), *others})
        self._known: dict[int, InForce | None] = {}
        firsts = [min((one.published_at for one in some), default=None) for some in (calendars, grounds.targets)]
        self._begins = max((at for at in firsts if at), default=None) if None not in firsts else None

    def at(self, instant: datetime) -> InForce | None:
        """What holds for a ticket opened then; None where something is wanting, or was by then."""
        if self._begins is None or instant < self._begins:
            return None
        place = bisect_right(self._cuts, instant)
        if place not in self._known:
            self._known[place] = self._found(place)
        return self._known[place]

    def _found(self, place: int) -> InForce | None:
        instant = self._cuts[place - 1]
        targets = in_force(self._grounds.targets, instant)
        if targets is None:
            return None
        until = self._cuts[place] if place < len(self._cuts) else None
        calendar = self._grounds.calendar_at(self._centre, instant)
        lengths = {channel: length for channel in Channel if (length := target_of(targets.content, channel))}
        return InForce(calendar, targets.content, lengths, until, self._changed_after(instant))

    def _changed_after(self, instant: datetime) -> tuple[Interval, ...]:
        calendars = sorted(self._grounds.calendars.get(self._centre, ()), key=lambda one: one.sequence)
        changed = (
            hours
            for before, after in pairwise(calendars)
            if after.published_at > instant
            for hours in changed_hours(before.content, after.content)
        )
        return tuple(joined(changed))


class Reckoner:
    """Reckons short stories on what was published, as it stands at an instant."""

    def __init__(self, timeline: PlanTimeline, now: datetime) -> None:
        self._timeline, self._now = timeline, now
        self._spans: dict[str, Spans] = {}

    @cached_property
    def _others(self) -> Sequence[datetime]:
        return sorted({change.published_at for change in self._timeline.tz_changes})

    def outcome(self, story: ShortStory) -> PromiseOutcome | None:
        """How its promise stands; None where it must be replayed event by event."""
        if story.centre not in self._spans:
            self._spans[story.centre] = Spans(self._timeline.grounds, self._others, story.centre)
        known = self._spans[story.centre].at(story.opened_at)
        target = known.lengths.get(story.channel) if known else None
        if known is None or target is None:
            return None
        try:
            due_at = add_working_time(known.calendar, story.opened_at, target)
        except (CalendarEnds, TooFarAhead):
            return None
        if not known.stays(story.opened_at, due_at):
            return None
        warnings = [
            add_working_time(known.calendar, story.opened_at, target * percent / 100)
            for percent in known.targets.at_risk_percents
        ]
        if _is_close(story.answered_at, due_at, warnings) or _is_close(story.withdrawn_at, due_at, warnings):
            return None
        return self._judged(story, known, due_at, warnings)

    def _judged(
        self, story: ShortStory, known: InForce, due_at: datetime, warnings: Iterable[datetime]
    ) -> PromiseOutcome:
        verdict, ended_at = _verdict(story, due_at, self._now)
        mails = [MailAsked(NoticeClass.ACKNOWLEDGEMENT, NoticeRole.REQUESTER, story.opened_at)]
        mails += [MailAsked(NoticeClass.WARNING, NoticeRole.CENTRE, at) for at in warnings if at < ended_at]
        if verdict == BREACHED:
            mails.append(MailAsked(NoticeClass.BREACH, NoticeRole.CENTRE, due_at))
        return PromiseOutcome(
            centre=story.centre,
            channel=story.channel,
            opened_at=story.opened_at,
            verdict=verdict,
            due_at=due_at,
            responded_at=story.answered_at,
            calendar_version=known.calendar.version,
            targets_version=known.targets.version,
            target_seconds=known.lengths[story.channel] // timedelta(seconds=1),
            mails=tuple(mails),
        )


def _is_close(told_of: datetime | None, due_at: datetime, warnings: Iterable[datetime]) -> bool:
    """Whether something may have been told of only when the deadline, or the instant of a warning, had passed."""
    if told_of is None:
        return False
    return any(timedelta() <= at - told_of < SOON for at in (due_at, *warnings))


def _verdict(story: ShortStory, due_at: datetime, now: datetime) -> tuple[str, datetime]:
    """What became of it, and when; of one that runs, until when it was looked at."""
    answered, withdrawn = story.answered_at, story.withdrawn_at
    if answered is not None and answered <= due_at and (withdrawn is None or answered <= withdrawn):
        return MET, answered
    if withdrawn is not None and withdrawn <= due_at:
        return CANCELLED, withdrawn
    if due_at < now:
        return BREACHED, due_at
    return RUNNING, now + timedelta.resolution
