"""A rehearsal put together: the summary, the lists, and the explanation of what would have another verdict."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from libs.eventlog.wire.record import RecordedEvent
from libs.messages.tickets import TicketEvent, TicketOpened
from services.contract.plan_parts import stream_of_publication
from services.ops.explain.as_words import sentences
from services.ops.explain.explanation import RecordedPromise, explain
from services.ops.plan.comparison import Compared
from services.ops.rehearse.differences import flips, mails, moves
from services.ops.rehearse.findings import (
    DraftedPart,
    Flip,
    PriceChange,
    PriceTotal,
    Rehearsed,
    StoodOn,
    Summary,
)
from services.ops.rehearse.outcome import BREACHED, MET
from services.ops.rehearse.rehearsal import Rehearsal
from services.ops.rehearse.replay import PromiseReplayed, replayed
from services.ops.rehearse.timeline import PlanTimeline
from services.ops.speech.languages import ENGLISH
from services.ops.speech.speech import IN_ENGLISH, Speech

EXPLAINED = 200
"""Flips of which the whole explanation is given, the first of the list."""

ReasonsByLanguage = Mapping[str, Sequence[tuple[str, ...]]]
"""The sentences as it was, and as it would be."""


class Account(NamedTuple):
    """What a rehearsal is put together of; prices are the changes and the totals."""

    rehearsal: Rehearsal
    new: Sequence[Compared]
    stood_on: Sequence[StoodOn]
    prices: tuple[Sequence[PriceChange], Sequence[PriceTotal]] = ((), ())
    others: Sequence[Speech] = ()
    """In which it is said beside English."""


def account(told: Account) -> Rehearsed:
    """Everything that would be otherwise."""
    rehearsal = told.rehearsal
    pairs = rehearsal.pairs()
    flipped, (counted, moved), (mailed, others) = flips(pairs, told.others), moves(pairs), mails(pairs)
    changes, totals = told.prices
    span = rehearsal.span
    summary = Summary(
        from_day=span.from_day,
        to_day=span.to_day,
        begins_at=span.begins_at,
        now=span.now,
        draft=tuple(_drafted(one) for one in told.new),
        stood_on=tuple(told.stood_on),
        tickets=len(rehearsal.standing),
        to_breached=_turned(flipped, MET, BREACHED),
        to_met=_turned(flipped, BREACHED, MET),
        otherwise=len(flipped) - _turned(flipped, MET, BREACHED) - _turned(flipped, BREACHED, MET),
        attainment=tuple(rehearsal.attainment()),
        moves=tuple(counted),
        mails=tuple(mailed),
        prices=tuple(totals),
        doubtful=tuple(sorted(rehearsal.doubtful)),
        flips=len(flipped),
        moved=len(moved),
        other_mails=len(others),
        price_changes=len(changes),
    )
    return Rehearsed(
        summary=summary,
        flips=tuple(flipped),
        moved=tuple(moved),
        other_mails=tuple(others),
        price_changes=tuple(changes),
    )


def _drafted(one: Compared) -> DraftedPart:
    content = one.publication.content
    return DraftedPart(
        stream=stream_of_publication(one.publication),
        part=one.publication.part,
        version=int(content.version),
        content=content.model_dump(mode="json"),
        differs=one.differs,
    )


def _turned(flipped: Iterable[Flip], before: str, after: str) -> int:
    return sum((one.before.verdict, one.after.verdict) == (before, after) for one in flipped)


def explained(
    rehearsal: Rehearsal,
    found: Rehearsed,
    events: Iterable[Sequence[RecordedEvent[TicketEvent]]],
    others: Sequence[Speech] = (),
) -> Rehearsed:
    """With the explanation of flips of whose tickets the events are given, in English and in other languages."""
    reasons: dict[str, ReasonsByLanguage] = {}
    for group in events:
        both = [(one, replayed(one, group, rehearsal.span.now)) for one in (rehearsal.timeline, rehearsal.drafted)]
        openings = {event.stream: event for event in group if isinstance(event.data, TicketOpened)}
        for ticket, opening in openings.items():
            reasons[ticket] = {
                speech.language: [_reasons(timeline, promises, opening, speech) for timeline, promises in both]
                for speech in (IN_ENGLISH, *others)
            }
    return found.model_copy(update={"flips": tuple(_with_reasons(one, reasons) for one in found.flips)})


def _reasons(
    timeline: PlanTimeline, promises: Mapping[str, PromiseReplayed], opening: RecordedEvent[Any], speech: Speech
) -> tuple[str, ...]:
    promise = promises.get(opening.stream)
    if promise is None:
        return ()
    events = [told.event for told in promise.told]
    told = RecordedPromise(opening.stream, opening.data, events, opening.recordedtime)
    return tuple(sentences(explain(told, timeline.grounds, speech)))


def _with_reasons(flip: Flip, reasons: Mapping[str, ReasonsByLanguage]) -> Flip:
    if flip.ticket not in reasons:
        return flip
    said = {
        language: {"explained_before": before, "explained_after": after}
        for language, (before, after) in reasons[flip.ticket].items()
    }
    others = {
        language: other.model_copy(update=said.get(language)) for language, other in flip.in_other_languages.items()
    }
    return flip.model_copy(update={**said[ENGLISH], "in_other_languages": others})
