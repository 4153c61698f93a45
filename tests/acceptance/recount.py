"""First responses counted once more, from the records of the log alone: nothing here is the report's own arithmetic.

Local days, hours and percentiles are worked out by their definitions, one after the other, however slow that is.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from libs.eventlog.wire.record import Record

Json = Mapping[str, Any]
LENGTHS = ("to_first_response", "late_by", "early_by")


@dataclass
class Promised:
    """What the log says of one promise."""

    ticket: str
    centre: str
    channel: str
    opened_at: datetime
    due_at: datetime | None = None
    verdict: str = "running"
    restated: str | None = None
    restated_due_at: datetime | None = None
    responded_at: datetime | None = None


@dataclass
class Log:
    """What counts of the promises, and the calendars by centre in the order of their publication."""

    promises: dict[str, Promised] = field(default_factory=dict)
    calendars: defaultdict[str, list[tuple[datetime, Json]]] = field(default_factory=lambda: defaultdict(list))


def read(records: Iterable[Record]) -> Log:
    """Take of promises and calendars what counts: of each stream the next event."""
    found = Log()
    for stream, kind, data in counting(records):
        _take(found, stream, kind, data)
    return found


def counting(records: Iterable[Record]) -> Iterator[tuple[str, str, Json]]:
    """Give of what counts the stream, the name and the data."""
    heads = defaultdict[str, int](int)
    for record in records:
        event = json.loads(record.value or b"")
        if int(event["sequence"]) == heads[event["subject"]] + 1:
            heads[event["subject"]] += 1
            yield event["subject"], event["type"].split(".")[1], event["data"]


def _take(found: Log, stream: str, kind: str, data: Json) -> None:
    match kind:
        case "CentreCalendarPublished":
            found.calendars[data["calendar"]["centre"]].append((instant(data["published_at"]), data["calendar"]))
        case "FirstResponseClockStarted":
            opened_at, due_at = (instant(data["certificate"][name]) for name in ("opened_at", "due_at"))
            found.promises[stream] = Promised(data["ticket"], data["centre"], data["channel"], opened_at, due_at)
        case "FirstResponseNotPromised" if stream not in found.promises:
            at = instant(data["opened_at"])
            none = Promised(data["ticket"], data["centre"], data["channel"], at, verdict="not_promised")
            found.promises[stream] = none
        case _ if stream in found.promises:
            _move(found.promises[stream], kind, data)


def _move(promise: Promised, kind: str, data: Json) -> None:
    match kind:
        case "FirstResponseRetargeted":
            promise.due_at = instant(data["certificate"]["due_at"])
        case "FirstResponseMet" | "FirstResponseBreached" | "FirstResponseCancelled":
            promise.verdict = kind.removeprefix("FirstResponse").lower()
            _answer(promise, data)
        case "LaterResponseNoted":
            _answer(promise, data)
        case "FirstResponseRestated":
            promise.restated, promise.restated_due_at = data["restated"], instant(data["restated_due_at"])


def _answer(promise: Promised, data: Json) -> None:
    if data.get("responded_at"):
        at = instant(data["responded_at"])
        promise.responded_at = min(at, promise.responded_at or at)


def instant(text: str) -> datetime:
    """Read one."""
    return datetime.fromisoformat(text)


def recounted(log: Log, from_day: date, to_day: date, ledger: str) -> Json:
    """Give what the report should say: its groups, its total, and of each miss the ticket and both latenesses."""
    chosen = [one for one in log.promises.values() if from_day <= _day(log, one, ledger) < to_day]
    names = sorted({(one.centre, one.channel) for one in chosen})
    groups = {name: [one for one in chosen if (one.centre, one.channel) == name] for name in names}
    missed = [one for one in chosen if _verdict(one, ledger) == "breached"]
    missed.sort(key=lambda one: (str(_due(one, ledger)), one.ticket))
    return {
        "groups": [{"centre": c, "channel": by, **_count(log, of, ledger)} for (c, by), of in groups.items()],
        "total": {"centre": None, "channel": None, **_count(log, chosen, ledger)},
        "misses": [(one.ticket, *_late(log, one, ledger)) for one in missed],
        "differing": sum(_verdict(one, "promised") != _verdict(one, "restated") for one in chosen),
    }


def _verdict(one: Promised, ledger: str) -> str:
    return one.restated if ledger == "restated" and one.restated else one.verdict


def _due(one: Promised, ledger: str) -> datetime | None:
    return one.restated_due_at if ledger == "restated" and one.restated_due_at else one.due_at


def _day(log: Log, one: Promised, ledger: str) -> date:
    zone = ZoneInfo(log.calendars[one.centre][-1][1]["zone"])
    return (_due(one, ledger) or one.opened_at).astimezone(zone).date()


def _count(log: Log, chosen: Sequence[Promised], ledger: str) -> dict[str, Any]:
    counts = {
        name: sum(_verdict(one, ledger) == name for one in chosen)
        for name in ("met", "breached", "running", "cancelled", "not_promised")
    }
    judged = [one for one in chosen if _verdict(one, ledger) in {"met", "breached"}]
    answered = [one for one in judged if one.responded_at]
    lengths = {name: [pair for one in answered for pair in _lengths(log, one, ledger, name)] for name in LENGTHS}
    return {
        **counts,
        "promised": len(chosen) - counts["not_promised"],
        "unanswered": len(judged) - len(answered),
        "attainment": counts["met"] / len(judged) if judged else None,
        **{name: spreads(pairs) for name, pairs in lengths.items()},
    }


def _lengths(log: Log, one: Promised, ledger: str, name: str) -> Iterator[tuple[timedelta, timedelta]]:
    """Give the working time and the wall time of one answer, if it has this length."""
    due_at, verdict = _due(one, ledger), _verdict(one, ledger)
    assert due_at
    assert one.responded_at
    spans = {
        "to_first_response": (one.opened_at, one.responded_at, True),
        "late_by": (due_at, one.responded_at, verdict == "breached" and one.responded_at > due_at),
        "early_by": (one.responded_at, due_at, verdict == "met"),
    }
    since, until, applies = spans[name]
    if applies:
        yield worked(_calendar(log, one, ledger), since, until), until - since


def _late(log: Log, one: Promised, ledger: str) -> tuple[float | None, float | None]:
    found = list(_lengths(log, one, ledger, "late_by")) if one.responded_at else []
    return (found[0][0].total_seconds(), found[0][1].total_seconds()) if found else (None, None)


def _calendar(log: Log, one: Promised, ledger: str) -> Json:
    """Give the newest one where the deadline was restated on it, else the one in force at the answer."""
    published = log.calendars[one.centre]
    assert one.responded_at
    if _due(one, ledger) != one.due_at:
        return published[-1][1]
    return [calendar for at, calendar in published if at <= one.responded_at][-1]


def worked(calendar: Json, since: datetime, until: datetime) -> timedelta:
    """Add up opening hours day by day; this calendar closes whole days alone."""
    zone, total = ZoneInfo(calendar["zone"]), timedelta(0)
    closed = {closure["day"] for closure in calendar["closures"]}
    assert not any(closure["closed_from"] for closure in calendar["closures"] if closure["day"].startswith("2026"))
    day = since.astimezone(zone).date()
    while day <= until.astimezone(zone).date():
        for window in calendar["weekly"]:
            if window["weekday"] == day.isoweekday() and day.isoformat() not in closed:
                opens, closes = (
                    datetime.combine(day, time.fromisoformat(window[end]), zone).astimezone(since.tzinfo)
                    for end in ("opens", "closes")
                )
                total += max(timedelta(0), min(closes, until) - max(opens, since))
        day += timedelta(days=1)
    return total


def spreads(pairs: Sequence[tuple[timedelta, timedelta]]) -> Json:
    """Order pairs of working time and wall time."""
    working, wall = ([pair[n].total_seconds() for pair in pairs] for n in (0, 1))
    return {"working": _spread(working), "wall": _spread(wall), "working_unknown": 0}


def _spread(values: Sequence[float]) -> Json:
    ranks = {"median": 50, "p95": 95, "max": 100}
    return {"number": len(values), **{f"{name}_seconds": _least(values, share) for name, share in ranks.items()}}


def _least(values: Sequence[float], share: int) -> float | None:
    """Give the least value that so many of a hundred do not exceed."""
    found = (v for v in values if sum(other <= v for other in values) * 100 >= share * len(values))
    return min(found, default=None)
