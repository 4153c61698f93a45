"""Whoever looks at what is private leaves an event, and nothing of what it holds."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from libs.decider import IdUsedOtherwise
from libs.eventlog.errors import Unreadable
from libs.eventlog.wire.record import CONTENT_TYPE, Outgoing, Record
from libs.messages.actions import (
    ActionEvent,
    ActionRefusal,
    ActionRefused,
    DraftPart,
    DraftPublication,
    GenerationsDiscarded,
    GenerationSwitched,
    PrivateDataShown,
    PrivateKind,
    ProvedTable,
    PublicationDone,
    PublicationEnd,
    PublicationOrdered,
    PublicationTally,
    Rebuild,
    RebuildDone,
    RebuildEnd,
    RebuildOrdered,
    RebuildResult,
    Redrive,
    RedriveDone,
    RedriveEnd,
    RedriveHow,
    RedriveOrdered,
    RedriveTally,
    ViewingReason,
)
from libs.messages.catalogue import OPS_DOOR
from libs.messages.places import RecordAddress
from libs.messages.receipts import Outcome, Receipt
from services.ops.audit.domain import DECIDER, Command, Discard, Mend, Mending, ShowPrivateData, State, Switch
from services.ops.audit.handlers import ActionDoor
from services.ops.audit.projections import MENDINGS, VIEWINGS, MendingRow, ViewingRow
from services.ops.cli.output import Refused
from services.ops.door import dead_letters
from services.ops.door.viewings import Viewer, put_on_record
from services.ops.ticket import command as ticket
from tests.contracts.asyncapi import examples
from tests.unit.recorded import recorded_event
from tests.unit.support import Specification

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
PLACE = "olcare.tickets.in.v1/3/17"
LOOK = ShowPrivateData(NOON, "anna", ViewingReason.MENDING, "INC-204", PrivateKind.DEAD_LETTER, PLACE)
SHOWN = PrivateDataShown(
    shown_at=NOON,
    by="anna",
    reason=ViewingReason.MENDING,
    case_number="INC-204",
    kind=PrivateKind.DEAD_LETTER,
    what=PLACE,
)
REFUSED = ActionRefused(refused_at=NOON, by="anna", reason=ActionRefusal.ID_USED_OTHERWISE)
ORDER, OTHER = "5d3a9a0e-3c57-4b4c-9f0e-8f3a4e0c1a01", "5d3a9a0e-3c57-4b4c-9f0e-8f3a4e0c1a02"
REDRIVE = Redrive(how=RedriveHow.AS_IT_CAME, letters=3, first=PLACE, reason="bad-field", source="crm-eu")
TALLY = RedriveTally(ended=RedriveEnd.STOPPED, taken=1, unreadable=1, left=1)
REBUILD = Rebuild(reader="sla_timer.sla", processes=2)
TABLE = ProvedTable(table="promises", rows=7, hash="00ff", equal=True)
RESULT = RebuildResult(ended=RebuildEnd.SWITCHED, generation=4, proof=(TABLE,))
DIGEST = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
PARTS = (DraftPart(part="calendar/plan/france", version=3), DraftPart(part="targets/plan/first-response", version=2))
DRAFT = DraftPublication(rehearsal=DIGEST, parts=PARTS)
PUBLISHED = PublicationTally(ended=PublicationEnd.REFUSED, published=1, refused=1)
ORDERED: dict[str, tuple[Mending, ActionEvent]] = {
    "RedriveOrdered": (REDRIVE, RedriveOrdered(ordered_at=NOON, by="anna", order=ORDER, redrive=REDRIVE)),
    "RedriveDone": (TALLY, RedriveDone(done_at=NOON, by="anna", order=ORDER, tally=TALLY)),
    "RebuildOrdered": (REBUILD, RebuildOrdered(ordered_at=NOON, by="anna", order=ORDER, rebuild=REBUILD)),
    "RebuildDone": (RESULT, RebuildDone(done_at=NOON, by="anna", order=ORDER, result=RESULT)),
    "GenerationSwitchOrdered": (
        Switch("sla_timer.sla", 3),
        GenerationSwitched(switched_at=NOON, by="anna", order=ORDER, reader="sla_timer.sla", generation=3),
    ),
    "GenerationsDiscardOrdered": (
        Discard("sla_timer.sla"),
        GenerationsDiscarded(discarded_at=NOON, by="anna", order=ORDER, reader="sla_timer.sla"),
    ),
    "PublicationOrdered": (DRAFT, PublicationOrdered(ordered_at=NOON, by="anna", order=ORDER, draft=DRAFT)),
    "PublicationDone": (PUBLISHED, PublicationDone(done_at=NOON, by="anna", order=ORDER, tally=PUBLISHED)),
}
"""What is said at the door → what is decided, and its event."""
actions: Specification[State, Command, ActionEvent] = Specification(DECIDER)
HOST: Any = SimpleNamespace(cards={})
DOOR = ActionDoor(HOST, HOST)
SAID = json.loads(examples("olcare.upstream.PrivateDataRequested.v1")[0].read_text())


def at_the_door(**data: object) -> Record:
    said = {**SAID, "data": {**SAID["data"], **data}}
    return Record(OPS_DOOR, 0, 0, b"anna", json.dumps(said).encode(), CONTENT_TYPE, 0)


def test_who_is_shown_what_is_private_leaves_an_event() -> None:
    actions.given().when(LOOK).then(SHOWN)


def test_whoever_looked_before_may_look_again() -> None:
    actions.given(SHOWN, SHOWN, REFUSED).when(LOOK).then(SHOWN)


def test_another_wish_under_a_used_id_is_refused() -> None:
    actions.given(SHOWN).when(IdUsedOtherwise(NOON, LOOK)).then(REFUSED)


async def test_the_actions_of_a_person_are_one_stream() -> None:
    records = [at_the_door(by=by, what=what) for by in ("anna", "o.k") for what in (PLACE, "ticket/crm-eu/4711")]
    issued = await DOOR.issue([(record, DOOR.read(record)) for record in records])
    assert [one.stream for one in issued] == ["action/ops/anna"] * 2 + ["action/ops/o.k"] * 2
    assert [one.command.what for one in issued] == [PLACE, "ticket/crm-eu/4711"] * 2


@pytest.mark.parametrize(
    "data",
    [
        {"reason": "a customer rang"},
        {"reason": None},
        {"by": "Camille Exemple"},
        {"by": None},
        {"case_number": "it is about Camille"},
        {"what": "ticket/crm-eu/Camille Exemple"},
        {"what": "4711"},
    ],
)
def test_no_words_of_their_own_and_no_name_are_taken(data: dict[str, object]) -> None:
    with pytest.raises(Unreadable):
        DOOR.read(at_the_door(**data))


def test_what_is_said_leaves_nothing_private() -> None:
    record = at_the_door()
    assert list(DOOR.personal(record, DOOR.read(record))) == []


@pytest.mark.parametrize(("event", "outcome"), [(SHOWN, Outcome.ACCEPTED), (REFUSED, Outcome.REFUSED)])
def test_only_what_counts_lets_anybody_look(event: ActionEvent, outcome: Outcome) -> None:
    assert DOOR.outcome(event) is outcome


def test_each_viewing_is_a_row_with_who_what_when_and_why() -> None:
    first, second = recorded_event("action/ops/anna", 1, SHOWN), recorded_event("action/ops/anna", 2, SHOWN)
    assert VIEWINGS.keys(first) != VIEWINGS.keys(second)
    assert VIEWINGS.evolve(None, first) == ViewingRow(
        stream="action/ops/anna",
        sequence=1,
        recorded_at=first.recordedtime,
        shown_at=NOON,
        who="anna",
        reason="mending",
        case_number="INC-204",
        kind="dead-letter",
        what=PLACE,
    )


def test_a_refusal_is_no_viewing() -> None:
    assert VIEWINGS.evolve(None, recorded_event("action/ops/anna", 1, REFUSED)) is None


HERE: Any = SimpleNamespace(cards=lambda: {OPS_DOOR: SimpleNamespace(partitions=1)}, postgres_address=lambda: "nowhere")
WHO = Viewer("anna", ViewingReason.MENDING, "INC-204")


class AnsweringDoor:
    """A client of doors at which everything gets this answer."""

    clock = SimpleNamespace(now=lambda: NOON)
    kafka = log = None

    def __init__(self, outcome: Outcome, reason: str | None = None) -> None:
        place = RecordAddress(topic=OPS_DOOR, partition=0, offset=1)
        self._receipt = Receipt(place=place, outcome=outcome, reason=reason)
        self.asked = list[Outgoing]()

    async def ask(self, records: Sequence[Outgoing]) -> list[Receipt]:
        self.asked += records
        return [self._receipt for _ in records]


async def test_nothing_may_be_shown_where_the_record_of_it_is_refused() -> None:
    said, accepting = WHO.request(PrivateKind.DEAD_LETTER, PLACE), AnsweringDoor(Outcome.ACCEPTED)
    await put_on_record(HERE, accepting, said)  # type: ignore[arg-type] # as much of a client as it asks
    assert [record.topic for record in accepting.asked] == [OPS_DOOR]
    refusing = AnsweringDoor(Outcome.REFUSED, "id-used-otherwise")
    with pytest.raises(Refused, match="nothing is shown, as it was not recorded: refused: id-used-otherwise"):
        await put_on_record(HERE, refusing, said)  # type: ignore[arg-type] # likewise


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to look at what is private find it, and the record of it is refused."""

    @asynccontextmanager
    async def client(_: object) -> AsyncIterator[AnsweringDoor]:
        yield AnsweringDoor(Outcome.REFUSED, "id-used-otherwise")

    async def found(*_: object) -> list[str]:
        return ["what was found"]

    for command, finds in ((dead_letters, "_find"), (ticket, "history")):
        monkeypatch.setattr(command, "door_client", client)
        monkeypatch.setattr(command, finds, found)


