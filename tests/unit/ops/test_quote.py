"""Prices on the command line: a line in, a line out, whatever the line is."""

import io
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from shutil import copytree
from subprocess import PIPE
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.plan import export_plan
from services.contract.plan import read_plan
from services.ops.__main__ import main
from services.ops.contract.quotes import quote_of
from services.ops.sla.json_lines import LONGEST_LINE, InputLine, first_twice, lines

PLAN_FILES = Path(__file__).parents[3] / "services/contract/plan"
PLAN = read_plan()
ASKED = {"id": "Q1", "licence_value": "12345.67", "currency": "EUR", "kind": "renewal", "on": "2026-11-24"}
LISTED = {"version": 1, "applies_from": "2026-01-01", "status": "assumption"}


class Said(NamedTuple):
    code: int
    answers: list[Any]
    err: str


class Terminal:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def quote(self, *given: object, words: Iterable[str] = ()) -> Said:
        raw = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in given)
        return self.types("quote", *words, raw=raw)

    def types(self, *words: str, raw: bytes = b"") -> Said:
        self._monkeypatch.setattr("sys.argv", ["olcare", "contract", *words])
        self._monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))
        with pytest.raises(SystemExit) as ended:
            main()
        said = self._capsys.readouterr()
        return Said(int(ended.value.code or 0), [json.loads(line) for line in said.out.splitlines()], said.err)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Terminal:
    for name in ("KAFKA", "POSTGRES", "CLOCK", "SERVICES"):
        monkeypatch.delenv(f"OLCARE_{name}", raising=False)
    monkeypatch.setenv("OLCARE_RUN", str(tmp_path))
    return Terminal(monkeypatch, capsys)


def answered(line: object) -> dict[str, Any]:
    raw = line if isinstance(line, bytes) else json.dumps(line).encode()
    said = quote_of(PLAN.prices, InputLine(2, raw))
    assert said.is_good is ("price" in said.said)
    return dict(said.said)


def amount(**changes: object) -> str:
    said = answered(ASKED | changes)
    assert "price" in said, said
    return str(said["price"]["amount"])


def test_k10_the_demo_s_value_is_priced_by_the_shipped_plan(terminal: Terminal) -> None:
    code, answers, err = terminal.quote(ASKED, ASKED | {"id": "Q2", "kind": "resubscription"})
    assert (code, err) == (0, "")
    assert answers == [
        {
            "id": "Q1",
            "price": {"amount": "2469.13", "currency": "EUR"},
            "rate": "0.20",
            "price_list": LISTED,
            "adjusted": False,
        },
        {
            "id": "Q2",
            "price": {"amount": "3086.42", "currency": "EUR"},
            "rate": "0.25",
            "price_list": LISTED,
            "adjusted": False,
        },
    ]


def test_k11_a_re_subscription_is_put_above_the_renewal_and_says_so(terminal: Terminal) -> None:
    small = ASKED | {"licence_value": "0.05"}
    code, [renewal, back], _ = terminal.quote(small, small | {"kind": "resubscription"})
    assert code == 0
    assert (renewal["price"]["amount"], renewal["adjusted"]) == ("0.01", False)
    assert (back["price"]["amount"], back["adjusted"], back["rate"]) == ("0.02", True, "0.25")


def test_an_amount_has_just_the_minor_digits_of_its_currency() -> None:
    assert (amount(currency="JPY"), amount(licence_value="10"), amount(licence_value="1e6")) == (
        "2469",
        "2.00",
        "200000.00",
    )


