"""An explanation for people: a few sentences, and the rows of two tables."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import assert_never

from libs.messages.certificates import Certificate, CertificateChange
from libs.messages.sla import InternalTargetSet
from libs.messages.tickets import Channel, TicketOpened, TicketRefused
from libs.plan.certificates import MICROSECOND
from services.ops.explain.days import DayLine
from services.ops.explain.explanation import Explanation
from services.ops.explain.life import PromiseHappening, named_verdict
from services.ops.sla.causes import in_words
from services.ops.sla.response_times import NOTHING, SOON, Length, Times
from services.ops.speech.languages import N_
from services.ops.speech.speech import IN_ENGLISH, Speech

LIFE_COLUMNS = (N_("at"), N_("what"), N_("says"), N_("due"))
DAY_COLUMNS = (N_("day"), N_("from"), N_("to"), N_("used"), N_("of the target"), N_("what"), N_("calendar"))
BY = {Channel.PHONE: N_("by telephone"), Channel.EMAIL: N_("by e-mail"), Channel.WEB: N_("on the web form")}


def sentences(found: Explanation) -> Iterator[str]:
    """The life of a promise in a few sentences."""
    yield from _opened(found)
    yield from _cover_restated(found)
    yield from _promised(found)
    yield from (_changed(change, found) for change in (found.certificate.changes if found.certificate else ()))
    yield from _verdict(found)
    yield from _restated(found)
    yield from (_transferred(each, found) for each in found.internal_targets)


def _local(at: datetime, found: Explanation) -> str:
    return found.speech.local(at, found.civil)


def _by(channel: Channel, found: Explanation) -> str:
    return found.speech.say(BY[channel])


def _opened(found: Explanation) -> Iterator[str]:
    told, speech = found.told, found.speech
    match told.opened:
        case TicketOpened() as opened:
            yield speech.say(
                N_("{ticket} was opened {by} on {at} at {centre}: {because}{dialled}."),
                ticket=told.ticket,
                by=_by(opened.channel, found),
                at=_local(opened.opened_at, found),
                centre=opened.centre,
                because=in_words(opened.centre_reason, speech),
                dialled=f", {opened.number_dialled}" if opened.number_dialled else "",
            )
            if told.recorded_at and told.recorded_at - opened.opened_at >= SOON:
                later = speech.length(told.recorded_at - opened.opened_at)
                yield speech.say(N_("That was recorded {later} later; its own instant counts."), later=later)
        case TicketRefused() as refused:
            yield speech.say(
                N_("{ticket}, asked for {by} on {at}, was refused ({reason}): no clock ran."),
                ticket=told.ticket,
                by=_by(refused.channel, found),
                at=_local(refused.opened_at, found),
                reason=refused.reason,
            )
        case None:
            template = N_("{ticket} is not opened yet: what was said of it is held until then.")
            yield speech.say(template, ticket=told.ticket)
        case _:
            assert_never(told.opened)


def _cover_restated(found: Explanation) -> Iterator[str]:
    if restated := found.told.restated:
        yield found.speech.say(
            N_(
                "Asked for on {asked} it had been refused ({reason}), and was under {contract} all the time: that is"
                " known since {known}."
            ),
            asked=_local(restated.opened_at, found),
            reason=restated.reason,
            contract=restated.cover.contract,
            known=_local(restated.restated_at, found),
        )


def _promised(found: Explanation) -> Iterator[str]:
    if found.no_promise:
        because = in_words(found.no_promise, found.speech)
        yield found.speech.say(N_("No first response was promised: {because}."), because=because)
    if found.started:
        yield _first(found.started, found)


def _first(first: Certificate, found: Explanation) -> str:
    say, published_at = found.speech.say, found.targets_published_at
    return say(
        N_(
            "A first response was promised within {target} of working time, the target {by} of version {targets}"
            "{published}. On version {calendar} of the calendar of {centre}, with the time zones of {tz}, the clock"
            " started on {starts}, and the promise was due on {due}."
        ),
        target=found.speech.length(timedelta(seconds=first.target_seconds)),
        by=_by(first.channel, found),
        targets=first.targets_version,
        published=say(N_(", published on {at}"), at=_local(published_at, found)) if published_at else "",
        calendar=first.calendar_version,
        centre=first.centre,
        tz=first.tz_version,
        starts=_local(first.clock_started_at, found),
        due=_local(first.changes[0].was_due_at if first.changes else first.due_at, found),
    )


def _changed(change: CertificateChange, found: Explanation) -> str:
    stayed = N_("On {at}, {used} used until then: {cause}; it stayed due on {due}.")
    moved = N_("On {at}, {used} used until then: {cause}; it was due on {was}, and is due on {due}.")
    return found.speech.say(
        stayed if change.was_due_at == change.due_at else moved,
        at=_local(change.changed_at, found),
        used=found.speech.length(change.used_microseconds * MICROSECOND),
        cause=in_words(change.cause, found.speech),
        was=_local(change.was_due_at, found),
        due=_local(change.due_at, found),
    )


def _verdict(found: Explanation) -> Iterator[str]:
    known, say = found.certificate, found.speech.say
    if known is None:
        return
    due = _local(known.due_at, found)
    if found.state == "running":
        yield say(N_("It runs: an answer until {due} meets it."), due=due)
    if found.state == "cancelled":
        yield say(N_("It was cancelled and has no verdict."))
    if found.breached and found.state == "breached":
        unnoticed = found.speech.length(found.breached.detected_at - found.breached.breached_at)
        yield say(
            N_("It was breached on {due}, and that was detected {unnoticed} later."), due=due, unnoticed=unnoticed
        )
    if found.times and found.responded_at:
        yield _answered(found, found.responded_at, found.times)
    elif found.state == "breached":
        yield say(N_("Nobody has answered."))


def _answered(found: Explanation, at: datetime, times: Times) -> str:
    late = N_("The first answer came: on {at}, after {taken}; {by} late.")
    early = N_("The first answer came: on {at}, after {taken}; {by} early.")
    if found.state == "met":
        late = N_("It was met: on {at}, after {taken}; {by} late.")
        early = N_("It was met: on {at}, after {taken}; {by} early.")
    template = late if times.late.wall > NOTHING else early
    taken, by = _both(times.taken, found.speech), _both(times.late, found.speech)
    return found.speech.say(template, at=_local(at, found), taken=taken, by=by)


def _both(length: Length, speech: Speech) -> str:
    wall = speech.length(length.wall)
    if length.working is None:
        unknown = N_("an unknown time, since the calendar ends, of working time ({wall} by the clock)")
        return speech.say(unknown, wall=wall)
    known = N_("{working} of working time ({wall} by the clock)")
    return speech.say(known, working=speech.length(length.working), wall=wall)


def _restated(found: Explanation) -> Iterator[str]:
    if found.restated is None:
        return
    say, due = found.speech.say, _local(found.restated.due_at, found)
    if found.restated.verdict is None:
        yield say(N_("If all had been known from the opening on, it would be due on {due}."), due=due)
        return
    cause = f" ({in_words(found.restated.cause, found.speech)})" if found.restated.cause else ""
    yield say(
        N_("Restated, on all that is known since{cause}: {verdict}, due on {due}; the verdict stays."),
        cause=cause,
        verdict=named_verdict(found.restated.verdict, found.speech),
        due=due,
    )


def _transferred(each: InternalTargetSet, found: Explanation) -> str:
    return found.speech.say(
        N_("On {at} it was transferred to {centre}, which should answer by {due}; that is no promise."),
        at=_local(each.transferred_at, found),
        centre=each.centre,
        due=_local(each.due_at, found),
    )


def happening_row(happening: PromiseHappening, found: Explanation) -> Mapping[str, object]:
    """Lay a happening out for people."""
    due = _local(happening.due_at, found) if happening.due_at else None
    kind, _, cause = happening.what.partition(": ")
    what = _beside(kind, found.speech.word(cause), found.speech) if cause else found.speech.word(kind)
    return {"at": _local(happening.at, found), "what": what, "says": happening.says, "due": due}


def day_row(line: DayLine, speech: Speech = IN_ENGLISH) -> Mapping[str, object]:
    """Lay a line of a day out for people."""
    return {
        "day": speech.day(line.day),
        "from": speech.clock(line.opens_at) if line.opens_at else None,
        "to": speech.clock(line.closes_at) if line.closes_at else None,
        "used": speech.length(line.used) if line.used is not None else None,
        "of the target": speech.length(line.total) if line.total is not None else None,
        "what": line.says if line.kind == "used" else _beside(line.kind, line.says, speech),
        "calendar": line.calendar_version,
    }


def _beside(kind: str, says: str, speech: Speech) -> str:
    return speech.say(N_("{kind}: {says}"), kind=speech.word(kind), says=says)
