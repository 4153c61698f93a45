"""Alternating rounds: each takes all competitors once, in turn first, so that whatever slows the machine hits all."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import typer

from libs.stack.wait import machine_seconds

Competitor = Callable[[], Awaitable[float]]
"""Runs once, checks what it did, and gives its cost: seconds, or seconds an event."""


@dataclass(frozen=True)
class Bar:
    """How many times faster than something else we must be, and would like to be."""

    what: str
    ours: str
    theirs: str
    bar: float
    stretch: float | None = None


@dataclass(frozen=True)
class Result:
    """The ratios of the rounds, in order: their cost by ours."""

    bar: Bar
    ratios: Sequence[float]

    @property
    def ratio(self) -> float:
        """Give the median."""
        return median(self.ratios)

    @property
    def passed(self) -> bool:
        """Say whether the bar is reached."""
        return self.ratio >= self.bar.bar


@dataclass(frozen=True)
class Part:
    """What one part of the benchmarks found: ratios, and figures beside them."""

    name: str
    results: Sequence[Result]
    figures: Mapping[str, str]


async def alternate(rounds: int, competitors: Mapping[str, Competitor]) -> dict[str, list[float]]:
    """Run every competitor once a round; another one begins each round."""
    names, costs = list(competitors), {name: list[float]() for name in competitors}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            typer.echo(f"  round {number + 1} of {rounds}: {name}", err=True)
            costs[name].append(await competitors[name]())
    return costs


def compare(costs: Mapping[str, Sequence[float]], bars: Sequence[Bar]) -> list[Result]:
    """Pair the rounds of each bar's two competitors."""
    return [
        Result(bar, [theirs / ours for ours, theirs in zip(costs[bar.ours], costs[bar.theirs], strict=True)])
        for bar in bars
    ]


def limited(what: str, limit: float, found: Sequence[float]) -> Result:
    """How many times within its limit each value is."""
    return Result(Bar(what, "found", "limit", 1), [limit / each for each in found])


async def seconds(work: Awaitable[object]) -> float:
    """Give how long something takes, in machine seconds."""
    began = machine_seconds()
    await work
    return machine_seconds() - began
