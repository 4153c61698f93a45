"""An installation that `olcare up` starts, watched and acted upon from the command line alone."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import asyncpg
import pytest

from libs.eventlog.client.messages import door_record, publish
from libs.eventlog.kafka.appender import KafkaAppender
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.ports import PartitionOffset
from libs.messages.catalogue import TICKETS_DOOR
from libs.stack.catcher import messages_in
from libs.stack.run import PROJECT
from services.ops.cli.arguments import place
from services.ops.door.trigger import sample
from services.ops.watch.services import SERVICES
from tests.acceptance.olcare import Said, done, installation, olcare
from tests.support import eventually

MONDAY = "2026-11-23T07:00:00Z"  # 8 h in France
PLAN = PROJECT / "services/contract/plan"


@pytest.fixture(scope="module", autouse=True)
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("up")
    with installation(folder, "--clock", MONDAY) as found:
        yield found
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OLCARE_RUN", str(folder))
        assert done("status") == {"up": False}


def ticket(number: str, *changes: str) -> dict[str, Any]:
    words = ("trigger", "TicketSubmitted", "--wait", "--subject", number)
    found: dict[str, Any] = done(*words, *(word for change in changes for word in ("--set", change)))
    return found


def types_in(history: dict[str, Any]) -> list[str]:
    return [entry["type"].removeprefix("olcare.").removesuffix(".v1") for entry in history["history"]]


def test_everything_is_ready_and_says_where_it_is(up: dict[str, Any]) -> None:
    assert [service["service"] for service in up["services"]] == [*SERVICES, "console"]
    assert all(service["ready"] for service in up["services"])
    assert done("status") == up
    assert up["plan_time"] == "2026-11-23T07:00:00.000000Z"


def test_up_twice_is_refused() -> None:
    assert "up already" in olcare("up").err


def test_the_topics_are_as_their_cards_say_and_are_made_once() -> None:
    assert done("topics", "check") == {"differences": []}
    assert done("topics", "create") == {"created": []}


def test_the_plan_says_what_is_new_the_same_or_refused(tmp_path: Path) -> None:
    assert {part["outcome"] for part in done("plan", "publish")} == {"same"}
    folder = copytree(PLAN, tmp_path / "plan")
    prices = (folder / "prices.yaml").read_text()
    (folder / "prices.yaml").write_text(prices.replace("JPY, version: 1", "JPY, version: 2").replace("2500", "2600"))
    said = olcare("plan", "publish", "--plan", str(folder), "--json")
    assert said.code == 1
    outcomes = {part["part"]: (part["outcome"], part["why"]) for part in said.json()}
    assert outcomes["prices/plan/JPY"] == ("withheld", None)
    assert outcomes["prices/plan/EUR"] == ("refused", "same-version-other-content")
    assert outcomes["calendar/plan/france"] == outcomes["tz/plan/iana"] == ("same", None)
    assert {part["outcome"] for part in done("plan", "publish")} == {"same"}, "nothing of it was published"
    (folder / "prices.yaml").write_text(
        prices.replace("JPY, version: 1", "JPY, version: 2").replace("EUR, version: 1", "EUR, version: 2")
    )
    assert {part["part"] for part in done("plan", "publish", "--plan", str(folder)) if part["outcome"] == "new"} == {
        "prices/plan/EUR",
        "prices/plan/JPY",
    }
    older = {part["part"] for part in done("plan", "publish") if part["outcome"] == "older"}
    assert older == {"prices/plan/EUR", "prices/plan/JPY"}, "a newer one stands, and nothing is held up by that"


def test_the_seed_is_published_once() -> None:
    assert {receipt["outcome"] for receipt in done("seed")} == {"accepted"}


def test_a_ticket_s_history_stands_in_order_over_all_topics() -> None:
    ticket("4711")
    done("trigger", "ResponseGiven", "--wait", "--binary", "--subject", "4711")
    done("clock", "advance", "--by", "15m")
    history = done("ticket", "show", "crm-eu/4711")
    types = types_in(history)
    opened, *between, met = [t for t in types if t.startswith("Ticket") or "Respon" in t]
    assert (opened, met) == ("TicketOpened", "FirstResponseMet")
    assert sorted(between) == ["FirstResponseClockStarted", "ResponseRecorded"], (
        "two services, neither waits for the other"
    )
    assert types.count("receipt: accepted") == 2
    assert [t for t in types if t.startswith("Notice")] == ["NoticeRequested", "NoticeHandingOver", "NoticeSent"]
    assert sorted(history["history"], key=lambda entry: entry["appended_at"]) == history["history"]
    causes = {entry["id"] for entry in history["history"]}
    assert all(entry["id"] in causes for entry in history["history"] if entry["type"].startswith("receipt"))


def test_a_ticket_s_life_goes_on_after_its_opening() -> None:
    ticket("lives")
    for kind in ("CustomerCalled", "TicketTransferred", "TicketResolved", "TicketReopened", "TicketWithdrawn"):
        assert done("trigger", kind, "--wait", "--subject", "lives")["receipt"]["outcome"] == "accepted"
    assert "ticket-withdrawn" in olcare("trigger", "TicketResolved", "--wait", "--subject", "lives").out
    shown = olcare("ticket", "show", "crm-eu/lives").out.split()
    assert {"from_centre=france", "to_centre=americas"} <= set(shown)


def test_k8_a_ticket_that_was_refused_before_its_contract_was_told_opens_once_it_is() -> None:
    customer, at = "customer/erp/C-77", done("clock", "show")["now"]
    asked = ("cover", "explain", "--customer", customer, "--product", "planetpress-connect", "--at", at, "--json")
    done("trigger", "CustomerSubmitted", "--wait", "--subject", "C-77")
    refused = olcare("trigger", "TicketSubmitted", "--wait", "--subject", "early", "--set", f"customer={customer}")
    assert (refused.code, "no-contract" in refused.out) == (1, True)
    assert (olcare(*asked).code, olcare(*asked).json()["reason"]) == (1, "no_contract")
    done("trigger", "ContractSubmitted", "--wait", "--subject", "K-77", "--set", f"customer={customer}")
    done("clock", "advance", "--by", "1m")
    types = types_in(done("ticket", "show", "crm-eu/early"))
    of_cover = {"TicketRefused", "CoverRestated", "TicketOpened", "FirstResponseClockStarted"}
    assert [t for t in types if t in of_cover] == [
        *("TicketRefused", "CoverRestated", "TicketOpened", "FirstResponseClockStarted")
    ]
    found = olcare(*asked)
    assert (found.code, found.json()["term"]["contract"]) == (0, "contract/erp/K-77")
    assert "is under cover for planetpress-connect" in olcare(*asked[:-1]).out
    assert "it had been refused (no-contract)" in olcare("sla", "explain", "crm-eu/early").out
    assert done("trigger", "WorkExcluded", "--wait", "--subject", "early")["receipt"]["outcome"] == "accepted"


def test_of_two_tickets_merged_into_each_other_at_once_one_survives(up: dict[str, Any]) -> None:
    ticket("twin-1")
    ticket("twin-2")
    asyncio.run(_say_together(up, _merge("twin-1", "twin-2"), _merge("twin-2", "twin-1")))
    done("clock", "advance", "--by", "1m")
    first, second = (types_in(done("ticket", "show", f"crm-eu/twin-{n}")) for n in (1, 2))
    of_merges = {"TicketsMerged", "MergeUndone", "MessageRefused"}
    assert [t for t in first if t in of_merges] == ["TicketsMerged"]
    assert [t for t in second if t in of_merges] == ["MessageRefused"]


def _merge(number: str, into: str) -> dict[str, Any]:
    said = sample(PROJECT / "contracts", "TicketsMerged")
    data = {**said["data"], "into": f"ticket/crm-eu/{into}"}
    return {**said, "id": f"merge-{number}", "subject": number, "time": done("clock", "show")["now"], "data": data}


async def _say_together(up: dict[str, Any], *said: dict[str, Any]) -> None:
    appender = KafkaAppender(KafkaSettings(up["kafka"], "test"))
    try:
        await publish(appender, [door_record(TICKETS_DOOR, one, 12, key="one") for one in said])
    finally:
        await appender.close()


PERSONAL, LOOKING = ("ticket", "show", "crm-eu/personal"), ("--reason", "support", "--by", "anna")


def test_what_is_personal_in_a_history_is_shown_on_request_alone() -> None:
    ticket("personal", "requester.name=Camille Exemple")
    closed, open_ = olcare(*PERSONAL), done(*PERSONAL, "--private", *LOOKING)
    assert "Camille" not in closed.out
    assert "person/crm-eu/p-17/olcare.tickets.in.v1/" in closed.out
    assert [content["name"] for content in open_["private"].values()] == ["Camille Exemple"]


def test_a_ticket_that_is_not_there_is_one_sentence() -> None:
    assert olcare("ticket", "show", "crm-eu/none") == Said(1, "", "olcare: there is no ticket/crm-eu/none\n")


def test_stepping_plan_time_lets_a_promise_run_out_on_the_way() -> None:
    ticket("late")
    before = done("clock", "show")["now"]
    stepped = done("clock", "advance", "--by", "1d")
    assert stepped["steps"] >= 3  # at risk, breached, the target
    types = types_in(done("ticket", "show", "crm-eu/late"))
    assert [t for t in types if t.startswith("FirstResponse")] == [
        "FirstResponseClockStarted",
        "FirstResponseAtRisk",
        "FirstResponseBreached",
    ]
    assert done("clock", "show")["now"] == stepped["now"] > before
    assert "does not go back" in olcare("clock", "advance", "--to", MONDAY).err


def test_a_dead_letter_goes_back_to_the_door_as_it_came_until_somebody_is_done_with_it(up: dict[str, Any]) -> None:
    said = olcare("trigger", "TicketSubmitted", "--wait", "--binary", "--set", "channel:=1", "--json")
    assert said.code == 1
    first = _text(said.json()["receipt"]["place"])
    assert [letter["place"] for letter in done("dlq", "list")] == [first]
    assert done("dlq", "show", first, *LOOKING)["headers"]["ce_source"] == "crm-eu"
    second = _text(olcare("dlq", "retry", first, "--by", "anna", "--json").json()["place"])
    assert asyncio.run(_wire(up, first)) == asyncio.run(_wire(up, second))
    assert [letter["place"] for letter in done("dlq", "list")] == [second]
    done("dlq", "discard", second, "--by", "anna", "--why", "a trial")
    assert done("dlq", "list") == []
    assert [(x["place"], x["done_by"]) for x in done("dlq", "list", "--all")] == [(first, "anna"), (second, "anna")]


def test_dead_letters_are_chosen_tried_and_marked_together() -> None:
    for source in ("crm-eu", "crm-eu", "crm-us"):
        olcare("trigger", "TicketSubmitted", "--wait", "--source", source, "--set", "channel:=1")
    ours = ("--source", "crm-eu", "--reason", "bad-field", "--topic", TICKETS_DOOR)
    first = [letter["place"] for letter in done("dlq", "list", *ours)]
    assert len(first) == 2
    assert {letter["outcome"] for letter in done("dlq", "retry", *ours, "--dry-run")} == {"would be sent"}
    assert [letter["place"] for letter in done("dlq", "list", *ours)] == first
    tried = olcare("dlq", "retry", *ours, "--by", "anna", "--json")
    assert tried.code == 1
    assert [letter["outcome"] for letter in tried.json()] == ["unreadable", "not sent"]
    assert "1 came back as unreadable again, 1 were not sent" in tried.err
    second = [letter["place"] for letter in done("dlq", "list", *ours)]
    assert sorted(second) == sorted([tried.json()[0]["now_at"], first[1]])
    assert [group["letters"] for group in done("dlq", "groups", *ours)] == [2]
    assert {letter["outcome"] for letter in olcare("dlq", "try", *ours, "--json").json()} == {"still unreadable"}
    assert "would come back as bad-field" in olcare("dlq", "edit", first[1], "--by", "anna", "--set", "subject=9").err
    mend = ("edit", first[1], "--by", "anna", "--set", "data.channel=email", "--set", "subject=mended")
    assert done("dlq", *mend, "--dry-run")["outcome"] == "would be read"
    assert done("dlq", *mend)["outcome"] == "accepted"
    second.remove(first[1])
    olcare("trigger", "TicketSubmitted", "--wait", "--set", "channel:=1")
    assert {row["action"] for row in done("audit", "--by", "anna")} >= {"redrive-as-it-came", "redrive-edited"}
    mark = ("discard", *ours, "--by", "anna", "--why", "a trial")
    assert [letter["outcome"] for letter in done("dlq", *mark, "--dry-run")] == ["would be discarded"] * 2
    assert [letter["outcome"] for letter in done("dlq", *mark)] == ["discarded"] * 2
    assert [letter["source"] for letter in done("dlq", "list")] == ["crm-us"]
    done("dlq", "discard", "--since", "2020-01-01", "--by", "anna", "--why", "a trial")
    assert done("dlq", "list", "--since", "2020-01-01") == []


def _text(found: dict[str, Any]) -> str:
    return f"{found['topic']}/{found['partition']}/{found['offset']}"


async def _wire(up: dict[str, Any], text: str) -> tuple[int, bytes | None, bytes | None, list[tuple[str, bytes]]]:
    """Partition, key, value and headers of a door's record."""
    log, at = KafkaLog(KafkaSettings(up["kafka"], "test")), place(text)
    await log.open()
    try:
        [record] = (await log.records(at.topic, [PartitionOffset(at.partition, at.offset)])).values()
    finally:
        await log.close()
    return record.partition, record.key, record.value, list(record.headers)


