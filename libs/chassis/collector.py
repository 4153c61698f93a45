"""The garbage collector, set for processes that make many objects at once and drop them by themselves."""

import gc

BETWEEN_LOOKS = 100_000
"""So many objects does a batch make: they go by themselves before the garbage collector is to walk them."""


def collect_seldom() -> None:
    """Have it look less often, and never walk what is there now, which stays as long as the process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(BETWEEN_LOOKS)
