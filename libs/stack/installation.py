"""A whole installation in one run: the servers, what prepares them, and the services."""

import shlex
import signal
from collections.abc import Callable, Mapping, Sequence
from threading import Event, Thread

from libs.stack.errors import StackError
from libs.stack.process import Process
from libs.stack.resolve import Stack
from libs.stack.run import Run
from libs.stack.service import ServiceProcess, ServiceSpec
from libs.stack.wait import until

_ONCE_SECONDS = 120
_READY_SECONDS = 60
_LOOK_SECONDS = 0.1

Say = Callable[[str], object]


class Installation:
    """The services on a stack; every process finds the servers' addresses in its environment."""

    def __init__(self, run: Run, stack: Stack, env: Mapping[str, str], say: Say) -> None:
        self.stack = stack
        self.services: dict[str, ServiceProcess] = {}
        self._run = run
        self._env = {**env, **stack.env()}
        self._say = say
        self._over = Event()
        say(f"stack: {stack}")

    def run_once(self, name: str, command: Sequence[str]) -> None:
        """Run a command to its end; a StackError carries the end of its output if it fails."""
        once = Process(self._run, name, command, env=self._env)
        once.start()
        until(lambda: not once.alive, _ONCE_SECONDS, f"`{shlex.join(command)}`")
        if once.ended_with != 0:
            raise StackError(f"`{shlex.join(command)}` ended with {once.ended_with}:\n{once.last_words()}")
        self._say(f"done: {name}")

    def start(self, specs: Sequence[ServiceSpec]) -> None:
        """Start the services, all at once."""
        for spec in specs:
            self.services[spec.name] = ServiceProcess(self._run, spec, self._env)
        self._run.at_end(self.stop)
        for service in self.services.values():
            service.start()

    def await_ready(self) -> None:
        """Return when every service calls itself ready; a StackError names the one that does not."""
        for service in self.services.values():
            _await_ready(service)
            self._say(f"ready: {service.spec.name}")

    def revive(self) -> None:
        """Start again what has ended by itself."""
        for service in self.services.values():
            service.revive()

    def keep_alive(self) -> None:
        """Revive from a thread, until the run ends."""
        watcher = Thread(target=self._watch, name="supervisor", daemon=True)
        self._run.at_end(watcher.join)
        self._run.at_end(self._over.set)
        watcher.start()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            self.revive()

    def stop(self) -> None:
        """Ask all services to end, then see each of them gone."""
        for service in self.services.values():
            service.wanted = False
            if service.process.alive:
                service.process.signal(signal.SIGTERM)
        for service in self.services.values():
            service.stop()


def _await_ready(service: ServiceProcess) -> None:
    name, process = service.spec.name, service.process
    until(lambda: not process.alive or service.ready(), _READY_SECONDS, f"the start of {name} ({process.log})")
    if not process.alive:
        raise StackError(f"{name} ended at its start:\n{process.last_words()}")
