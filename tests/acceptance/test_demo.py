"""A small demo, played whole: its books balance, nothing personal is in a log, and nothing is left running.

After its end some facts become known late, and what is then reported equals a recount from the records of the log.
"""

import asyncio
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from shutil import copytree
from typing import Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator

from libs.eventlog.kafka.reading import records
from libs.eventlog.kafka.topics import load_cards
from libs.eventlog.wire.receipts import dead_letters_of, receipts_of
from libs.eventlog.wire.record import Record
from libs.messages.catalogue import EVENTS, PLAN, PRIVATE, SLA, UPSTREAM
from libs.messages.catalogue import TICKETS as TICKETS_TOPIC
from libs.messages.streams import parse_stream
from libs.stack.run import PROJECT, Run
from services.contract.plan import read_plan
from services.ops.cli.environment import open_log
from services.ops.demo import perform
from services.ops.demo.report import Report
from services.ops.demo.script import Script, write_script
from services.ops.demo.stage import Stage, set_stage
from tests.acceptance.olcare import done
from tests.acceptance.recount import read, recounted
from tests.acceptance.recount_cycles import recounted_cycles, tickets

CONTRACTS = PROJECT / "contracts"
TICKETS, SEED = 16, 7
TUESDAY, SATURDAY = date(2026, 11, 24), date(2026, 11, 28)
DAYS = ("--from", str(TUESDAY), "--to", str(SATURDAY))
EXPLAINED = 6
LEDGERS = ("promised", "restated")
PERSONAL = {"organisation", "name", "email", "phone", "subject", "text"}
pytestmark = pytest.mark.timeout(600)


class Played(NamedTuple):
    script: Script
    report: Report
    topics: Mapping[str, Sequence[Record]]
    reports: Mapping[str, Any]
    """By ledger, after what became known late."""
    explained: Sequence[Any]
    """Of the first that were missed."""
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
            report = asyncio.run(perform(stage, script, read_plan()))
            for name, value in _environment(stage).items():
                here.setenv(name, value)
            _let_facts_become_known_late(tmp_path_factory.mktemp("plan"))
            reports = {ledger: done("sla", "report", *DAYS, "--ledger", ledger) for ledger in LEDGERS}
            explained = [done("sla", "explain", miss["ticket"]) for miss in reports["promised"]["misses"][:EXPLAINED]]
            topics = asyncio.run(_read(stage))
    return Played(script, report, topics, reports, explained, _children() - before)


def _environment(stage: Stage) -> dict[str, str]:
    ports = ",".join(f"{name}={port}" for name, port in stage.ports.items())
    return {
        "OLCARE_KAFKA": str(stage.kafka),
        "OLCARE_POSTGRES": stage.postgres,
        "OLCARE_SERVICES": ports,
        "OLCARE_CLOCK": str(stage.clock_file),
        "OLCARE_CONTRACTS": str(stage.contracts),
    }


def _let_facts_become_known_late(folder: Path) -> None:
    """Somebody had answered in time and says so now, and the French centre was closed on a day that is over."""
    unanswered = [m for m in done("sla", "report", *DAYS)["misses"] if m["responded_at"] is None]
    for miss in unanswered[:2]:
        _, source, number = parse_stream(miss["ticket"])
        said = ("--source", source, "--subject", number, "--time", miss["due_at"])
        done("trigger", "ResponseGiven", *said, "--wait")
    plan = copytree(PROJECT / "services/contract/plan", folder / "plan")
    centres, holidays = plan / "centres.yaml", plan / "holidays.csv"
    before, france = centres.read_text(encoding="utf-8").split("- centre: france\n")
    newer = france.replace("version: 1", "version: 2", 1)
    centres.write_text(f"{before}- centre: france\n{newer}", encoding="utf-8")
    with holidays.open("a", encoding="utf-8") as closures:
        closures.write(f"france,{TUESDAY},pont,confirmed\n")
    done("plan", "publish", "--plan", str(plan))
    done("clock", "advance", "--by", "1m")


