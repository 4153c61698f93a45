"""What differs between how promises stand and how they would stand: verdicts, deadlines, mails."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median_low
from typing import NamedTuple

from libs.messages.base import rfc3339
from libs.messages.sla import NoPromise
from services.ops.rehearse.findings import (
    Flip,
    FlipReasons,
    MailCount,
    MovedDeadline,
    Moves,
    OtherMail,
    ReckonedPromise,
)
from services.ops.rehearse.outcome import RUNNING, MailAsked, PromiseOutcome
from services.ops.rehearse.rehearsal import Pair
from services.ops.sla.causes import in_words
from services.ops.speech.languages import ENGLISH, N_
from services.ops.speech.speech import IN_ENGLISH, Speech

LISTED = 1_000
"""Deadlines of promises that are over, and mails, that are listed at most; all are counted."""


def flips(pairs: Iterable[Pair], others: Sequence[Speech] = ()) -> list[Flip]:
    """The promises that would have another verdict, told in English and in other languages."""
    return [_flip(*pair, others) for pair in pairs if pair.before.verdict != pair.after.verdict]


def _flip(ticket: str, before: PromiseOutcome, after: PromiseOutcome, others: Sequence[Speech]) -> Flip:
    return Flip(
        ticket=ticket,
        centre=before.centre,
        channel=str(before.channel),
        opened_at=before.opened_at,
        responded_at=after.responded_at or before.responded_at,
        before=_reckoned(before),
        after=_reckoned(after),
        why=_reasons(before, after, IN_ENGLISH),
        in_other_languages={speech.language: FlipReasons(why=_reasons(before, after, speech)) for speech in others},
    )


def _reasons(before: PromiseOutcome, after: PromiseOutcome, speech: Speech) -> str:
    return speech.say(N_("; ")).join(_why(before, after, speech))


def _reckoned(one: PromiseOutcome) -> ReckonedPromise:
    return ReckonedPromise(
        verdict=one.verdict,
        due_at=one.due_at,
        calendar_version=one.calendar_version,
        targets_version=one.targets_version,
        target_seconds=one.target_seconds,
        reason=one.reason,
    )


def _why(before: PromiseOutcome, after: PromiseOutcome, speech: Speech) -> Iterator[str]:
    """What the deadlines rest on, and when somebody answered."""
    say = speech.say
    if before.targets_version != after.targets_version:
        template = N_("targets {after} in place of {before}")
        yield say(template, after=after.targets_version, before=before.targets_version)
    if before.target_seconds != after.target_seconds and before.target_seconds and after.target_seconds:
        was, would = (speech.length(timedelta(seconds=one.target_seconds or 0)) for one in (before, after))
        yield say(N_("{after} of working time in place of {before}"), after=would, before=was)
    if before.calendar_version != after.calendar_version:
        template = N_("calendar {after} in place of {before}")
        yield say(template, after=after.calendar_version, before=before.calendar_version)
    if before.due_at != after.due_at:
        yield say(N_("{after} in place of {before}"), after=_due(after, speech), before=_due(before, speech))
    answered = after.responded_at or before.responded_at
    yield say(N_("answered at {at}"), at=_said(answered, speech)) if answered else say(N_("nobody has answered"))


def _due(one: PromiseOutcome, speech: Speech) -> str:
    if one.due_at is not None:
        return speech.say(N_("due at {at}"), at=_said(one.due_at, speech))
    if one.reason is None:
        return speech.say(N_("no promise"))
    return speech.say(N_("no promise ({reason})"), reason=in_words(NoPromise(one.reason), speech))


def _said(at: datetime, speech: Speech) -> str:
    return rfc3339(at).replace(".000000Z", "Z") if speech.language == ENGLISH else speech.local(at, UTC)


class _Move(NamedTuple):
    ticket: str
    centre: str
    channel: str
    is_running: bool
    before: datetime
    after: datetime
    seconds: int


def moves(pairs: Iterable[Pair]) -> tuple[list[Moves], list[MovedDeadline]]:
    """The deadlines that would move: counted, and those listed that run, and of the others that move furthest."""
    moved = [one for one in (_move(*pair) for pair in pairs) if one]
    return list(_counted(moved)), [MovedDeadline(**one._asdict()) for one in _listed(moved)]


def _move(ticket: str, before: PromiseOutcome, after: PromiseOutcome) -> _Move | None:
    was, would = before.due_at, after.due_at
    if was is None or would is None or was == would:
        return None
    seconds, is_running = round((would - was).total_seconds()), before.verdict == RUNNING
    return _Move(ticket, before.centre, str(before.channel), is_running, was, would, seconds)


def _counted(moved: Iterable[_Move]) -> Iterator[Moves]:
    groups: defaultdict[tuple[str, str, bool], list[int]] = defaultdict(list)
    for one in moved:
        groups[one.centre, one.channel, one.is_running].append(one.seconds)
    for (centre, channel, is_running), seconds in sorted(groups.items()):
        earlier = sum(one < 0 for one in seconds)
        yield Moves(
            centre=centre,
            channel=channel,
            is_running=is_running,
            earlier=earlier,
            later=len(seconds) - earlier,
            median_seconds=median_low(seconds),
            furthest_seconds=max(seconds, key=lambda one: (abs(one), one)),
        )


def _listed(moved: Sequence[_Move]) -> Iterator[_Move]:
    yield from (one for one in moved if one.is_running)
    over = sorted((one for one in moved if not one.is_running), key=lambda one: (-abs(one.seconds), one.ticket))
    yield from over[:LISTED]


def mails(pairs: Sequence[Pair]) -> tuple[list[MailCount], list[OtherMail]]:
    """Mails about these tickets, counted; and those listed that would go and did not, or the other way round."""
    counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    others = list[OtherMail]()
    for pair in pairs:
        before, after = _by_kind(pair.before.mails), _by_kind(pair.after.mails)
        for kind in before.keys() | after.keys():
            was, would = before.get(kind, []), after.get(kind, [])
            new, gone = would[len(was) :], was[len(would) :]
            counts[kind].update(before=len(was), after=len(would), new=len(new), gone=len(gone))
            others += (_other(pair.ticket, kind, at, is_new=True) for at in new)
            others += (_other(pair.ticket, kind, at, is_new=False) for at in gone)
    ordered = sorted(others, key=lambda one: (one.at, one.ticket, one.template, one.role))
    return [_count(*kind, counts[kind]) for kind in sorted(counts)], ordered[:LISTED]


def _by_kind(some: Sequence[MailAsked]) -> dict[tuple[str, str], list[datetime]]:
    """The instants of mails, by template and role."""
    found: dict[tuple[str, str], list[datetime]] = {}
    for one in some:
        found.setdefault((str(one.template), str(one.role)), []).append(one.at)
    return found


def _other(ticket: str, kind: tuple[str, str], at: datetime, *, is_new: bool) -> OtherMail:
    return OtherMail(ticket=ticket, template=kind[0], role=kind[1], at=at, is_new=is_new)


def _count(template: str, role: str, counted: Counter[str]) -> MailCount:
    return MailCount(
        template=template,
        role=role,
        before=counted["before"],
        after=counted["after"],
        new=counted["new"],
        gone=counted["gone"],
    )
