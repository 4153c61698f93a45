"""The demo: a week of support, played on real servers in about two minutes, whose books must balance.

`script.py` writes who says what from a fixed seed, `reckoning.py` says what must come of it, `play.py` plays it on the
stepped clock, `findings.py` counts what came of it, `books.py` compares.
"""

import signal
from contextlib import suppress
from functools import partial
from pathlib import Path

from libs.chassis.clock import Clock
from libs.eventlog.kafka.topics import load_cards
from libs.plan import Plan
from libs.stack.run import PROJECT, ROOT, Run
from services.contract.plan import read_plan
from services.ops.cli import output
from services.ops.demo.books import entries
from services.ops.demo.figures import differences
from services.ops.demo.findings import find, mails, prove
from services.ops.demo.play import OnMoment, play
from services.ops.demo.reckoning import reckon
from services.ops.demo.report import Report, by_centre, by_channel, mailed, of_contracts, proven, unheard
from services.ops.demo.script import Script, write_script
from services.ops.demo.show import shown
from services.ops.demo.stage import Stage, set_stage
from services.ops.demo.topics import read_topics
from services.ops.demo.watching import watching

TICKETS, SEED = 280, 2026
"""Ordinary tickets, to which some fifty records of cases and dirt are added; and the seed of who says what."""


def run(
    *,
    tickets: int = TICKETS,
    seed: int = SEED,
    keep: bool = False,
    as_json: bool = False,
    contracts: Path = PROJECT / "contracts",
    root: Path = ROOT,
) -> bool:
    """Play the week on servers of its own, tell what came of it, and say whether the books balance.

    With `keep` there is a console as well, and it returns when somebody presses Ctrl-C. Raises StackError, Unavailable
    and Refused. Whatever it starts has ended when it returns.
    """
    plan = read_plan()
    partitions = {name: card.partitions for name, card in load_cards(contracts / "topics").items()}
    script = write_script(plan, partitions, tickets, seed)
    stay = Run.create(root, "demo")
    report = None
    try:
        stage = set_stage(stay, contracts, script.week.begins, script.cast, output.tell, with_console=keep)
        with watching(script, stage.catcher) as told:
            report = output.run(perform(stage, script, plan, told))
        output.show(report.data(), as_json=as_json, otherwise=partial(shown, report, stay.folder))
        if stage.console:
            _leave_up(stage.console)
    finally:
        stay.close(keep_logs=True)
        if report is None:
            output.tell(f"the demo ended early; what its processes said stays in {stay.folder} until the next run")
    return report.balanced


def _leave_up(console: str) -> None:
    """Say where the console is, and return when somebody presses Ctrl-C."""
    output.tell(f"the console is at {console}; Ctrl-C ends everything")
    with suppress(KeyboardInterrupt):
        signal.pause()


async def perform(stage: Stage, script: Script, plan: Plan, told: OnMoment = lambda _: None) -> Report:
    """Play the script on a stage that is set, and report; raises Unavailable and Refused."""
    clock = Clock()
    began = clock.monotonic()
    await play(script, stage, told)
    seconds = clock.monotonic() - began
    topics, proofs = await read_topics(stage), await prove(stage)
    found, arrived = await find(stage, topics), mails(stage.catcher)
    differing = differences(reckon(script, plan), found)
    return Report(
        begins=script.week.begins,
        ends=script.ends,
        seconds=seconds,
        messages=sum(book.records for book in topics.doors.values()),
        events=len(topics.events),
        void=topics.void,
        centres=by_centre(plan, found),
        channels=by_channel(found),
        contracts=of_contracts(plan, found),
        mails=mailed(found),
        not_taken=unheard(found),
        proof=proven(proofs),
        books=entries(script, topics, found, arrived, proofs, differing),
        differences=differing,
    )
