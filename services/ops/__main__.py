"""The command line `olcare`. What it can not do it says in one sentence on standard error.

Exit codes: 0 it is done, 1 it can not be done or the answer is no, 2 it was asked in a wrong way, a setting that is
wrong included.
"""

import logging
import sys

import typer

from libs.chassis.plan_clock import ClockError
from libs.chassis.start import SETTINGS_ARE_WRONG
from libs.chassis.variables import BadSettings
from libs.eventlog.errors import Halted, NotAdmitted, Unavailable
from libs.plan import BadPlan
from libs.stack.errors import StackError
from services.ops import serve, stack
from services.ops.backup import command as backup
from services.ops.cli.environment import from_files, options
from services.ops.cli.output import Refused, tell
from services.ops.clock import command as clock
from services.ops.contract import command as contract
from services.ops.contract import entitlements
from services.ops.cover import command as cover
from services.ops.door import dead_letters, notices, persons, seed, trigger, viewings
from services.ops.explain import command as explain
from services.ops.plan import calendar
from services.ops.plan import command as plan
from services.ops.report import command as report
from services.ops.sla import command as sla
from services.ops.sla import cycles
from services.ops.ticket import command as tickets
from services.ops.watch import databases, lag, projections, stuck, topics

PROBLEMS = (BadSettings, Unavailable, Refused, StackError, ClockError, BadPlan, Halted)

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
app.callback()(options)
for _command in (
    stack.up,
    stack.down,
    stack.status,
    stack.demo,
    seed.seed,
    lag.lag,
    trigger.trigger,
    backup.backup,
    backup.restore,
    entitlements.entitlements,
    serve.serve,
    viewings.audit,
):
    app.command()(_command)
sla.app.command()(cycles.cycles)
sla.app.command("explain")(explain.explain_)
sla.app.command()(report.report)
for _name, _group in {
    "topics": topics.app,
    "databases": databases.app,
    "plan": plan.app,
    "calendar": calendar.app,
    "projections": projections.app,
    "contract": contract.app,
    "ticket": tickets.app,
    "dlq": dead_letters.app,
    "stuck": stuck.app,
    "notices": notices.app,
    "person": persons.app,
    "clock": clock.app,
    "sla": sla.app,
    "cover": cover.app,
}.items():
    app.add_typer(_group, name=_name)


def main() -> None:
    """Run the command line."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # lost connections we report ourselves
    try:
        app(prog_name="olcare", default_map=from_files())
    except PROBLEMS as error:
        tell(f"olcare: {error}")
        sys.exit(SETTINGS_ARE_WRONG if isinstance(error, BadSettings | NotAdmitted) else 1)


if __name__ == "__main__":
    main()
