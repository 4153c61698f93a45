"""A fault planted in each decider, reaction, fold and template of every service holds up one stream, and no other.

Each of them stands in a list here: one that is added and is in none fails this test. The loops are the real ones, on a
log in memory; tests/acceptance/test_planted_faults.py plants faults in running services.
"""

import ast
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from itertools import count
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import pytest

import services
from libs.decider import Decider
from libs.eventlog.commands import IssuedCommand, Reaction
from libs.eventlog.failures import Failure
from libs.eventlog.fold import Projector
from libs.eventlog.loops.duty import Duty, DutyLoop
from libs.eventlog.loops.reaction import ReactionLoop
from libs.eventlog.loops.reader import ReaderLoop
from libs.eventlog.loops.stuck import LONGEST
from libs.eventlog.loops.writer import Writer
from libs.eventlog.projection import Projection, Reader
from libs.eventlog.rule import Judge
from libs.eventlog.testing import MemoryLog, MemoryStore, no_rest
from libs.eventlog.wire.codec import Codec
from libs.eventlog.wire.record import CONTENT_TYPE, Cause, Outgoing, Record, encode
from libs.messages.base import Event, event_type
from libs.messages.catalogue import EVENT_OF_TYPE, EVENTS, topic_of
from libs.messages.ids import name_id
from libs.messages.streams import parse_stream, partition_of, stream_id
from libs.messages.upstream import TzContent
from services.contract import handlers as contract
from services.contract.entitlements import GrantBenefits
from services.contract.plan_parts import PublishPart
from services.intake import handlers as intake
from services.notification import handlers as notification
from services.notification import sender
from services.notification.mail.outgoing import OutgoingMail
from services.notification.notice.delivery import RecordFailed, RecordSent
from services.notification.reactions import NO_FACTS as NO_RECIPIENTS
from services.sla_timer import handlers as sla_timer
from services.sla_timer.cycles.decider import MissTarget
from services.sla_timer.reactions import FACTS, NO_FACTS
from tests.unit.contract.examples import ACTIVATE, JUNE, SUBMIT
from tests.unit.contract.test_licence import BUY
from tests.unit.contract.test_plan_parts import PARTS, TZ
from tests.unit.eventlog.environment import Machine
from tests.unit.eventlog.suite_reader import Handed
from tests.unit.eventlog.test_loops import is_open
from tests.unit.intake.examples import BY_WEB
from tests.unit.notification.stories import request
from tests.unit.notification.test_sender import ROW, Mails, Scene
from tests.unit.ops.test_audit import LOOK
from tests.unit.recorded import NOON
from tests.unit.sla_timer.examples import answer

ROOT = Path(services.__file__).parent
EXAMPLES = ROOT.parent / "contracts" / "examples" / "log"
TEXTS = ROOT / "notification" / "mail" / "texts"
PLAN_KINDS = {stream.partition("/")[0]: PublishPart(JUNE, publication) for publication, _, stream in PARTS}

