"""A demo that cannot go on says where to look, and its answer is whether the books balance."""

import json
from pathlib import Path

import pytest

from libs.stack.errors import StackError
from services.ops import demo
from services.ops.demo.books import BookEntry
from services.ops.demo.report import Report
from tests.unit.ops_demo.test_report import report


def _refuse(*_: object, **__: object) -> None:
    raise StackError("there is no Java")


def test_what_ended_early_says_where_its_logs_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "set_stage", _refuse)
    with pytest.raises(StackError):
        demo.run(tickets=8, root=tmp_path)
    [folder] = tmp_path.glob("demo-*")
    assert str(folder) in capsys.readouterr().err.replace("\n", "")


@pytest.mark.parametrize("right", [1, 2])
def test_the_answer_is_whether_the_books_balance(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], right: int
) -> None:
    class Stage:
        catcher = console = None

    async def perform(*_: object) -> Report:
        return report(books=[BookEntry("one", 1, right)])

    monkeypatch.setattr(demo, "set_stage", lambda *_, **__: Stage())
    monkeypatch.setattr(demo, "perform", perform)
    assert demo.run(tickets=8, root=tmp_path, as_json=True) is (right == 1)
    assert json.loads(capsys.readouterr().out)["balanced"] is (right == 1)
