"""An installation of a test's own, and an upstream system that speaks to it."""

from collections.abc import AsyncIterator

import pytest

from libs.stack.run import Run
from tests.faults.load import Upstream
from tests.faults.script import BEGIN
from tests.faults.system import System


@pytest.fixture
async def system(request: pytest.FixtureRequest) -> AsyncIterator[System]:
    """The servers run, and no service yet; the logs stay for a look where a test of the session failed."""
    failed = request.session.testsfailed
    run = Run.create(name="fault")
    system = System(run, BEGIN)
    try:
        await system.start()
        yield system
    finally:
        run.close(keep_logs=request.session.testsfailed > failed)


@pytest.fixture
async def upstream(system: System) -> AsyncIterator[Upstream]:
    """It tells what it is told to tell, until the broker has it."""
    upstream = Upstream(system.kafka.address)
    yield upstream
    await upstream.close()
