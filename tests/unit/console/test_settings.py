"""Without a sign-in the console is for this machine alone."""

import pytest

from libs.chassis.setting_files import BadSettings
from services.ops.console.settings import ConsoleSettings, is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "::1", "[::1]"])
def test_this_machine_alone(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "::", "example.org", "", "127.0.0.1.example.org"])  # noqa: S104 - no address to listen at
def test_everybody(host: str) -> None:
    assert not is_loopback(host)


def test_it_refuses_to_be_open_to_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLCARE_HTTP_HOST", "0.0.0.0")  # noqa: S104 - that is what is refused
    with pytest.raises(BadSettings, match=r"open to everybody at 0\.0\.0\.0"):
        ConsoleSettings.read()


def test_a_container_s_port_may_be_published_on_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLCARE_HTTP_HOST", "0.0.0.0")  # noqa: S104 - all that a container has
    monkeypatch.setenv("OLCARE_CONSOLE_PUBLISHED_AT", "127.0.0.1:8480")
    assert ConsoleSettings.read().published_host == "127.0.0.1"
    monkeypatch.setenv("OLCARE_CONSOLE_PUBLISHED_AT", "console.example.org:443")
    with pytest.raises(BadSettings, match=r"console\.example\.org"):
        ConsoleSettings.read()
