"""What docker-compose.yml tells our processes is what their settings take; an integration test has Compose read it."""

import shlex
from typing import Any

import pytest
import yaml

from libs.chassis.settings import ServiceSettings
from libs.stack.run import PROJECT
from services.contract.settings import ContractSettings
from services.intake.settings import IntakeSettings
from services.notification.settings import NotificationSettings
from services.ops.audit.settings import AuditSettings
from services.ops.cli.environment import _addresses
from services.ops.console.settings import ConsoleSettings
from services.ops.serve import OpsSettings
from services.ops.watch.services import SERVICES
from services.sla_timer.settings import SlaTimerSettings

OPTIONS_OF: dict[type[ServiceSettings], set[str]] = {
    ConsoleSettings: {"services", "run"},
    OpsSettings: {"services"},
}  # what its commands take beside its settings
SETTINGS: dict[str, type[ServiceSettings]] = {
    "services.contract": ContractSettings,
    "services.intake": IntakeSettings,
    "services.notification": NotificationSettings,
    "services.ops": OpsSettings,
    "services.ops.audit": AuditSettings,
    "services.ops.console": ConsoleSettings,
    "services.sla_timer": SlaTimerSettings,
}
COMPOSITION: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]
OURS = [name for name, service in COMPOSITION.items() if service["image"] == "olcare:local"]
SET = [name for name in OURS if "environment" in COMPOSITION[name]]


def test_every_service_is_told_something() -> None:
    assert {COMPOSITION[name]["command"][2] for name in SET} == set(SETTINGS)


@pytest.mark.parametrize("name", SET)
def test_the_settings_of_a_service_take_every_value(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environment, settings = COMPOSITION[name]["environment"], SETTINGS[COMPOSITION[name]["command"][2]]
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    taken = (
        settings().model_fields_set
        | OPTIONS_OF.get(settings, set())
        | {v.removeprefix("OLCARE_").lower() for v, text in environment.items() if not text}
    )
    assert {variable.removeprefix("OLCARE_").lower() for variable in environment} <= taken


@pytest.mark.parametrize("container", ["ops", "console"])
def test_what_watches_the_services_knows_every_one(container: str) -> None:
    addresses = _addresses(COMPOSITION[container]["environment"]["OLCARE_SERVICES"])
    assert set(addresses) == set(SERVICES)
    for name, place in addresses.items():
        assert COMPOSITION[place.host]["command"][2] == SERVICES[name].module
        assert str(place.port) == COMPOSITION[place.host]["environment"]["OLCARE_HTTP_PORT"]


@pytest.mark.parametrize("name", [name for name in OURS if "healthcheck" in COMPOSITION[name]])
def test_a_health_check_is_one_program_whose_words_hold_no_blanks(name: str) -> None:
    """Some engines take a check apart at its blanks."""
    test = COMPOSITION[name]["healthcheck"]["test"]
    assert test[:3] == ["CMD", "python", "-m"]
    assert shlex.split(" ".join(test)) == test
