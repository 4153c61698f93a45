"""The settings that all services have in common."""

import platform
import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from libs.chassis.kafka_access import KafkaAccess
from libs.chassis.source_policy import SourceSettings
from libs.chassis.variables import UPPER

_PROJECT = Path(__file__).resolve().parents[2]
_PORTS = range(1, 65536)


def _instance(service: str) -> str:
    return f"{service}-{re.sub('[^A-Za-z0-9._-]', '-', platform.node())[:100] or '1'}"


def _host_and_port(text: str) -> str:
    host, _, port = text.strip().rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and int(port) in _PORTS):
        raise ValueError("it must be host:port, as in localhost:9092")
    return text


def _hosts_and_ports(text: str) -> str:
    for one in text.split(","):
        _host_and_port(one)
    return text


def _server(address: SecretStr) -> SecretStr:
    parts = urlsplit(address.get_secret_value())
    if parts.scheme not in {"postgresql", "postgres"} or not parts.netloc:
        raise ValueError("it must be an address like postgresql://user:password@host:5432?sslmode=verify-full")
    if parts.path.strip("/"):
        raise ValueError("it names a database: leave that out, and name it in OLCARE_DATABASE")
    return address


def _with_cards(folder: Path) -> Path:
    if not (folder / "asyncapi.yaml").is_file():
        raise ValueError("it must be the folder with asyncapi.yaml and the topics' cards")
    return folder


class ServiceSettings(KafkaAccess, SourceSettings):
    """A service's own class names the service: `service: Literal["intake"] = "intake"`."""

    service: str
    kafka: Annotated[str, AfterValidator(_hosts_and_ports)] = "127.0.0.1:9092"
    """Where the brokers are: `host:port`, several with commas; how they are spoken to is said in `KafkaAccess`."""
    postgres: Annotated[SecretStr, AfterValidator(_server)] = SecretStr("postgresql://postgres@127.0.0.1:5432")
    """The server, without a database; secret because it may hold a password. A query says more: `?sslmode=…`."""
    database: str = Field(default_factory=lambda known: f"olcare_{known['service']}")
    """The service's own database on that server."""
    smtp: Annotated[str, AfterValidator(_host_and_port)] = "127.0.0.1:25"
    """Where mail is handed over: `host:port`."""
    clock: Path | None = None
    """The plan clock that all processes share; without it plan time is real time."""
    http_host: str = "127.0.0.1"
    http_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """0: any free one; the log says which."""
    instance: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=200)] = Field(
        default_factory=lambda known: _instance(known["service"])
    )
    """The name of this instance, also for Kafka; running instances must not share one. By default it is that of the
    service and of the machine, so that each container of a service has its own."""
    contracts: Annotated[Path, AfterValidator(_with_cards)] = _PROJECT / "contracts"
    """The folder with the topics' cards and the AsyncAPI document."""
    fingerprint_key: SecretStr | None = None
    """After a restore: the id that the private topic had at first, which fingerprints in the log are keyed with."""
    log: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], UPPER] = "INFO"
