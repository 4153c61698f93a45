"""The user for a server that refuses to run as root."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libs.stack.errors import StackError


@dataclass(frozen=True)
class SystemUser:
    """The user and group that a child runs as."""

    uid: int
    gid: int


def as_account(account: SystemUser | None) -> dict[str, Any]:
    """The arguments for `subprocess` that start a child as this account; none where it is our own."""
    return {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": [], "cwd": "/"}


def server_account() -> SystemUser | None:
    """Whom the server runs as where we are root: `postgres`, else `nobody`, or StackError; None: as ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in known:
            return SystemUser(known[name].pw_uid, known[name].pw_gid)
    raise StackError("PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody`")


def may_enter(path: Path, account: SystemUser | None) -> bool:
    """Whether the account can walk down to this path: what its folders allow to everybody, or to it as their owner."""
    if account is None:
        return True
    return all(_opens(folder, account) for folder in (path, *path.parents) if folder.is_dir())


def _opens(folder: Path, account: SystemUser) -> bool:
    status = folder.stat()
    mine = stat.S_IXUSR if status.st_uid == account.uid else stat.S_IXOTH
    return bool(status.st_mode & mine)