@pytest.mark.parametrize(
    ("rate", "said"),
    [(0, "0.00"), (1, "0.0001"), (2_000, "0.20"), (2_525, "0.2525"), (2_550, "0.255"), (100_000, "10.00")],
)
def test_a_rate_has_two_digits_after_the_point_at_least(rate: int, said: str) -> None:
    prices = [one.model_copy(update={"renewal": rate}) for one in PLAN.prices]
    assert quote_of(prices, InputLine(1, json.dumps(ASKED).encode())).said["rate"] == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("12345.67", "2469.13"),
        ("0", "0.00"),
        ("-0", "0.00"),
        ("-0.0", "0.00"),
        ("0E-5", "0.00"),
        ("1e2", "20.00"),
        ("1E+2", "20.00"),
        ("125e-3", "0.02"),
        ("0.125000000000000000000000000001", "0.03"),
        ("9" * 40 + ".99", "2" + "0" * 39 + ".00"),
        ("1" + "0" * 5_000, "2" + "0" * 4_999 + ".00"),
        ("1e-999999999", "0.00"),
        ("1e-99999999999999999999999999", "0.00"),
        ("0e99999999999999999999999999", "0.00"),
    ],
)
def test_a_value_is_taken_exactly_as_text_and_as_a_number(number: str, said: str) -> None:
    as_number = json.dumps(ASKED).replace('"12345.67"', number).encode()
    found = {str(answered(line)["price"]["amount"]) for line in (ASKED | {"licence_value": number}, as_number)}
    assert found == {said}


def test_a_value_as_long_as_a_line_may_be_is_priced() -> None:
    assert amount(licence_value="9" * 1_000_000) == "1" + "9" * 999_999 + ".80"


