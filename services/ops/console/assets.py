"""The scripts and styles of the pages: our own, and others' as npm's lock pins them; all served by ourselves."""

import gzip
import shutil
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from libs.stack.cache import cached, run_quietly
from libs.stack.errors import StackError

OURS = Path(__file__).with_name("static")
RECIPE = Path(__file__).with_name("assets")
TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
THEIRS: Mapping[str, str] = {
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "htmx-sse.js": "htmx-ext-sse/dist/sse.min.js",
    "uplot.js": "uplot/dist/uPlot.iife.min.js",
    "uplot.css": "uplot/dist/uPlot.min.css",
}
"""Our name for it: where it stands under `node_modules`."""


class Asset(NamedTuple):
    """One file as it is served."""

    content: bytes
    packed: bytes
    """The same, packed by gzip."""
    type: str
    digest: str


class Assets:
    """All files that pages refer to; `missing` says in a sentence why those of others are not there."""

    def __init__(self, files: Mapping[str, Asset], missing: str | None = None) -> None:
        self.files, self.missing = files, missing

    def url(self, name: str) -> str:
        """The address of a file, with a part that changes with its content; raises KeyError."""
        return f"/assets/{name}?{self.files[name].digest}"

    def has(self, name: str) -> bool:
        """Whether it is there."""
        return name in self.files


def load(folder: Path | None = None) -> Assets:
    """Read all; those of others from a folder `node_modules`, which is fetched by npm where none is named.

    Without them the pages can be read, and are not live.
    """
    ours = {path.name: _asset(path) for path in sorted(OURS.iterdir())}
    try:
        theirs = folder or fetched()
        return Assets({**ours, **{name: _asset(theirs / path) for name, path in THEIRS.items()}})
    except (StackError, OSError) as error:
        return Assets(ours, f"pages are not live: {error}")


def fetched() -> Path:
    """The folder `node_modules` that the lock pins, filled once; raises StackError."""

    def fetch(folder: Path) -> None:
        npm = shutil.which("npm")
        if npm is None:
            raise StackError("npm is missing: install it, or name a folder that has the scripts: OLCARE_CONSOLE_ASSETS")
        for name in ("package.json", "package-lock.json"):
            shutil.copy(RECIPE / name, folder)
        run_quietly(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--prefix", str(folder)],
            f"npm could not fetch what {RECIPE / 'package-lock.json'} names: open a way to a registry of packages",
        )

    return cached("console", RECIPE / "package-lock.json", fetch) / "node_modules"


def _asset(path: Path) -> Asset:
    content = path.read_bytes()
    digest = sha256(content).hexdigest()[:12]
    return Asset(content, gzip.compress(content, mtime=0), TYPES[path.suffix], digest)
