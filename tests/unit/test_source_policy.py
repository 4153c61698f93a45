"""Who may say what, by a policy: at clients' own doors and at those of all, before and after it is another one."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from libs.eventlog.kafka.topics import load_cards, with_own_doors
from libs.eventlog.loops.door import DoorLoop
from libs.eventlog.testing import MemoryLog, MemoryStore
from libs.eventlog.wire.receipts import dead_letters_of, receipts_of
from libs.eventlog.wire.record import CONTENT_TYPE, Outgoing
from libs.messages.catalogue import (
    CONTRACTS_DOOR,
    NOTICES_DOOR,
    PRIVATE,
    TICKETS_DOOR,
    UPSTREAM,
    door_of_client,
    doors_of,
    group_at,
    split_door,
)
from libs.messages.receipts import DeadLetter
from libs.messages.sources import GROUPS, PROGRAMS, SAID_BY, SAID_BY_US_ALONE, SourcePolicy
from libs.stack.run import PROJECT
from services.ops.door.stored_dead_letters import again
from tests.unit.eventlog.environment import running
from tests.unit.eventlog.test_loops import is_open
from tests.unit.eventlog.test_used_ids import LOGS, READERS, Life, Says, messages

CARDS = load_cards(PROJECT / "contracts/topics")
OWN = door_of_client(TICKETS_DOOR, "crm-eu")
KINDS = {kind.__name__: kind for types in UPSTREAM.values() for kind in types.values()}
TICKET_KINDS = {kind.__name__ for kind in UPSTREAM[TICKETS_DOOR].values()}
TWO: Mapping[str, Any] = {
    "crm-eu": {"sources": {"crm-eu": ["tickets"], "phone": ["ResponseGiven", "CustomerCalled"]}},
    "erp": {"principal": "User:CN=erp", "shared": True, "sources": {"erp": ["contracts", "erasures"]}},
}
OF_ERP = {kind.__name__ for kind in UPSTREAM[CONTRACTS_DOOR].values()} - {"PlanPartSubmitted"}
ALLOWED: Mapping[tuple[str | None, str], set[str]] = {
    ("crm-eu", "crm-eu"): TICKET_KINDS - {"ResponseGiven"},
    ("crm-eu", "phone"): {"ResponseGiven", "CustomerCalled"},
    ("erp", "erp"): OF_ERP,
    (None, "erp"): OF_ERP,
}
"""At whose door, None for that of all, a source may say what; ours are judged by their names alone, at that of all."""


def policy(clients: Mapping[str, Any]) -> SourcePolicy:
    return SourcePolicy.model_validate({"clients": clients})


@pytest.mark.parametrize("client", [None, "crm-eu", "erp", "nobody"])
@pytest.mark.parametrize("source", ["crm-eu", "phone", "erp", "nobody", "plan", "ops"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_source_says_what_it_may_at_the_doors_of_its_client_alone(client: str | None, source: str, kind: str) -> None:
    why = policy(TWO).objection(client, source, KINDS[kind])
    if source in SAID_BY:
        assert (why is None) is (client is None)
    else:
        assert (why is None) is (kind in ALLOWED.get((client, source), set()))
    if why:
        assert why.attribute == ("type" if (client, source) in ALLOWED else "source")
        assert "have operations allow it" in why.text


WRONG: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "a source of two": (
        {"a": {"sources": {"crm": ["tickets"]}}, "b": {"sources": {"crm": ["answers"]}}},
        "the source crm belongs to a and to b",
    ),
    "a group that is none": ({"a": {"sources": {"crm": ["everything"]}}}, "everything is nothing that a client may"),
    "the plan": ({"a": {"sources": {"crm": ["PlanPartSubmitted"]}}}, "PlanPartSubmitted is nothing that a client may"),
    "a source of ours": ({"a": {"sources": {"ops": ["erasures"]}}}, "the source ops is a name of ours"),
    "a source of our events": ({"a": {"sources": {"olcare/x": ["answers"]}}}, "olcare/x is a name of ours"),
    "a source in another spelling": (
        {"a": {"sources": {"cafe\u0301": ["answers"]}}},
        "is written caf\u00e9 at the doors",
    ),
    "a service": ({"intake": {"sources": {}}}, "no client can be called intake"),
    "no name": ({"CRM EU": {"sources": {}}}, "should match pattern"),
    "a principal of no kind": ({"a": {"principal": "crm", "sources": {}}}, "should match pattern"),
    "a word too many": ({"a": {"sources": {}, "says": ["tickets"]}}, "Extra inputs are not permitted"),
}


@pytest.mark.parametrize("way", WRONG)
def test_a_policy_that_can_not_be_meant_is_refused_in_a_sentence(way: str) -> None:
    clients, fault = WRONG[way]
    with pytest.raises(ValidationError, match=fault):
        policy(clients)


def test_every_kind_of_message_is_in_one_group_or_is_said_by_us_alone() -> None:
    for kind in KINDS.values():
        assert [kind in kinds for kinds in (*GROUPS.values(), SAID_BY_US_ALONE)].count(True) == 1, kind


def test_no_client_has_the_name_of_a_program() -> None:
    programs = {name for card in CARDS.values() for name in (*card.written_by, *card.read_by)}
    assert {name for name in programs if "_" not in name} <= PROGRAMS
    assert set(SAID_BY) <= PROGRAMS


def test_the_fingerprint_is_that_of_what_is_allowed() -> None:
    assert policy(TWO).fingerprint() == policy(TWO).fingerprint()
    assert policy(TWO).fingerprint() != policy({**TWO, "web": {"sources": {}}}).fingerprint()


def test_each_client_has_a_door_of_its_own_where_it_may_say_something_and_nobody_else_writes_there() -> None:
    cards = with_own_doors(CARDS, policy(TWO))
    own = {topic: card.written_by for topic, card in cards.items() if topic not in CARDS}
    assert own == {OWN: ("crm-eu", "ops"), door_of_client(CONTRACTS_DOOR, "erp"): ("erp", "ops")}
    assert cards[TICKETS_DOOR].written_by == ("ops",)
    assert cards[CONTRACTS_DOOR].written_by == ("ops", "erp")
    assert {cards[topic].partitions for topic in own} == {cards[TICKETS_DOOR].partitions}
    assert with_own_doors(CARDS, None) == CARDS


def test_a_client_s_own_door_shares_receipts_and_dead_letters_and_has_a_group_of_its_own() -> None:
    topics = with_own_doors(CARDS, policy(TWO))
    assert doors_of(topics, TICKETS_DOOR) == [TICKETS_DOOR, OWN]
    assert doors_of(topics, NOTICES_DOOR) == [NOTICES_DOOR]
    assert split_door(OWN) == (TICKETS_DOOR, "crm-eu")
    assert split_door(TICKETS_DOOR) == (TICKETS_DOOR, None)
    assert (receipts_of(OWN), dead_letters_of(OWN)) == (receipts_of(TICKETS_DOOR), dead_letters_of(TICKETS_DOOR))
    assert (group_at("intake.door", OWN), group_at("intake.door", TICKETS_DOOR)) == (
        "intake.door.crm-eu",
        "intake.door",
    )


class Ruled(NamedTuple):
    """A door, and who may say all that is said there while it is allowed."""

    topic: str
    allowed: SourcePolicy

    @property
    def door(self) -> str:
        return split_door(self.topic)[0]

    def stores(self) -> dict[str, MemoryStore]:
        return {topic: MemoryStore(READERS[topic]) for topic in LOGS[self.door]}


NOBODY = policy({})
RULED = {
    "tickets": Ruled(OWN, policy({"crm-eu": {"sources": {"crm-eu": ["tickets", "answers"]}}})),
    "contracts": Ruled(CONTRACTS_DOOR, policy({"erp": {"shared": True, "sources": {"erp": ["contracts"]}}})),
}


class Living(Life):
    """A service's door under a policy."""

    def __init__(self, log: MemoryLog, ruled: Ruled, stores: Mapping[str, MemoryStore], under: SourcePolicy) -> None:
        super().__init__(log, ruled.door, stores)
        self._at, self._under = ruled.topic, under

    @asynccontextmanager
    async def up(self) -> AsyncIterator[DoorLoop]:
        readers = [self._reader(READERS[topic]) for topic in LOGS[self.topic]]
        async with running(*readers):
            yield DoorLoop(self.log, self.clock, is_open, self._door().at(self._at, self._under), "door")


