"""Who publishes what was rehearsed is on record before it is sent, and what came of it afterwards."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from libs.chassis.manual_clock import ManualClock
from libs.eventlog.client.door_client import Unanswered
from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.topics import load_cards
from libs.eventlog.wire.record import Outgoing, RecordedEvent
from libs.messages.catalogue import CONTRACTS_DOOR, OPS_DOOR
from libs.messages.places import RecordAddress
from libs.messages.plan import TargetsPublished
from libs.messages.receipts import Outcome, Receipt
from services.ops.cli.output import Refused
from services.ops.rehearse import publishing
from services.ops.rehearse.draft import stood_on
from services.ops.rehearse.findings import DraftedPart, Summary
from services.ops.rehearse.publishing import publish_rehearsed
from services.ops.rehearse.timeline import timeline_of
from services.ops.watch.recording import RecordedOrder
from tests.unit.recorded import recorded_event
from tests.unit.sla_timer.test_publications import FIRST_TARGETS

MONDAY = datetime(2026, 11, 23, 7, tzinfo=UTC)
CARDS = load_cards(Path("contracts/topics"))
ORDER, DIGEST = "5d3a9a0e-3c57-4b4c-9f0e-8f3a4e0c1a01", "ab" * 32
PART = "targets/plan/first-response"
BEFORE = FIRST_TARGETS.content
DRAFT = BEFORE.model_copy(update={"version": BEFORE.version + 1})
EVENTS = [recorded_event(PART, 1, TargetsPublished(published_at=MONDAY, targets=BEFORE), MONDAY)]
REHEARSED = DraftedPart(
    stream=PART, part="targets", version=DRAFT.version, content=DRAFT.model_dump(mode="json"), differs=()
)
OF_A_REHEARSAL: dict[str, Any] = {"stood_on": tuple(stood_on(timeline_of(EVENTS))), "draft": (REHEARSED,)}
SUMMARY = Summary.model_construct(**OF_A_REHEARSAL)
SILENT: Any = None


class Doors:
    """Two doors that answer everything alike, or nothing; what was said stands in order."""

    log = None

    def __init__(self, audit: Outcome = Outcome.ACCEPTED, contract: Outcome = Outcome.ACCEPTED) -> None:
        self.clock, self.said = ManualClock(MONDAY), list[tuple[str, dict[str, Any]]]()
        self._answers = {OPS_DOOR: audit, CONTRACTS_DOOR: contract}

    async def ask(self, records: Sequence[Outgoing], *_: object, patience: float | None = None) -> list[Receipt]:
        [record] = records
        said = json.loads(record.value or b"")
        self.said.append((said["type"], said["data"]))
        if self._answers[record.topic] is SILENT:
            raise Unanswered(f"no receipt for {patience or 60:.0f} s")
        place = RecordAddress(topic=record.topic, partition=0, offset=len(self.said))
        return [Receipt(place=place, outcome=self._answers[record.topic], reason="no-such-thing")]

    def types(self) -> list[str]:
        return [kind.removeprefix("olcare.upstream.").removesuffix(".v1") for kind, _ in self.said]


@pytest.fixture(autouse=True)
def published(monkeypatch: pytest.MonkeyPatch) -> None:
    async def events(*_: object) -> AsyncIterator[RecordedEvent]:
        for event in EVENTS:
            yield event

    monkeypatch.setattr(publishing, "counting_events", events)


def order(doors: Any) -> RecordedOrder:
    return RecordedOrder(doors, CARDS, "anna", ORDER, lambda _: None)


async def test_who_publishes_which_parts_on_which_rehearsal_is_on_record_before_they_are_sent() -> None:
    doors = Doors()
    [part] = await publish_rehearsed(order(doors), DIGEST, SUMMARY)
    assert (part.part, part.version, part.outcome) == (PART, DRAFT.version, "new")
    assert doors.types() == ["PublicationOrdered", "PlanPartSubmitted", "PublicationDone"]
    (_, ordered), (_, sent), (_, done) = doors.said
    assert ordered == {
        "by": "anna",
        "order": ORDER,
        "draft": {"rehearsal": DIGEST, "parts": [{"part": PART, "version": DRAFT.version}]},
    }
    assert sent["rehearsal"] == DIGEST
    assert done == {
        "by": "anna",
        "order": ORDER,
        "tally": {"ended": "complete", "published": 1, "refused": 0, "left": 0},
    }


@pytest.mark.parametrize(("audit", "error"), [(SILENT, Unavailable), (Outcome.REFUSED, Refused)])
async def test_nothing_is_published_where_it_is_not_recorded(audit: Outcome, error: type[Exception]) -> None:
    doors = Doors(audit)
    with pytest.raises(error, match="nothing is done, as it "):
        await publish_rehearsed(order(doors), DIGEST, SUMMARY)
    assert doors.types() == ["PublicationOrdered"]


async def test_what_contract_refuses_is_recorded_as_refused() -> None:
    doors = Doors(contract=Outcome.REFUSED)
    [part] = await publish_rehearsed(order(doors), DIGEST, SUMMARY)
    assert part.outcome == "refused"
    assert doors.said[-1][1]["tally"] == {"ended": "refused", "published": 0, "refused": 1, "left": 0}


async def test_what_contract_does_not_answer_is_recorded_as_failed() -> None:
    doors = Doors(contract=SILENT)
    with pytest.raises(Unanswered):
        await publish_rehearsed(order(doors), DIGEST, SUMMARY)
    assert doors.said[-1][1]["tally"] == {"ended": "failed", "published": 0, "refused": 0, "left": 1}


async def test_nobody_is_said_to_publish_what_is_refused_before_it_is_sent() -> None:
    doors = Doors()
    with pytest.raises(Refused, match="the plan has changed since the rehearsal"):
        await publish_rehearsed(order(doors), DIGEST, SUMMARY.model_copy(update={"stood_on": ()}))
    assert doors.said == []
