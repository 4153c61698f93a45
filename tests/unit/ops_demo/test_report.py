"""The books say where two numbers differ, and the report says it aloud."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from libs.messages.catalogue import CONTRACTS_DOOR, TICKETS_DOOR
from libs.messages.places import RecordAddress
from libs.messages.receipts import Outcome, Receipt
from services.ops.demo.books import BookEntry, entries
from services.ops.demo.figures import Figures, WrongFigure
from services.ops.demo.findings import Mails
from services.ops.demo.reckoning import reckon
from services.ops.demo.report import Report, Share, by_centre, by_channel, mailed, of_contracts, proven, unheard
from services.ops.demo.show import shown
from services.ops.demo.topics import DoorBook, LogEvent, Topics
from services.ops.watch.projections import Proof
from tests.unit.ops_demo.scripts import plan, script

COMMAND = "6f1d3c52-2f0b-5a39-9d4c-0c1a5e0b7c11"
SAID = replace(script(8), before=(), lines=tuple(line for line in script(8).lines if line.event)[:1])
PROVEN = Proof("intake.tickets", "tickets", 1, "00", equal=True)


def receipt(offset: int) -> Receipt:
    place = RecordAddress(topic=TICKETS_DOOR, partition=0, offset=offset)
    return Receipt(place=place, outcome=Outcome.ACCEPTED, command=COMMAND)


def topics(*receipts: Receipt, events: int = 1) -> Topics:
    doors = {CONTRACTS_DOOR: DoorBook(0, [], []), TICKETS_DOOR: DoorBook(1, receipts, [])}
    return Topics(doors, [LogEvent("olcare.TicketOpened.v1", "ticket/a/1", COMMAND, {})] * events)


def unbalanced(found: Topics, mails: Mails = Mails(0, 0), proof: Proof = PROVEN) -> list[str]:  # noqa: B008 - frozen
    return [e.says for e in entries(SAID, found, Figures(), mails, [proof], []) if not e.balanced]


def test_one_message_with_its_receipt_and_its_event_balances() -> None:
    assert unbalanced(topics(receipt(0))) == []


def test_a_record_without_a_receipt_does_not() -> None:
    assert any("receipt" in says for says in unbalanced(topics()))


def test_a_command_with_two_events_does_not() -> None:
    assert unbalanced(topics(receipt(0), events=2)) == ["tickets.in: commands = events of theirs that count"]


def test_a_mail_that_nobody_sent_does_not() -> None:
    assert unbalanced(topics(receipt(0)), Mails(1, 1)) == ["mails that arrived = notices sent"]


def test_a_table_that_differs_from_the_log_does_not() -> None:
    assert len(unbalanced(topics(receipt(0)), proof=PROVEN._replace(equal=False))) == 1


def report(**changed: object) -> Report:
    found = reckon(script(), plan())
    made = Report(
        begins=script().week.begins,
        ends=script().ends,
        seconds=100.0,
        messages=1,
        events=2,
        void=0,
        centres=by_centre(plan(), found),
        channels=by_channel(found),
        contracts=of_contracts(plan(), found),
        mails=mailed(found),
        not_taken=unheard(found),
        proof=proven([PROVEN]),
        books=[BookEntry("one = one", 1, 1)],
        differences=[],
    )
    return replace(made, **changed)  # type: ignore[arg-type] # any field


def said(made: Report) -> str:
    out = StringIO()
    Console(width=80, file=out).print(shown(made, Path(".run/demo")))
    return out.getvalue()


def test_centres_and_channels_add_up_to_the_same() -> None:
    made = report()
    for column in ("tickets", "refused", "promised", "met", "breached", "at_risk"):
        assert sum(getattr(s, column) for s in made.centres) == sum(getattr(s, column) for s in made.channels)


def test_attainment_is_the_share_of_judged_promises_that_were_met() -> None:
    assert Share("france", 9, 1, 8, 3, 1, 4, 0).attainment == pytest.approx(0.75)
    assert Share("france", 1, 1, 0, 0, 0, 0, 0).attainment is None


def test_the_end_names_every_centre_and_says_that_the_books_balance() -> None:
    text = said(report())
    assert all(centre.centre.replace("-", " ").title() in text for centre in plan().centres), text
    assert "The books balance." in text


def test_contracts_are_told_by_centre_with_their_prices() -> None:
    lines = [" ".join(line.split()) for line in said(report()).splitlines()]
    japan = next(at for at, line in enumerate(lines) if line.startswith("Japan offer"))
    assert lines[japan : japan + 4] == [
        "Japan offer 1 250,000 JPY",
        "lapse 1 312,500 JPY",
        "refused ticket 1 312,500 JPY",
        "re-subscription 1 312,500 JPY",
    ]
    assert report().data()["contracts"][0] == {
        "centre": "americas",
        "what": "offer",
        "number": 1,
        "money": {"CAD": "9600.00"},
    }


def test_a_terminal_of_eighty_characters_shows_every_figure() -> None:
    text = said(report())
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_books_that_do_not_balance_are_shown_with_what_differs() -> None:
    made = report(books=[BookEntry("one = two", 1, 2)], differences=[WrongFigure("mails", "somebody", 1, 2)])
    assert not made.balanced
    assert "The books do not balance." in said(made)
    assert "somebody" in said(made)


def test_other_programs_get_the_same_with_names() -> None:
    data = report().data()
    assert data["balanced"] is True
    assert [row["name"] for row in data["centres"]] == [*(centre.centre for centre in plan().centres), None]
    assert 0 < data["channels"][0]["attainment"] < 1
    assert data["books"] == [{"says": "one = one", "left": 1, "right": 1, "balanced": True}]
