from pathlib import Path
from typing import Literal

import pytest
from pydantic import ValidationError

from libs.chassis.settings import ServiceSettings


class IntakeSettings(ServiceSettings):
    service: Literal["intake"] = "intake"


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ServiceSettings.model_fields:
        monkeypatch.delenv(f"OLCARE_{name.upper()}", raising=False)


def test_a_service_has_a_database_and_an_instance_of_its_own_name() -> None:
    settings = IntakeSettings()
    assert (settings.instance, settings.database) == ("intake-1", "olcare_intake")


def test_the_environment_says_where_things_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLCARE_POSTGRES", "postgresql://u:secret@db:5433/")
    monkeypatch.setenv("OLCARE_DATABASE", "t1")
    monkeypatch.setenv("OLCARE_CLOCK", "clock.json")
    monkeypatch.setenv("OLCARE_INSTANCE", "intake-2")
    settings = IntakeSettings()
    assert (settings.clock, settings.instance) == (Path("clock.json"), "intake-2")
    assert "secret" not in repr(settings)


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLCARE_CLOCK", "")
    assert IntakeSettings().clock is None


def test_a_service_is_not_renamed_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLCARE_SERVICE", "contract")
    with pytest.raises(ValidationError, match="intake"):
        IntakeSettings()


def test_settings_stay_as_they_are() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        IntakeSettings().kafka = "elsewhere:9092"  # type: ignore[misc] # what the test is about
