"""`olcare databases`: make the services' databases, and the roles that may use them."""

import secrets
from pathlib import Path
from typing import Annotated

import typer

from libs.eventlog.tables.address import address_as, password_in
from libs.eventlog.tables.roles import READER, make_database, make_role
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, Refused, run, show, table
from services.ops.watch.services import SERVICES

app = typer.Typer(no_args_is_help=True, help="Make the services' databases, and the roles that may use them.")
Secrets = Annotated[
    Path,
    typer.Option(
        "--secrets", metavar="FOLDER", help="Gets a file for each role: the address, with a password, that it has."
    ),
]


@app.callback()
def _group() -> None:
    """Keep `create` a word of its own."""


@app.command()
def create(ctx: typer.Context, folder: Secrets, *, as_json: AsJson = False) -> None:
    """Make a role and a database for each service, and a role that may only read; again is no harm.

    OLCARE_POSTGRES must name somebody who may make roles. Each file in the folder is what OLCARE_POSTGRES_FILE of its
    service is to name; a password that stands there already stays.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = run(_create(environment(ctx), folder))
    show(found, as_json=as_json, otherwise=lambda: table(found, ("role", "database", "made", "file")))


async def _create(here: Environment, folder: Path) -> list[dict[str, object]]:
    server = here.postgres_address()
    rows = [await _role(server, READER, folder)]
    for service in SERVICES.values():
        row = await _role(server, service.database, folder)
        made = await make_database(server, service.database, service.database)
        rows.append({**row, "database": service.database, "made": row["made"] or made})
    return rows


async def _role(server: str, role: str, folder: Path) -> dict[str, object]:
    file = folder / role
    password = _password_in(file) if file.exists() else secrets.token_urlsafe(32)
    made = await make_role(server, role, password)
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(f"{address_as(server, role, password)}\n")
    return {"role": role, "database": None, "made": made, "file": str(file)}


def _password_in(file: Path) -> str:
    if found := password_in(file.read_text().strip()):
        return found
    raise Refused(f"{file} is there and holds no address with a password: remove it, and a new one is made")
