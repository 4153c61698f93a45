"""PostgreSQL as a local process, open to 127.0.0.1 alone: without passwords, or by TLS with them."""

import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from libs.stack.account import as_account, may_enter, server_account
from libs.stack.certificates import CertificateFiles
from libs.stack.errors import StackError
from libs.stack.ports import free_port
from libs.stack.postgres_programs import postgres_programs
from libs.stack.process import Process
from libs.stack.run import Run
from libs.stack.wait import until

_UP_SECONDS = 60
_PID, _STATUS = 0, 7  # lines of postmaster.pid
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "idle_in_transaction_session_timeout": "10s",  # releases the locks of a client frozen inside a transaction
    "lock_timeout": "5s",
}
_INITDB = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
_TLS = {"ssl": "on", "ssl_cert_file": "server.pem", "ssl_key_file": "server.key"}
_FAST = {"fsync": "off", "full_page_writes": "off"}  # loses data at a power failure only, not when the server is killed


@dataclass(frozen=True)
class PostgresGuard:
    """What a server shows, what that is trusted by, and the password of its first user."""

    identity: CertificateFiles
    trusted: Path
    password: str = field(repr=False)


class Postgres:
    """One server on a port and a folder that it keeps over restarts; durable ones also survive a loss of power."""

    def __init__(
        self, run: Run, *, durable: bool = True, guard: PostgresGuard | None = None, name: str = "postgres"
    ) -> None:
        """Make it, in a folder of this name; with a guard it takes TLS and passwords alone."""
        self._account = server_account()
        self._guard = guard
        folder = run.folder_for_data()
        self._data = (folder if may_enter(folder, self._account) else run.folder_outside()) / name
        self._port = free_port()
        settings = _SETTINGS | {"port": str(self._port)} | ({} if durable else _FAST) | (_TLS if guard else {})
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        self.process = Process(
            run,
            name,
            [str(postgres_programs() / "postgres"), "-D", str(self._data), *options],
            account=self._account,
            end_signal=signal.SIGINT,  # "fast": it cuts its clients off and writes what it has
            death_signal=signal.SIGQUIT,  # "immediate": unlike SIGKILL it gives its shared memory back
        )

    @property
    def dsn(self) -> str:
        """The address, without a database; every service adds its own."""
        if self._guard is None:
            return f"postgresql://postgres@127.0.0.1:{self._port}"
        trusted = f"sslmode=verify-full&sslrootcert={self._guard.trusted}"
        return f"postgresql://postgres:{self._guard.password}@127.0.0.1:{self._port}?{trusted}"

    def start(self) -> None:
        """Create the cluster, the first time, and return when it takes connections; raises StackError."""
        if not self._data.exists():
            self._initialise()
        self.process.start()
        until(lambda: not self.process.alive or self._ready(), _UP_SECONDS, "the start of PostgreSQL")
        if not self.process.alive:
            raise StackError(f"PostgreSQL did not come up:\n{self.process.last_words()}")

    def stop(self) -> None:
        """End it in order."""
        self.process.stop(seconds=30)

    def kill(self) -> None:
        """Stop at once, writing nothing more; the next start recovers from the write-ahead log."""
        self.process.signal(signal.SIGQUIT)
        self.process.wait()

    def restart(self) -> None:
        """Bring it back after `stop` or `kill`, on its port and its data."""
        self.start()

    def _initialise(self) -> None:
        self._data.mkdir(mode=0o700)
        if self._account is not None:
            os.chown(self._data, self._account.uid, self._account.gid)
        secret = self._for_the_server(self._data.with_suffix(".secret"), self._guard.password) if self._guard else None
        words = _INITDB if secret is None else (*_INITDB[1:], "--auth=scram-sha-256", f"--pwfile={secret}")
        command = [str(postgres_programs() / "initdb"), "-D", str(self._data), "-U", "postgres", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **as_account(self._account))  # noqa: S603 - our own command
        if done.returncode != 0:
            raise StackError(f"initdb failed:\n{done.stdout}{done.stderr}")
        if self._guard is not None:
            self._for_the_server(self._data / "server.pem", self._guard.identity.certificate.read_text())
            self._for_the_server(self._data / "server.key", self._guard.identity.key.read_text())
            self._for_the_server(self._data / "pg_hba.conf", "hostssl all all 127.0.0.1/32 scram-sha-256\n")

    def _for_the_server(self, path: Path, content: str) -> Path:
        """Write a file that the server's account alone may read."""
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(content)
        if self._account is not None:
            os.chown(path, self._account.uid, self._account.gid)
        return path

    def _ready(self) -> bool:
        """Whether the lock file says so, with the pid of this server: a killed one leaves its own file behind."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        ready = len(lines) > _STATUS and lines[_STATUS].strip() == "ready"
        return ready and int(lines[_PID]) == self.process.pid
