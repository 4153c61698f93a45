"""How the brokers are spoken to: in clear, by TLS, with a certificate of ours or with a login."""

import ssl
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr, model_validator

from libs.chassis.variables import UPPER, Settings
from libs.eventlog.kafka.brokers import Brokers, Mechanism, Protocol
from libs.eventlog.kafka.token_endpoint import Credentials, TokenEndpoint


def _path(path: Path) -> Path:
    if "-----BEGIN" in str(path):
        raise ValueError("it is the path of a file, not what is in it")
    if not path.is_file():
        raise ValueError("there is no such file, or it is not readable for whom the process runs as")
    return path


ThatIsThere = Annotated[Path, AfterValidator(_path)]


def _https(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("it must be the address of a token endpoint, https://…, without a query and without a login")
    return url


class KafkaAccess(Settings):
    """What services and commands have in common about the brokers, beside their addresses."""

    kafka_protocol: Annotated[Protocol, UPPER] = Protocol.PLAINTEXT
    kafka_ca: ThatIsThere | None = None
    """The path of the certificates that vouch for the brokers, in place of those of the system."""
    kafka_certificate: ThatIsThere | None = None
    """The path of a certificate of ours, its chain included, where brokers want one."""
    kafka_key: ThatIsThere | None = None
    """The path of its key, where that is not in the same file."""
    kafka_key_password: SecretStr | None = None
    kafka_mechanism: Annotated[Mechanism | None, UPPER] = None
    kafka_user: str | None = None
    kafka_password: SecretStr | None = None
    kafka_token_path: ThatIsThere | None = None
    """The path of a file that somebody else keeps a fresh token in, for OAUTHBEARER; read for every connection."""
    kafka_token_url: Annotated[str, AfterValidator(_https)] | None = None
    """Where tokens for OAUTHBEARER are asked for, in place of a file: user and password are those of the client."""
    kafka_token_scope: str | None = None
    kafka_token_ca: ThatIsThere | None = None
    """The path of the certificates that vouch for it, in place of those of the system."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if problem := next(self._problems(), None):
            raise ValueError(problem)
        try:
            self.brokers("").tls()
        except (OSError, ValueError) as error:
            what = error.reason if isinstance(error, ssl.SSLError) and error.reason else error
            raise ValueError(
                f"what OLCARE_KAFKA_CA, _CERTIFICATE, _KEY and _KEY_PASSWORD name can not be used together ({what});"
                " they must be PEM, and the key that of the certificate"
            ) from None
        return self

    def _problems(self) -> Iterator[str]:
        protocol, mechanism = self.kafka_protocol, self.kafka_mechanism
        files = {"CA": self.kafka_ca, "CERTIFICATE": self.kafka_certificate, "KEY": self.kafka_key}
        if named := [f"OLCARE_KAFKA_{name}" for name, value in files.items() if value and not protocol.encrypted]:
            yield f"{', '.join(named)} are of no use under {protocol}: set OLCARE_KAFKA_PROTOCOL to SSL or SASL_SSL"
        if self.kafka_key and not self.kafka_certificate:
            yield "a key is of no use without its certificate: set OLCARE_KAFKA_CERTIFICATE"
        if not protocol.logs_in:
            if mechanism or self.kafka_user or self.kafka_password or self.kafka_token_path or self.kafka_token_url:
                left_out = "leave OLCARE_KAFKA_MECHANISM, _USER, _PASSWORD, _TOKEN_PATH and _TOKEN_URL out"
                yield f"{protocol} has no login: set OLCARE_KAFKA_PROTOCOL to SASL_SSL, or {left_out}"
        elif mechanism is None:
            yield f"{protocol} needs a way to log in: set OLCARE_KAFKA_MECHANISM to one of {', '.join(Mechanism)}"
        elif mechanism.shows_the_secret and not protocol.encrypted:
            yield f"{mechanism} shows the secret itself: set OLCARE_KAFKA_PROTOCOL to SASL_SSL"
        elif mechanism is Mechanism.OAUTHBEARER:
            yield from self._problems_of_the_token()
        elif not self.kafka_user or not self.kafka_password:
            yield f"{mechanism} needs OLCARE_KAFKA_USER and OLCARE_KAFKA_PASSWORD (or OLCARE_KAFKA_PASSWORD_FILE)"

    def _problems_of_the_token(self) -> Iterator[str]:
        if self.kafka_token_path and self.kafka_token_url:
            yield "a token comes from OLCARE_KAFKA_TOKEN_PATH or from OLCARE_KAFKA_TOKEN_URL, not from both"
        elif not self.kafka_token_path and not self.kafka_token_url:
            yield "OAUTHBEARER needs a token: set OLCARE_KAFKA_TOKEN_PATH to its file, or OLCARE_KAFKA_TOKEN_URL"
        elif self.kafka_token_url and not (self.kafka_user and self.kafka_password):
            names = "OLCARE_KAFKA_USER and OLCARE_KAFKA_PASSWORD (or OLCARE_KAFKA_PASSWORD_FILE)"
            yield f"OLCARE_KAFKA_TOKEN_URL needs {names}: the client's id and secret"

    @cached_property
    def token_endpoint(self) -> TokenEndpoint | None:
        """The same one for all clients, so that they share a token."""
        secret = _shown(self.kafka_password)
        if not (self.kafka_token_url and self.kafka_user and secret):
            return None
        url, user = self.kafka_token_url, self.kafka_user
        return TokenEndpoint(Credentials(url, user, secret, self.kafka_token_scope, self.kafka_token_ca))

    def brokers(self, addresses: str) -> Brokers:
        """The brokers at these addresses, spoken to as set."""
        return Brokers(
            addresses,
            self.kafka_protocol,
            self.kafka_ca,
            self.kafka_certificate,
            self.kafka_key,
            _shown(self.kafka_key_password),
            self.kafka_mechanism,
            self.kafka_user,
            _shown(self.kafka_password),
            self.kafka_token_path,
            self.token_endpoint,
        )


def _shown(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
