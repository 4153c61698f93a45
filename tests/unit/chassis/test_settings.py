import platform
from pathlib import Path
from typing import Literal

import pytest
from pydantic import ValidationError

from libs.chassis.kafka_access import KafkaAccess
from libs.chassis.setting_files import BadSettings
from libs.chassis.settings import ServiceSettings

TOGETHER = KafkaAccess.model_fields.keys() - {"kafka_protocol"}
"""None of them is of use alone; test_kafka_access.py has them."""


class IntakeSettings(ServiceSettings):
    service: Literal["intake"] = "intake"


PROJECT = Path(__file__).parents[3]
COMMON = [n for n in ServiceSettings.model_fields if n != "service" and n not in TOGETHER]


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ServiceSettings.model_fields:
        monkeypatch.delenv(f"OLCARE_{name.upper()}", raising=False)
        monkeypatch.delenv(f"OLCARE_{name.upper()}_FILE", raising=False)


def test_a_service_has_a_database_and_an_instance_of_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "node", lambda: "3f2c9a1b7d10")
    settings = IntakeSettings()
    assert (settings.instance, settings.database) == ("intake-3f2c9a1b7d10", "olcare_intake")


@pytest.mark.parametrize(("machine", "instance"), [("büro 7", "intake-b-ro-7"), ("", "intake-1")])
def test_a_machine_of_any_name_gives_one_that_kafka_takes(
    monkeypatch: pytest.MonkeyPatch, machine: str, instance: str
) -> None:
    monkeypatch.setattr(platform, "node", lambda: machine)
    assert IntakeSettings().instance == instance


def test_a_name_that_kafka_does_not_take_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLCARE_INSTANCE", "intake 1")
    with pytest.raises(ValidationError, match="instance"):
        IntakeSettings()


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


@pytest.mark.parametrize("word", ["info", "INFO", "Info"])
def test_a_level_may_be_written_in_either_case(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("OLCARE_LOG", word)
    assert IntakeSettings().log == "INFO"


def test_what_is_wrong_is_not_shown_as_it_may_be_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLCARE_LOG", "s3cret")
    with pytest.raises(ValidationError) as wrong:
        IntakeSettings()
    assert "s3cret" not in str(wrong.value)
    assert "log" in str(wrong.value)


@pytest.mark.parametrize("name", COMMON)
def test_every_setting_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    (tmp_path / "there").touch()
    (tmp_path / "sources.yaml").write_text("clients: {}")
    values = {
        "http_port": "8123",
        "log": "debug",
        "kafka": "one:9092,[::1]:9093",
        "postgres": "postgresql://elsewhere?sslmode=require",
        "smtp": "mail:25",
        "contracts": str(PROJECT / "contracts/../contracts"),
        "kafka_protocol": "ssl",
        "sources": str(tmp_path / "sources.yaml"),
    }
    (tmp_path / "value").write_text(f"{values.get(name, 'elsewhere')}\n")
    monkeypatch.setenv(f"OLCARE_{name.upper()}_FILE", str(tmp_path / "value"))
    settings = IntakeSettings()
    assert name in settings.model_fields_set
    assert "\n" not in str(getattr(settings, name))
    assert getattr(settings, name) != IntakeSettings.model_fields[name].default


def test_a_secret_in_a_file_is_read_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "postgres").write_text("postgresql://u:p w@db:5433\n")
    monkeypatch.setenv("OLCARE_POSTGRES_FILE", str(tmp_path / "postgres"))
    assert IntakeSettings().postgres.get_secret_value() == "postgresql://u:p w@db:5433"


def test_an_empty_file_says_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("\n")
    monkeypatch.setenv("OLCARE_CLOCK_FILE", str(tmp_path / "clock"))
    assert IntakeSettings().clock is None


def test_a_value_that_is_said_twice_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OLCARE_KAFKA", "one:9092")
    monkeypatch.setenv("OLCARE_KAFKA_FILE", str(tmp_path / "kafka"))
    with pytest.raises(ValueError, match="kafka") as refused:
        IntakeSettings()
    assert "both set" in str(refused.value.__cause__)


def test_a_file_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OLCARE_POSTGRES_FILE", str(tmp_path / "missing"))
    with pytest.raises(ValueError, match="postgres") as refused:
        IntakeSettings()
    assert "can not be read" in str(refused.value.__cause__)


WRONG = {
    "KAFKA": ("localhost", "host:port"),
    "SMTP": ("mail:smtp", "host:port"),
    "POSTGRES": ("mysql://u:s3cret@db", "postgresql://"),
    "HTTP_PORT": ("s3cret", "integer"),
    "LOG": ("s3cret", "'INFO'"),
    "CONTRACTS": ("/nowhere", "cards"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_with_its_fault_and_what_to_do(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    value, fault = WRONG[name]
    monkeypatch.setenv(f"OLCARE_{name}", value)
    with pytest.raises(BadSettings) as told:
        IntakeSettings.read()
    [sentence] = str(told.value).splitlines()
    assert sentence.startswith(f"OLCARE_{name} is not right: ")
    assert fault in sentence
    assert sentence.endswith(f"Mend it, or what is in the file that OLCARE_{name}_FILE names.")
    assert "s3cret" not in sentence


def test_a_database_is_not_named_in_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLCARE_POSTGRES", "postgresql://db/olcare?sslmode=require")
    with pytest.raises(BadSettings, match="OLCARE_DATABASE"):
        IntakeSettings.read()


def test_all_that_is_wrong_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLCARE_LOG", "loud")
    monkeypatch.setenv("OLCARE_HTTP_PORT", "-1")
    with pytest.raises(BadSettings) as told:
        IntakeSettings.read()
    assert {line.split()[0] for line in str(told.value).splitlines()} == {"OLCARE_LOG", "OLCARE_HTTP_PORT"}


def test_a_file_that_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OLCARE_POSTGRES_FILE", str(tmp_path / "missing"))
    with pytest.raises(BadSettings, match=r"OLCARE_POSTGRES_FILE: .* can not be read"):
        IntakeSettings.read()
    monkeypatch.setenv("OLCARE_POSTGRES", "postgresql://db")
    with pytest.raises(BadSettings, match="both set"):
        IntakeSettings.read()


def test_a_policy_of_sources_that_is_none_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "sources.yaml"
    monkeypatch.setenv("OLCARE_SOURCES", str(path))
    path.write_text("clients: {a: {sources: {crm: [tickets]}}, b: {sources: {crm: [answers]}}}")
    with pytest.raises(BadSettings, match="the source crm belongs to a and to b") as told:
        IntakeSettings.read()
    assert len(str(told.value).splitlines()) == 1
    path.write_text("clients: {a: {sources: {crm: [tickets]}}}")
    policy = IntakeSettings.read().source_policy
    assert policy is not None
    assert [*policy.clients] == ["a"]
