"""Ask a service's page for its JSON, over a connection of its own each time.

A step of the plan clock asks some dozen pages: a general HTTP client takes ten times as long for that, and a connection
that is kept open waits for delayed acknowledgements.
"""

import asyncio
import json
from typing import Any

from libs.eventlog.errors import Unavailable
from services.ops.cli.environment import MACHINE

TIMEOUT = 30.0  # machine seconds


async def page(port: int, path: str, method: str = "GET", host: str = MACHINE) -> Any:
    """What the page says; raises Unavailable where nobody answers, or not with success."""
    status, body = await answer(host, port, path, TIMEOUT, method)
    if status != "200":
        raise Unavailable(f"{host}:{port}{path} answers {status or 'nothing'}")
    return json.loads(body)


async def answer(host: str, port: int, path: str, seconds: float, method: str = "GET") -> tuple[str, bytes]:
    """The status of an answer and its body; raises Unavailable where nobody answers within so many machine seconds."""
    try:
        head, _, body = (await asyncio.wait_for(_ask(host, port, path, method), seconds)).partition(b"\r\n\r\n")
    except (OSError, TimeoutError) as error:
        raise Unavailable(f"{host}:{port}{path} does not answer ({type(error).__name__})") from error
    return b"".join(head.split(b" ", 2)[1:2]).decode(errors="replace"), body


async def _ask(host: str, port: int, path: str, method: str) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"{method} {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        return await reader.read()
    finally:
        writer.close()
