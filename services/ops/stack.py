"""`olcare up`, `down` and `status`: an installation on this machine that stays."""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType

from libs.chassis import clock as clocks
from libs.chassis.clock import Clock
from libs.messages.base import rfc3339
from libs.stack import up as installation
from libs.stack.errors import StackError
from libs.stack.ports import free_port
from libs.stack.service import ServiceSpec
from libs.stack.up import RunningService, StackOrder, Up
from services.ops.cli.arguments import plan_time
from services.ops.cli.environment import MACHINE, Environment, PageAddress, clock_of, environment
from services.ops.cli.output import AsJson, Refused, show, table, tell
from services.ops.cli.output import run as ask
from services.ops.demo import SEED, TICKETS
from services.ops.demo import run as play
from services.ops.watch.console_process import console_spec
from services.ops.watch.readiness import ServiceReadiness, readiness
from services.ops.watch.services import SERVICES


def up(
    ctx: typer.Context,
    *,
    clock: Annotated[
        datetime | None,
        typer.Option(parser=plan_time, metavar="real|INSTANT", help="Plan time: real, or stepped from an instant on."),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(min=0.001, help="Let plan time run from INSTANT, so many times faster.")
    ] = None,
    seed: Annotated[bool, typer.Option(help="A few customers and contracts to play with.")] = True,
    as_json: AsJson = False,
) -> None:
    """Start Kafka, PostgreSQL, a mail catcher and all services, publish the plan, and leave everything running."""
    here = environment(ctx)
    if rate and clock is None:
        raise typer.BadParameter("--rate needs an instant to start from: --clock INSTANT")
    if here.up():
        raise Refused("the stack is up already: see `olcare status`, or end it with `olcare down`")
    started = _start(here, clock, seed=seed)
    if rate:
        clocks.run(clock_of(here.root), rate)
    _show(here, started, as_json=as_json)


def down(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """End what `olcare up` started and remove its data."""
    here = environment(ctx)
    ended = installation.down(here.root)
    _forget_clock(here.root)
    show({"ended": ended}, as_json=as_json, otherwise=lambda: "everything has ended" if ended else "nothing was up")


def status(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """What runs, where, and which build; exit code 1 where a service is not ready, or has just ended by itself."""
    here = environment(ctx)
    if found := here.up():
        services = _show(here, found, as_json=as_json)
    elif here.knows_services():
        services = _elsewhere(here.addresses())
        show({"services": services}, as_json=as_json, otherwise=lambda: _services(services))
    else:
        services = []
        show({"up": False}, as_json=as_json, otherwise=lambda: "nothing is up; `olcare up` starts everything")
    if not all(service["ready"] for service in services):
        raise typer.Exit(1)


def demo(
    ctx: typer.Context,
    *,
    tickets: Annotated[int, typer.Option(min=1, help="How many ordinary tickets are opened.")] = TICKETS,
    chance: Annotated[int, typer.Option("--seed", help="Who says what; the same again is the same week.")] = SEED,
    keep: Annotated[
        bool, typer.Option("--keep", help="With the console, and leave all of it up until Ctrl-C: says where it is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Play a week of support on servers of its own, and balance the books; exit code 1 where they do not balance."""
    here = environment(ctx)
    if not play(tickets=tickets, seed=chance, keep=keep, as_json=as_json, contracts=here.contracts, root=here.root):
        raise typer.Exit(1)


def order(clock: Path | None, *, seed: bool) -> StackOrder:
    """What is to run: the topics are made first, the plan and the customers come when the services are ready."""
    services = [ServiceSpec(s.name, s.module, free_port()) for s in SERVICES.values()]
    return StackOrder(
        services=[*services, console_spec({one.name: one.http_port for one in services})],
        preparations={"topics": _olcare("topics", "create")},
        afterwards={"plan": _olcare("plan", "publish"), **({"seed": _olcare("seed")} if seed else {})},
        env={"OLCARE_CLOCK": str(clock)} if clock else {},
    )


def _olcare(*words: str) -> list[str]:
    return [sys.executable, "-m", "services.ops", *words]


def _start(here: Environment, at: datetime | None, *, seed: bool) -> Up:
    path = clock_of(here.root)
    here.root.mkdir(parents=True, exist_ok=True)
    _forget_clock(here.root)
    if at:
        clocks.start(path, at)
    try:
        return installation.up(order(path if at else None, seed=seed), tell, here.root)
    except StackError:
        _forget_clock(here.root)
        raise


def _forget_clock(root: Path) -> None:
    path = clock_of(root)
    for file in (path, path.with_name(f"{path.name}.lock")):
        file.unlink(missing_ok=True)


def _show(here: Environment, found: Up, *, as_json: bool) -> Sequence[Mapping[str, Any]]:
    """Show all, and give the rows of the services."""
    said = _said(here, found)
    show(said, as_json=as_json, otherwise=lambda: _as_text(said))
    services: Sequence[Mapping[str, Any]] = said["services"]
    return services


def _elsewhere(addresses: Mapping[str, PageAddress]) -> list[dict[str, Any]]:
    said = ask(readiness(addresses))
    return [
        {"service": name, **said[name]._asdict(), "pages": f"http://{address.host}:{address.port}"}
        for name, address in addresses.items()
    ]


def row_of(service: RunningService, said: ServiceReadiness) -> dict[str, Any]:
    """A row for a service: one that ends again and again is not ready, whatever it says between its ends."""
    ended = None if service.steady else f"it has ended by itself {service.revived} times, the last time just now"
    return {
        "service": service.name,
        "ready": said.ready and service.steady,
        "build": said.build,
        "waiting": "; ".join(filter(None, (ended, said.waiting))) or None,
        "degraded": said.degraded,
        "pid": service.pid,
        "pages": f"http://{MACHINE}:{service.http_port}",
        "log": service.log,
    }


def _said(here: Environment, found: Up) -> dict[str, Any]:
    path = here.plan_clock()
    answers = ask(readiness({s.name: PageAddress(MACHINE, s.http_port) for s in found.services}))
    services = [row_of(service, answers[service.name]) for service in found.services]
    return {
        "up": True,
        "kafka": found.kafka,
        "postgres": found.postgres,
        "smtp": found.smtp,
        "mail_journal": found.mail_journal,
        "clock": path,
        "plan_time": rfc3339(Clock(path).now()),
        "services": services,
    }


def _as_text(said: Mapping[str, Any]) -> RenderableType:
    places = [
        {"what": what, "where": where} for what, where in said.items() if where and what not in {"up", "services"}
    ]
    return Group(table(places, ("what", "where")), "", _services(said["services"]))


def _services(rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    columns = ("service", "ready", "build", "pid", "pages", "log", "waiting", "degraded")
    used = [column for column in columns if any(row.get(column) is not None for row in rows)]
    return table(rows, used, alarming=lambda row: not row["ready"])
