"""How the brokers are spoken to: read from variables, and refused in a sentence where it does not fit together."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from libs.chassis.kafka_access import KafkaAccess
from libs.chassis.setting_files import BadSettings
from libs.eventlog.kafka.brokers import Brokers, Mechanism, Protocol
from libs.eventlog.kafka.token_endpoint import Credentials

LOGIN = {"PROTOCOL": "sasl_ssl", "MECHANISM": "scram-sha-512", "USER": "olcare", "PASSWORD": "s3cret"}
TOKEN = {"PROTOCOL": "sasl_ssl", "MECHANISM": "oauthbearer", "TOKEN_URL": "https://issuer.example/token"}


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KafkaAccess.model_fields:
        monkeypatch.delenv(f"OLCARE_{name.upper()}", raising=False)
        monkeypatch.delenv(f"OLCARE_{name.upper()}_FILE", raising=False)


def read(monkeypatch: pytest.MonkeyPatch, **values: str | Path) -> KafkaAccess:
    for name, value in values.items():
        monkeypatch.setenv(f"OLCARE_KAFKA_{name}", str(value))
    return KafkaAccess.read()


def test_without_a_word_brokers_are_spoken_to_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch).brokers("one:9092") == Brokers("one:9092")


def test_either_case_may_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    brokers = read(monkeypatch, **LOGIN).brokers("one:9093")
    assert (brokers.protocol, brokers.mechanism) == (Protocol.SASL_SSL, Mechanism.SCRAM_SHA_512)
    assert (brokers.user, brokers.password) == ("olcare", "s3cret")


def test_the_password_may_stand_in_a_file_and_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    words = {name: value for name, value in LOGIN.items() if name != "PASSWORD"}
    access = read(monkeypatch, **words, PASSWORD_FILE=tmp_path / "password")
    assert access.brokers("one:9093").password == "s3cret"
    assert "s3cret" not in repr((access, access.brokers("one:9093"), str(access.brokers("one:9093"))))


NOT_TOGETHER: Mapping[str, tuple[Mapping[str, str], str]] = {
    "no such protocol": ({"PROTOCOL": "tls"}, "OLCARE_KAFKA_PROTOCOL"),
    "no such mechanism": ({**LOGIN, "MECHANISM": "gssapi"}, "OLCARE_KAFKA_MECHANISM"),
    "no way to log in": ({**LOGIN, "MECHANISM": ""}, "OLCARE_KAFKA_MECHANISM"),
    "no password": ({**LOGIN, "PASSWORD": ""}, "OLCARE_KAFKA_PASSWORD"),
    "no user": ({**LOGIN, "USER": ""}, "OLCARE_KAFKA_USER"),
    "a login without SASL": ({**LOGIN, "PROTOCOL": "ssl"}, "OLCARE_KAFKA_PROTOCOL"),
    "a password alone": ({"PASSWORD": "s3cret"}, "OLCARE_KAFKA_PROTOCOL"),
    "a password in clear": ({**LOGIN, "PROTOCOL": "sasl_plaintext", "MECHANISM": "plain"}, "OLCARE_KAFKA_PROTOCOL"),
    "a token in clear": ({"PROTOCOL": "sasl_plaintext", "MECHANISM": "oauthbearer"}, "OLCARE_KAFKA_PROTOCOL"),
    "no token": ({"PROTOCOL": "sasl_ssl", "MECHANISM": "oauthbearer"}, "OLCARE_KAFKA_TOKEN_PATH"),
    "a token from two places": (
        {**TOKEN, "TOKEN_PATH": __file__, "USER": "olcare", "PASSWORD": "s3cret"},
        "OLCARE_KAFKA_TOKEN_URL",
    ),
    "an endpoint without a secret": ({**TOKEN, "USER": "olcare"}, "OLCARE_KAFKA_PASSWORD"),
    "an endpoint in clear": (
        {**TOKEN, "TOKEN_URL": "http://issuer.example/token", "USER": "olcare", "PASSWORD": "s3cret"},
        "OLCARE_KAFKA_TOKEN_URL",
    ),
    "an endpoint with a login in it": (
        {**TOKEN, "TOKEN_URL": "https://olcare:s3cret@issuer.example/token", "USER": "olcare", "PASSWORD": "s3cret"},
        "OLCARE_KAFKA_TOKEN_URL",
    ),
    "an endpoint without a login": ({"TOKEN_URL": TOKEN["TOKEN_URL"]}, "OLCARE_KAFKA_PROTOCOL"),
    "a key without its certificate": ({"PROTOCOL": "ssl", "KEY": __file__}, "OLCARE_KAFKA_CERTIFICATE"),
    "an authority without TLS": ({"CA": __file__}, "OLCARE_KAFKA_PROTOCOL"),
    "an authority that is none": ({"PROTOCOL": "ssl", "CA": __file__}, "OLCARE_KAFKA_CA"),
    "an authority that is not there": ({"PROTOCOL": "ssl", "CA": "/nowhere/ca.pem"}, "OLCARE_KAFKA_CA"),
    "an authority in place of its path": (
        {"PROTOCOL": "ssl", "CA": "-----BEGIN CERTIFICATE-----\nMIIB"},
        "OLCARE_KAFKA_CA",
    ),
    "a certificate that is none": ({"PROTOCOL": "ssl", "CERTIFICATE": __file__}, "_CERTIFICATE"),
}


@pytest.mark.parametrize("way", NOT_TOGETHER)
def test_what_does_not_fit_together_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    values, setting = NOT_TOGETHER[way]
    with pytest.raises(BadSettings) as told:
        read(monkeypatch, **values)
    assert setting in str(told.value)
    assert len(str(told.value).splitlines()) == 1
    assert "s3cret" not in str(told.value)
    assert "MIIB" not in str(told.value)


def test_a_login_by_scram_may_be_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, **{**LOGIN, "PROTOCOL": "sasl_plaintext"}).kafka_protocol is Protocol.SASL_PLAINTEXT


def test_tokens_are_asked_for_by_the_user_and_the_password_and_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    access = read(monkeypatch, **TOKEN, USER="olcare", PASSWORD="s3cret", TOKEN_SCOPE="kafka")
    endpoint = access.brokers("one:9093").endpoint
    assert endpoint is not None
    assert endpoint.credentials == Credentials(TOKEN["TOKEN_URL"], "olcare", "s3cret", "kafka")
    assert access.brokers("two:9093").endpoint is endpoint
    assert "s3cret" not in repr((access, access.brokers("one:9093")))
