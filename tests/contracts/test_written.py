"""What is generated is committed, and an incompatible change is refused."""

from pathlib import Path

import pytest

from tests.contracts import write
from tests.contracts.schemas import schemas


def test_the_committed_schemas_live_with_those_of_the_code() -> None:
    assert list(write.incompatible(write.committed(), schemas())) == [], "give the event a new class, such as …V2"


def test_what_is_committed_is_what_the_code_says() -> None:
    stale = [path.name for path, text in write.wanted().items() if not path.exists() or path.read_text() != text]
    assert stale == [], "run `make contracts`"
    assert {path.stem for path in write.SCHEMAS.iterdir()} == set(schemas())


def test_a_type_is_kept_for_ever() -> None:
    left = {kind: content for kind, content in schemas().items() if kind != "olcare.TicketOpened.v1"}
    assert list(write.incompatible(schemas(), left)) == [
        "olcare.TicketOpened.v1: the type was removed; a class is kept for ever"
    ]


def test_an_incompatible_change_is_not_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    older = schemas()
    older["olcare.TicketOpened.v1"]["properties"]["weather"] = {"type": "string"}
    monkeypatch.setattr(write, "committed", lambda: older)
    monkeypatch.setattr(write, "SCHEMAS", tmp_path)
    monkeypatch.setattr(write, "ASYNCAPI", tmp_path / "asyncapi.yaml")
    assert write.main([]) == 1
    assert list(tmp_path.iterdir()) == []
    assert write.main(["--never-written"]) == 0
    assert len(list(tmp_path.glob("*.json"))) == len(older)