async def _read(stage: Stage) -> dict[str, list[Record]]:
    async with open_log(stage.environment()) as log:
        names = [*EVENTS, *UPSTREAM, *map(receipts_of, UPSTREAM), *map(dead_letters_of, UPSTREAM), PRIVATE]
        return {name: [r async for r in records(stage.kafka, log, name)] for name in names}


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


def test_every_record_of_every_log_fits_its_published_schema(played: Played) -> None:
    envelope, differing, seen = validator("cloudevent"), list[str](), 0
    for topic in EVENTS:
        for record in played.topics[topic]:
            event = json.loads(record.value or b"")
            seen += 1
            found = [*envelope.iter_errors(event), *validator(event["type"]).iter_errors(event["data"])]
            differing += [f"{event['type']} {error.json_path}: {error.validator}" for error in found]
    assert seen
    assert sorted(set(differing)) == []


@cache
def validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((CONTRACTS / "schemas" / f"{kind}.json").read_text()))


def test_what_a_ticket_or_a_customer_says_of_people_stands_in_the_private_topic(played: Played) -> None:
    kept = b"\n".join(_values(played, [PRIVATE])).decode()
    said = _personal(played.script, "TicketSubmitted", "CustomerSubmitted")
    assert len(said) > 4 * TICKETS
    assert [word for word in said if word not in kept] == []


@pytest.mark.parametrize("ledger", LEDGERS)
def test_the_report_equals_a_recount_from_the_log(played: Played, ledger: str) -> None:
    recount = recounted(read([*played.topics[PLAN], *played.topics[SLA]]), TUESDAY, SATURDAY, ledger)
    found = played.reports[ledger]
    assert found["total"] == recount["total"]
    assert found["groups"] == recount["groups"]
    late = ("late_by_working_seconds", "late_by_wall_seconds")
    assert [(miss["ticket"], *(miss[name] for name in late)) for miss in found["misses"]] == recount["misses"]
    assert found["verdicts_that_differ_in_the_other_ledger"] == recount["differing"]


def test_the_report_of_cycles_equals_a_recount_from_the_log(played: Played) -> None:
    told = tickets(played.topics[TICKETS_TOPIC])
    recount = recounted_cycles(read(played.topics[PLAN]), told, TUESDAY, SATURDAY)
    for found in played.reports.values():
        assert found["cycles"]["totals"] == recount["totals"]
        assert found["cycles"]["groups"] == recount["groups"]
    counted = [sum(one[what] for one in recount["totals"]) for what in ("ended", "abandoned", "running")]
    assert min(counted) > 0
    assert any(kind == "pause" for ticket in told for _, kind in ticket.said)


def test_what_became_known_late_stands_in_one_ledger_and_not_in_the_other(played: Played) -> None:
    promised, restated = (played.reports[ledger]["total"] for ledger in LEDGERS)
    assert promised["breached"] > restated["breached"] > 0
    assert promised["met"] < restated["met"]
    assert promised["to_first_response"]["wall"]["number"] > promised["met"] > 0


def test_a_miss_is_explained_as_it_is_reported(played: Played) -> None:
    misses = played.reports["promised"]["misses"][:EXPLAINED]
    assert [each["ticket"] for each in played.explained] == [miss["ticket"] for miss in misses]
    for each, miss in zip(played.explained, misses, strict=True):
        assert (each["state"], each["promise"]["due_at"]) == ("breached", miss["due_at"])
        assert each["days"][-1]["total_seconds"] == each["promise"]["target_seconds"]
        late = each["verdict"]["late_by"] or {"working_seconds": None, "wall_seconds": None}
        assert late["working_seconds"] == miss["late_by_working_seconds"]
        assert late["wall_seconds"] == miss["late_by_wall_seconds"]


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
