"""The options that all commands have: read before it is known which command follows, so nothing slow is imported."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from libs.chassis.setting_files import BadSettings, from_file
from libs.stack.run import PROJECT, ROOT


class Options(NamedTuple):
    """What was said on the command line or in the environment."""

    kafka: str | None
    postgres: str | None
    clock_file: Path | None
    services: str | None
    contracts: Path
    root: Path


_VARIABLES = {
    "kafka": "OLCARE_KAFKA",
    "postgres": "OLCARE_POSTGRES",
    "clock_file": "OLCARE_CLOCK",
    "services": "OLCARE_SERVICES",
    "contracts": "OLCARE_CONTRACTS",
    "root": "OLCARE_RUN",
}


def from_files(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Those options whose values are in files that variables name (`OLCARE_POSTGRES_FILE`); raises BadSettings."""
    try:
        found = {name: from_file(variable, environment) for name, variable in _VARIABLES.items()}
    except ValueError as error:
        raise BadSettings(str(error)) from error
    return {name: text for name, text in found.items() if text}


def from_environment(environment: Mapping[str, str] = os.environ) -> Options:
    """What a process finds that is started without a command line; raises BadSettings."""
    said = {name: text for name, variable in _VARIABLES.items() if (text := environment.get(variable))}
    found = {**from_files(environment), **said}
    return Options(
        kafka=found.get("kafka"),
        postgres=found.get("postgres"),
        clock_file=Path(found["clock_file"]) if "clock_file" in found else None,
        services=found.get("services"),
        contracts=Path(found.get("contracts", PROJECT / "contracts")),
        root=Path(found.get("root", ROOT)),
    )


def options(
    ctx: typer.Context,
    kafka: Annotated[str | None, typer.Option(envvar=_VARIABLES["kafka"], help="host:port of Kafka.")] = None,
    postgres: Annotated[
        str | None, typer.Option(envvar=_VARIABLES["postgres"], help="The PostgreSQL server.", show_default=False)
    ] = None,
    clock_file: Annotated[
        Path | None, typer.Option(envvar=_VARIABLES["clock_file"], help="The file of the plan clock.")
    ] = None,
    services: Annotated[
        str | None,
        typer.Option(envvar=_VARIABLES["services"], help="Where the services are: intake=8080,contract=host:8081,…"),
    ] = None,
    contracts: Annotated[Path, typer.Option(envvar=_VARIABLES["contracts"], hidden=True)] = PROJECT / "contracts",
    root: Annotated[Path, typer.Option(envvar=_VARIABLES["root"], hidden=True)] = ROOT,
) -> None:
    """Watch OL Care and act on it. Addresses are as given, else as `olcare up` left them.

    For each variable OLCARE_X, OLCARE_X_FILE names a file that holds the value.
    """
    ctx.obj = Options(kafka, postgres, clock_file, services, contracts, root)
