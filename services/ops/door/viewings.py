"""Who looks at what is private says why, and that is recorded before anything is shown; `olcare audit` lists it."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

import services.ops.audit
from libs.chassis.clock import draw_id
from libs.eventlog.client.door_client import DoorClient
from libs.eventlog.client.messages import door_record, event
from libs.eventlog.errors import Unavailable
from libs.eventlog.tables.queries import Queries
from libs.messages.actions import PrivateKind, ViewingReason
from libs.messages.catalogue import OPS_DOOR
from libs.messages.sources import OPS_SOURCE
from libs.messages.upstream import PrivateDataRequested
from services.ops.cli.arguments import instant, reference
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, Refused, run, show, table
from services.ops.door.client import require
from services.ops.watch.services import SERVICES, tables

COLUMNS = ("recorded_at", "who", "reason", "case_number", "kind", "what")
QUERIES = Path(services.ops.audit.__file__).with_name("queries.sql")
REASONS = ", ".join(ViewingReason)

Reason = Annotated[ViewingReason | None, typer.Option("--reason", help="Why it is looked at; recorded for ever.")]
Looker = Annotated[
    str | None,
    typer.Option("--by", parser=reference, metavar="WHO", help="Who looks: a reference, not a name. Recorded."),
]
CaseNumber = Annotated[
    str | None,
    typer.Option("--case", parser=reference, metavar="NUMBER", help="Where more is written about it. Recorded."),
]


class Viewer(NamedTuple):
    """Who looks, and why."""

    by: str
    reason: ViewingReason
    case_number: str | None

    def request(self, kind: PrivateKind, what: str) -> PrivateDataRequested:
        """What is said at the door."""
        return PrivateDataRequested(by=self.by, reason=self.reason, case_number=self.case_number, kind=kind, what=what)


def viewer(by: str | None, reason: ViewingReason | None, case_number: str | None, instead: str) -> Viewer:
    """Who looks, and why; raises BadParameter where one of them is not said, with what there is `instead`."""
    if by is None or reason is None:
        raise typer.BadParameter(
            f"this shows what is private, and that is recorded: say why by --reason ({REASONS}) and who looks by --by;"
            f" {instead}"
        )
    return Viewer(by, reason, case_number)


async def put_on_record(here: Environment, at: DoorClient, said: PrivateDataRequested) -> None:
    """Have it recorded that something is shown; raises Unavailable and Refused, and then nothing may be shown."""
    message = event(OPS_SOURCE, str(draw_id()), said.by, at.clock.now(), said)
    try:
        [receipt] = await at.ask([door_record(OPS_DOOR, message, here.cards()[OPS_DOOR].partitions)])
        require(receipt)
    except Unavailable as error:
        raise Unavailable(f"nothing is shown, as it could not be recorded: {error}") from error
    except Refused as error:
        raise Refused(f"nothing is shown, as it was not recorded: {error}") from error


def audit(
    ctx: typer.Context,
    *,
    since: Annotated[
        datetime | None, typer.Option(parser=instant, metavar="INSTANT", help="Recorded at this instant or later.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(parser=reference, metavar="WHO", help="What this person looked at alone.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Who was shown what is private, when and why, the oldest first."""
    rows = run(_viewings(environment(ctx), since, by))
    show(rows, as_json=as_json, otherwise=lambda: table(rows, COLUMNS) if rows else "nobody was shown anything")


async def _viewings(here: Environment, since: datetime | None, by: str | None) -> list[dict[str, Any]]:
    async with tables(here.postgres_address(), SERVICES["audit"]) as database:
        return await Queries(database, QUERIES).rows("viewings", since=since, who=by)
