"""The settings that all services have in common: frozen, from variables that begin with `OLCARE_`.

`OLCARE_X_FILE` names a file that holds the value of `OLCARE_X`, as containers are given their secrets.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

_PROJECT = Path(__file__).resolve().parents[2]
_PREFIX = "OLCARE_"


def from_file(variable: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """What the file holds that `<variable>_FILE` names, without the blanks and line ends around it; None without one.

    Raises ValueError where the file can not be read, and where the variable itself is set as well.
    """
    path = environment.get(f"{variable}_FILE")
    if not path:
        return None
    if environment.get(variable):
        raise ValueError(f"{variable} and {variable}_FILE are both set: only one of them can be meant")
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{variable}_FILE: {path} can not be read ({type(error).__name__})") from error


class _Files(EnvSettingsSource):
    """The settings whose variables name a file."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Read the file; an empty one is as good as none."""
        _, key, structured = super().get_field_value(field, field_name)
        return from_file(f"{_PREFIX}{field_name.upper()}") or None, key, structured


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


UPPER, LOWER = BeforeValidator(_upper), BeforeValidator(_lower)
"""For a setting whose values are words of one case: either case may be written."""


class ServiceSettings(BaseSettings):
    """A service's own class names the service: `service: Literal["intake"] = "intake"`."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,  # it may hold a password
    )

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
    log: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], UPPER] = "INFO"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given, then the variables and the files that variables name."""
        del dotenv_settings, file_secret_settings  # we have neither
        return init_settings, env_settings, _Files(settings_cls)