DECIDERS: Mapping[tuple[str, str], Any] = {
    ("intake", "ticket"): BY_WEB,
    ("contract", "customer"): SUBMIT,
    ("contract", "licence"): BUY,
    ("contract", "contract"): ACTIVATE,
    ("contract", "entitlements"): GrantBenefits(JUNE, "customer/erp/C-1", "product", "contract/erp/K-1", JUNE, JUNE),
    ("contract", "calendar"): PLAN_KINDS["calendar"],
    ("contract", "targets"): PLAN_KINDS["targets"],
    ("contract", "prices"): PLAN_KINDS["prices"],
    ("contract", "versions"): PLAN_KINDS["versions"],
    ("contract", "reminders"): PLAN_KINDS["reminders"],
    ("contract", "tz"): PublishPart(JUNE, TzContent(part="tz", content=TZ)),
    ("sla_timer", "promise"): answer(NOON),
    ("sla_timer", "cycles"): MissTarget(NOON, NOON),
    ("notification", "notice"): request(),
    ("ops.audit", "action"): LOOK,
}
"""The deciders by service and kind of stream, each with a command that it answers; `cycles` by no event."""
HANDLERS: Mapping[str, ModuleType] = {
    "intake": intake,
    "contract": contract,
    "sla_timer": sla_timer,
    "notification": notification,
}
REACTIONS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("intake", "tickets"): ("react", "ResponseRecorded"),
    ("contract", "contracts"): ("react", "LicenceRegistered"),
    ("sla_timer", "tickets"): ("react", "TicketOpened"),
    ("sla_timer", "sla"): ("react_to_promise", "LaterResponseNoted"),
    ("notification", "tickets"): ("react", "TicketRefused"),
    ("notification", "sla"): ("react", "FirstResponseBreached"),
    ("notification", "contracts"): ("react", "ContractLapsed"),
}
"""The reactions by service and reader: the function of `handlers` that they call, and an event that they follow."""
FOLDS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "intake": {
        "tickets": ["ticket_states", "tickets"],
        "contracts": ["customers", "terms", "licences"],
        "plan": ["centres", "products", "price_lists"],
    },
    "contract": {
        "contracts": [
            *("contract_states", "customers", "contracts", "terms", "licences", "entitlements", "erased_persons")
        ],
        "plan": ["plan_states", "plan_parts", "price_lists", "tz_databases"],
    },
    "sla_timer": {
        "sla": ["states", "promises", "cycles"],
        "tickets": ["cycle_facts", "promise_facts"],
        "plan": ["calendars", "calendar_changes", "targets", "tz_databases"],
    },
    "notification": {
        "notices": ["notice_states", "notices"],
        "tickets": ["tickets"],
        "sla": ["promises"],
        "contracts": ["customers", "erased_persons", "contracts", "terms"],
        "plan": ["centres"],
    },
    "ops.audit": {
        "actions": ["action_states", "viewings", "mendings"],
        **{reader: [] for reader in ("tickets", "sla", "contracts", "plan", "notices")},
    },
}
"""The tables that are folded, by service and reader."""
TEMPLATES = (
    *("acknowledgement", "address-in-doubt", "breach", "cover-restated", "cover-restated-centre", "deadline-moved"),
    *("deadline-moved-centre", "lapse", "lapse-reversed", "lapse-subscription", "no-promise", "refusal", "renewal"),
    *("renewal-offer", "renewal-reminder", "restatement", "resubscription", "warning", "welcome"),
)
"""The texts of mails, each in every language."""
LANGUAGES = ("en", "fr")


class Planted(Exception):  # noqa: N818 - a fault of the program, of a kind that nobody expects
    """It fails here."""


def deciders(service: str) -> Mapping[str, Decider[Any, Any, Any]]:
    return dict(import_module(f"services.{service}.domain").DECIDERS)


def readers(service: str) -> Mapping[str, Reader]:
    return {reader.name: reader for reader in import_module(f"services.{service}.projections").READERS}


def reactions(service: str) -> Iterator[tuple[str, str]]:
    """Give what the composition of a service reacts to: the readers that it names in `host.reaction`."""
    tree = ast.parse((ROOT.joinpath(*service.split(".")) / "__main__.py").read_text())
    loops = {node.target.id: ast.literal_eval(node.iter) for node in ast.walk(tree) if isinstance(node, ast.For)}  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "reaction":
            reader = node.args[0]
            names = [reader.value] if isinstance(reader, ast.Constant) else loops[reader.id]  # type: ignore[attr-defined]
            yield from ((service, str(name)) for name in names)


def test_every_decider_reaction_fold_and_template_is_in_a_list_here() -> None:
    folders = [path.parent for path in sorted(ROOT.rglob("__main__.py")) if (path.parent / "domain.py").exists()]
    found = [".".join(folder.relative_to(ROOT).parts) for folder in folders]
    assert set(found) == set(FOLDS)
    assert {(service, kind) for service in found for kind in deciders(service)} == set(DECIDERS)
    assert {one for service in found for one in reactions(service)} == set(REACTIONS)
    assert {(service, name) for service in found for name, r in readers(service).items() if r.reacts} == set(REACTIONS)
    folds = {
        service: {name: [p.table for p in reader.projections] for name, reader in readers(service).items()}
        for service in found
    }
    assert folds == FOLDS
    texts = {path.relative_to(TEXTS).as_posix() for path in TEXTS.rglob("*.txt") if not path.stem.startswith("_")}
    assert texts == {f"{language}/{name}.txt" for language in LANGUAGES for name in TEMPLATES}


class Here(NamedTuple):
    """Two streams of a kind in two partitions: the one that fails, and another one."""

    bad: str
    good: str


def two(stream: str) -> Here:
    """Give a stream in the first partition and one in the second, of the kind and source of a given one."""
    found: dict[int, str] = {}
    kind, source, number = parse_stream(stream)
    for at in count():
        another = stream_id(kind, source, f"{number}-{at}" if kind != "notice" else number)
        if kind == "notice":
            another = stream_id(kind, str(name_id(str(at))), number)
        found.setdefault(partition_of(another, 2), another)
        if len(found) == 2:
            return Here(found[0], found[1])
    raise AssertionError