BAD = {
    "not json": (b"{", "not_json", None),
    "two objects": (b"{} {}", "not_json", None),
    "two lines by a carriage return": (b"{}\r{}", "not_json", None),
    "half an utf-8": (b'{"id": "\xe2\x82"}', "not_utf8", None),
    "utf-16": (json.dumps(ASKED).encode("utf-16"), "not_utf8", None),
    "nested for ever": (b'{"id":' * 100_000, "not_json", None),
    "a line of a megabyte": (b'{"id": "' + b"x" * LONGEST_LINE + b'"}', "too_long", None),
    "a list": ([ASKED], "not_an_object", None),
    "a number": (7, "not_an_object", None),
    "no number": (b"NaN", "not_an_object", None),
    "null": (None, "not_an_object", None),
    "blanks": (b" \t ", "empty_line", None),
    "a byte order mark alone": (b"\xef\xbb\xbf", "empty_line", None),
    "an id that is null": (ASKED | {"id": None}, "wrong_type", "id"),
    "an id that is true": (ASKED | {"id": True}, "wrong_type", "id"),
    "an id that is half": (ASKED | {"id": 0.5}, "wrong_type", "id"),
    "an id with an exponent": (json.dumps(ASKED).replace('"Q1"', "1e3").encode(), "wrong_type", "id"),
    "an id that is no number": (json.dumps(ASKED).replace('"Q1"', "NaN").encode(), "wrong_type", "id"),
    "an id of 54 bits": (ASKED | {"id": 2**53}, "too_long", "id"),
    "an id of 30 digits": (ASKED | {"id": 10**30}, "too_long", "id"),
    "an id of 201 characters": (ASKED | {"id": "x" * 201}, "too_long", "id"),
    "an id with half a character": (ASKED | {"id": "\ud83d"}, "not_utf8", "id"),
    "an id twice": (b'{"id": "a", "id": "b"}', "duplicate_key", "id"),
    "a value twice": (json.dumps(ASKED).encode()[:-1] + b', "licence_value": 1}', "duplicate_key", "licence_value"),
    "an unknown field": (ASKED | {"licence": "L-1"}, "unknown_field", "licence"),
    "an unknown field of any length": (ASKED | {"x" * 500: 1}, "unknown_field", None),
    "an unknown field of half a character": (ASKED | {"\ud83d": 1}, "unknown_field", None),
    "a field that steers a terminal": (ASKED | {"\x1b[2J": 1}, "unknown_field", None),
    "a field in capitals": (ASKED | {"Currency": "EUR"}, "unknown_field", "Currency"),
    "a value with a comma": (ASKED | {"licence_value": "1,5"}, "bad_value", "licence_value"),
    "a value of half a character": (ASKED | {"licence_value": "\ud83d"}, "bad_value", "licence_value"),
    "a value that is null": (ASKED | {"licence_value": None}, "wrong_type", "licence_value"),
    "a value that is true": (ASKED | {"licence_value": True}, "wrong_type", "licence_value"),
    "a value in a list": (ASKED | {"licence_value": ["1"]}, "wrong_type", "licence_value"),
    "a value in an object": (ASKED | {"licence_value": {"amount": 1}}, "wrong_type", "licence_value"),
    "a currency that is a number": (ASKED | {"currency": 978}, "wrong_type", "currency"),
    "a currency that is null": (ASKED | {"currency": None}, "wrong_type", "currency"),
    "a currency in small letters": (ASKED | {"currency": "eur"}, "unknown_currency", "currency"),
    "a currency without prices": (ASKED | {"currency": "CHF"}, "unknown_currency", "currency"),
    "a currency of half characters": (ASKED | {"currency": "\ud83d" * 999}, "unknown_currency", "currency"),
    "a kind that is a list": (ASKED | {"kind": []}, "wrong_type", "kind"),
    "another kind": (ASKED | {"kind": "upgrade"}, "unknown_kind", "kind"),
    "a kind with a hyphen": (ASKED | {"kind": "first-year"}, "unknown_kind", "kind"),
    "a day that is a number": (ASKED | {"on": 20261124}, "wrong_type", "on"),
    "no such day": (ASKED | {"on": "2026-02-29"}, "bad_date", "on"),
    "the year 0": (ASKED | {"on": "0000-01-01"}, "bad_date", "on"),
    "a day of the week": (ASKED | {"on": "2026-W48-2"}, "bad_date", "on"),
    "a day without hyphens": (ASKED | {"on": "20261124"}, "bad_date", "on"),
    "an instant": (ASKED | {"on": "2026-11-24T00:00:00Z"}, "bad_date", "on"),
    "a day in other digits": (ASKED | {"on": "٢٠٢٦-11-24"}, "bad_date", "on"),
    "a day with a line's end": (ASKED | {"on": "2026-11-24\n"}, "bad_date", "on"),
    "before all price lists": (ASKED | {"on": "2025-12-31"}, "no_price_list", "on"),
    "the first day of all": (ASKED | {"on": "0001-01-01"}, "no_price_list", "on"),
}
NO_VALUES = {
    "bad_value": ", ,1_000, 1,1 ,1\n,1.5.,1 000,+1,.5,5.,007,0x10,1e,e5,--1,1.2.3,1 EUR,NaN1,infinite,١٢٣,½,²",
    "not_finite": "NaN,nan,-NaN,sNaN,Infinity,-Infinity,inf,+Infinity",
    "negative": "-0.01,-1,-1e-999999999,-1e99999999999999999999999,-1e-99999999999999999999999",
    "too_large": "1e999999999,1e1000000,1e99999999999999999999999",
}
BAD |= {
    f"a value of {text!r}": (ASKED | {"licence_value": text}, code, "licence_value")
    for code, texts in NO_VALUES.items()
    for text in texts.split(",")
}
BAD |= {
    f"{number} as a number": (json.dumps(ASKED).replace('"12345.67"', number).encode(), code, "licence_value")
    for number, code in {
        "NaN": "not_finite",
        "Infinity": "not_finite",
        "-Infinity": "not_finite",
        "-1": "negative",
        "1e999999999": "too_large",
    }.items()
}
BAD |= {f"no {name}": ({k: v for k, v in ASKED.items() if k != name}, "missing", name) for name in ASKED}


@pytest.mark.parametrize(("line", "code", "field"), BAD.values(), ids=BAD)
def test_a_bad_line_is_answered_with_its_code_and_field(line: object, code: str, field: str | None) -> None:
    bad = answered(line)
    assert bad.keys() == {"id", "line", "error"}
    assert (bad["line"], bad["error"]["code"], bad["error"]["field"]) == (2, code, field)
    assert bad["id"] == (None if field == "id" or (field is None and code != "unknown_field") else "Q1")
    assert 0 < len(bad["error"]["message"]) < 250


