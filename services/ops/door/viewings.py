"""Who looks at what is private says why, and that is recorded before anything is shown; `olcare audit` lists it."""

from typing import Annotated, NamedTuple

import typer

from libs.chassis.clock import draw_id
from libs.eventlog.client.door_client import DoorClient
from libs.eventlog.client.messages import door_record, event
from libs.eventlog.errors import Unavailable
from libs.messages.actions import PrivateKind, ViewingReason
from libs.messages.catalogue import OPS_DOOR
from libs.messages.sources import OPS_SOURCE
from libs.messages.upstream import PrivateDataRequested
from services.ops.cli.arguments import reference
from services.ops.cli.door_client import require
from services.ops.cli.environment import Environment
from services.ops.cli.output import Refused

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
