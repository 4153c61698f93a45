"""A year of contracts, of 200 customers; `make year` plays that of 2,000."""

from collections.abc import Iterator

import pytest

from libs.stack.run import Run
from tests.year.play import Year

CUSTOMERS = 200


@pytest.fixture
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """A folder of its own; the logs stay for a look where the test failed."""
    failed, run = request.session.testsfailed, Run.create(name="year")
    try:
        yield run
    finally:
        run.close(keep_logs=request.session.testsfailed > failed)


@pytest.mark.timeout(1150)
async def test_a_year_of_contracts_is_as_reckoned_elsewhere(run: Run) -> None:
    year = Year(CUSTOMERS)
    await year.play(run)
    assert year.found == []
