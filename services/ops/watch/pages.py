"""Ask a service's page on this machine for its JSON, over a connection of its own each time.

A step of the plan clock asks some dozen pages: a general HTTP client takes ten times as long for that, and a connection
that is kept open waits for delayed acknowledgements.
"""

import asyncio
import json
from typing import Any

from libs.eventlog.errors import Unavailable

TIMEOUT = 30.0  # machine seconds


async def page(port: int, path: str, method: str = "GET") -> Any:
    """What the page says; raises Unavailable where nobody answers, or not with success."""
    try:
        head, _, body = (await asyncio.wait_for(_ask(port, path, method), TIMEOUT)).partition(b"\r\n\r\n")
    except (OSError, TimeoutError) as error:
        raise Unavailable(f"127.0.0.1:{port}{path} does not answer ({type(error).__name__})") from error
    status = head.split(b" ", 2)[1:2]
    if status != [b"200"]:
        raise Unavailable(f"127.0.0.1:{port}{path} answers {status[0].decode() if status else 'nothing'}")
    return json.loads(body)


async def _ask(port: int, path: str, method: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
        return await reader.read()
    finally:
        writer.close()