@pytest.mark.usefixtures("refusing")
async def test_no_dead_letter_is_shown_before_that_is_recorded() -> None:
    with pytest.raises(Refused, match="nothing is shown"):
        await dead_letters._letter(HERE, RecordAddress(topic="olcare.tickets.in.v1", partition=3, offset=17), WHO)


@pytest.mark.usefixtures("refusing")
async def test_nothing_personal_of_a_ticket_is_shown_before_that_is_recorded() -> None:
    with pytest.raises(Refused, match="nothing is shown"):
        await ticket._history(HERE, "ticket/crm-eu/4711", WHO)


@pytest.mark.parametrize("kind", ORDERED)
def test_who_mends_something_leaves_an_event(kind: str) -> None:
    what, event = ORDERED[kind]
    actions.given(SHOWN, event).when(Mend(NOON, "anna", ORDER, what)).then(event)
    assert DOOR.outcome(event) is Outcome.ACCEPTED


@pytest.mark.parametrize("kind", ORDERED)
async def test_what_is_said_at_the_door_is_what_is_recorded(kind: str) -> None:
    example = json.loads(examples(f"olcare.upstream.{kind}.v1")[0].read_text())
    record = Record(OPS_DOOR, 0, 0, b"anna", json.dumps(example).encode(), CONTENT_TYPE, 0)
    [issued] = await DOOR.issue([(record, DOOR.read(record))])
    assert issued.stream == "action/ops/ops-anna"
    assert type(issued.command.what) is type(ORDERED[kind][0])
    left = DECIDER.decide(DECIDER.initial, issued.command)
    assert left is not None
    said = left.model_dump(mode="json", exclude_none=True)
    assert {name: value for name, value in said.items() if not name.endswith("_at")} == example["data"]


