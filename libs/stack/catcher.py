"""The mail catcher as a process of a run."""

import json
import socket
import sys
from pathlib import Path
from typing import Any

from libs.stack.errors import StackError
from libs.stack.faults import Fault, write_faults
from libs.stack.ports import free_port
from libs.stack.process import Process
from libs.stack.run import Run
from libs.stack.wait import until

_UP_SECONDS = 60


class MailCatcher:
    """An SMTP server on a port that it keeps over restarts, whose journal says what was delivered."""

    def __init__(self, run: Run) -> None:
        self._port = free_port()
        self.journal = run.folder / "mail.jsonl"
        self._faults = run.folder / "mail-faults.json"
        files = ["--journal", str(self.journal), "--faults", str(self._faults)]
        command = [sys.executable, "-m", "libs.stack.mail", "--port", str(self._port), *files]
        self.process = Process(run, "mail", command)

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Return when it takes connections; also after a kill, with the same journal. Raises StackError."""
        self.process.start()
        until(lambda: not self.process.alive or self._answers(), _UP_SECONDS, "the start of the mail catcher")
        if not self.process.alive:
            raise StackError(f"the mail catcher did not come up:\n{self.process.last_words()}")

    def fail(self, *faults: Fault) -> None:
        """Replace the faults by these; without any, accept everything again."""
        write_faults(self._faults, faults)

    def messages(self) -> list[dict[str, Any]]:
        """What was accepted, the first one first."""
        return messages_in(self.journal)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self._port)) == 0


def messages_in(journal: Path) -> list[dict[str, Any]]:
    """The entries of a journal; a last line that is still being written is left for later."""
    if not journal.exists():
        return []
    return [json.loads(line) for line in journal.read_text().splitlines(keepends=True) if line.endswith("\n")]
