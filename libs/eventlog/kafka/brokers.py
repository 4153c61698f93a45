"""Where the brokers are and how they are spoken to: the arguments of every constructor of aiokafka come from here."""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from aiokafka.abc import AbstractTokenProvider

from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.token_endpoint import TokenEndpoint


class Protocol(StrEnum):
    """How a listener of a broker is spoken to, by Kafka's own names."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"

    @property
    def encrypted(self) -> bool:
        """Whether by TLS."""
        return self in {Protocol.SSL, Protocol.SASL_SSL}

    @property
    def logs_in(self) -> bool:
        """Whether with a login."""
        return self in {Protocol.SASL_PLAINTEXT, Protocol.SASL_SSL}


class Mechanism(StrEnum):
    """How a login is made."""

    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"
    PLAIN = "PLAIN"
    OAUTHBEARER = "OAUTHBEARER"

    @property
    def shows_the_secret(self) -> bool:
        """Whether the broker is told the secret itself, so that it goes by TLS alone."""
        return self in {Mechanism.PLAIN, Mechanism.OAUTHBEARER}


class TokenFile(AbstractTokenProvider):  # type: ignore[misc] # aiokafka ships no types
    """A token that somebody else keeps fresh in a file: read anew for every connection."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def token(self) -> str:
        """Read the token; raises OSError."""
        return (await asyncio.to_thread(self._path.read_text)).strip()


class OneWayShutdown(ssl.SSLObject):
    """TLS whose end waits for no goodbye of the other side (RFC 8446, 6.1), which may come after our loop has ended."""

    def unwrap(self) -> None:
        """Say goodbye (`close_notify`)."""
        with suppress(ssl.SSLWantReadError):
            super().unwrap()


@dataclass(frozen=True)
class Brokers:
    """The bootstrap servers, and what a connection to them takes; files are read anew for every client."""

    addresses: str
    protocol: Protocol = Protocol.PLAINTEXT
    ca: Path | None = None
    """The certificates that vouch for the brokers, in place of those of the system."""
    certificate: Path | None = None
    key: Path | None = None
    """Our key; without it, it stands in the file of the certificate."""
    key_password: str | None = field(default=None, repr=False)
    mechanism: Mechanism | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: Path | None = None
    endpoint: TokenEndpoint | None = field(default=None, repr=False)
    """Where tokens are asked for, in place of a file."""

    def __str__(self) -> str:
        """The addresses alone."""
        return self.addresses

    def connection(self) -> dict[str, Any]:
        """The arguments for a client of aiokafka; raises Unavailable where a file can not be used now."""
        # a list, for FastStream takes a text for one address
        addresses = [address.strip() for address in self.addresses.split(",")]
        return {"bootstrap_servers": addresses, **self.how()}

    def how(self) -> dict[str, Any]:
        """The same without the addresses; raises Unavailable."""
        try:
            return {"security_protocol": self.protocol.value, "ssl_context": self.tls(), **self._login()}
        except OSError as error:
            raise Unavailable(f"a certificate or key for Kafka can not be used: {error}") from error

    def tls(self) -> ssl.SSLContext | None:
        """What TLS is spoken with: the broker's name is checked, and nothing before TLS 1.2 is spoken; raises OSError.

        None where the protocol has no TLS.
        """
        if not self.protocol.encrypted:
            return None
        context = ssl.create_default_context(cafile=self.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.sslobject_class = OneWayShutdown
        if self.certificate:
            context.load_cert_chain(self.certificate, self.key, lambda: self.key_password or "")
        return context

    def _login(self) -> dict[str, Any]:
        if not self.protocol.logs_in or self.mechanism is None:
            return {}
        return {
            "sasl_mechanism": self.mechanism.value,
            "sasl_plain_username": self.user,
            "sasl_plain_password": self.password,
            "sasl_oauth_token_provider": TokenFile(self.token) if self.token else self.endpoint,
        }


Address = Brokers | str
"""Bootstrap servers alone are spoken to in clear."""


def brokers_at(address: Address) -> Brokers:
    """The brokers at an address."""
    return Brokers(address) if isinstance(address, str) else address
