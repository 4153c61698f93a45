"""Without a sign-in the console is for this machine alone."""

from pathlib import Path

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


OIDC = {
    "OLCARE_OIDC_ISSUER": "https://issuer.example",
    "OLCARE_OIDC_CLIENT": "olcare",
    "OLCARE_OIDC_SECRET": "s3cret",
    "OLCARE_OIDC_ROLES": "ops=operator",
    "OLCARE_CONSOLE_ADDRESS": "https://console.example.org",
}
NONE, ALL = set[str](), set(OIDC)


@pytest.mark.parametrize("there", [ALL - {name} for name in OIDC] + [{name} for name in OIDC] + [NONE])
def test_whatever_is_missing_for_a_sign_in_is_said_at_once(there: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLCARE_HTTP_HOST", "0.0.0.0")  # noqa: S104 - where it would be open
    for name in there:
        monkeypatch.setenv(name, OIDC[name])
    with pytest.raises(BadSettings) as failed:
        ConsoleSettings.read()
    assert {name for name in OIDC if name in str(failed.value).partition("missing")[2]} == ALL - there


def test_on_this_machine_a_sign_in_is_whole_or_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ConsoleSettings.read().signs_in_by is None
    monkeypatch.setenv("OLCARE_OIDC_ISSUER", OIDC["OLCARE_OIDC_ISSUER"])
    with pytest.raises(BadSettings, match=r"OLCARE_OIDC_CLIENT, OLCARE_OIDC_SECRET .*OLCARE_CONSOLE_ADDRESS"):
        ConsoleSettings.read()


def test_with_a_sign_in_it_is_open_to_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("s3cret\n")
    monkeypatch.setenv("OLCARE_HTTP_HOST", "0.0.0.0")  # noqa: S104 - where it is reached from elsewhere
    monkeypatch.setenv("OLCARE_OIDC_SECRET_FILE", str(file))
    for name in ALL - {"OLCARE_OIDC_SECRET"}:
        monkeypatch.setenv(name, OIDC[name])
    settings = ConsoleSettings.read()
    said = settings.signs_in_by
    assert said
    assert (said.client.secret, settings.published_host) == ("s3cret", "console.example.org")
    assert "s3cret" not in repr(settings) + repr(said)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("OLCARE_CONSOLE_ADDRESS", "http://console.example.org", "https://"),
        ("OLCARE_CONSOLE_ADDRESS", "https://console.example.org/care", "path"),
        ("OLCARE_CONSOLE_ADDRESS", "https://a:b@console.example.org", "login"),
        ("OLCARE_CONSOLE_ADDRESS", "console.example.org", "https://"),
        ("OLCARE_OIDC_ISSUER", "http://issuer.example", "https://"),
        ("OLCARE_OIDC_ISSUER", "https://issuer.example?a=b", "query"),
        ("OLCARE_OIDC_ROLES", "ops=admin", "no role"),
        ("OLCARE_OIDC_ROLES", ";", "no group"),
        ("OLCARE_OIDC_SCOPE", "profile", "openid"),
        ("OLCARE_OIDC_CA", "/nowhere", "no such file"),
        ("OLCARE_CONSOLE_SESSION_MINUTES", "0", "greater than or equal to 1"),
        ("OLCARE_CONSOLE_PUBLISHED_AT", "127.0.0.1", "leave it out"),
    ],
)
def test_what_can_not_be_signed_in_with_is_refused(
    name: str, value: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each, said in (OIDC | {name: value}).items():
        monkeypatch.setenv(each, said)
    with pytest.raises(BadSettings, match=why):
        ConsoleSettings.read()
