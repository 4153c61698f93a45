"""How many seeds: `--seeds`, or OLCARE_SEEDS, or 2,000."""

import os

import pytest

SEEDS, CHUNK = 2000, 100


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", type=int, default=None, help="histories to run through the log protocol")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Split the seeds, so that a long run shows how far it is."""
    if "seeds" in metafunc.fixturenames:
        asked = metafunc.config.getoption("--seeds", None) or int(os.environ.get("OLCARE_SEEDS", SEEDS))
        chunks = [range(first, min(first + CHUNK, asked)) for first in range(0, asked, CHUNK)]
        metafunc.parametrize("seeds", chunks, ids=[f"{c.start}-{c.stop - 1}" for c in chunks])