def example(name: str) -> tuple[str, Event]:
    written = json.loads((EXAMPLES / f"{name}.json").read_text())
    return written["subject"], EVENT_OF_TYPE[written["type"]].model_validate(written["data"])


def written(log: MemoryLog, topic: str, stream: str, event: Event) -> Record:
    cause = Cause(str(name_id(stream)), "test", NOON)
    value = encode("olcare/test", stream, None, event, cause, NOON).value
    partition = partition_of(stream, 2)
    log.write(Outgoing(topic, partition, stream.encode(), value, CONTENT_TYPE))
    return log.kept[topic, partition][-1]


def codec_of(topic: str) -> Codec:
    return Codec(topic, EVENTS[topic], 2)


class ReadAtOnce(MemoryStore):
    """A store whose reader reads the log whenever somebody waits for it."""

    read: Callable[[], Any]

    async def next_position(self, partition: int, beyond: int, wait: float) -> bool:
        await self.read()
        return await super().next_position(partition, beyond, wait)


def reading(log: MemoryLog, reader: Reader) -> tuple[ReadAtOnce, ReaderLoop]:
    store = ReadAtOnce(reader)
    loop = ReaderLoop(log, store, Projector(reader, Judge(codec_of(reader.topic))), "reader")

    async def read() -> None:
        begin = await loop.assigned(frozenset({0, 1}))
        new = {p: log.kept[reader.topic, p][at:] for p, at in begin.items()}
        await loop.round(Handed({p: records for p, records in new.items() if records}))

    store.read = read
    return store, loop


@pytest.mark.parametrize(("service", "kind"), DECIDERS)
async def test_a_decider_that_fails_for_one_stream_leaves_it_aside_until_it_is_mended(service: str, kind: str) -> None:
    here, command = two(stream_of(kind)), DECIDERS[service, kind]
    failing, decided = {here.bad}, list[str]()
    decider = deciders(service)[kind]
    reader = next(r for r in readers(service).values() if r.writes and r.topic == topic_of(here.bad))

    def decide(state: Any, about: Any) -> Any:
        stream = streams[id(about)]
        if stream in failing:
            raise Planted
        decided.append(stream)
        return decider.decide(state, about)

    commands = {stream: replace(command) for stream in here}
    streams = {id(each): stream for stream, each in commands.items()}
    log, clock, reported = MemoryLog(2), Machine(), list[Failure]()
    store, _ = reading(log, reader)
    planted = {kind: replace(decider, decide=decide)}
    writer = Writer(reader.topic, "olcare/test", planted, codec_of(reader.topic), log, store, clock, is_open, 2)

    async def find(now: datetime, most: int) -> Sequence[IssuedCommand]:  # noqa: ARG001 - all is due
        owed = [stream for stream in here if stream not in decided]
        return [IssuedCommand(str(name_id(one)), one, commands[one], "test") for one in owed]

    duty = Duty("planted", find)
    loop = DutyLoop(clock, is_open, [duty], writer.handle, no_rest, report=reported.append)
    await loop.round(duty)
    assert (decided, [failure.about for failure in reported]) == ([here.good], [here.bad])
    failing.clear()
    clock.seconds += LONGEST
    await loop.round(duty)
    assert decided == [here.good, here.bad]
    assert not loop.keeps_back
    streams_of_log = {record.key.decode() for records in log.kept.values() for record in records if record.key}
    assert streams_of_log == (set() if kind == "cycles" else set(here))


def stream_of(kind: str) -> str:
    return "notice/0f6a4d9e-7a0a-5d0e-9f0a-6d2f1c1b7a11/requester" if kind == "notice" else f"{kind}/planted/1"


