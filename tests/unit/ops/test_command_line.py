"""The command line says what it can not do in one sentence, with an exit code that scripts can rely on."""

import json
from pathlib import Path

import pytest
from typer.main import get_command

from libs.messages.actions import ViewingReason
from services.ops.__main__ import app, main
from services.ops.cli.options import from_files
from services.ops.cli.output import Refused
from services.ops.watch.services import SERVICES, chosen

FRAME = str.maketrans("│╭╮╰╯─", "      ")
"""Of an error's box to blanks."""


class Terminal:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def types(self, *words: str) -> tuple[int, str, str]:
        self._monkeypatch.setattr("sys.argv", ["olcare", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = self._capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, said.out, said.err


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Terminal:
    for name in ("KAFKA", "POSTGRES", "CLOCK", "SERVICES"):
        monkeypatch.delenv(f"OLCARE_{name}", raising=False)
    monkeypatch.setenv("OLCARE_RUN", str(tmp_path))
    return Terminal(monkeypatch, capsys)


@pytest.mark.parametrize(
    "words",
    [
        "lag",
        "topics check",
        "plan publish",
        "seed",
        "dlq list",
        "trigger TicketSubmitted",
        "notices list",
        "sla not-promised",
        "ticket show a/1",
        "ticket show a/1 --private --reason support --by anna",
        "dlq show olcare.tickets.in.v1/0/0 --reason mending --by anna",
        "audit",
        "projections verify",
        "sla report --from 2026-11-23 --to 2026-11-30",
        "sla report --from 2026-11-23 --to 2026-11-30 --cycles --csv",
        "sla explain crm-eu/4711",
        "sla explain crm-eu/4711 --language fr",
        "cover explain --customer customer/erp/C-1 --product planetpress-connect --at 2026-11-24T08:00:00Z",
        "contract show contract/erp/K-1",
        "entitlements",
        "record show olcare.sla.v1/0/0",
        "record why olcare.sla.v1/0/0 --effects",
        "record why 0123abcd-0011-5233-8455-66778899aabb",
        "receipt show crm-eu m-1",
        "ticket show a/1 --as-of 2026-11-24T15:00:00Z --known-at 2026-11-24T16:00:00Z",
        "sla report --from 2026-11-23 --to 2026-11-30 --known-at 2026-11-24T16:00:00Z",
        "contract show contract/erp/K-1 --as-of 2026-11-24",
    ],
)
def test_where_nothing_is_up_one_sentence_says_what_to_do(terminal: Terminal, words: str) -> None:
    code, out, err = terminal.types(*words.split())
    assert (code, out) == (1, "")
    assert err.startswith("olcare: no ")
    assert "`olcare up`" in err
    assert err.count("\n") == 1


def test_a_language_that_is_not_spoken_is_refused(terminal: Terminal) -> None:
    code, _, err = terminal.types("sla", "explain", "crm-eu/4711", "--language", "tlh")
    assert code == 2
    assert "'tlh' is none of en, fr" in " ".join(err.translate(FRAME).split())


def test_status_of_nothing_is_no_failure(terminal: Terminal) -> None:
    code, out, _ = terminal.types("status", "--json")
    assert (code, json.loads(out)) == (0, {"up": False})


def test_down_of_nothing_is_no_failure(terminal: Terminal) -> None:
    code, out, _ = terminal.types("down", "--json")
    assert (code, json.loads(out)) == (0, {"ended": False})


@pytest.mark.parametrize(
    "words",
    [
        "nonsense",
        "clock advance",
        "clock advance --to tomorrow",
        "clock advance --by 1h --to 2026-11-23",
        "up --rate 60",
        "projections rebuild",
        "projections rebuild intake.tickets --all",
        "notices resend notice/x --by anna",
        "notices settle notice/a/b --by anna --as perhaps",
        "dlq discard olcare.tickets.in.v1/0/0 --by Anna\u00a0B --why x",
        "dlq retry",
        "dlq retry --topic nonsense",
        "dlq retry --reason nonsense",
        "dlq retry --since yesterday",
        "dlq retry olcare.tickets.in.v1/0/0 --source crm-eu",
        "dlq discard --by anna --why x",
        "person erase dominique --by anna",
        "sla report --from 2026-11-23 --to 2026-11-23",
        "sla report --from monday --to 2026-11-30",
        "sla report --from 2026-11-23 --to 2026-11-30 --json --csv",
        "sla report --from 2026-11-23 --to 2026-11-30 --json --cycles",
        "sla report --from 2026-11-23 --to 2026-11-30 --misses --cycles",
        "sla report --from 2026-11-23 --to 2026-11-30 --customer C-1001",
        "sla report --from 2026-11-23 --to 2026-11-30 --ledger third",
        "sla explain 4711",
        "contract show K-1",
        "contract show ticket/erp/1",
        "entitlements --customer C-1",
    ],
)
def test_wrong_usage_is_told_apart(terminal: Terminal, words: str) -> None:
    code, out, err = terminal.types(*words.split(" "))
    assert (code, out) == (2, "")
    assert "Usage: olcare" in err


SHOWING = ("dlq show olcare.tickets.in.v1/0/0", "ticket show a/1 --private")


@pytest.mark.parametrize("said", ["", " --by anna", " --reason support", " --case INC-204"])
@pytest.mark.parametrize("words", SHOWING)
def test_nobody_is_shown_what_is_private_without_saying_why_and_who_looks(
    terminal: Terminal, words: str, said: str
) -> None:
    code, out, err = terminal.types(*f"{words}{said}".split())
    assert (code, out) == (2, "")
    sentence = " ".join(err.translate(FRAME).split())
    assert "this shows what is private, and that is recorded" in sentence
    assert all(reason in sentence for reason in ViewingReason)


@pytest.mark.parametrize("words", SHOWING)
@pytest.mark.parametrize("said", ["--reason curiosity --by anna", "--reason support --by Anna\u00a0B"])
def test_a_reason_is_one_of_a_list_and_who_looks_is_no_name(terminal: Terminal, words: str, said: str) -> None:
    code, out, err = terminal.types(*words.split(), *said.split(" "))
    assert (code, out) == (2, "")
    assert "Usage: olcare" in err


@pytest.mark.parametrize("said", ["--by anna", "--reason support", "--case INC-204"])
def test_a_reason_is_for_what_is_private_alone(terminal: Terminal, said: str) -> None:
    code, out, err = terminal.types("ticket", "show", "a/1", *said.split())
    assert (code, out) == (2, "")
    assert "nothing else is recorded" in " ".join(err.translate(FRAME).split())


OPTIONS = [variable for variable in (p.envvar for p in get_command(app).params) if variable]


def test_every_option_of_all_commands_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "value").write_text("a\n")
    files = {f"{variable}_FILE": str(tmp_path / "value") for variable in OPTIONS}
    assert sorted(from_files(files)) == sorted(p.name for p in get_command(app).params if p.envvar)
    assert set(from_files(files).values()) == {"a"}


def test_an_address_in_a_file_is_used(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "clock").write_text(f"{tmp_path}/none\n")
    monkeypatch.setenv("OLCARE_CLOCK_FILE", str(tmp_path / "clock"))
    code, _, err = terminal.types("clock", "show")
    assert (code, err.count("\n")) == (1, 1)
    assert "no plan clock" in err


def test_an_address_in_a_file_that_is_not_there_is_one_sentence(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OLCARE_POSTGRES_FILE", str(tmp_path / "none"))
    assert terminal.types("lag") == (
        2,
        "",
        (
            f"olcare: OLCARE_POSTGRES_FILE: {tmp_path}/none can not be read (FileNotFoundError); it must be there, and"
            " readable for whom the process runs as\n"
        ),
    )


def test_a_password_is_not_shown_with_the_help(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "postgres").write_text("postgresql://u:s3cret@db")
    monkeypatch.setenv("OLCARE_POSTGRES_FILE", str(tmp_path / "postgres"))
    _, out, _ = terminal.types("--help")
    assert "POSTGRES" in out
    assert "s3cret" not in out


def test_real_time_is_not_stepped(terminal: Terminal) -> None:
    code, _, err = terminal.types("clock", "advance", "--by", "1h")
    assert code == 1
    assert "not stepped" in err


def test_real_time_is_shown_as_such(terminal: Terminal) -> None:
    _, out, _ = terminal.types("clock", "show", "--json")
    assert json.loads(out)["mode"] == "real"


def test_a_plan_clock_that_is_not_there_is_one_sentence(terminal: Terminal, tmp_path: Path) -> None:
    code, _, err = terminal.types("--clock-file", str(tmp_path / "none"), "clock", "show")
    assert (code, err.count("\n")) == (1, 1)
    assert "no plan clock" in err


def test_a_folder_without_a_plan_is_one_sentence(terminal: Terminal, tmp_path: Path) -> None:
    code, _, err = terminal.types("plan", "publish", "--plan", str(tmp_path))
    assert (code, err.count("\n")) == (1, 1)
    assert "centres.yaml" in err


def test_projections_are_named_by_service_or_by_reader() -> None:
    assert [reader.name for _, reader in chosen(["intake"])] == ["tickets", "contracts", "plan"]
    assert [(service.name, reader.name) for service, reader in chosen(["sla_timer.plan"])] == [("sla_timer", "plan")]
    assert len(list(chosen([]))) == sum(len(service.readers) for service in SERVICES.values())


def test_a_projection_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match=r"intake\.nonsense"):
        list(chosen(["intake.nonsense"]))