@pytest.mark.parametrize(
    ("kind", "action", "what"),
    [
        ("RedriveOrdered", "redrive-as-it-came", PLACE),
        ("RebuildOrdered", "rebuild", "sla_timer.sla"),
        ("GenerationSwitchOrdered", "switch", "sla_timer.sla"),
        ("GenerationsDiscardOrdered", "discard-generations", "sla_timer.sla"),
        ("PublicationOrdered", "publish", DIGEST),
    ],
)
def test_what_is_ordered_is_a_row_without_an_outcome(kind: str, action: str, what: str) -> None:
    event = recorded_event("action/ops/anna", 1, ORDERED[kind][1])
    row = MENDINGS.evolve(None, event)
    assert row is not None
    assert MENDINGS.keys(event) == (("action/ops/anna", ORDER),)
    assert (row.who, row.action, row.what, row.outcome, row.done_at) == ("anna", action, what, None, None)


@pytest.mark.parametrize("begun", ["RedriveOrdered", None])
def test_what_came_of_a_redrive_stands_beside_its_order_and_alone_where_that_came_later(begun: str | None) -> None:
    first = MENDINGS.evolve(None, recorded_event("action/ops/anna", 1, ORDERED[begun][1])) if begun else None
    done = recorded_event("action/ops/anna", 2, ORDERED["RedriveDone"][1])
    row = MENDINGS.evolve(first, done)
    assert row is not None
    assert (row.outcome, row.taken, row.refused, row.unreadable, row.left_over) == ("stopped", 1, 0, 1, 1)
    assert (row.what, row.letters, row.done_at) == (PLACE if begun else None, 3 if begun else None, done.recordedtime)


@pytest.mark.parametrize("begun", ["PublicationOrdered", None])
def test_who_published_which_parts_on_which_rehearsal_stands_in_one_row_with_what_came_of_it(begun: str | None) -> None:
    first = MENDINGS.evolve(None, recorded_event("action/ops/anna", 1, ORDERED[begun][1])) if begun else None
    row = MENDINGS.evolve(first, recorded_event("action/ops/anna", 2, ORDERED["PublicationDone"][1]))
    assert row is not None
    assert (row.who, row.action, row.what) == ("anna", "publish", DIGEST if begun else None)
    assert (row.outcome, row.taken, row.refused, row.left_over) == ("refused", 1, 1, 0)
    assert json.loads(row.parts or "[]") == ([part.model_dump() for part in PARTS] if begun else [])


def test_what_is_ordered_twice_is_two_rows() -> None:
    event = ORDERED["RedriveOrdered"][1]
    assert isinstance(event, RedriveOrdered)
    other = recorded_event("action/ops/anna", 2, event.model_copy(update={"order": OTHER}))
    assert MENDINGS.keys(other) != MENDINGS.keys(recorded_event("action/ops/anna", 1, event))


def test_a_rebuild_keeps_its_proof() -> None:
    row = MENDINGS.evolve(None, recorded_event("action/ops/anna", 1, ORDERED["RebuildDone"][1]))
    assert isinstance(row, MendingRow)
    assert (row.outcome, row.generation) == ("switched", 4)
    assert json.loads(row.proof or "") == [{"table": "promises", "rows": 7, "hash": "00ff", "equal": True}]