def test_a_notice_is_sent_again_only_when_a_person_says_so(up: dict[str, Any]) -> None:
    ticket("notice", "requester.email=once@client.example")
    [sent] = _notices_about("notice")
    assert sent["state"] == "sent"
    assert olcare("notices", "settle", sent["stream"], "--by", "anna", "--as", "sent").err.endswith("not-ambiguous\n")
    done("notices", "resend", sent["stream"], "--by", "anna")
    done("clock", "advance", "--by", "1m")
    assert [notice["attempts"] for notice in _notices_about("notice")] == [2]
    mails = [mail for mail in messages_in(Path(up["mail_journal"])) if mail["rcpt_to"] == ["once@client.example"]]
    assert len(mails) == 2
    assert len({mail["message_id"] for mail in mails}) == 1


def _notices_about(number: str) -> list[dict[str, Any]]:
    done("clock", "advance", "--by", "1m")
    about = {f"ticket/crm-eu/{number}", f"promise/crm-eu/{number}"}
    return [notice for notice in done("notices", "list") if notice["about_stream"] in about]


def test_notices_are_listed_by_what_became_of_them() -> None:
    ticket("listed")
    done("clock", "advance", "--by", "1m")
    assert {notice["state"] for notice in done("notices", "list", "--state", "sent")} == {"sent"}
    assert done("notices", "list", "--state", "ambiguous") == []


