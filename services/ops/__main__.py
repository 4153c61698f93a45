"""The command line `olcare`. What it can not do it says in one sentence on standard error.

Exit codes: 0 it is done, 1 it can not be done or the answer is no, 2 it was asked in a wrong way, a setting that is
wrong included.
"""

import logging
import sys
from collections.abc import Mapping
from importlib import import_module

import typer

from services.ops.cli.lazy import group_of
from services.ops.cli.options import from_files, options

COMMANDS: Mapping[str, tuple[str, str]] = {
    "up": (
        "services.ops.stack:up",
        "Start Kafka, PostgreSQL, a mail catcher and all services, publish the plan, and leave everything running.",
    ),
    "down": ("services.ops.stack:down", "End what `olcare up` started and remove its data."),
    "status": (
        "services.ops.stack:status",
        "What runs, where, and which build; exit code 1 where a service is not ready, or has just ended by itself.",
    ),
    "demo": (
        "services.ops.stack:demo",
        "Play a week of support on servers of its own, and balance the books; exit code 1 where they do not balance.",
    ),
    "seed": (
        "services.ops.door.seed:seed",
        "Publish a few invented customers and contracts to play with; the same again changes nothing.",
    ),
    "lag": (
        "services.ops.watch.lag:lag",
        "How many records every reader, door and reaction has still to read; exit code 1 where a service is not ready.",
    ),
    "trigger": (
        "services.ops.door.trigger:trigger",
        "Say the sample of a type at its door, as an upstream system would; nothing is checked but by the door.",
    ),
    "backup": (
        "services.ops.backup.command:backup",
        "Save all topics, their offsets and how far every group has come; services run on meanwhile.",
    ),
    "restore": (
        "services.ops.backup.command:restore",
        "Fill an empty cluster from a backup, before any service runs; interrupted, it can be begun again.",
    ),
    "entitlements": (
        "services.ops.contract.entitlements:entitlements",
        "Which benefits hold of each product, and since when; or since when none do any more.",
    ),
    "serve": (
        "services.ops.serve:serve",
        "Serve health, metrics and the AsyncAPI page of everything until told to stop.",
    ),
    "console": (
        "services.ops.console.command:console",
        "Serve the console until told to stop, to this machine or who signs in: what waits, what stands still, why.",
    ),
    "audit": (
        "services.ops.door.audit:audit",
        "Who was shown what is private and why, who mended or published what, and what came of it; the oldest first.",
    ),
    "topics": (
        "services.ops.watch.topics:app",
        "Make the topics as their cards say, compare them, and who may do what.",
    ),
    "databases": (
        "services.ops.watch.databases:app",
        "Make the services' databases, and the roles that may use them.",
    ),
    "plan": ("services.ops.plan.command:app", "Check, export and publish the plan."),
    "rehearse": (
        "services.ops.rehearse.command:rehearse",
        "Say what would be otherwise, had a draft of calendars, targets or prices been published some time ago.",
    ),
    "calendar": ("services.ops.plan.calendar:app", "Draft the calendars of years to come."),
    "projections": (
        "services.ops.watch.projections:app",
        "The tables that services derive from the log: look, prove, build anew.",
    ),
    "contract": (
        "services.ops.contract.command:app",
        "Contracts: what a year of support costs, and how they stand.",
    ),
    "ticket": ("services.ops.ticket.command:app", "Tickets."),
    "record": (
        "services.ops.trail.command:record_app",
        "One record: whether it counts, why it came, what it led to.",
    ),
    "receipt": (
        "services.ops.trail.command:receipt_app",
        "What became of a message, by its source and its id.",
    ),
    "dlq": (
        "services.ops.door.dead_letters:app",
        "What the doors could not read: look, send it in again, or mark it as done with.",
    ),
    "stuck": (
        "services.ops.watch.stuck:app",
        "Streams that a service has left aside by a fault of its own: look, or have them tried again at once.",
    ),
    "notices": (
        "services.ops.door.notices:app",
        "What people are told: look, send again, settle what is ambiguous.",
    ),
    "person": ("services.ops.door.persons:app", "The people on the customers' side."),
    "clock": ("services.ops.clock.command:app", "The plan's time: say it, or step it on."),
    "sla": (
        "services.ops.sla_commands:app",
        "Deadlines and certificates, explanations and reports, and tickets without a promise.",
    ),
    "cover": ("services.ops.cover.command:app", "Who is under cover."),
}
"""Every command by its name: where it stands, and what is said of it."""

app = typer.Typer(cls=group_of(COMMANDS), no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
app.callback()(options)


def main() -> None:
    """Run the command line."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # lost connections we report ourselves
    try:
        app(prog_name="olcare", default_map=from_files())
    except (
        Exception
    ) as error:  # which of them are told in a sentence is imported now alone; all others are raised again
        code = import_module("services.ops.cli.problems").told(error)
        if code is None:
            raise
        sys.exit(code)


if __name__ == "__main__":
    main()
