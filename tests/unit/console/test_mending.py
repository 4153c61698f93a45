"""What is chosen on the pages is what is meant; what takes time says how far it is; a look lasts for a while."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from libs.chassis.manual_clock import ManualClock
from libs.eventlog.errors import Unavailable
from libs.messages.catalogue import CONTRACTS_DOOR, TICKETS_DOOR
from libs.messages.places import RecordAddress
from services.ops.cli.output import Refused
from services.ops.console import works as works_of_pages
from services.ops.console.grants import LIFETIME, Grants
from services.ops.console.pages.audit import action_view
from services.ops.console.pages.dead_letters import WHOLE, Chosen, DeadLetterFilters, LettersSent
from services.ops.console.pages.projections import generation_view
from services.ops.console.undone import KeptLetter
from services.ops.console.works import Work, Works
from services.ops.door.dead_letter_groups import KnownLetter

MONDAY = datetime(2026, 11, 23, 7, tzinfo=UTC)


def kept(offset: int = 17, where: str = "/data/products/3", **other: Any) -> KeptLetter:
    place = RecordAddress(topic=other.pop("door", TICKETS_DOOR), partition=3, offset=offset)
    known = KnownLetter(place, "bad-field", where, "it does not fit", None, "crm-eu", MONDAY)._replace(**other)
    return KeptLetter(known, f"{place.topic}.dlq", 0, offset)


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ({}, True),
        ({"door": TICKETS_DOOR, "reason": "bad-field", "where": "/data/products/*", "source": "crm-eu"}, True),
        ({"since": MONDAY}, True),
        ({"since": MONDAY + timedelta(microseconds=1)}, False),
        ({"door": CONTRACTS_DOOR}, False),
        ({"reason": "not-json"}, False),
        ({"where": "/data/products/3"}, False),
        ({"where": WHOLE}, False),
        ({"source": "crm-us"}, False),
    ],
)
def test_filters_mean_letters_as_groups_have_them(query: dict[str, Any], meant: bool) -> None:  # noqa: FBT001
    assert DeadLetterFilters(**query).has(kept()) is meant


def test_a_letter_that_is_wrong_as_a_whole_is_chosen_too() -> None:
    assert DeadLetterFilters(where=WHOLE).has(kept(where=""))


def test_those_marked_are_meant_and_no_others_whatever_the_filters_mean() -> None:
    form = Chosen.model_validate({"which": "selected", "reason": "bad-field", f"p:{TICKETS_DOOR}/3/17": "1"})
    assert form.means(kept(17))
    assert not form.means(kept(18))
    every = Chosen.model_validate({"which": "all", "reason": "bad-field", "source": ""})
    assert every.means(kept(18))
    assert not every.means(kept(18, reason="not-json"))


def test_nothing_is_meant_by_a_form_that_says_nothing() -> None:
    assert not LettersSent.model_validate({}).means(kept())


def test_what_an_order_says_is_what_was_asked() -> None:
    some = DeadLetterFilters(door=TICKETS_DOOR, reason="bad-field", source="crm-eu", since=MONDAY).selection()
    assert some == (TICKETS_DOOR, "bad-field", "crm-eu", MONDAY)


async def run_to_its_end(works: Works, run: Any) -> Work:
    work = works.start("rebuild", "intake.plan", "anna", "/projections", run)
    assert work.task is not None
    await asyncio.wait([work.task])
    return work


async def test_work_says_how_far_it_is_and_how_long_it_will_take() -> None:
    clock = ManualClock(MONDAY)
    works, going = Works(clock), asyncio.Event()

    async def run(work: Work) -> str:
        work.done, work.total = 25, 100
        await going.wait()
        return "switched"

    work = works.start("rebuild", "intake.plan", "anna", "/projections", run)
    await clock.sleep(10)
    assert (works.running("rebuild"), works.running("verify")) == ([work], [])
    assert work.seconds_left(clock.monotonic()) == pytest.approx(30)
    with pytest.raises(Refused, match="anna has begun this already"):
        works.start("rebuild", "intake.plan", "o.k", "/projections", run)
    going.set()
    assert work.task is not None
    await work.task
    assert (work.state, work.seconds_left(clock.monotonic())) == ("switched", None)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Unavailable("Kafka is away"), "Kafka is away"),
        (Refused("it is not there"), "it is not there"),
        (KeyError("x"), "a fault of ours; the log of the console says more"),
    ],
)
async def test_work_that_fails_says_why_and_a_fault_of_ours_is_logged(
    monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    async def run(_work: Work) -> str:
        raise error

    logged: list[dict[str, str]] = []
    monkeypatch.setattr(works_of_pages, "_log", SimpleNamespace(exception=lambda _, **what: logged.append(what)))
    work = await run_to_its_end(Works(ManualClock(MONDAY)), run)
    assert (work.state, work.said) == ("failed", [sentence])
    assert logged == ([{"kind": "rebuild", "about": "intake.plan"}] if isinstance(error, KeyError) else [])


async def test_work_that_is_cancelled_ends() -> None:
    works = Works(ManualClock(MONDAY))

    async def run(work: Work) -> str:
        works.cancel(work.id)
        await asyncio.Event().wait()
        return "switched"

    assert (await run_to_its_end(works, run)).state == "cancelled"


async def test_what_is_shown_is_shown_for_a_while_and_is_one_thing() -> None:
    clock = ManualClock(MONDAY)
    grants = Grants(clock)
    name = grants.give("anna", "olcare.tickets.in.v1/3/17", "her-browser")
    assert grants.find(name, "olcare.tickets.in.v1/3/18", "her-browser") is None
    assert grants.find("", "olcare.tickets.in.v1/3/17", "her-browser") is None
    assert grants.find(name, "olcare.tickets.in.v1/3/17", "another-browser") is None
    assert grants.find(name, "olcare.tickets.in.v1/3/17", "") is None
    await clock.sleep(LIFETIME - 1)
    assert grants.find(name, "olcare.tickets.in.v1/3/17", "her-browser")
    await clock.sleep(1)
    assert grants.find(name, "olcare.tickets.in.v1/3/17", "her-browser") is None


ROW = {
    **dict.fromkeys(("kind", "reason", "case_number", "letters", "generation", "done_at", "outcome"), None),
    **dict.fromkeys(("taken", "refused", "unreadable", "discarded", "left_over", "proof", "parts"), None),
    "recorded_at": MONDAY,
    "who": "anna",
    "action": "rebuild",
    "what": "sla_timer.sla",
}


def test_an_action_has_the_counts_that_are_not_none() -> None:
    assert action_view(ROW).counts == {}
    proof = json.dumps([{"table": "promises", "rows": 7, "hash": "00ff", "equal": True}])
    found = action_view({**ROW, "taken": 3, "refused": 0, "left_over": 1, "proof": proof})
    assert (found.counts, found.proof[0].hash) == ({"taken": 3, "left_over": 1}, "00ff")
    parts = json.dumps([{"part": "targets/plan/first-response", "version": 2}])
    published = action_view({**ROW, "action": "publish", "parts": parts})
    assert [(one.part, one.version) for one in published.parts] == [("targets/plan/first-response", 2)]


def test_a_generation_that_nobody_proved_is_not_said_to_differ() -> None:
    row = {
        "version": 2,
        "generation": 3,
        "state": "live",
        "in_use": True,
        "begun_at": MONDAY,
        "position": 7,
        "behind": 0,
        "put_away": None,
        "proved": False,
        "proof": None,
    }
    assert (generation_view(row).proved, generation_view(row).tables) == (None, ())
    proof = json.dumps({"equal": True, "tables": {"promises": {"rows": 7, "hash": str(2**64 + 255)}}})
    proved = generation_view({**row, "proved": True, "proof": proof})
    assert (proved.proved, proved.tables[0].hash) == (True, "00000000000000ff")