def test_an_unknown_notice_is_not_sent() -> None:
    said = olcare("notices", "resend", "notice/00000000-0000-5000-8000-000000000000/requester", "--by", "anna")
    assert (said.code, said.err) == (1, "olcare: refused: unknown-notice\n")


def test_a_person_is_erased_once_and_for_all() -> None:
    person, words = "person/crm-eu/p-99", ("--customer", "customer/erp/C-1002", "--by", "anna")
    ticket("erased", f"requester.person={person}", "requester.name=Robin Sample")
    shown = ("ticket", "show", "crm-eu/erased", "--private", *LOOKING)
    assert "Robin Sample" in olcare(*shown).out
    done("person", "erase", person, *words)
    done("clock", "advance", "--by", "1m")
    assert list(done(*shown)["private"].values()) == [None]
    assert olcare("person", "erase", person, *words).err == "olcare: refused: already-erased\n"


def test_a_contact_s_customer_need_not_be_named() -> None:
    assert done("person", "erase", "person/erp/c-92", "--by", "anna")["stream"] == "customer/erp/C-1004"
    assert "say which" in olcare("person", "erase", "person/erp/nobody", "--by", "anna").err


def test_nobody_is_behind_when_everybody_is_quiet() -> None:
    done("clock", "advance", "--by", "1m")
    rows = done("lag")
    assert {row["behind"] for row in rows} == {0}
    assert {row["follower"] for row in rows} >= {"intake.door", "sla_timer.react-to-tickets", "notification.notices"}


