"""Play a year of contracts: `python -m tests.year --customers 2000`."""

import argparse
import asyncio
import sys

from libs.stack.run import Run
from tests.year.play import Year


def main() -> int:
    """Play it; 1 where anything is otherwise than reckoned."""
    parser = argparse.ArgumentParser(prog="python -m tests.year", description=__doc__)
    parser.add_argument("--customers", type=int, default=2000)
    year = Year(parser.parse_args().customers, tell)
    run, as_reckoned = Run.create(name="year"), False
    try:
        asyncio.run(year.play(run))
        as_reckoned = not year.found
    finally:
        run.close(keep_logs=not as_reckoned)
    sys.stderr.writelines(f"{finding}\n" for finding in year.found)
    tell("As reckoned." if as_reckoned else f"{len(year.found)} things are otherwise than reckoned.")
    return 0 if as_reckoned else 1


def tell(sentence: str) -> None:
    """Say how far it is."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
