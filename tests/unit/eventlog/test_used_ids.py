"""A message under an id that said something else before is told so, whenever it comes; the same again is a repeat."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.chassis.service_door import ServiceDoor
from libs.eventlog.fold import Projector
from libs.eventlog.loops.door import DoorLoop
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.loops.writer import Writer
from libs.eventlog.projection import Reader
from libs.eventlog.rule import Judge
from libs.eventlog.testing import MemoryLog, MemoryStore
from libs.eventlog.wire.codec import Codec
from libs.eventlog.wire.fingerprint import canonical, fingerprint, says_otherwise
from libs.eventlog.wire.receipts import dead_letters_of, receipts_of
from libs.eventlog.wire.record import CONTENT_TYPE, Outgoing
from libs.messages.catalogue import (
    CONTRACTS,
    CONTRACTS_DOOR,
    EVENTS,
    NOTICES,
    NOTICES_DOOR,
    OPS,
    OPS_DOOR,
    PLAN,
    PRIVATE,
    TICKETS,
    TICKETS_DOOR,
    UPSTREAM,
)
from services.contract.domain import DECIDERS as OF_CONTRACTS
from services.contract.handlers import ContractDoor, Writers
from services.contract.projections import READERS as CONTRACT
from services.intake.domain import DECIDERS as OF_TICKETS
from services.intake.facts import FACTS as READ
from services.intake.handlers import TicketDoor
from services.intake.projections import READERS as INTAKE
from services.notification.domain import DECIDERS as OF_NOTICES
from services.notification.handlers import NoticeDoor
from services.notification.projections import READERS as NOTIFICATION
from services.ops.audit.domain import DECIDERS as OF_ACTIONS
from services.ops.audit.handlers import ActionDoor
from services.ops.audit.projections import READERS as AUDIT
from tests.unit.contract.examples import DOOR
from tests.unit.eventlog.environment import Machine, running
from tests.unit.eventlog.test_loops import is_open
from tests.unit.intake.examples import FACTS

READERS = {r.topic: r for r in (*INTAKE, *CONTRACT, *NOTIFICATION, *AUDIT) if r.writes}
DECIDERS = {TICKETS: OF_TICKETS, CONTRACTS: OF_CONTRACTS, PLAN: OF_CONTRACTS, NOTICES: OF_NOTICES, OPS: OF_ACTIONS}
LOGS = {
    TICKETS_DOOR: (TICKETS,),
    CONTRACTS_DOOR: (CONTRACTS, PLAN),
    NOTICES_DOOR: (NOTICES,),
    OPS_DOOR: (OPS,),
}
STREAMS = {
    **dict.fromkeys(("CustomerSubmitted", "RemindersChosen"), "customer"),
    **dict.fromkeys(("LicencePurchased", "OptionsAdded"), "licence"),
    **dict.fromkeys(("ContractSubmitted", "RenewalSigned", "ResubscriptionSigned"), "contract"),
    "PersonErasureOrdered": "erasure",
}
FOREVER = timedelta(days=36500)
PERSONAL = ("text", "subject", "organisation")


class Tables:
    """Answers what the doors ask of their tables."""

    async def facts(self, name: str, asked: Sequence[object], *_: object) -> list[Any]:
        assert name == "facts_for_tickets"
        return [READ.validate_json(READ.dump_json(FACTS)) for _ in asked]

    async def row(self, name: str, **_: object) -> dict[str, Any]:
        assert name == "facts_for_contracts"
        return {"facts": '{"centres": [], "products": [], "customers": []}'}

    async def rows(self, name: str, **_: object) -> list[dict[str, Any]]:
        assert name == "causes_not_to_send"
        return []


class Life:
    """One service's door over a log that outlives it."""

    def __init__(self, log: MemoryLog, door: str, stores: Mapping[str, MemoryStore], key: str | None = None) -> None:
        self.log, self.topic, self.stores, self.clock, self._key = log, door, stores, Machine(), key

    @asynccontextmanager
    async def up(self) -> AsyncIterator[DoorLoop]:
        readers = [self._reader(READERS[topic]) for topic in LOGS[self.topic]]
        async with running(*readers):
            yield DoorLoop(self.log, self.clock, is_open, self._door(), "door", key=self._key)

    def _reader(self, reader: Reader) -> Any:
        projector = Projector(reader, Judge(Codec(reader.topic, EVENTS[reader.topic], 1)))
        return ReaderLoop(self.log, self.stores[reader.topic], projector, f"reader {reader.name}").run

    def _door(self) -> ServiceDoor[Any]:
        cards = {name: SimpleNamespace(partitions=1) for name in (PRIVATE, dead_letters_of(self.topic))}
        host: Any = SimpleNamespace(cards=cards, queries=Tables(), clock=self.clock)
        writers = {topic: self._writer(topic) for topic in LOGS[self.topic]}
        if self.topic == CONTRACTS_DOOR:
            return ContractDoor(host, Writers(writers), FOREVER)
        if self.topic == NOTICES_DOOR:
            return NoticeDoor(host, writers[NOTICES])
        if self.topic == OPS_DOOR:
            return ActionDoor(host, writers[OPS])
        limits: Any = SimpleNamespace(tolerance=FOREVER)
        return TicketDoor(host, limits, writers[TICKETS], self.stores[TICKETS])

    def _writer(self, topic: str) -> Writer:
        codec = Codec(topic, EVENTS[topic], 1)
        arguments = (topic, "olcare/test", DECIDERS[topic], codec, self.log, self.stores[topic], self.clock, is_open, 1)
        return Writer(*arguments)