def test_the_tables_equal_the_log_until_a_hand_is_in_them(up: dict[str, Any]) -> None:
    ticket("proved")
    assert all(proof["equal"] for proof in done("projections", "verify", "--all"))
    _set_centre(up, "proved", "japan")
    said = olcare("projections", "verify", "intake", "--json")
    assert said.code == 1
    assert [proof["table"] for proof in said.json() if not proof["equal"]] == ["tickets"]
    refused = olcare("projections", "rebuild", "intake.tickets")
    assert (refused.code, refused.err) == (1, "olcare: intake.tickets: the rebuilt tables differ: tickets\n")
    _set_centre(up, "proved", "france")
    assert all(proof["equal"] for proof in done("projections", "rebuild", "intake.tickets"))


def test_two_processes_build_the_same_tables_as_one() -> None:
    ticket("built-by-two")
    done("clock", "advance", "--by", "1m")
    proofs = done("projections", "rebuild", "--all", "--processes", "2")
    assert len({proof["reader"] for proof in proofs}) == sum(len(service.readers) for service in SERVICES.values())
    assert all(proof["equal"] for proof in proofs)
    done("projections", "discard", "--all")


def _set_centre(up: dict[str, Any], number: str, centre: str) -> None:
    """By hand, past every rule."""
    schema = _schema("intake.tickets")

    async def execute() -> None:
        connection = await asyncpg.connect(f"{up['postgres']}/olcare_intake")
        try:
            await connection.execute(f"set search_path to {schema}")
            await connection.execute(
                "update tickets set centre = $1 where stream = $2", centre, f"ticket/crm-eu/{number}"
            )
        finally:
            await connection.close()

    asyncio.run(execute())


