"""What may happen to an installation: each kind of harm is done and, but for what ends by itself, undone again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

from libs.stack.errors import StackError
from libs.stack.faults import Fault
from tests.faults.system import SERVICES, System

Say = Callable[[str], None]
Harm = Callable[[System, Random, Say], Awaitable[None]]

BEYOND_THE_SESSION = 13.0  # machine seconds; a group takes a member for dead after 10


async def kill_a_service(system: System, rng: Random, say: Say) -> None:
    """SIGKILL of any instance, at whatever it is doing; it comes back by itself."""
    name = rng.choice(sorted(system.services))
    say(f"kill -9 {name}")
    with suppress(StackError):  # it has just ended by itself
        await asyncio.to_thread(system.services[name].kill)


async def kill_a_broker(system: System, rng: Random, say: Say) -> None:
    """SIGKILL, and back on its data after some seconds."""
    await _kill_broker(system, rng.randrange(len(system.kafka.nodes)), rng, say)


async def kill_every_broker_in_turn(system: System, rng: Random, say: Say) -> None:
    """One after the other, each back before the next goes."""
    for node in rng.sample(range(len(system.kafka.nodes)), len(system.kafka.nodes)):
        await _kill_broker(system, node, rng, say)
        await asyncio.sleep(3)  # machine seconds, in which the others' records reach it again


async def _kill_broker(system: System, node: int, rng: Random, say: Say) -> None:
    say(f"kill -9 broker {node}")
    await asyncio.to_thread(system.kafka.kill, node)
    await asyncio.sleep(rng.uniform(0, 3))
    await asyncio.to_thread(system.kafka.restart, node)


async def stop_postgres(system: System, rng: Random, say: Say) -> None:
    """Stop it immediately, and start it again after some seconds."""
    say("stop PostgreSQL immediately")
    await asyncio.to_thread(system.postgres.kill)
    await asyncio.sleep(rng.uniform(0, 3))
    await asyncio.to_thread(system.postgres.restart)


async def drop_every_database(system: System, _: Random, say: Say) -> None:
    """Drop whatever is there, while it is used."""
    say(f"drop {', '.join(await system.drop_databases())}")


async def kill_the_mail_server(system: System, rng: Random, say: Say) -> None:
    """SIGKILL, and back after some seconds."""
    say("kill -9 the mail server")
    await asyncio.to_thread(system.mail.process.kill)
    await asyncio.sleep(rng.uniform(0, 3))
    await asyncio.to_thread(system.mail.start)


async def spoil_the_mail_server(system: System, rng: Random, say: Say) -> None:
    """Let it be slow, cut connections, refuse for now; some of it after it has kept the message."""
    faults = [
        Fault("body", "keep and cut", times=rng.randint(1, 3)),
        Fault("body", "cut", times=rng.randint(1, 3)),
        Fault("body", "keep and wait", times=rng.randint(1, 3), seconds=rng.choice((0.5, 4))),
        Fault("recipient", "defer", times=rng.randint(1, 5)),
        Fault("recipient", "cut", times=rng.randint(1, 3)),
        Fault("body", "refuse", times=1),
    ]
    rng.shuffle(faults)
    say(f"spoil the mail server: {', '.join(f'{fault.do} at {fault.at}' for fault in faults[:3])}")
    system.mail.fail(*faults[:3])


async def freeze_one_of_two_owners(system: System, rng: Random, say: Say) -> None:
    """Start a second instance of a service if need be, stop one of the two beyond its session, and let it go on."""
    name = rng.choice(SERVICES)
    second = f"{name}-2"
    say(f"start {second}")
    system.begin(second)
    with suppress(AssertionError):  # it is not left in peace either
        await system.ready(second, within=20)
    await freeze(system, rng.choice((name, second)), say)


async def freeze_now_and_then(system: System, rng: Random, say: Say) -> None:
    """Stop one instance after the other beyond its session, for ever."""
    while True:
        await asyncio.sleep(rng.uniform(0, 5))
        await freeze(system, rng.choice(sorted(system.services)), say)


async def freeze(system: System, name: str, say: Say) -> None:
    """Stop an instance beyond its session, and let it go on."""
    say(f"SIGSTOP {name}")
    await system.freeze(name, BEYOND_THE_SESSION)
    say(f"SIGCONT {name}")


HARMS: tuple[Harm, ...] = (
    kill_a_service,
    kill_a_service,
    kill_a_service,
    kill_a_broker,
    stop_postgres,
    drop_every_database,
    kill_the_mail_server,
    spoil_the_mail_server,
    spoil_the_mail_server,
)


async def harm_for(system: System, seconds: float, rng: Random, say: Say) -> None:
    """Do one thing after the other at random, for so many machine seconds; with three brokers, kill each in turn."""
    end = asyncio.get_running_loop().time() + seconds
    if len(system.kafka.nodes) > 1:
        await kill_every_broker_in_turn(system, rng, say)
    while asyncio.get_running_loop().time() < end:
        await rng.choice(HARMS)(system, rng, say)
        await asyncio.sleep(rng.uniform(0.2, 4))


async def heal(system: System) -> None:
    """Let the mail server do its work; what else was harmed comes back by itself or has been brought back."""
    system.mail.fail()
    await system.ready()
