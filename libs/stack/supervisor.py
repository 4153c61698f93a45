"""The process behind `up`: it runs the installation, revives what ends by itself, and says where everything is."""

import os
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import Never

from libs.stack.errors import StackError
from libs.stack.identity import start_time
from libs.stack.installation import Installation
from libs.stack.resolve import Stack
from libs.stack.run import Run
from libs.stack.service import ServiceProcess
from libs.stack.up import ORDER, UP, RunningService, StackOrder, Up, file_of

_LOOK_SECONDS = 0.2


def supervise(order: StackOrder, root: Path) -> Never:
    """Start an installation and revive its services, until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with Run.create(root, "up") as run:
        run.at_end(lambda: file_of(root).unlink(missing_ok=True))
        installation = _install(run, order)
        while True:
            installation.revive()
            _write(_seen(run, installation), root)
            time.sleep(_LOOK_SECONDS)


def _install(run: Run, order: StackOrder) -> Installation:
    installation = Installation(run, Stack(run), order.env, partial(print, flush=True))
    for name, command in order.preparations.items():
        installation.run_once(name, command)
    installation.start(order.services)
    installation.await_ready()
    for name, command in order.afterwards.items():
        installation.run_once(name, command)
    return installation


def _seen(run: Run, installation: Installation) -> Up:
    stack = installation.stack
    return Up(
        supervisor=os.getpid(),
        began=start_time(os.getpid()) or "",
        folder=run.folder,
        kafka=stack.kafka.address,
        postgres=stack.postgres.address,
        smtp=stack.smtp.address,
        mail_journal=stack.mail_catcher.journal if stack.smtp.source == "native" else None,
        services=[_as_running(service) for service in installation.services.values()],
    )


def _as_running(service: ServiceProcess) -> RunningService:
    process = service.process
    pid = process.pid if process.alive else None
    port, revived, steady = service.spec.http_port, service.revived, service.steady()
    return RunningService(service.spec.name, pid, port, process.log, revived, steady)


def _write(seen: Up, root: Path) -> None:
    """Replace the file atomically, if its content has changed."""
    text = UP.dump_json(seen, indent=2)
    if not file_of(root).exists() or file_of(root).read_bytes() != text:
        draft = root / "up.json.new"
        draft.write_bytes(text)
        draft.replace(file_of(root))


def main() -> None:
    """Supervise the order that is read from standard input."""
    order = ORDER.validate_json(sys.stdin.buffer.read())
    try:
        supervise(order, Path(sys.argv[1]))
    except StackError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
