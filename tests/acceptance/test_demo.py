"""A small demo, played whole: its books balance, nothing personal is in a log, and nothing is left running."""

import asyncio
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from libs.eventlog.receipts import dead_letters_of, receipts_of
from libs.eventlog.record import Record
from libs.eventlog.topics import load_cards
from libs.messages.catalogue import EVENTS, PRIVATE, UPSTREAM
from libs.stack.run import PROJECT, Run
from services.contract.plan import read_plan
from services.ops.demo import perform
from services.ops.demo.report import Report
from services.ops.demo.script import Script, write_script
from services.ops.demo.stage import Stage, set_stage
from services.ops.given import open_log
from services.ops.reading import records

CONTRACTS = PROJECT / "contracts"
TICKETS, SEED = 16, 7
PERSONAL = {"organisation", "name", "email", "phone", "subject", "text"}
pytestmark = pytest.mark.timeout(600)


class Played(NamedTuple):
    script: Script
    report: Report
    topics: Mapping[str, Sequence[Record]]
    left: set[int]
    """Processes that run on after its end."""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    cards = load_cards(CONTRACTS / "topics")
    script = write_script(read_plan(), {name: card.partitions for name, card in cards.items()}, TICKETS, SEED)
    before = _children()
    with pytest.MonkeyPatch.context() as here:
        for name in ("OLCARE_KAFKA", "OLCARE_POSTGRES", "OLCARE_SMTP", "STACK"):  # the demo has servers of its own
            here.delenv(name, raising=False)
        with Run.create(tmp_path_factory.mktemp("demo"), "demo") as run:
            stage = set_stage(run, CONTRACTS, script.week.begins, script.cast, lambda _: None)
            report, topics = asyncio.run(_play(stage, script))
    return Played(script, report, topics, _children() - before)


async def _play(stage: Stage, script: Script) -> tuple[Report, dict[str, list[Record]]]:
    report = await perform(stage, script, read_plan())
    async with open_log(stage.given()) as log:
        names = [*EVENTS, *UPSTREAM, *map(receipts_of, UPSTREAM), *map(dead_letters_of, UPSTREAM), PRIVATE]
        return report, {name: [r async for r in records(stage.kafka, log, name)] for name in names}


def test_the_books_balance(played: Played) -> None:
    assert played.report.differences == []
    assert [entry for entry in played.report.books if not entry.balanced] == []
    assert played.report.balanced


def test_every_promise_is_judged(played: Played) -> None:
    assert sum(share.promised for share in played.report.centres) > TICKETS
    assert sum(share.waiting for share in played.report.centres) == 0
    assert all(sum(getattr(s, what) for s in played.report.centres) for what in ("met", "breached", "at_risk"))


def test_no_log_and_no_receipt_holds_a_name_an_address_a_number_or_a_text_of_a_customer(played: Played) -> None:
    kept = b"\n".join(_values(played, [*EVENTS, *map(receipts_of, UPSTREAM)])).decode()
    said = _personal(played.script)
    numbers = {re.sub("[ ()]", "", word) for word in said if word.startswith("+")}
    surnames = {somebody.name.split()[-1] for somebody in played.script.cast.people()}
    assert [word for word in said | numbers | surnames if word in kept] == []


def test_what_a_ticket_or_a_customer_says_of_people_stands_in_the_private_topic(played: Played) -> None:
    kept = b"\n".join(_values(played, [PRIVATE])).decode()
    said = _personal(played.script, "TicketSubmitted", "CustomerSubmitted")
    assert len(said) > 4 * TICKETS
    assert [word for word in said if word not in kept] == []


def test_nothing_is_left_running(played: Played) -> None:
    assert played.left == set()


def _values(played: Played, topics: Sequence[str]) -> Iterator[bytes]:
    for topic in topics:
        for record in played.topics[topic]:
            yield (record.key or b"") + b" " + (record.value or b"")
            yield from (value or b"" for _, value in record.headers)


def _personal(script: Script, *kinds: str) -> set[str]:
    """Whatever was said, in messages of these types or of any, that tells who somebody is and what they wrote."""
    lines = [*script.lines, *(line for batch in script.before for line in batch)]
    events = (line.event for line in lines if line.event and "publication" not in line.event["data"])
    return {word for e in events if not kinds or e["type"].split(".")[2] in kinds for word in _words(e["data"])}


def _words(data: Mapping[str, Any]) -> Iterator[str]:
    for name, value in data.items():
        if isinstance(value, dict):
            yield from _words(value)
        elif name in PERSONAL:
            yield from (line for line in str(value).splitlines() if line)


def _children() -> set[int]:
    """The processes that this one has started."""
    own = os.getpid()
    return {int(path.parent.name) for path in Path("/proc").glob("[0-9]*/stat") if _parent(path) == own}


def _parent(stat: Path) -> int | None:
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None