def letters(log: MemoryLog, ruled: Ruled) -> list[DeadLetter]:
    return [DeadLetter.model_validate_json(r.value or b"") for r in log.kept[dead_letters_of(ruled.topic), 0]]


def answers(log: MemoryLog, ruled: Ruled) -> list[dict[str, Any]]:
    return [json.loads(record.value or b"") for record in log.kept[receipts_of(ruled.topic), 0]]


def events(log: MemoryLog, ruled: Ruled) -> int:
    return sum(len(log.kept[topic, 0]) for topic in LOGS[ruled.door])


class Story:
    """A door through lives under one policy after the other; each message is a record of its own."""

    def __init__(self, ruled: Ruled) -> None:
        self.log, self.ruled, self.under, self.stores = MemoryLog(1), ruled, ruled.allowed, ruled.stores()

    async def tell(self, *records: Outgoing) -> list[dict[str, Any]]:
        """Give the receipts of these records."""
        begin = len(self.log.kept[self.ruled.topic, 0])
        for record in records:
            self.log.write(record)
        return await self.read(begin)

    async def read(self, begin: int) -> list[dict[str, Any]]:
        """Have everything from an offset on answered by a process that begins anew; gives the receipts, by offset."""
        before = len(answers(self.log, self.ruled))
        async with Living(self.log, self.ruled, self.stores, self.under).up() as loop:
            await loop.process(self.log.kept[self.ruled.topic, 0][begin:])
        return sorted(answers(self.log, self.ruled)[before:], key=lambda receipt: receipt["place"]["offset"])

    def said(self, one: Says) -> Outgoing:
        return Outgoing(self.ruled.topic, 0, b"4711", one.value(), CONTENT_TYPE)