def test_bad_lines_end_nothing_and_all_are_said_in_order(terminal: Terminal) -> None:
    given = [line for line, _, _ in BAD.values()]
    code, answers, err = terminal.quote(*(line for bad in given for line in (bad, ASKED)))
    assert (code, err, len(answers)) == (1, "", 2 * len(given))
    assert [answer.get("line") for answer in answers[::2]] == list(range(1, 2 * len(given), 2))
    assert {json.dumps(answer["price"]) for answer in answers[1::2]} == {'{"amount": "2469.13", "currency": "EUR"}'}


def test_a_line_that_json_can_not_be_is_followed_by_others(terminal: Terminal) -> None:
    code, answers, _ = terminal.quote(b"", b"\r", b'{"a', ASKED, b"")
    assert code == 1
    assert [answer.get("error", {}).get("code") for answer in answers] == ["empty_line"] * 2 + ["not_json", None]


@pytest.mark.parametrize(
    "line",
    [
        json.dumps(ASKED).encode() + b"\r",
        json.dumps(ASKED).encode() + b"\n",
        b"\xef\xbb\xbf" + json.dumps(ASKED).encode(),
        dict(reversed(ASKED.items())),
        json.dumps(ASKED, indent="\t").replace("\n", " ").encode(),
        json.dumps(ASKED).replace("EUR", r"\u0045UR").encode(),
    ],
)
def test_the_same_may_be_said_in_other_ways(terminal: Terminal, line: object) -> None:
    assert terminal.quote(line) == terminal.quote(ASKED)


@pytest.mark.parametrize("identity", [0, -7, 2**53 - 1, "", "é ☎", "x" * 200])
def test_an_id_comes_back_as_it_was(identity: str | int) -> None:
    assert answered(ASKED | {"id": identity})["id"] == identity


def test_however_many_names_stand_in_a_line_each_is_looked_at_a_few_times() -> None:
    looks = list[int]()

    class Name(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            looks.append(1)
            return str(self) == other

    pairs = [(Name(f"n{number}"), number) for number in range(500)]
    assert first_twice([*pairs, (Name("n499"), 0)]) == "n499"
    assert len(looks) < 10 * len(pairs)
    many = "{" + ",".join(f'"n{number}":0' for number in range(20_000)) + ',"id":"a","id":"b"}'
    assert answered(many.encode())["error"]["code"] == "duplicate_key"


def test_no_line_is_no_answer(terminal: Terminal) -> None:
    assert terminal.quote() == Said(0, [], "")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*ASKED.values(), "-1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.one_of(
        st.binary(max_size=60).filter(lambda raw: b"\n" not in raw),
        st.fixed_dictionaries({}, optional=dict.fromkeys((*ASKED, "more"), JSON_VALUES)),
        JSON_VALUES,
    )
)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_said_is_answered(line: object) -> None:
    said = answered(line)
    assert said.keys() in ({"id", "line", "error"}, {"id", "price", "rate", "price_list", "adjusted"})
    assert json.dumps(said, default=str).encode()


def several_lists(folder: Path) -> Path:
    copied = copytree(PLAN_FILES, folder / "plan")
    with (copied / "prices.yaml").open("a", encoding="utf-8") as prices:
        prices.write(
            "- {currency: EUR, version: 2, minor_digits: 2, first_year: 1800, renewal: 2100, resubscription: 3000, "
            "applies_from: 2027-01-01, status: confirmed}\n"
        )
    return copied


