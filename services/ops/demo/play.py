"""Plays the script: step plan time, hand over what was said until then, wait until everything is answered."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from libs.eventlog.client.messages import publish
from libs.eventlog.ports import Appender
from services.ops.cli.environment import open_log
from services.ops.clock.quiescence import Quiescence
from services.ops.demo.scribe import ScriptLine
from services.ops.demo.script import Script
from services.ops.demo.stage import Stage


class Moment(NamedTuple):
    """How far the story is: plan time, and how many lines have been handed over."""

    at: datetime
    lines: int


OnMoment = Callable[[Moment], None]


async def play(script: Script, stage: Stage, told: OnMoment = lambda _: None) -> None:
    """Play it to the end; raises Unavailable where a service never becomes quiet."""
    here = stage.environment()
    async with open_log(here) as log, Quiescence(stage.kafka, stage.ports, here.clock()) as still:
        appender = log.appender()
        try:
            await still.wait_until_quiet()
            for batch in script.before:
                await _hand_over(appender, batch)
                await still.wait_until_quiet()
            await _week(script, stage, still, appender, told)
        finally:
            await appender.close()


async def _week(script: Script, stage: Stage, still: Quiescence, appender: Appender, told: OnMoment) -> None:
    """Hand over the messages of an instant once everything that was due by then has happened."""
    said = 0

    def tell(at: datetime) -> None:
        told(Moment(at, said))

    for instant, lines in groupby(script.lines, key=lambda line: line.handed_over):
        await still.advance(stage.clock_file, instant, tell)
        batch = list(lines)
        await _hand_over(appender, batch)
        said += len(batch)
    await still.advance(stage.clock_file, script.ends, tell)


async def _hand_over(appender: Appender, lines: Sequence[ScriptLine]) -> None:
    await publish(appender, [line.record for line in lines])
