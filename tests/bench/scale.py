"""At scale: a million promises armed on one installation, none on another, and what that costs."""

from dataclasses import replace

from tests.bench import beside, firing, lateness
from tests.bench.beside import ARMED_FEW, burst, cost_of_tickets
from tests.bench.firing import Race
from tests.bench.lateness import Punctuality
from tests.bench.rounds import Part, compare, limited
from tests.bench.site import site
from tests.bench.stage import Stage


async def measure(stage: Stage) -> Part:
    """Arm both, then measure one thing after the other."""
    async with site(stage.armed) as full, site(0) as bare:
        there = replace(stage, kafka=full.system.kafka.address, postgres=full.system.postgres.dsn)
        fired = await Race(there, full, bare).measure()
        late = await Punctuality(there, full).measure()
        await bare.arm(min(stage.armed, ARMED_FEW))
        await bare.system.quiet()
        tickets = await cost_of_tickets(stage, full, bare)
        quick, felt = await burst(stage, full)
    asked = [limited(what, limit, tickets[name]) for name, (what, limit) in beside.LIMITS.items()]
    used = tickets.pop(beside.INTAKE)
    results = [
        *compare(fired, firing.BARS),
        *compare(late, lateness.BARS),
        *compare(tickets, beside.BARS),
        *asked,
        *quick,
    ]
    rates = {name: f"{1 / max(of):,.0f} to {1 / min(of):,.0f} a second" for name, of in {**fired, **tickets}.items()}
    delays = {name: f"{min(of) * 1e3:.1f} to {max(of) * 1e3:.1f} ms (p99)" for name, of in late.items()}
    delays.pop(lateness.HALF)
    spent = {beside.INTAKE: f"{min(used) * 1e3:.2f} to {max(used) * 1e3:.2f} ms"}
    return Part("at scale", results, {"armed": f"{stage.armed:,}", **rates, **delays, **spent, **felt})