class Says(NamedTuple):
    """A message: its id, its type, which of three wordings, and how many minutes after the first."""

    id: str
    name: str
    wording: int
    minute: int

    def value(self) -> bytes:
        said = json.loads((DOOR / f"{self.name}.json").read_text())
        said |= {"id": self.id, "time": f"2026-11-24T08:{self.minute:02}:00Z"}
        is_order = self.name in {"ResendOrdered", "SettlementOrdered"}
        said["subject"] = "notice/7c2f1d7e-1f64-5a0e-8f3a-2f1f7b6f1c55/requester" if is_order else "4711"
        _vary(said["data"], self.wording)
        return json.dumps(said, sort_keys=self.minute % 2 == 0).encode()

    @property
    def named(self) -> tuple[str, str]:
        """What the id names is a message about one stream."""
        return self.id, STREAMS.get(self.name, "")


def _vary(data: dict[str, Any], wording: int) -> None:
    """Change one thing in a message: in the second wording something personal, if there is any."""
    personal = [name for name in PERSONAL if name in data]
    if wording == 1 and personal:
        data[personal[0]] += "!"
    elif wording:
        name = next(name for name in OTHER if name in data)
        data[name] = OTHER[name](data[name])


OTHER: Mapping[str, Any] = {
    "case_number": lambda number: number + "9",
    "order": lambda order: order[:-1] + "9",
    "by": lambda by: {"customer": "support", "support": "customer", "person": "automatic"}.get(by, by + "9"),
    "help_given": lambda given: not given,
    "product": lambda product: product + "-2",
    "country": lambda _: "CA",
    "last_day": lambda _: "2027-05-30",
    "signed_on": lambda _: "2027-05-30",
    "wanted": lambda wanted: not wanted,
    "list_value": lambda _: "1.00",
    "added_value": lambda _: "1.00",
    "publication": lambda p: {**p, "content": {**p["content"], "version": p["content"]["version"] + 1}},
}


def names(door: str) -> list[str]:
    return [kind.split(".")[2] for kind in UPSTREAM[door]]


def messages(door: str) -> st.SearchStrategy[list[Says | str]]:
    says = st.builds(
        Says, st.sampled_from(("a", "b")), st.sampled_from(names(door)), st.integers(0, 2), st.integers(0, 5)
    )
    between = st.sampled_from(("batch", "restart", "rebuild"))
    return st.lists(says | says | between, min_size=2, max_size=12)


