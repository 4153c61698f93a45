"""What somebody wrote steers no terminal, whatever prints it; as JSON it stays what it was."""

import json

import pytest
from rich.console import Group, RenderableType
from rich.text import Text

from services.ops.cli.output import cell, json_of, say, show, table, tell, visible

NAME = "Acme \x1b[2J\u202egpj.exe\x9b31m\x07\rA\nB & Söhne \u200d"
SHOWN = "Acme \\x1b[2J\\u202egpj.exe\\x9b31m\\x07\\rA\nB & Söhne \u200d"
ROWS = [{"organisation": NAME, "city": "Łódź"}]
FORMS: dict[str, RenderableType] = {
    "a sentence": NAME,
    "a table": table(ROWS, ("organisation", "city"), title="all"),
    "a title": table([], ("organisation",), title=NAME),
    "a text": Text(NAME),
    "a group": Group(NAME, table(ROWS, ("organisation",))),
}


def harmless(text: str) -> bool:
    return not any(mark in text for mark in "\x1b\x9b\x07\r\u202e")


def test_what_steers_a_terminal_is_shown() -> None:
    assert visible(NAME) == cell(NAME) == SHOWN


@pytest.mark.parametrize("form", FORMS)
def test_nothing_that_is_printed_steers_a_terminal(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    show(NAME, as_json=False, otherwise=lambda: FORMS[form])
    out = capsys.readouterr().out
    assert harmless(out)
    assert "\\x1b[2J\\u202egpj.exe" in out.replace("\n", "")


def test_columns_stand_below_each_other_whatever_is_in_them(capsys: pytest.CaptureFixture[str]) -> None:
    show(ROWS, as_json=False, otherwise=lambda: table([*ROWS, {"city": "Nice"}], ("organisation", "city")))
    head, first, _, last = capsys.readouterr().out.splitlines()
    assert head.index("city") == first.index("Łódź") == last.index("Nice")


def test_a_text_and_a_sentence_on_standard_error_steer_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    say(NAME)
    tell(NAME)
    said = capsys.readouterr()
    assert said.out == SHOWN
    assert "".join(said.err.split()) == "".join(SHOWN.split())


def test_a_text_keeps_the_ends_of_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    say("one\r\ntwo\n")
    assert capsys.readouterr().out == "one\r\ntwo\n"


def test_json_is_what_was_found_and_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    show(ROWS, as_json=True, otherwise=str)
    out = capsys.readouterr().out
    assert json.loads(out) == json.loads(json_of(ROWS)) == ROWS
    assert harmless(out)
    assert "Łódź" in out