@pytest.mark.parametrize(("service", "reader"), REACTIONS)
async def test_a_reaction_that_fails_for_one_stream_leaves_it_aside_until_it_is_mended(
    service: str, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    function, name = REACTIONS[service, reader]
    about, event = example(name)
    here, module = two(about), HANDLERS[service]
    failing, reacted = {here.bad}, list[str]()

    def planted(event: Any, *_: object) -> Sequence[Reaction]:
        if event.stream in failing:
            raise Planted
        reacted.append(event.stream)
        return []

    monkeypatch.setattr(module, function, planted)
    log, clock = MemoryLog(2), Machine()
    of = readers(service)[reader]
    for stream in here:
        written(log, of.topic, stream, event)
    store, _ = reading(log, of)
    react = reacting(service, function)
    loop = ReactionLoop(log, clock, is_open, of.topic, "react", store, codec_of(of.topic), react, at_none)
    subscription = await log.subscribe(of.topic, "react", loop.assigned)
    await loop.round(subscription)
    assert (reacted, [one.failure.about for one in loop.stuck]) == ([here.good], [here.bad])
    failing.clear()
    clock.seconds += LONGEST
    await loop.round(subscription)
    assert (reacted, len(loop.stuck)) == ([here.good, here.bad], 0)


async def at_none(_: object) -> Sequence[Any]:
    return []


def reacting(service: str, function: str) -> Any:
    """Give what the service's composition passes to its loop."""
    host: Any = SimpleNamespace(queries=Nothing(), settings=None, clock=Machine())
    if service == "intake":
        host.engine = SimpleNamespace(log=None, group=str, appender=Nothing)
        host.count_receipt = Nothing()
        host.own_doors = lambda door: [door]
        return intake.HeldReceipts(host).react
    if service == "contract":
        return contract.ContractReactions(host).react
    if service == "notification":
        return notification.NoticeReactions(host, SimpleNamespace(mail_domain="x.example")).react  # type: ignore[arg-type]
    found = sla_timer.PromiseReactions(host, Nothing())  # type: ignore[arg-type]
    return found.react if function == "react" else found.react_to_promises


class Nothing:
    """Queries that find no facts, and a tz database that is not outdated."""

    async def rows(self, _: str, centres: Sequence[str] = (), **__: object) -> Sequence[Any]:
        return [{"facts": FACTS.dump_json(NO_FACTS).decode()} for _ in centres]

    async def facts(self, _: str, needed: Sequence[object], *__: object) -> Sequence[Any]:
        return [NO_RECIPIENTS for _ in needed]

    async def passed(self) -> None:
        """Hold nothing back."""


EACH_FOLD = [
    (service, reader, table) for service, each in FOLDS.items() for reader, tables in each.items() for table in tables
]


@pytest.mark.parametrize(("service", "reader", "table"), EACH_FOLD)
async def test_a_fold_that_fails_halts_its_partition_there_alone_until_it_is_mended(
    service: str, reader: str, table: str
) -> None:
    whole = readers(service)[reader]
    projection = next(p for p in whole.projections if p.table == table)
    about, event = example(event_type(projection.events[0]).split(".")[1])
    here = two(about)

    def fails(row: Any, told: Any) -> Any:
        if told.stream == here.bad:
            raise Planted
        return projection.evolve(row, told)

    planted: Projection[Any] = replace(projection, evolve=fails)
    others = tuple(planted if p is projection else p for p in whole.projections)
    log = MemoryLog(2)
    for stream in here:
        written(log, whole.topic, stream, event)
    store, loop = reading(log, replace(whole, projections=others))
    await store.read()
    halted = loop.halted[partition_of(here.bad, 2)]
    assert f"{table} can not fold {event_type(type(event))} (Planted at test_planted.py" in str(halted)
    assert {p: at for p, at in (await store.positions()).items() if at} == {partition_of(here.good, 2): 1}
    mended = ReaderLoop(log, store, Projector(whole, Judge(codec_of(whole.topic))), "reader")
    begin = await mended.assigned(frozenset({0, 1}))
    await mended.round(Handed({p: log.kept[whole.topic, p][at:] for p, at in begin.items()}))
    assert mended.halted == {}
    assert set((await store.positions()).values()) == {1}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
async def test_a_text_that_fails_costs_its_own_notice_alone_and_can_be_ordered_again(
    template: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(row: Mapping[str, Any], *_: object) -> OutgoingMail:
        if (row["template"], row["language"]) == (template, language):
            raise Planted
        return OutgoingMail("ana@customer.example", b"")

    other = next(name for name in TEMPLATES if name != template)
    monkeypatch.setattr(sender, "write", write)
    mails, reported = Mails(), list[Failure]()
    monkeypatch.setattr(sender, "hand_over", mails.hand_over)
    scene = Scene(mails)
    rows = [_row(0, template, language), _row(1, other, language)]

    async def found(*_: object, **__: object) -> Sequence[Any]:
        return rows

    scene.rows = found  # type: ignore[method-assign]
    monkeypatch.setattr(scene.sender, "_report", reported.append)
    await scene.sender.round()
    assert sorted(type(result).__name__ for result in scene.writer.results) == ["RecordFailed", "RecordSent"]
    assert [failure.about for failure in reported] == [rows[0]["stream"]]
    assert len(mails.taken) == 1
    assert {type(result) for result in scene.writer.results} == {RecordFailed, RecordSent}


def _row(number: int, template: str, language: str) -> dict[str, Any]:
    stream = f"notice/{name_id(str(number))}/operations"
    return {**ROW, "stream": stream, "head": stream, "template": template, "language": language}
