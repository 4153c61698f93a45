"""An explanation for people: a few sentences, and the rows of two tables."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import assert_never

from libs.messages.certificates import Certificate, CertificateChange
from libs.messages.sla import InternalTargetSet
from libs.messages.tickets import Channel, TicketOpened, TicketRefused
from libs.plan.certificates import MICROSECOND
from services.ops.explain.days import DayLine
from services.ops.explain.explanation import Explanation
from services.ops.explain.life import PromiseHappening, clock, local, named
from services.ops.sla.causes import in_words
from services.ops.sla.response_times import NOTHING, SOON, Length, Times, spoken

LIFE_COLUMNS = ("at", "what", "says", "due")
DAY_COLUMNS = ("day", "from", "to", "used", "of the target", "what", "calendar")
BY = {Channel.PHONE: "by telephone", Channel.EMAIL: "by e-mail", Channel.WEB: "on the web form"}


def sentences(found: Explanation) -> Iterator[str]:
    """The life of a promise in a few sentences."""
    yield from _opened(found)
    yield from _cover_restated(found)
    yield from _promised(found)
    yield from (_changed(change, found) for change in (found.certificate.changes if found.certificate else ()))
    yield from _verdict(found)
    yield from _restated(found)
    yield from (_transferred(each, found) for each in found.internal_targets)


def _opened(found: Explanation) -> Iterator[str]:
    told = found.told
    match told.opened:
        case TicketOpened() as opened:
            because = in_words(opened.centre_reason)
            dialled = f", {opened.number_dialled}" if opened.number_dialled else ""
            at = local(opened.opened_at, found.civil)
            yield f"{told.ticket} was opened {BY[opened.channel]} on {at} at {opened.centre}: {because}{dialled}."
            if told.recorded_at and told.recorded_at - opened.opened_at >= SOON:
                yield f"That was recorded {spoken(told.recorded_at - opened.opened_at)} later; its own instant counts."
        case TicketRefused() as refused:
            at = local(refused.opened_at, found.civil)
            asked = f"{told.ticket}, asked for {BY[refused.channel]} on {at}"
            yield f"{asked}, was refused ({refused.reason}): no clock ran."
        case None:
            yield f"{told.ticket} is not opened yet: what was said of it is held until then."
        case _:
            assert_never(told.opened)


def _cover_restated(found: Explanation) -> Iterator[str]:
    if restated := found.told.restated:
        asked, known = (local(at, found.civil) for at in (restated.opened_at, restated.restated_at))
        yield (
            f"Asked for on {asked} it had been refused ({restated.reason}), and was under {restated.cover.contract} all"
            f" the time: that is known since {known}."
        )


def _promised(found: Explanation) -> Iterator[str]:
    if found.no_promise:
        yield f"No first response was promised: {in_words(found.no_promise)}."
    if found.started:
        yield _first(found.started, found)


def _first(first: Certificate, found: Explanation) -> str:
    civil, published_at = found.civil, found.targets_published_at
    published = f", published on {local(published_at, civil)}" if published_at else ""
    target = f"{spoken(timedelta(seconds=first.target_seconds))} of working time"
    due_at = first.changes[0].was_due_at if first.changes else first.due_at
    return (
        f"A first response was promised within {target}, the target {BY[first.channel]} of version "
        f"{first.targets_version}{published}. On version {first.calendar_version} of the calendar of "
        f"{first.centre}, with the time zones of {first.tz_version}, the clock started on "
        f"{local(first.clock_started_at, civil)}, and the promise was due on {local(due_at, civil)}."
    )


def _changed(change: CertificateChange, found: Explanation) -> str:
    was, now = local(change.was_due_at, found.civil), local(change.due_at, found.civil)
    used = spoken(change.used_microseconds * MICROSECOND)
    stays = change.was_due_at == change.due_at
    moved = f"it stayed due on {now}" if stays else f"it was due on {was}, and is due on {now}"
    return f"On {local(change.changed_at, found.civil)}, {used} used until then: {in_words(change.cause)}; {moved}."


def _verdict(found: Explanation) -> Iterator[str]:
    known = found.certificate
    if known is None:
        return
    due = local(known.due_at, found.civil)
    if found.state == "running":
        yield f"It runs: an answer until {due} meets it."
    if found.state == "cancelled":
        yield "It was cancelled and has no verdict."
    if found.breached and found.state == "breached":
        unnoticed = spoken(found.breached.detected_at - found.breached.breached_at)
        yield f"It was breached on {due}, and that was detected {unnoticed} later."
    if found.times and found.responded_at:
        yield f"{'It was met' if found.state == 'met' else 'The first answer came'}: {_answered(found, found.times)}."
    elif found.state == "breached":
        yield "Nobody has answered."


def _answered(found: Explanation, times: Times) -> str:
    at = local(found.responded_at, found.civil) if found.responded_at else ""
    by = _both(times.late)
    side = "late" if times.late.wall > NOTHING else "early"
    return f"on {at}, after {_both(times.taken)}; {by} {side}"


def _both(length: Length) -> str:
    working = "an unknown time, since the calendar ends," if length.working is None else spoken(length.working)
    return f"{working} of working time ({spoken(length.wall)} by the clock)"


def _restated(found: Explanation) -> Iterator[str]:
    if found.restated is None:
        return
    due = local(found.restated.due_at, found.civil)
    if found.restated.verdict is None:
        yield f"If all had been known from the opening on, it would be due on {due}."
        return
    cause = f" ({in_words(found.restated.cause)})" if found.restated.cause else ""
    yield f"Restated, on all that is known since{cause}: {found.restated.verdict}, due on {due}; the verdict stays."


def _transferred(each: InternalTargetSet, found: Explanation) -> str:
    at, due = local(each.transferred_at, found.civil), local(each.due_at, found.civil)
    return f"On {at} it was transferred to {each.centre}, which should answer by {due}; that is no promise."


def happening_row(happening: PromiseHappening, found: Explanation) -> Mapping[str, object]:
    """Lay a happening out for people."""
    due = local(happening.due_at, found.civil) if happening.due_at else None
    return {"at": local(happening.at, found.civil), "what": happening.what, "says": happening.says, "due": due}


def day_row(line: DayLine) -> Mapping[str, object]:
    """Lay a line of a day out for people."""
    return {
        "day": named(line.day),
        "from": clock(line.opens_at) if line.opens_at else None,
        "to": clock(line.closes_at) if line.closes_at else None,
        "used": spoken(line.used) if line.used is not None else None,
        "of the target": spoken(line.total) if line.total is not None else None,
        "what": line.says if line.kind == "used" else f"{line.kind}: {line.says}",
        "calendar": line.calendar_version,
    }