@pytest.mark.parametrize("known", [True, False])
async def test_after_a_restore_words_are_compared_with_those_of_before_where_their_key_is_known(known: bool) -> None:  # noqa: FBT001
    log = MemoryLog(1)
    stores = {TICKETS: MemoryStore(READERS[TICKETS])}
    key = (await log.identity(PRIVATE)).topic if known else None
    said = [Says("a", "TicketSubmitted", wording, 0).value() for wording in (0, 1, 0)]
    for first, last, of_then in ((0, 1, None), (1, 3, key)):
        async with Life(log, TICKETS_DOOR, stores, of_then).up() as loop:
            for value in said[first:last]:
                log.write(Outgoing(TICKETS_DOOR, 0, b"4711", value, CONTENT_TYPE))
            await loop.process(log.kept[TICKETS_DOOR, 0][first:])
        log.incarnation[PRIVATE] += 1
    answers = [json.loads(record.value or b"") for record in log.kept[receipts_of(TICKETS_DOOR), 0]]
    assert [answer.get("reason") for answer in answers] == [None, "id-used-otherwise" if known else None, None]
    assert answers[0]["event"] == answers[2]["event"]


async def receipts(door: str, story: Sequence[Says | str]) -> list[dict[str, Any]]:
    log = MemoryLog(1)
    stores = {topic: MemoryStore(READERS[topic]) for topic in LOGS[door]}
    for batches in lives(story):
        if batches.anew:
            stores = {topic: MemoryStore(READERS[topic]) for topic in LOGS[door]}
        async with Life(log, door, stores).up() as loop:
            for batch in batches.said:
                begin = len(log.kept[door, 0])
                for one in batch:
                    log.write(Outgoing(door, 0, b"4711", one.value(), CONTENT_TYPE))
                await loop.process(log.kept[door, 0][begin:])
    answers = [json.loads(record.value or b"") for record in log.kept[receipts_of(door), 0]]
    return sorted(answers, key=lambda answer: answer["place"]["offset"])


class Lived(NamedTuple):
    """The batches of one life of a process, which begins with no tables where they are built anew."""

    anew: bool
    said: list[list[Says]]


def lives(story: Sequence[Says | str]) -> list[Lived]:
    found = [Lived(anew=True, said=[[]])]
    for one in story:
        if isinstance(one, Says):
            found[-1].said[-1].append(one)
        elif one == "batch":
            found[-1].said.append([])
        else:
            found.append(Lived(anew=one == "rebuild", said=[[]]))
    return found


@pytest.mark.parametrize("door", LOGS)
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_other_words_under_a_used_id_are_refused_and_the_same_again_are_a_repeat(
    door: str, data: st.DataObject
) -> None:
    story = data.draw(messages(door))
    first: dict[tuple[str, str], Says] = {}
    answered: dict[tuple[object, ...], str] = {}
    said = [one for one in story if isinstance(one, Says)]
    for one, receipt in zip(said, asyncio.run(receipts(door, story)), strict=True):
        before = first.setdefault(one.named, one)
        is_repeat = (before.name, before.wording) == (one.name, one.wording) or _alike(before, one)
        assert (receipt.get("reason") == "id-used-otherwise") is not is_repeat, (one, receipt)
        if not is_repeat:
            assert receipt["outcome"] == "refused"
        words = json.loads(one.value())
        words.pop("time")
        assert (
            answered.setdefault((*one.named, json.dumps(words, sort_keys=True)), receipt["event"]) == receipt["event"]
        )


def _alike(one: Says, other: Says) -> bool:
    """Where nothing is personal, the second wording is the third one."""
    return one.name == other.name and json.loads(one.value())["data"] == json.loads(other.value())["data"]


def test_the_form_of_the_json_makes_no_other_words() -> None:
    one = canonical("olcare.upstream.NoteAdded.v1", b'{"a": [1, {"x": null, "y": "\\u00e9"}], "b": {"d": 1, "c": 2}}')
    assert one == canonical("olcare.upstream.NoteAdded.v1", '{"b":{"c":2,"d":1},"a":[1,{"y":"é"}]}'.encode())
    assert one != canonical("olcare.upstream.NoteAdded.v2", '{"b":{"c":2,"d":1},"a":[1,{"y":"é"}]}'.encode())


def test_a_fingerprint_needs_its_key_and_is_compared_under_one_key_alone() -> None:
    one, other = fingerprint(b"one", b"Camille"), fingerprint(b"one", b"Anna")
    assert one != fingerprint(b"two", b"Camille")
    assert says_otherwise(one, other)
    assert not says_otherwise(one, fingerprint(b"one", b"Camille"))
    assert not says_otherwise(one, fingerprint(b"two", b"Anna"))
    assert not says_otherwise(None, one)
