"""A child process that cannot outlive its parent."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from libs.stack.account import SystemUser, as_account
from libs.stack.errors import StackError
from libs.stack.identity import forget, record
from libs.stack.run import PROJECT, Run

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

# The kernel sends the death signal when the *thread* that forked ends, so all children are forked by one thread
# that lives as long as the interpreter.
_forker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="forker")


class Process:
    """One program under a run: started, stopped, killed or frozen by hand, ended with the run at the latest."""

    def __init__(
        self,
        run: Run,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        account: SystemUser | None = None,
        end_signal: signal.Signals = signal.SIGTERM,
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        self.name = name
        self.log = run.folder / f"{name}.log"
        self._command = list(command)
        self._env = {**os.environ, **(env or {})}
        self._account = account
        self._end_signal = end_signal
        self._death_signal = death_signal
        self._run = run  # keeps a reference: a run that is garbage-collected unlocks its folder
        self._child: subprocess.Popen[Any] | None = None
        run.at_end(self.stop)

    def start(self) -> None:
        """Start it, for the first time or again; the output is appended to the log. Raises StackError."""
        if self.alive:
            raise StackError(f"{self.name} runs already")
        self._bury()
        self._child = _forker.submit(self._fork).result()
        record(self._run.folder, self._child.pid)

    def _fork(self) -> subprocess.Popen[Any]:
        parent = os.getpid()

        def die_with_parent() -> None:
            if _libc is not None:
                _libc.prctl(_PR_SET_PDEATHSIG, self._death_signal)
            if os.getppid() != parent:
                os._exit(1)

        with self.log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603 - our own commands
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._env,
                start_new_session=True,  # a ^C at the terminal is for the parent, which ends them in order
                preexec_fn=die_with_parent,  # noqa: PLW1509 - two system calls, looked up before the fork
                **{"cwd": PROJECT} | as_account(self._account),
            )

    @property
    def pid(self) -> int:
        """The number of the running process."""
        return self._running().pid

    @property
    def alive(self) -> bool:
        """Whether it was started and has not ended."""
        return self._child is not None and self._child.poll() is None

    @property
    def ended_with(self) -> int | None:
        """The exit code, minus the signal's number where one ended it; None while it runs."""
        return None if self._child is None else self._child.poll()

    def wait(self) -> int:
        """Block until it ends; its exit code."""
        return self._running().wait()

    def stop(self, seconds: float = 10) -> None:
        """Ask it to end, wake it if it is frozen, and kill it when it has not ended within so many seconds."""
        if self._child is None:
            return
        self._child.send_signal(self._end_signal)
        self._child.send_signal(signal.SIGCONT)
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
        self._bury()

    def kill(self) -> None:
        """End it with SIGKILL and see it gone."""
        self._running().kill()
        self._bury()

    def freeze(self) -> None:
        """SIGSTOP: it keeps its memory and its connections and does nothing."""
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: it goes on where it was stopped."""
        self.signal(signal.SIGCONT)

    def signal(self, what: signal.Signals) -> None:
        """Send any other signal."""
        self._running().send_signal(what)

    def _running(self) -> subprocess.Popen[Any]:
        if self._child is None:
            raise StackError(f"{self.name} was not started")
        return self._child

    def _bury(self) -> None:
        if self._child is not None:
            self._child.wait()
            forget(self._run.folder, self._child.pid)
            self._child = None

    def last_words(self) -> str:
        """The end of its output, for an error message."""
        return "\n".join(_tail(self.log))


def _tail(log: Path, lines: int = 15) -> list[str]:
    return log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
