"""One of our services as a process that comes back when it ends by itself."""

import http.client
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import RLock

from libs.stack.process import Process
from libs.stack.run import Run
from libs.stack.wait import machine_seconds

_GRACE_SECONDS = 10
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 8.0
_HEALTHY_SECONDS = 30


@dataclass(frozen=True)
class ServiceSpec:
    """What to start: a module, what it finds in its environment, and the port of its health pages."""

    name: str
    module: str
    http_port: int
    env: Mapping[str, str] = field(default_factory=dict)


class ServiceProcess:
    """A service that is either wanted or not; `revive` starts a wanted one that has ended, after a growing pause."""

    def __init__(self, run: Run, spec: ServiceSpec, env: Mapping[str, str] | None = None) -> None:
        self.spec = spec
        self.wanted = False
        own = {"OLCARE_HTTP_PORT": str(spec.http_port), "OLCARE_INSTANCE": spec.name}
        self.process = Process(
            run, spec.name, [sys.executable, "-m", spec.module], env={**(env or {}), **own, **spec.env}
        )
        self._lock = RLock()  # a supervisor's thread revives while a test kills
        self._pause = _FIRST_PAUSE
        self._started = 0.0
        self._ended: float | None = None
        self.revived = 0
        """How often it was started again because it had ended by itself."""

    def start(self) -> None:
        """Start it now and want it from here on."""
        with self._lock:
            self.wanted = True
            self._ended = None
            self._started = machine_seconds()
            self.process.start()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL after ten seconds; it is not revived."""
        with self._lock:
            self.wanted = False
            self.process.stop(_GRACE_SECONDS)

    def kill(self) -> None:
        """SIGKILL; a supervisor revives it."""
        with self._lock:
            self.process.kill()

    def revive(self) -> None:
        """Called often: start it again if it ended and its pause is over."""
        with self._lock:
            if not self.wanted or self.process.alive:
                return
            now = machine_seconds()
            if self._ended is None:
                self._ended = now
                self._pause = _FIRST_PAUSE if now - self._started > _HEALTHY_SECONDS else self._pause
            if now - self._ended >= self._pause:
                self._pause = min(2 * self._pause, _LONGEST_PAUSE)
                self.revived += 1
                self.start()

    def steady(self) -> bool:
        """Whether it runs, and has never ended by itself or has run for a while since."""
        return self.process.alive and (not self.revived or machine_seconds() - self._started > _HEALTHY_SECONDS)

    def ready(self) -> bool:
        """Whether `/readyz` says so."""
        return self.process.alive and answers_ready(self.spec.http_port)


def answers_ready(port: int) -> bool:
    """Whether a service on this port of the machine calls itself ready."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
