"""Who looks at what is private says why; that is recorded before anything is shown, and stays."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from libs.eventlog.client import door_client
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.reading import records
from libs.messages.catalogue import OPS, OPS_DOOR
from libs.stack.databases import drop_database
from libs.stack.wait import until
from services.ops.watch import recording
from services.ops.watch.services import SERVICES
from tests.acceptance.olcare import done, installation, olcare, stopped

MONDAY = "2026-11-23T07:00:00Z"
TICKET, PERSON, NAME = "ticket/crm-eu/personal", "person/crm-eu/p-99", "Camille Exemple"
LOOK = ("ticket", "show", "crm-eu/personal", "--private")
SHOWN = ("who", "reason", "case_number", "kind", "what")
FOR_SUPPORT = ("--reason", "support", "--by", "anna")


@pytest.fixture(scope="module", autouse=True)
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with installation(tmp_path_factory.mktemp("up"), "--clock", MONDAY) as found:
        personal = ("--set", f"requester.person={PERSON}", "--set", f"requester.name={NAME}")
        done("trigger", "TicketSubmitted", "--wait", "--subject", "personal", *personal)
        yield found


@pytest.fixture(scope="module")
def place() -> str:
    """Where a dead letter is that holds a name."""
    words = ("--wait", "--set", "channel:=1", "--set", f"requester.name={NAME}", "--json")
    found = olcare("trigger", "TicketSubmitted", *words).json()["receipt"]["place"]
    return f"{found['topic']}/{found['partition']}/{found['offset']}"


def listed(*words: str) -> list[tuple[str | None, ...]]:
    return [tuple(row[name] for name in SHOWN) for row in done("audit", "--action", "show", *words)]


def test_nobody_is_shown_anything_without_a_reason(place: str) -> None:
    for words in (LOOK, ("dlq", "show", place)):
        said = olcare(*words, "--json")
        assert (said.code, said.out) == (2, "")
        assert NAME not in said.err
    assert listed() == []


def test_what_is_not_private_needs_no_reason_and_is_not_recorded(place: str) -> None:
    assert [letter["place"] for letter in done("dlq", "list")] == [place]
    assert NAME not in str(done(*LOOK[:-1]))
    assert listed() == []


def test_what_is_private_is_shown_to_who_says_why_and_listed(place: str) -> None:
    assert [found["name"] for found in done(*LOOK, *FOR_SUPPORT)["private"].values()] == [NAME]
    look = ("dlq", "show", place, "--reason", "mending", "--by", "o.k", "--case", "INC-204")
    assert NAME in done(*look)["value"]
    first, second = ("anna", "support", None, "ticket", TICKET), ("o.k", "mending", "INC-204", "dead-letter", place)
    assert listed() == [first, second]
    assert listed("--by", "anna") == [first]
    assert listed("--since", MONDAY) == [first, second]
    assert listed("--since", "2026-11-24") == []
    assert TICKET in olcare("audit").out


def test_what_is_not_there_is_not_said_to_have_been_shown() -> None:
    before = listed()
    nowhere = "olcare.tickets.in.v1/0/999"
    assert f"there is no dead letter of {nowhere}" in olcare("dlq", "show", nowhere, *FOR_SUPPORT).err
    assert olcare("ticket", "show", "crm-eu/none", "--private", *FOR_SUPPORT).code == 1
    assert listed() == before


def test_where_it_can_not_be_recorded_nothing_is_shown(
    up: dict[str, Any], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_client, "PATIENCE", 1.0)
    with stopped(up, "audit"):
        for words in (LOOK, ("dlq", "show", place)):
            said = olcare(*words, *FOR_SUPPORT)
            assert (said.code, said.out) == (1, "")
            assert said.err.startswith("olcare: nothing is shown, as it could not be recorded: no receipt for 1 s")
            assert NAME not in said.err
    until(lambda: len(listed()) == 4, 60, "what was asked to be answered late, to nobody")


def mended(*words: str) -> set[tuple[object, ...]]:
    names = ("who", "action", "what", "generation", "outcome")
    return {tuple(row[name] for name in names) for row in done("audit", *words) if row["action"] != "show"}


def test_who_builds_tables_anew_and_goes_over_to_them_is_listed_with_what_came_of_it() -> None:
    reader = "audit.actions"
    proofs = done("projections", "rebuild", reader, "--by", "anna")
    [built] = [row for row in done("projections", "status", reader) if row["in_use"]]
    assert done("projections", "rollback", reader, "--by", "o.k")["generation"] == built["generation"] - 1
    assert done("projections", "switch", reader, str(built["generation"]), "--by", "o.k")["generation"]
    assert "has no generation 99 that is kept" in olcare("projections", "switch", reader, "99", "--by", "o.k").err
    assert [row["schema"] for row in done("projections", "discard", reader, "--by", "anna")]
    assert done("projections", "discard", reader, "--by", "anna") == []
    before, after = built["generation"] - 1, built["generation"]
    rebuilt = ("anna", "rebuild", reader, after, "switched")
    switched = {("o.k", "switch", reader, before, None), ("o.k", "switch", reader, after, None)}
    dropped = ("anna", "discard-generations", reader, None, None)
    until(lambda: mended() == {rebuilt, *switched, dropped}, 60, "audit to have read what was done to its own tables")
    assert mended("--action", "rebuild") == {rebuilt}
    assert mended("--by", "o.k", "--what", reader) == switched
    [recorded] = [row for row in done("audit") if row["action"] == "rebuild"]
    kept = {(table["table"], table["rows"], table["hash"]) for table in json.loads(recorded["proof"])}
    assert kept == {(proof["table"], proof["rows"], proof["hash"]) for proof in proofs}


def test_where_audit_does_not_answer_what_mends_goes_on_and_is_recorded_later(
    up: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "PATIENCE", 1.0)
    with stopped(up, "audit"):
        said = olcare("projections", "rebuild", "intake.tickets", "--by", "anna")
        assert said.code == 0
        assert "audit does not answer. It goes on all the same" in said.err
    rebuilt = ("anna", "rebuild", "intake.tickets", 2, "switched")
    until(lambda: mended("--what", "intake.tickets") == {rebuilt}, 60, "what was done meanwhile to be recorded")


def test_the_audit_comes_back_from_the_log(up: dict[str, Any]) -> None:
    before = done("audit")
    assert before
    asyncio.run(drop_database(up["postgres"], SERVICES["audit"].database))
    until(lambda: olcare("audit").code == 0 and done("audit") == before, 120, "the audit to come back")
    assert all(proof["equal"] for proof in done("projections", "verify", "audit"))
    assert [found["name"] for found in done(*LOOK, *FOR_SUPPORT)["private"].values()] == [NAME]
    assert len(done("audit")) == len(before) + 1


def test_who_is_erased_is_not_named_by_who_looked_and_that_somebody_looked_stays(up: dict[str, Any]) -> None:
    before = listed()
    done("person", "erase", PERSON, "--customer", "customer/erp/C-1001", "--by", "anna")
    done("clock", "advance", "--by", "1m")
    assert list(done(*LOOK, *FOR_SUPPORT)["private"].values()) == [None]
    assert listed() == [*before, before[0]]
    kept = b"\n".join(asyncio.run(_values(up["kafka"], OPS, OPS_DOOR)))
    assert kept.count(b"olcare.PrivateDataShown.v1") >= len(before)
    assert not [word for word in (NAME, PERSON, "@") if word.encode() in kept]


async def _values(kafka: str, *topics: str) -> list[bytes]:
    log = KafkaLog(KafkaSettings(kafka, "test"))
    await log.open()
    try:
        return [record.value or b"" for topic in topics async for record in records(kafka, log, topic)]
    finally:
        await log.close()


def test_it_is_recorded_by_our_clock_and_theirs() -> None:
    for row in done("audit"):
        instants = [datetime.fromisoformat(row[name]) for name in ("at", "recorded_at")]
        assert instants == sorted(instants)
        assert instants[0] >= datetime(2026, 11, 23, 7, tzinfo=UTC)
