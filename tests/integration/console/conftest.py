"""An installation that `olcare up` starts, with a ticket and a bad message, and a browser that looks at its console."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, async_playwright, expect

from libs.stack.certificates import Authority, CertificateFiles
from tests.acceptance import olcare
from tests.support import PATIENCE

expect.set_options(timeout=1000 * PATIENCE)
CHROMIUM = shutil.which("chromium")
NO_BROWSER = "there is no chromium: `apt-get install chromium` brings it"


@pytest.fixture(scope="package")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Servers of its own, whatever is given."""
    with olcare.installation(tmp_path_factory.mktemp("up")) as found:
        olcare.done("trigger", "TicketSubmitted", "--wait", "--subject", "4711")
        yield found


@pytest.fixture(scope="package")
def address(installation: dict[str, Any]) -> str:
    """Where the console is."""
    return next(str(one["pages"]) for one in installation["services"] if one["service"] == "console")


@pytest.fixture
async def client(address: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who asks for JSON."""
    async with httpx.AsyncClient(base_url=address, headers={"accept": "application/json"}, timeout=PATIENCE) as found:
        yield found


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser without a window; skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip(NO_BROWSER)
    arguments = ["--no-sandbox"] if os.getuid() == 0 else []
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield found
        await found.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whom a browser and the console trust in the tests of signing in."""
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def identity(authority: Authority) -> CertificateFiles:
    """Of a server on this machine."""
    return authority.server("localhost", "DNS:localhost", "IP:127.0.0.1")
