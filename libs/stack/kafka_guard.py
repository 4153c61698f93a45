"""Who may connect to a local broker, and what they may do there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from libs.stack.certificates import CertificateFiles

_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
_TOKEN = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"  # noqa: S105 - a class
_UNSECURED = (
    "org.apache.kafka.common.security.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler"
)
SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True)
class KafkaGuard:
    """Clients come by TLS, with a certificate or with a login; brokers among themselves in clear, on this machine."""

    identity: CertificateFiles | None = None
    """The brokers' own; without it they speak in clear."""
    trusted: Path | None = None
    """Clients must have a certificate that this one vouches for."""
    users: Mapping[str, str] = field(default_factory=dict)
    """Clients must log in, as one of these with a password, or with any unsigned token."""
    authorizes: bool = False
    """Nobody may do anything that no rule allows; brokers and the user `admin` may do everything."""

    @property
    def protocol(self) -> str:
        """What clients speak, by Kafka's name."""
        return ("SASL_" if self.users else "") + ("SSL" if self.identity else "PLAINTEXT")

    def settings(self) -> dict[str, object]:
        """The broker's settings, with `CLIENTS` as the name of the listener."""
        return {**self._tls(), **self._logins(), **self._rules()}

    def scram(self) -> list[str]:
        """The arguments by which a folder is formatted with the users' passwords."""
        return [
            argument
            for user, password in self.users.items()
            for mechanism in SCRAM
            for argument in ("--add-scram", f"{mechanism}=[name={user},password={password}]")
        ]

    def _tls(self) -> dict[str, object]:
        if self.identity is None:
            return {}
        found: dict[str, object] = {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self.identity.together(),
            "ssl.client.auth": "required" if self.trusted else "none",
        }
        if self.trusted:
            found |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": self.trusted}
        return found

    def _logins(self) -> dict[str, object]:
        if not self.users:
            return {}
        plain = " ".join(f'user_{user}="{password}"' for user, password in self.users.items())
        listener = "listener.name.clients"
        return {
            "sasl.enabled.mechanisms": ",".join((*SCRAM, "PLAIN", "OAUTHBEARER")),
            **{f"{listener}.{mechanism.lower()}.sasl.jaas.config": f"{_SCRAM} required;" for mechanism in SCRAM},
            f"{listener}.plain.sasl.jaas.config": f"{_PLAIN} required {plain};",
            f"{listener}.oauthbearer.sasl.jaas.config": f'{_TOKEN} required unsecuredLoginStringClaim_sub="nobody";',
            f"{listener}.oauthbearer.sasl.server.callback.handler.class": _UNSECURED,
        }

    def _rules(self) -> dict[str, object]:
        if not self.authorizes:
            return {}
        return {
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS;User:admin;User:CN=admin",
            "allow.everyone.if.no.acl.found": "false",
        }
