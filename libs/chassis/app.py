"""Runs a process: its pages and its loops, together, until it is told to stop or one of them fails.

Loops are cancelled after the pages have stopped; work that must not be interrupted runs under `unbroken`.
A loop that fails, or ends by itself, ends the process: its supervisor restarts it, and the log has all it needs.
A process that was told to stop, or has failed, is gone within 10 s, even if something hangs.
"""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from typing import Any, TypeVar

import structlog
import uvicorn
from faststream.asgi.types import ASGIApp
from uvicorn.server import ServerState

from libs.chassis.asyncapi import ServiceDocument
from libs.chassis.clock import Clock
from libs.chassis.health import Health, Quiet
from libs.chassis.metrics import Metrics
from libs.chassis.pages import Route, first_page, message_pages, pages, site
from libs.chassis.setting_files import BadSettings
from libs.chassis.settings import ServiceSettings
from libs.eventlog.errors import NotAdmitted
from libs.messages.base import rfc3339

T = TypeVar("T")
Loop = tuple[str, Callable[[], Awaitable[None]]]
"""A name and a coroutine function that does not end by itself."""

_GONE_WITHIN = 9.0
"""Seconds after which a process that is to end is ended by force."""
_LAST_REQUESTS = 3
"""Seconds of these that open requests may take."""

_log = structlog.get_logger("olcare.app")


@dataclass(frozen=True)
class Service:
    """What a composition root hands to `run`."""

    settings: ServiceSettings
    clock: Clock
    metrics: Metrics
    health: Health
    quiet: Quiet
    loops: Sequence[Loop]
    routes: Sequence[Route] = ()
    site: ASGIApp | None = None
    """What answers every request in place of the pages that a process has about itself."""


class Ended(Exception):  # noqa: N818 - it says what happened
    """A loop that must run for ever has ended."""


async def run(service: Service) -> int:
    """Run until SIGTERM or SIGINT (gives the exit code 0) or until a loop fails, of which a line of the log says why.

    Gives 1 then, and 2 where a server does not let us in; raises BadSettings where nothing can be listened at.
    It must be the last thing that a process does: once that is to end, it is ended by force within 10 s.
    """
    try:
        with _listening(service.settings) as listener:
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio sets it on its own sockets alone
            _say_what_runs(service, listener)
            await _together(service, listener)
    except ExceptionGroup as failed:  # each was logged where it was raised
        code = 2 if failed.subgroup(NotAdmitted) else 1
    else:
        code = 0
    _log.info("ended", code=code)
    return code


def _listening(settings: ServiceSettings) -> socket.socket:
    try:
        return socket.create_server((settings.http_host, settings.http_port))
    except OSError as error:
        where = f"{settings.http_host}:{settings.http_port}"
        raise BadSettings(
            f"OLCARE_HTTP_HOST and OLCARE_HTTP_PORT are not right: nothing can listen at {where} ({error.strerror})."
            " Name an address of this machine and a port that is free."
        ) from None


async def unbroken(work: Coroutine[Any, Any, T]) -> T:
    """Run the work to its end; a cancellation meanwhile is raised afterwards."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()):
            raise error from None
        raise


async def _together(service: Service, listener: socket.socket) -> None:
    told = _told_to_stop()
    server = _server(service)
    async with asyncio.TaskGroup() as group:
        http = group.create_task(watched("http", partial(server.serve, [listener])))
        loops = [group.create_task(_endless(name, loop), name=name) for name, loop in service.loops]
        await told.wait()
        _end_by_force_later()
        server.stop()
        await http
        for loop in loops:
            loop.cancel()


def _told_to_stop() -> asyncio.Event:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    return told


class _Dated(ServerState):
    """What the answers of a server have in common: the date, read whenever one is given, in place of every second."""

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        return [(b"date", formatdate(usegmt=True).encode())]

    @default_headers.setter
    def default_headers(self, _: list[tuple[bytes, bytes]]) -> None:
        """Nothing else is in every answer."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.server_state = _Dated()
        self._told = asyncio.Event()

    def stop(self) -> None:
        """End as uvicorn does when it is told to."""
        self.should_exit = True
        self._told.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to `run`."""
        yield

    async def main_loop(self) -> None:
        """Serve; close what listens also where that is cancelled: uvicorn does it where it is told to stop alone.

        In place of looking ten times a second whether it is told.
        """
        try:
            await self._told.wait()
        except asyncio.CancelledError:
            for server in self.servers:
                server.close()
            raise


def _server(service: Service) -> _Server:
    config = uvicorn.Config(
        service.site or _own_site(service),
        lifespan="off",  # FastStream's lifespan would only connect a broker
        log_config=None,
        access_log=False,
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=_LAST_REQUESTS,
    )
    return _Server(config)


def _own_site(service: Service) -> ASGIApp:
    document = ServiceDocument(service.settings.contracts / "asyncapi.yaml", service.settings.service)
    own = pages(service.health, service.quiet, service.metrics)
    routes = [*own, *service.routes, *message_pages(document)]
    return site([first_page(service.settings.instance, routes), *routes], document)


async def _endless(name: str, loop: Callable[[], Awaitable[None]]) -> None:
    async def to_its_end() -> None:
        await loop()
        raise Ended(f"the loop {name} ended by itself")

    await watched(name, to_its_end)


async def watched(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run some work under a name; where it fails, log the error and let the process end even if something hangs."""
    structlog.contextvars.bind_contextvars(loop=name)
    try:
        await work()
    except ExceptionGroup:  # each was logged where it was raised
        _end_by_force_later()
        raise
    except NotAdmitted as error:
        _end_by_force_later()
        _log.error("failed", error=str(error))
        raise
    except Exception as error:
        _end_by_force_later()
        _log.exception("failed", error=str(error) or type(error).__name__)
        raise


def _end_by_force_later() -> None:
    """Start a timer that ends the process even if a loop, a thread or a cancellation hangs."""
    timer = threading.Timer(_GONE_WITHIN, _end_by_force)
    timer.daemon = True
    timer.start()


def _end_by_force() -> None:
    _log.error("ended by force", seconds=_GONE_WITHIN)
    os._exit(1)


def _say_what_runs(service: Service, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    clock = "movable" if service.clock.movable else "real"
    _log.info("running", http=f"{host}:{port}", clock=clock, plan_time=rfc3339(service.clock.now()))