def test_each_line_is_priced_by_the_list_of_its_day(terminal: Terminal, tmp_path: Path) -> None:
    asked = [ASKED | {"on": day, "licence_value": "1000"} for day in ("2026-12-31", "2027-01-01")]
    asked += [asked[1] | {"kind": kind} for kind in ("first_year", "resubscription")]
    code, answers, _ = terminal.quote(*asked, words=("--plan", str(several_lists(tmp_path))))
    assert code == 0
    assert [answer["price"]["amount"] for answer in answers] == ["200.00", "210.00", "180.00", "300.00"]
    assert [answer["price_list"]["version"] for answer in answers] == [1, 2, 2, 2]
    assert answers[1]["price_list"] == {"version": 2, "applies_from": "2027-01-01", "status": "confirmed"}


def test_a_plan_may_be_one_exported_file(terminal: Terminal, tmp_path: Path) -> None:
    exported = tmp_path / "plan.json"
    dearer = [one.model_copy(update={"renewal": 2_200}) for one in PLAN.prices]
    exported.write_text(export_plan(replace(PLAN, prices=tuple(dearer))))
    code, [answer], _ = terminal.quote(ASKED, words=("--plan", str(exported)))
    assert (code, answer["rate"]) == (0, "0.22")


def a_bad_plan(folder: Path) -> Iterator[Path]:
    yield folder
    (folder / "plan.json").write_text("{}")
    yield folder / "plan.json"
    for number, (old, new) in enumerate(
        (("resubscription: 2500", "resubscription: 2000"), ("EUR", "XXX"), ("minor_digits: 2", "minor_digits: 3"))
    ):
        wrong = copytree(PLAN_FILES, folder / f"wrong-{number}")
        prices = (wrong / "prices.yaml").read_text(encoding="utf-8")
        (wrong / "prices.yaml").write_text(prices.replace(old, new, 1), encoding="utf-8")
        yield wrong


def test_a_bad_plan_is_one_sentence_and_no_answer(terminal: Terminal, tmp_path: Path) -> None:
    plans = list(a_bad_plan(tmp_path))
    assert len(plans) == 5
    for plan in plans:
        code, answers, err = terminal.quote(ASKED, words=("--plan", str(plan)))
        assert (code, answers, err.count("\n")) == (2, [], 1)
        assert err.startswith("olcare: ")


@pytest.mark.parametrize("words", ["quote --plan /nowhere", "quote --nonsense", "quote extra", "x"])
def test_wrong_usage_is_told_apart(terminal: Terminal, words: str) -> None:
    code, answers, err = terminal.types(*words.split())
    assert (code, answers) == (2, [])
    assert "Usage: olcare" in err


def test_either_a_plan_or_what_is_published_is_asked(terminal: Terminal) -> None:
    code, answers, err = terminal.quote(ASKED, words=("--published", "--plan", str(PLAN_FILES)))
    assert (code, answers) == (2, [])
    assert "either a plan or what is published" in err
    code, answers, err = terminal.quote(ASKED, words=("--published",))
    assert (code, answers) == (1, [])
    assert err.startswith("olcare: no PostgreSQL is given")


def test_each_line_is_answered_at_once_and_a_reader_that_goes_away_is_no_crash() -> None:
    command = [sys.executable, "-m", "services.ops", "contract", "quote"]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, bufsize=0) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        for identity in ("one", "two"):
            process.stdin.write(json.dumps(ASKED | {"id": identity}).encode() + b"\n")
            assert json.loads(process.stdout.readline())["id"] == identity
        process.stdout.close()
        process.stdin.write(b"{}\n")
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_a_line_is_forgotten_once_it_is_answered() -> None:
    held = list[int]()

    def endless() -> Iterator[bytes]:
        for number in range(20_000):
            yield json.dumps(ASKED | {"id": number, "on": str(date(2026 + number % 7_000, 1, 1))}).encode() + b"\n"

    class Source(io.BytesIO):
        parts = endless()

        def readline(self, _: int | None = -1, /) -> bytes:
            held.append(1)
            return next(self.parts, b"")

    answers = (quote_of(PLAN.prices, line) for line in lines(Source()))
    for number, answer in enumerate(answers):
        assert answer.is_good
        assert len(held) == number + 1, "nothing is read ahead"
