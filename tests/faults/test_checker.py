"""The checker finds what is wrong: each case breaks books that balance in one place."""

import ast
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from libs.messages.base import rfc3339
from tests.faults.breakage import (
    Break,
    about,
    again,
    both,
    event_of,
    followed,
    lost,
    moved,
    named,
    reading,
    saying,
    without,
)
from tests.faults.checked.books import Books, Generation, Record, Topic
from tests.faults.checked.log import CONTRACTS, NOTICES, PROMISES, TICKETS
from tests.faults.checker import findings, grown
from tests.faults.sample import DUE, WARNING, balanced
from tests.faults.script import BEGIN, TICKETS_DOOR

RECEIPTS, DEAD_LETTERS = "olcare.tickets.receipts.v1", "olcare.tickets.in.v1.dlq"
FIRST, SECOND = "ticket/crm/1", "ticket/crm/2"
MET, FORGOTTEN, CYCLES = "promise/crm/1", "promise/crm/2", "cycles/crm/2"
CONTRACT = "contract/erp/K-16"
NOBODY = "00000000-0000-5000-8000-000000000000"
NOT_PROMISED = "olcare.FirstResponseNotPromised.v1"
MISSING, NO_CALENDAR = {"reason": "calendar-ends"}, {"reason": "no-calendar"}
RESTATED = "olcare.FirstResponseRestated.v1"
RETARGETED, MOVED = "olcare.FirstResponseRetargeted.v1", {"was_due_at": str(WARNING)}


def test_books_that_balance_have_no_findings() -> None:
    assert findings(balanced()) == []


def test_nobody_is_to_be_told_of_a_deadline_that_has_not_moved() -> None:
    same = {"was_due_at": DUE.isoformat().replace("+00:00", ".000000Z")}
    books = followed(PROMISES, named("ClockStarted"), MET, same, type=RETARGETED)(balanced())
    assert not any("requested" in one for one in findings(books))


