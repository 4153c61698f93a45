"""Plant known bugs, one at a time, and see that a test fails for each: `python -m tests.planted [NAME…] [--jobs 2]`.

The exit code is 0 only if every one was caught.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event

from rich.console import Console
from rich.table import Column, Table

from libs.stack.wait import machine_seconds
from tests.planted.bug import Bug
from tests.planted.bugs import BUGS
from tests.planted.trial import Copy, Outcome, Trial, copy


def main() -> int:
    """Plant all of them, or those that are named."""
    options = _options()
    named = [bug for bug in BUGS if not options.names or bug.name in options.names]
    bugs = [bug for bug in named if options.stack or not bug.stack]
    progress, began = Console(stderr=True), machine_seconds()
    trials = list[Trial]()
    for trial in tried(bugs, options.jobs):
        trials.append(trial)
        _tell(progress, f"{len(trials):3} of {len(bugs)}  {trial.seconds:5.1f} s  {trial.bug.name}: {trial.outcome}")
        if trial.outcome is not Outcome.CAUGHT:
            _tell(progress, trial.said)
    _show(sorted(trials, key=lambda trial: bugs.index(trial.bug)), as_json=options.json)
    caught = sum(trial.outcome is Outcome.CAUGHT for trial in trials)
    _tell(progress, f"{caught} of {len(bugs)} planted bugs were caught, in {machine_seconds() - began:.0f} s")
    return 0 if caught == len(bugs) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="bugs, by their names; all where none is named")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time, each in a copy of the tree")
    parser.add_argument(
        "--no-stack", dest="stack", action="store_false", help="leave out those whose tests need Kafka or PostgreSQL"
    )
    parser.add_argument("--json", action="store_true", help="say it as JSON")
    options = parser.parse_args()
    if unknown := set(options.names) - {bug.name for bug in BUGS}:
        parser.error(f"there is no planted bug called {', '.join(sorted(unknown))}")
    return options


def tried(bugs: Sequence[Bug], jobs: int) -> Iterator[Trial]:
    """Try bugs, each job its share in a copy of its own; gives them as they are done with."""
    done, stopped = SimpleQueue[Trial | None](), Event()

    def work(share: Sequence[Bug]) -> None:
        try:
            with copy() as tree:
                for trial in _of_share(tree, share):
                    done.put(trial)
                    if stopped.is_set():
                        break
        finally:
            done.put(None)

    with ThreadPoolExecutor(jobs) as pool:
        working = [pool.submit(work, bugs[at::jobs]) for at in range(jobs)]
        try:
            for _ in working:
                yield from iter(done.get, None)
        finally:
            stopped.set()
        for each in working:
            each.result()


def _of_share(tree: Copy, bugs: Sequence[Bug]) -> Iterator[Trial]:
    """First the tests run without any bug: one that fails then shows nothing."""
    unsound = tree.fails_without_bug(bug.test for bug in bugs)
    for bug in bugs:
        if bug.test in unsound:
            yield Trial(bug, Outcome.FAILS_ANYWAY, 0.0, "")
        else:
            yield tree.trial(bug)


def _tell(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def _show(trials: Sequence[Trial], *, as_json: bool) -> None:
    if as_json:
        json.dump([trial.row() for trial in trials], sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    made = Table(Column("bug", no_wrap=True), Column("test", overflow="fold"), Column("outcome"), box=None)
    for trial in trials:
        style = None if trial.outcome is Outcome.CAUGHT else "red"
        made.add_row(trial.bug.name, trial.bug.test, str(trial.outcome), style=style)
    Console(width=None if sys.stdout.isatty() else 200).print(made, highlight=False, markup=False)


if __name__ == "__main__":
    sys.exit(main())
