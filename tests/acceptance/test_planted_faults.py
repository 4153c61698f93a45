"""A fault of the program in any service holds up one ticket, is shown, and nothing is lost when it is mended."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from libs.stack.wait import until
from services.ops.watch.pages import page
from tests.acceptance.olcare import done, installation, olcare

MONDAY = "2026-11-23T08:30:00Z"
OPENING = "services.intake.opening:open_or_refuse"
START = "services.sla_timer.promise.opening:start"
RESPOND = "services.sla_timer.promise.responses:respond"
TOLD = "services.notification.reactions:react"
WRITE = "services.notification.mail.outgoing:write"
ISSUED = "services.contract.door:command_of"
PLANTED = (OPENING, START, RESPOND, TOLD, WRITE, ISSUED)


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An installation with faults that are not there yet; the file switches them on."""
    file = tmp_path_factory.mktemp("faults") / "faults"
    planted = {
        "PYTHONPATH": str(Path(__file__).parent / "planted"),
        "OLCARE_PLANTED": ",".join(PLANTED),
        "OLCARE_FAULTS": str(file),
    }
    with installation(tmp_path_factory.mktemp("up"), "--clock", MONDAY, **planted):
        yield file


def soon(ask: Callable[[], bool]) -> None:
    until(ask, 300.0, "what was to come about")


def notices(subject: str) -> list[tuple[str, str]]:
    told = [notice for notice in done("notices", "list") if notice["about_stream"] == f"promise/crm-eu/{subject}"]
    return [(notice["notice_class"], notice["state"]) for notice in told]


def acknowledged(subject: str) -> bool:
    return ("acknowledgement", "sent") in notices(subject)


def opened(subject: str, *, wait: bool = True) -> None:
    olcare("trigger", "TicketSubmitted", "--subject", subject, "--json", *(("--wait",) if wait else ()))


def stuck() -> list[str]:
    return [row["about"] for row in done("stuck", "list")]


def ready_and_degraded(service: str) -> tuple[bool, list[str]]:
    ports = {row["service"]: int(row["pages"].rpartition(":")[2]) for row in done("status")["services"]}
    said = asyncio.run(page(ports[service], "/readyz"))
    return said["ready"], said["degraded"]


def test_a_message_that_a_door_can_not_decide_is_kept_and_taken_after_the_mend(faults: Path) -> None:
    faults.write_text(f"{OPENING} p-bad\n")
    receipt = done_or_not("trigger", "TicketSubmitted", "--wait", "--subject", "bad-0", "--set", person("p-bad"))
    opened("good-0")
    assert (receipt["outcome"], receipt["reason"]) == ("unreadable", "not-processed")
    [letter] = done("dlq", "list")
    assert letter["reason"] == "not-processed"
    assert "Planted" not in letter["message"]
    soon(lambda: acknowledged("good-0"))
    faults.unlink()
    assert done("dlq", "retry", letter["place"])["outcome"] == "accepted"
    soon(lambda: acknowledged("bad-0"))
    assert done("dlq", "list") == []


def test_a_customer_that_a_door_can_not_take_is_kept_while_another_is_registered(faults: Path) -> None:
    faults.write_text(f"{ISSUED} C-bad\n")
    receipt = done_or_not("trigger", "CustomerSubmitted", "--wait", "--subject", "C-bad")
    assert (receipt["outcome"], receipt["reason"]) == ("unreadable", "not-processed")
    assert done("trigger", "CustomerSubmitted", "--wait", "--subject", "C-good")["receipt"]["outcome"] == "accepted"
    faults.unlink()
    [letter] = done("dlq", "list")
    assert done("dlq", "retry", letter["place"])["outcome"] == "accepted"


@pytest.mark.parametrize(("number", "place"), [(1, START), (2, TOLD)])
def test_a_reaction_that_fails_for_one_ticket_holds_up_no_other(faults: Path, number: int, place: str) -> None:
    bad, good = f"bad-{number}", f"good-{number}"
    faults.write_text(f"{place} crm-eu/{bad}\n")
    opened(bad)
    opened(good)
    soon(lambda: acknowledged(good))
    soon(lambda: any(bad in about for about in stuck()))
    service = "sla_timer" if place is START else "notification"
    ready, degraded = ready_and_degraded(service)
    assert ready
    assert any(bad in sentence for sentence in degraded)
    assert not acknowledged(bad)
    faults.unlink()
    assert sum(done("stuck", "retry").values()) >= 1
    soon(lambda: acknowledged(bad))
    soon(lambda: stuck() == [])


def test_a_deadline_does_not_fire_while_the_answer_is_set_aside(faults: Path) -> None:
    opened("bad-3")
    opened("good-3")
    soon(lambda: acknowledged("bad-3") and acknowledged("good-3"))
    done("clock", "advance", "--by", "1h")
    faults.write_text(f"{RESPOND} RecordResponse\n")
    done("trigger", "ResponseGiven", "--wait", "--subject", "bad-3")
    soon(lambda: any("bad-3" in about for about in stuck()))
    done("clock", "advance", "--by", "30h")
    assert ("breach", "sent") in notices("good-3")
    assert not [kind for kind, _ in notices("bad-3") if kind == "breach"]
    faults.unlink()
    done("stuck", "retry")
    soon(lambda: stuck() == [])
    done("clock", "advance", "--by", "1h")
    assert done("sla", "explain", "ticket/crm-eu/bad-3")
    assert not [kind for kind, _ in notices("bad-3") if kind == "breach"]


def test_a_mail_that_can_not_be_written_by_a_fault_is_failed_and_can_be_ordered_again(faults: Path) -> None:
    faults.write_text(f"{WRITE} crm-eu/bad-4\n")
    opened("bad-4")
    opened("good-4")
    soon(lambda: acknowledged("good-4"))
    soon(lambda: notices("bad-4") == [("acknowledgement", "failed")])
    faults.unlink()
    [notice] = [n for n in done("notices", "list") if n["about_stream"] == "promise/crm-eu/bad-4"]
    done("notices", "resend", notice["stream"], "--by", "olcare")
    soon(lambda: acknowledged("bad-4"))


def person(number: str) -> str:
    return f"requester.person=person/crm-eu/{number}"


def done_or_not(*words: str) -> Any:
    """The receipt, whatever it says."""
    return olcare(*words, "--json").json()["receipt"]
