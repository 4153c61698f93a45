"""Which test files take longest: several processes begin with those, so that none is at one alone in the end."""

from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

LONGEST = tuple(Path(__file__).with_suffix(".txt").read_text().split())
TOGETHER = "tests/integration/console/"
"""Files that share an installation: one process has them all, so that there is one."""


class LongestFirst(LoadFileScheduling):  # type: ignore[misc] # it ships no types
    """Deals out whole files in the order in which they were collected, those that share an installation at once."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else file_of(nodeid)


def longest_first(items: list[pytest.Item]) -> None:
    """Put the tests of the longest files before all others."""
    places = {file: place for place, file in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(file_of(item.nodeid), len(places)))


def file_of(nodeid: str) -> str:
    """The file of a test."""
    return nodeid.partition("::")[0]