def is_refused(receipt: Mapping[str, Any]) -> bool:
    return (receipt["outcome"], receipt.get("reason")) == ("unreadable", "source-not-allowed")


async def told(name: str, story: Sequence[Says | str]) -> None:
    """See that what counts is answered alike whatever is allowed now, and that nothing else is done by who may not."""
    at = Story(RULED[name])
    answered: dict[tuple[object, ...], dict[str, Any]] = {}
    for one in story:
        if isinstance(one, str):
            at.under = {"allow": at.ruled.allowed, "forbid": NOBODY}.get(one, at.under)
            at.stores = at.ruled.stores() if one == "rebuild" else at.stores
            continue
        before, private = events(at.log, at.ruled), len(at.log.kept[PRIVATE, 0])
        (receipt,) = await at.tell(at.said(one))
        words = json.loads(one.value())
        words.pop("time")
        first = answered.get((*one.named, json.dumps(words, sort_keys=True)))
        may = at.under is not NOBODY or words["source"] in SAID_BY
        assert is_refused(receipt) is (not may and first is None), (one, receipt)
        if is_refused(receipt):
            assert (events(at.log, at.ruled), len(at.log.kept[PRIVATE, 0])) == (before, private)
            continue
        place = receipt.pop("place")
        assert answered.setdefault((*one.named, json.dumps(words, sort_keys=True)), receipt) == receipt
        again_ = await at.read(place["offset"])
        assert [{**receipt, "place": place}] == again_, "a record that is read again has the same receipt"


@pytest.mark.parametrize("name", RULED)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_what_counts_is_never_judged_anew_and_what_may_not_be_said_does_nothing(name: str, data: st.DataObject) -> None:
    changes = st.sampled_from(("allow", "forbid", "forbid", "rebuild"))
    story = data.draw(st.lists(st.one_of(messages(RULED[name].door).map(lambda m: [*m]), changes.map(lambda c: [c]))))
    asyncio.run(told(name, [one for some in story for one in some]))


@pytest.mark.parametrize(("name", "kind"), [("tickets", "TicketSubmitted"), ("contracts", "CustomerSubmitted")])
async def test_what_was_refused_comes_back_once_it_is_allowed(name: str, kind: str) -> None:
    at = Story(RULED[name])
    at.under = NOBODY
    (receipt,) = await at.tell(at.said(Says("a", kind, 0, 1)))
    assert is_refused(receipt)
    assert receipt["where"] == "/source"
    (letter,) = letters(at.log, at.ruled)
    assert (letter.reason, letter.place.topic) == ("source-not-allowed", at.ruled.topic)
    at.under = at.ruled.allowed
    (receipt,) = await at.tell(again(letter))
    assert receipt["outcome"] in {"accepted", "refused"}
    assert receipt["event"]
    assert events(at.log, at.ruled) == 1
