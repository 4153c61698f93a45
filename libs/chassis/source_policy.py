"""Who may say what at the doors: read from the file that `OLCARE_SOURCES` names, the same one for every process."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import PrivateAttr, ValidationError, model_validator

from libs.chassis.kafka_access import ThatIsThere
from libs.chassis.variables import Settings
from libs.messages.sources import SourcePolicy

NO_POLICY = "every source may say what is not said by `olcare` alone: OLCARE_SOURCES names no policy"


class SourceSettings(Settings):
    """Which policy is in force."""

    sources: ThatIsThere | None = None
    """The path of the policy; without one every source may say what is not said by `olcare` alone."""
    _policy: SourcePolicy | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _read(self) -> "SourceSettings":
        if self.sources:
            self._policy = read_policy(self.sources)
        return self

    @property
    def source_policy(self) -> SourcePolicy | None:
        """The policy, None where none is set."""
        return self._policy


def read_policy(path: Path) -> SourcePolicy:
    """Read a policy; raises ValueError with a sentence for all that is wrong with it."""
    try:
        return SourcePolicy.model_validate(yaml.safe_load(path.read_text()))
    except ValidationError as error:
        raise ValueError(f"OLCARE_SOURCES: {path}: {'; '.join(_sentences(error))}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"OLCARE_SOURCES: {path} is no YAML that can be read: {_one_line(error)}") from None


def _sentences(error: ValidationError) -> Iterator[str]:
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        where = ".".join(str(part) for part in one["loc"] if part != "[key]")
        fault = one["msg"].removeprefix("Value error, ")
        yield f"{where}: {fault}" if where else fault


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def in_words(policy: SourcePolicy | None) -> dict[str, Any]:
    """What is logged at the start."""
    if policy is None:
        return {"policy": None, "means": NO_POLICY}
    return {"policy": policy.fingerprint(), "clients": sorted(policy.clients)}
