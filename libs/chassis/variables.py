"""How settings are read: frozen, from variables that begin with `OLCARE_`, or a sentence that says what is wrong.

`OLCARE_X_FILE` names a file that holds the value of `OLCARE_X`, as containers are given their secrets.
"""

from collections.abc import Iterator
from typing import Any, Self

from pydantic import BeforeValidator, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from libs.chassis.setting_files import BadSettings, from_file

_PREFIX = "OLCARE_"


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


class Settings(BaseSettings):
    """Base of all settings; what is wrong with any of them is in one BadSettings, which `read` raises."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,  # it may hold a password
    )

    @classmethod
    def read(cls) -> Self:
        """What the environment says; raises BadSettings."""
        try:
            return cls()
        except ValidationError as error:
            raise BadSettings("\n".join(_sentences(error))) from None
        except SettingsError as error:
            raise BadSettings(str(error.__cause__ or error)) from None

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


def _sentences(error: ValidationError) -> Iterator[str]:
    """A line for each setting that is wrong, without its value, which may be secret."""
    for one in error.errors(include_url=False, include_input=False, include_context=False):
        if one["type"] == "default_factory_not_called":  # as something else is wrong
            continue
        fault = one["msg"].removeprefix("Value error, ").rstrip(".")
        if one["loc"]:
            variable = f"{_PREFIX}{str(one['loc'][0]).upper()}"
            yield f"{variable} is not right: {fault}. Mend it, or what is in the file that {variable}_FILE names."
        else:
            yield f"The settings do not fit together: {fault}."