def _schema(reader: str) -> str:
    [schema] = [row["schema"] for row in done("projections", "status", reader) if row["in_use"]]
    return str(schema)


def test_a_rebuild_is_proved_and_can_be_gone_back_from_while_the_service_runs_on() -> None:
    before = _schema("sla_timer.sla")
    done("projections", "rebuild", "sla_timer.sla")
    [live] = [row for row in done("projections", "status", "sla_timer.sla") if row["in_use"]]
    assert live["schema"] != before
    assert live["proved"]
    ticket("rebuilt")
    done("clock", "advance", "--by", "1m")
    assert "FirstResponseClockStarted" in types_in(done("ticket", "show", "crm-eu/rebuilt"))
    done("projections", "rollback", "sla_timer.sla")
    assert _schema("sla_timer.sla") == before
    ticket("rolled-back")
    done("clock", "advance", "--by", "1m")
    assert "FirstResponseClockStarted" in types_in(done("ticket", "show", "crm-eu/rolled-back"))
    assert [dropped["schema"] for dropped in done("projections", "discard", "sla_timer")] == [live["schema"]]
    assert "no generation to go back to" in olcare("projections", "rollback", "sla_timer.sla").err


UNLIMITED = 10_000


def test_a_customer_opens_ten_thousand_tickets_as_the_first(up: dict[str, Any]) -> None:
    """« Support technique illimité »: nothing counts what a customer asks for."""
    asyncio.run(_say_together(up, *_many(UNLIMITED, done("clock", "show")["now"])))
    schema = _schema("intake.tickets")
    assert asyncio.run(eventually(lambda: _states(up, schema))) == {"open": UNLIMITED}


def _many(number: int, now: str) -> Iterator[dict[str, Any]]:
    said = sample(PROJECT / "contracts", "TicketSubmitted")
    for each in range(number):
        yield {**said, "id": f"unlimited-{each}", "subject": f"unlimited-{each}", "time": now}


async def _states(up: dict[str, Any], schema: str) -> dict[str, int] | None:
    """How many of them are in which state, once all of them are in one."""
    connection = await asyncpg.connect(f"{up['postgres']}/olcare_intake")
    try:
        rows = await connection.fetch(
            f"select state, count(*) from {schema}.tickets"  # noqa: S608 - one of our schemas
            " where stream like 'ticket/crm-eu/unlimited-%' group by state"
        )
    finally:
        await connection.close()
    found = {row["state"]: row["count"] for row in rows}
    return found if sum(found.values()) == UNLIMITED else None


def test_where_nobody_answers_one_sentence_says_who(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLCARE_POSTGRES", "postgresql://postgres@127.0.0.1:1")
    said = olcare("notices", "list")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert said.err.startswith("olcare: database olcare_notification: ConnectionRefusedError")
