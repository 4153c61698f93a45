"""Which deadlines are fired: all that have passed, but for merged tickets whose promises are to be put right first."""

from collections.abc import Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from libs.eventlog.commands import IssuedCommand, issued_by_duty
from libs.eventlog.loops.duty import Found, NotMade
from services.sla_timer.handlers import MergedPromises, PromiseDuties
from services.sla_timer.promise.deadlines import FireDeadline
from services.sla_timer.promise.responses import MeetMerged
from tests.unit.sla_timer.examples import paris

DUE_AT, NOW = paris("13:00"), paris("13:01")
ALONE, MERGED = "promise/crm-eu/1", "promise/crm-eu/2"


def row(stream: str) -> dict[str, Any]:
    return {"stream": stream, "head": stream, "correlation": "message", "due_at": DUE_AT, "centres": ["france"]}


class Tables:
    """Two promises whose deadline has passed."""

    async def rows(self, name: str, **_: object) -> Sequence[dict[str, Any]]:
        assert name == "promises_due"
        return [row(ALONE), row(MERGED)]


def lacking(*found: Found) -> Any:
    async def lacks(_self: object, now: datetime, _most: int) -> Sequence[Found]:
        assert now == NOW
        return found

    return lacks


async def fired(monkeypatch: pytest.MonkeyPatch, *found: Found) -> dict[str, object]:
    monkeypatch.setattr(MergedPromises, "lacking", lacking(*found))
    host: Any = SimpleNamespace(queries=Tables(), clock=None)
    due: Sequence[IssuedCommand] = await PromiseDuties(host, host).due(NOW, 10)
    return {issued.stream: issued.command for issued in due}


async def test_what_is_due_is_fired(monkeypatch: pytest.MonkeyPatch) -> None:
    fire = FireDeadline(DUE_AT, NOW)
    assert await fired(monkeypatch) == {ALONE: fire, MERGED: fire}


async def test_what_a_promise_of_merged_tickets_lacks_comes_before_its_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    meet = issued_by_duty(row(MERGED), MeetMerged(paris("12:00")))
    assert (await fired(monkeypatch, meet)).keys() == {ALONE}


async def test_a_promise_of_which_it_can_not_be_told_is_not_fired_either(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = NotMade(MERGED, ValueError())
    assert (await fired(monkeypatch, failed)).keys() == {ALONE}
