"""The settings that all services have in common: frozen, from variables that begin with `OLCARE_`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

_PROJECT = Path(__file__).resolve().parents[2]


class ServiceSettings(BaseSettings):
    """A service's own class names the service: `service: Literal["intake"] = "intake"`."""

    model_config = SettingsConfigDict(env_prefix="OLCARE_", env_ignore_empty=True, frozen=True, extra="ignore")

    service: str
    kafka: str = "127.0.0.1:9092"
    """Where the brokers are: `host:port`, several with commas."""
    postgres: SecretStr = SecretStr("postgresql://postgres@127.0.0.1:5432")
    """The server, without a database; secret because it may hold a password."""
    database: str = Field(default_factory=lambda known: f"olcare_{known['service']}")
    """The service's own database on that server."""
    smtp: str = "127.0.0.1:25"
    """Where mail is handed over: `host:port`."""
    clock: Path | None = None
    """The plan clock that all processes share; without it plan time is real time."""
    http_host: str = "127.0.0.1"
    http_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """0: any free one; the log says which."""
    instance: str = Field(default_factory=lambda known: f"{known['service']}-1")
    """The name of this instance, also for Kafka; running instances must not share one."""
    contracts: Path = _PROJECT / "contracts"
    """The folder with the topics' cards and the AsyncAPI document."""
    log: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
