"""Loopback ports that concurrent runs do not hand out twice."""

import errno
import fcntl
import os
import random
import socket
import tempfile
from functools import cache
from pathlib import Path

from libs.stack.errors import StackError

# Below the kernel's ephemeral range: there a client that reconnects to a stopped server could be given the
# server's own port as its source, connect to itself and keep the server from coming back.
_CANDIDATES = range(15_000, 32_000)
_handed_out: set[int] = set()


def free_port(preferred: int | None = None) -> int:
    """A free port of 127.0.0.1, the preferred one if it is free, kept until this process ends; raises StackError."""
    if preferred is not None and preferred not in _handed_out and _can_bind(preferred) and reserve(preferred):
        _handed_out.add(preferred)
        return preferred
    for port in random.SystemRandom().sample(_CANDIDATES, len(_CANDIDATES)):
        if port not in _handed_out and _can_bind(port) and reserve(port):
            _handed_out.add(port)
            return port
    raise StackError("no free port on 127.0.0.1")


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True


def reserve(port: int) -> bool:
    """Lock one byte per port: the kernel releases it when the process ends, so nothing has to be cleaned up."""
    try:
        fcntl.lockf(_reservations(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except BlockingIOError:
        return False
    return True


@cache
def _reservations() -> int:
    path = Path(tempfile.gettempdir()) / f"olcare-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
