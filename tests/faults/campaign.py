"""Kill, stall and cut off processes at random, run after run, and balance the books after each.

`python -m tests.faults.campaign --runs 5 --seed 1`; every third run has three brokers,
every fourth three instances of each service. The last line says whether
every run balanced, and the exit code is 0 only then. The logs of a run that did not are kept.
"""

import argparse
import asyncio
import json
import logging
import shutil
import sys
from pathlib import Path
from typing import Literal

from libs.stack.run import ROOT, Run
from libs.stack.wait import machine_seconds
from tests.faults.trial import Trial

_LIMIT = 360.0  # machine seconds a run


class Report:
    """What the campaign says, in words or one line of JSON a run."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._balanced: list[bool] = []

    def tell(self, sentence: str) -> None:
        """Say a sentence; in JSON there are none."""
        if not self._as_json:
            self._fingerprint(sentence)

    def of(self, trial: Trial, seconds: float) -> None:
        """Say what came of a run."""
        self._balanced.append(not trial.found)
        for sentence in trial.found:
            self.tell(f"  {sentence}")
        self.tell(f"  {'balanced' if not trial.found else 'does not balance'}, {seconds:.0f} s")
        if self._as_json:
            run = {"seed": trial.seed, "brokers": trial.brokers, "seconds": round(seconds), "found": trial.found}
            self._fingerprint(json.dumps(run | trial.figures))

    def end(self) -> int:
        """Say in the last line whether every run balanced; gives the exit code."""
        runs, balanced = len(self._balanced), sum(self._balanced)
        self._fingerprint(
            json.dumps({"runs": runs, "balanced": balanced})
            if self._as_json
            else f"{'every run balanced' if balanced == runs else 'NOT every run balanced'}: {balanced} of {runs}"
        )
        return 0 if balanced == runs else 1

    def _fingerprint(self, text: str) -> None:
        print(text, flush=True)  # noqa: T201 - a command line prints


def play(trial: Trial) -> float:
    """Play one run to its findings; gives the machine seconds that it took. What ends it early is a finding too."""
    began = machine_seconds()
    with Run.create(name="faults") as run:
        try:
            asyncio.run(asyncio.wait_for(trial.play(run), _LIMIT))
        except Exception as error:  # noqa: BLE001 - whatever it was, the run did not balance, and the next one begins
            trial.found.append(f"it ended early: {_first(error)!r}")
        if trial.found:
            _keep(run.folder, trial)
    return machine_seconds() - began


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _keep(folder: Path, trial: Trial) -> None:
    kept = ROOT / f"faults-kept-{trial.seed}"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    for file in folder.iterdir():
        if file.is_file() and file.name != "lock":
            shutil.copy(file, kept)
    (kept / "findings.txt").write_text("".join(f"{sentence}\n" for sentence in trial.found))
    trial.tell(f"  what it wrote is kept in {kept}")


def main() -> int:
    """The command line."""
    arguments = argparse.ArgumentParser(prog="python -m tests.faults.campaign", description=__doc__.splitlines()[0])
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--seed", type=int, default=1, help="of the first run; each next one has the next")
    arguments.add_argument("--seconds", type=float, default=50.0, help="of the machine, under load and harm")
    arguments.add_argument("--tickets", type=int, default=200)
    arguments.add_argument("--instances", type=int, default=0, help="of each service, in every run")
    arguments.add_argument("--json", action="store_true", help="one line of JSON a run, instead of words")
    given = arguments.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that brokers are away is what this is about
    report = Report(as_json=given.json)
    for number in range(given.runs):
        brokers: Literal[1, 3] = 3 if number % 3 == 2 else 1
        each = given.instances or (3 if number % 4 == 3 else 1)
        trial = Trial(given.seed + number, brokers, given.seconds, given.tickets, report.tell, each)
        report.tell(f"run {number + 1} of {given.runs}, seed {trial.seed}")
        report.of(trial, play(trial))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
