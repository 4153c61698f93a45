"""Run one seed to its verdict."""

from tests.model.services import Protocol
from tests.model.verdict import Verdict
from tests.model.world import World

HOLDS = "holds"


def run(seed: int, protocol: Protocol) -> str:
    """Give `holds`, or the first thing that is wrong: at quiet, or after everything was read a second time."""
    world = World(seed, protocol)
    return verdict_of(world) if world.until_quiet() else "no progress"


def verdict_of(world: World) -> str:
    """Run a history on from where all is quiet; gives what `run` gives."""
    if not deadlines_pass(world):
        return "no progress"
    before = Verdict(world)
    if fault := before.fault():
        return fault
    world.read_again()
    if not world.until_quiet():
        return "no progress after a second reading"
    after = Verdict(world)
    if fault := after.fault():
        return fault
    return HOLDS if after.by_command() == before.by_command() else "a second reading added events"


def deadlines_pass(world: World) -> bool:
    """Let plan time go on until every promise has come to its end."""
    world.let_deadlines_pass()
    return world.until_quiet()