def test_the_checker_imports_nothing_of_what_it_checks() -> None:
    folder = Path(__file__).parent
    for file in [folder / "checker.py", *(folder / "checked").glob("*.py")]:
        nodes = [
            node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        modules = [n.module or "." if isinstance(n, ast.ImportFrom) else a.name for n in nodes for a in n.names]
        ours = [module for module in modules if module.split(".")[0] in {"libs", "services", "tests", ""}]
        assert all(module.startswith("tests.faults.checked.") for module in ours), file


def notice(kind: str) -> str:
    """Name the stream of the first notice of a class."""
    records = balanced().topic(NOTICES).records
    stream = next(r.key for r in records if event_of(r)["data"].get("notice_class") == kind)
    return (stream or b"").decode()


def mails(*identities: str) -> Break:
    return lambda books: replace(books, mails=[*books.mails, *identities])


def one_mail_less(books: Books) -> Books:
    return replace(books, mails=books.mails[1:])


def live(**other: object) -> Break:
    def breaking(books: Books) -> Books:
        table: Generation = books.live[0]
        return replace(books, live=[table._replace(**other)])  # type: ignore[arg-type] # fields of the generation

    return breaking


def answered_late(books: Books) -> Books:
    """Let the warning be an answer that came to be known late, and restate nothing."""
    noted = both(
        saying(PROMISES, named("AtRisk"), responded_at=str(WARNING)),
        reading(PROMISES, named("AtRisk"), type="olcare.LaterResponseNoted.v1"),
    )
    return noted(books)


def decided(record: Record) -> bool:
    """Pick second receipts."""
    return record.key == b"5" and event_of(record)["event_type"] == "olcare.ResponseRefused.v1"


def the_first_one_last(books: Books) -> Books:
    """Let whoever was told what a message came to be told that it is held only then."""
    records = books.topic(RECEIPTS).records
    held = [record for record in records if event_of(record)["outcome"] == "held"]
    topic = Topic(RECEIPTS, books.topic(RECEIPTS).partitions, [*(r for r in records if r not in held), *held])
    return replace(books, topics={**books.topics, RECEIPTS: topic})


DOORS: list[tuple[str, Break]] = [
    ("has no receipt", without(RECEIPTS, about("1"))),
    ("has receipts that differ", again(RECEIPTS, about("1"), outcome="held")),
    ("has receipts that differ", again(RECEIPTS, about("5"), reason="ticket-withdrawn")),
    ("it has no second receipt", without(RECEIPTS, decided)),
    ("nothing decided it", saying(TICKETS, named("ResponseRefused"), door_record=None)),
    ("the second receipt is", reading(RECEIPTS, decided, outcome="accepted")),
    ("the second receipt is", reading(RECEIPTS, decided, command=NOBODY)),
    ("the second receipt is", reading(RECEIPTS, decided, id="another")),
    ("stands elsewhere", moved(RECEIPTS, decided, key=b"4")),
    ("has receipts that differ", the_first_one_last),
    ("is held, though", without(TICKETS, named("ResponseRefused"))),
    ("had decided", followed(TICKETS, named("ResponseRefused"), "ticket/crm/5")),
    ("where nothing was said", without(TICKETS_DOOR, about("4"))),
    ("is unreadable and has no dead letter", without(DEAD_LETTERS, lambda _: True)),
    ("has dead letters that differ", again(DEAD_LETTERS, lambda _: True, reason="no-value")),
    ("the dead letter does not hold what came", reading(DEAD_LETTERS, lambda _: True, value="AAAA")),
    (
        "has a dead letter, but can be read",
        again(DEAD_LETTERS, lambda _: True, place={"topic": TICKETS_DOOR, "partition": 0, "offset": 99}),
    ),
    ("the receipt is for another command", reading(RECEIPTS, about("1"), command=NOBODY)),
    ("the receipt is for another command", reading(RECEIPTS, about("1"), stream=SECOND)),
    ("which does not count", reading(RECEIPTS, about("1"), event=NOBODY)),
    ("the receipt says reason", reading(RECEIPTS, about("3"), reason="no-contract")),
    ("something else was said before", reading(TICKETS_DOOR, about("2"), data={"by": "customer"})),
    ("the same was said before", reading(RECEIPTS, about("3"), reason="id-used-otherwise")),
    ("has no counting event", without(TICKETS, named("TicketOpened", SECOND))),
    (
        "nobody gave the command",
        followed(TICKETS, named("ResponseRecorded"), SECOND, causationid=NOBODY, correlationid=NOBODY),
    ),
]
LOG: list[tuple[str, Break]] = [
    ("offset 0 is missing before it", lost(TICKETS, named("TicketOpened", FIRST))),
    ("this is 2", without(TICKETS, named("TicketOpened", FIRST))),
    ("this follows", reading(TICKETS, named("ResponseRecorded"), previousid=NOBODY)),
    ("does not follow from what it says", reading(TICKETS, named("TicketOpened"), time="2026-11-24T08:00:00.000000Z")),
    ("belongs to partition", moved(TICKETS, named("TicketOpened"), partition=1)),
    ("its subject", moved(TICKETS, named("TicketOpened"), key=b"1")),
    ("its headers are", moved(TICKETS, named("TicketOpened"), headers=())),
    ("no event can be read", moved(TICKETS, named("TicketOpened"), value=b"{}")),
    ("counts more than once", followed(TICKETS, named("ResponseRecorded"), FIRST)),
]
PROMISE: list[tuple[str, Break]] = [
    ("is open, but has no promise", without(PROMISES, named("", MET))),
    ("there is no such ticket", without(TICKETS, named("", FIRST))),
    ("it does not begin once", followed(PROMISES, named("ClockStarted"), MET)),
    ("it ends more than once", followed(PROMISES, named("Breached"), MET)),
    ("it is at risk 2 times", followed(PROMISES, named("AtRisk"), FORGOTTEN)),
    ("it was at risk after its verdict", followed(PROMISES, named("AtRisk"), FORGOTTEN)),
    ("it was at risk at", reading(PROMISES, named("AtRisk"), recordedtime=str(BEGIN))),
    ("has no verdict", without(PROMISES, named("Breached"))),
    ("it was met at", saying(PROMISES, named("Met"), responded_at=str(WARNING))),
    ("after", saying(PROMISES, named("Met"), responded_at="2026-11-24T13:00:00Z")),
    ("but due at", saying(PROMISES, named("Breached"), breached_at=str(WARNING))),
    ("the breach was detected at", saying(PROMISES, named("Breached"), detected_at=str(DUE))),
    ("the breach was detected at", reading(PROMISES, named("Breached"), recordedtime=str(DUE))),
    ("says that somebody answered", saying(PROMISES, named("Breached"), responded_at=str(DUE))),
    ("but met follows from what came to be known", answered_late),
    ("was at the door before", both(without(PROMISES, named("Met")), followed(PROMISES, named("Breached"), MET))),
]
ENDED = {
    "measure": "resolution",
    "instance": 1,
    "started_at": rfc3339(BEGIN),
    "ended_at": rfc3339(BEGIN + timedelta(hours=1)),
    "due_at": None,
    "ended_by": "answered",
    "target_seconds": 14400,
    "used_microseconds": 0,
}
CYCLE: list[tuple[str, Break]] = [
    ("was missed more than once", followed(PROMISES, named("TargetMissed"), CYCLES)),
    ("but 3 are known", saying(PROMISES, named("CycleReckoned"), facts=2)),
    ("and is not missed", without(PROMISES, named("TargetMissed"))),
    ("not after", saying(PROMISES, named("TargetMissed"), detected_at=str(DUE))),
    ("not after", reading(PROMISES, named("TargetMissed"), recordedtime=str(DUE))),
    ("but not reckoned so", saying(PROMISES, named("TargetMissed"), started_at=str(WARNING))),
    ("nothing was reckoned before", without(PROMISES, named("CycleReckoned"))),
    ("there is no such ticket", without(TICKETS, named("TicketOpened", SECOND))),
    ("TicketResumed, but it is open", without(TICKETS, named("TicketPaused"))),
    (
        "TicketPaused, but it is waiting",
        both(without(TICKETS, named("TicketResumed")), followed(TICKETS, named("TicketPaused"), SECOND)),
    ),
    (
        "was missed, but what ended it",
        both(
            followed(TICKETS, named("ResponseRecorded"), SECOND),
            followed(PROMISES, named("CycleReckoned"), CYCLES, {"cycle": ENDED}),
        ),
    ),
]
TERM: list[tuple[str, Break]] = [
    ("it was activated 2 times", followed(CONTRACTS, named("Activated"), CONTRACT)),
    ("ended twice", followed(CONTRACTS, named("Lapsed"), CONTRACT)),
    ("but its term ended at", saying(CONTRACTS, named("Lapsed"), lapsed_at=str(WARNING))),
    ("its end was detected at", saying(CONTRACTS, named("Lapsed"), detected_at=str(WARNING))),
    ("its end was detected at", reading(CONTRACTS, named("Lapsed"), recordedtime=str(WARNING))),
    ("and it has not lapsed", without(CONTRACTS, named("Lapsed"))),
]
INTO_SECOND = followed(
    *(TICKETS, named("ResponseRecorded"), FIRST, {"into": SECOND, "merged_at": rfc3339(DUE)}),
    type="olcare.TicketsMerged.v1",
)
UNDONE = {
    "was_due_at": rfc3339(DUE),
    "certificate": {"due_at": rfc3339(DUE), "at_risk": [], "changes": [{"cause": "merge-undone"}]},
}
"""A merge that was undone, and gave no later deadline back."""
MERGED: list[tuple[str, Break]] = [
    (
        "was absorbed in a circle",
        followed(TICKETS, named("ResponseRecorded"), FIRST, {"into": FIRST}, type="olcare.TicketsMerged.v1"),
    ),
    ("as the survivor, but that is None", saying(TICKETS, named("ResponseRecorded"), merged_into=SECOND)),
    ("when nobody answered", both(INTO_SECOND, without(TICKETS, named("ResponseRecorded")))),
    (
        "it is met by what was said last, but nobody answered",
        both(
            both(INTO_SECOND, without(TICKETS, named("ResponseRecorded"))),
            followed(PROMISES, named("Breached"), FORGOTTEN, {"restated": "met"}, type=RESTATED),
        ),
    ),
    ("its deadline", followed(PROMISES, named("ClockStarted"), MET, UNDONE, type=RETARGETED)),
]
TOLD: list[tuple[str, Break]] = [
    ("was never requested", without(NOTICES, named("", notice("refusal")))),
    ("centre was never requested", followed(PROMISES, named("ClockStarted"), MET, MOVED, type=RETARGETED)),
    ("requester was never requested", followed(PROMISES, named("ClockStarted"), MET, MOVED, type=RETARGETED)),
    ("centre was never requested", followed(PROMISES, named("ClockStarted"), MET, MISSING, type=NOT_PROMISED)),
    ("operations was never requested", followed(PROMISES, named("ClockStarted"), MET, NO_CALENDAR, type=NOT_PROMISED)),
    ("working-centre was never requested", saying(PROMISES, named("Breached"), transferred_to="germany")),
    (
        "it was handed over after it was cancelled",
        both(
            followed(NOTICES, named("NoticeSent"), notice("refusal"), type="olcare.NoticeCancelled.v1"),
            followed(NOTICES, named("HandingOver"), notice("refusal"), {"attempt": 2}),
        ),
    ),
    ("but nothing calls for it", without(PROMISES, named("AtRisk"))),
    ("it is not requested first and once", followed(NOTICES, named("Requested"), notice("refusal"))),
    ("0 mails, but 1 attempts were sent", one_mail_less),
    ("2 mails, but 1 attempts were sent", lambda books: mails(books.mails[0])(books)),
    ("3 mails, but 1 attempts were sent and 1 are in doubt", lambda books: mails(books.mails[-2])(books)),
    ("a mail was sent that no notice knows", mails("<nobody@olcare.example>")),
    ("has no result", without(NOTICES, named("NoticeSent", notice("refusal")))),
    ("2 deliveries of a refusal", followed(NOTICES, named("NoticeSent"), notice("refusal"), {"attempt": 2})),
    ("3 deliveries of a breach", followed(NOTICES, named("NoticeSent"), notice("breach"), {"attempt": 3})),
    ("a refusal is to be sent again", followed(NOTICES, named("Ambiguous"), notice("refusal"), {"attempt": 2})),
]
TABLES: list[tuple[str, Break]] = [
    ("stands at", live(positions={})),
    ("the head of ticket/crm/1 is", live(heads=())),
    ("void are", live(voids=frozenset({(0, 0)}))),
    ("the counted commands of", lambda b: live(heads=[h._replace(journal=h.journal[:-1]) for h in b.live[0].heads])(b)),
    ("is not what a rebuild makes of the log", live(tables={"tickets": ("(ticket/crm/1,held)",)})),
    ("after a rebuild", live(reader="contracts")),
    ("is not as the topic says", lambda books: replace(books, private={"olcare_contract": {"person/x": "{}"}})),
]


@pytest.mark.parametrize(("sentence", "broken"), [*DOORS, *LOG, *PROMISE, *CYCLE, *TERM, *MERGED, *TOLD, *TABLES])
def test_the_checker_finds_what_was_broken(sentence: str, broken: Break) -> None:
    found = findings(broken(balanced()))
    assert any(sentence in one for one in found), found


def test_what_came_to_count_between_two_looks_is_named() -> None:
    before = without(TICKETS, named("ResponseRecorded"))(balanced())
    assert list(grown(before, mails("<one@more>")(balanced()))) == [f"{TICKETS}: 8 became 9", "mails: 8 became 9"]
