"""Where the demo is played: servers and services of its own, begun for it and ended with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from libs.chassis import clock as clocks
from libs.chassis.kafka_access import KafkaAccess
from libs.eventlog.kafka.brokers import Brokers
from libs.eventlog.kafka.topics import Card, TopicAdmin, load_cards
from libs.stack.catcher import MailCatcher
from libs.stack.faults import Fault
from libs.stack.installation import Installation, Say
from libs.stack.ports import free_port
from libs.stack.resolve import Stack
from libs.stack.run import Run
from libs.stack.service import ServiceSpec
from services.ops.cli import output
from services.ops.cli.environment import MACHINE, Environment
from services.ops.cli.output import Refused
from services.ops.demo.cast import Cast
from services.ops.watch.console_process import console_spec
from services.ops.watch.services import SERVICES


@dataclass(frozen=True)
class Stage:
    """Where everything is; `clock_file` holds the plan time that all share."""

    kafka: Brokers
    postgres: str
    ports: Mapping[str, int]
    clock_file: Path
    catcher: MailCatcher
    contracts: Path
    console: str | None = None
    """Where the console is, if one was asked for."""

    def environment(self) -> Environment:
        """The addresses as the command line has them."""
        return Environment(
            str(self.kafka), self.postgres, self.clock_file, None, self.contracts, self.clock_file.parent
        )


def set_stage(
    run: Run, contracts: Path, begins: datetime, cast: Cast, say: Say, *, with_console: bool = False
) -> Stage:
    """Start everything, with the plan clock at the beginning; raises StackError, and Refused where a log is in use."""
    stack = Stack(run, durable=False)
    catcher = stack.mail_catcher
    catcher.fail(*_faults(cast))
    kafka = KafkaAccess.read().brokers(stack.kafka.address)
    output.run(_make_topics(kafka, load_cards(contracts / "topics")))
    clock_file = run.folder / "clock.json"
    clocks.start(clock_file, begins)
    env = {"OLCARE_CLOCK": str(clock_file), "OLCARE_CONTRACTS": str(contracts)}
    installation = Installation(run, stack, env, say)
    specs = [ServiceSpec(s.name, s.module, free_port(), _mail(catcher)) for s in SERVICES.values()]
    ports = {spec.name: spec.http_port for spec in specs}
    consoles = [console_spec(ports)] if with_console else []
    installation.start([*specs, *consoles])
    installation.await_ready()
    console = next((f"http://{MACHINE}:{spec.http_port}" for spec in consoles), None)
    return Stage(kafka, stack.postgres.address, ports, clock_file, catcher, contracts, console)


def _mail(catcher: MailCatcher) -> Mapping[str, str]:
    """All mail goes to the catcher: its people do not exist. Long limits keep a slow machine from deferring mail."""
    patience = {f"OLCARE_SMTP_{phase}_SECONDS": "300" for phase in ("CONNECT", "COMMAND", "BODY")}
    return {"OLCARE_SMTP": catcher.address, **patience}


def _faults(cast: Cast) -> tuple[Fault, ...]:
    return Fault("recipient", "refuse", cast.mailbox_gone), Fault("recipient", "defer", cast.greylisted, times=1)


async def _make_topics(kafka: Brokers, cards: Mapping[str, Card]) -> None:
    async with TopicAdmin(kafka) as admin:
        made = await admin.create(cards.values())
    if there := sorted(set(cards) - set(made)):
        raise Refused(f"the demo needs a Kafka of its own, and at {kafka} there is {there[0]} already")
