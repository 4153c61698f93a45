"""Run many seeds and count the outcomes: `python -m tests.model 20000 [--weaken RULE]`."""

import argparse
import sys
from collections import Counter

import rich
from rich.progress import track

from tests.model.run import HOLDS, run
from tests.model.services import WHOLE
from tests.model.weakened import RULES


def main() -> int:
    """Give 0 only if every seed holds."""
    parser = argparse.ArgumentParser(prog="python -m tests.model")
    parser.add_argument("seeds", nargs="?", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument(
        "--weaken", choices=RULES, help="; ".join(f"{name}: {rule.left_out}" for name, rule in RULES.items())
    )
    options = parser.parse_args()
    protocol = RULES[options.weaken].protocol if options.weaken else WHOLE
    outcomes: Counter[str] = Counter()
    example: dict[str, int] = {}
    for seed in track(range(options.first, options.first + options.seeds), "seeds"):
        outcome = run(seed, protocol)
        outcomes[outcome] += 1
        example.setdefault(outcome, seed)
    for outcome, count in outcomes.most_common():
        rich.print(f"{count:7}  {outcome}  (seed {example[outcome]})")
    return 0 if outcomes.keys() <= {HOLDS} else 1


if __name__ == "__main__":
    sys.exit(main())
