"""What is fetched once and shared by all runs: jars, and programs that the system lacks."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from libs.stack.errors import StackError
from libs.stack.run import ROOT, exclusive

ROOT_CACHE = ROOT / "cache"
_FETCHING_SECONDS = 600


def cached(name: str, recipe: Path, fetch: Callable[[Path], None], root: Path = ROOT_CACHE) -> Path:
    """The folder that `fetch` fills as its recipe says: filled by the first caller, put in place when complete."""
    folder = root / f"{name}-{sha256(recipe.read_bytes()).hexdigest()[:12]}"
    if folder.exists():
        return folder
    root.mkdir(parents=True, exist_ok=True)
    with exclusive(root / f"{name}.lock"):
        if not folder.exists():
            _fill(folder, fetch)
    return folder


def _fill(folder: Path, fetch: Callable[[Path], None]) -> None:
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}-", dir=folder.parent) as fresh:
        content = Path(fresh) / "content"
        content.mkdir()
        fetch(content)
        content.rename(folder)


def wheels(name: str, root: Path = ROOT_CACHE) -> Path:
    """The package that `wheels/<name>.lock` pins, in a folder of its own, out of the environment's way."""
    lock = Path(__file__).with_name("wheels") / f"{name}.lock"

    def fetch(folder: Path) -> None:
        install = [uv(), "pip", "install", "--no-deps", "--require-hashes", "--target", str(folder), "-r", str(lock)]
        run_quietly(
            install, f"uv could not fetch what {lock} names: install it by hand, or open a way to a package index"
        )

    return cached(name, lock, fetch, root)


def uv() -> str:
    """The path of uv: the system's, or the one that `make setup` fetched; raises StackError where there is none."""
    found = os.environ.get("UV") or shutil.which("uv") or shutil.which("uv", path=str(ROOT_CACHE / "uv/bin"))
    if found is None:
        raise StackError("uv is missing: run `make setup`, or `python3 -m pip install uv`")
    return found


def run_quietly(command: Sequence[str], failure: str, env: Mapping[str, str] | None = None) -> None:
    """Run to its end; if it fails, a StackError says `failure` and what the command said last."""
    done = subprocess.run(  # noqa: S603 - our own commands
        command,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=_FETCHING_SECONDS,
        env={**os.environ, **(env or {})},
    )
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()
        raise StackError(f"{failure}\n{said[-2000:]}")
