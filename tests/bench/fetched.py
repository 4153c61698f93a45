"""The libraries that ours are compared with: fetched when first asked for, out of the environment's way."""

from pathlib import Path

from libs.stack.cache import cached, run_quietly, uv

LOCK = Path(__file__).with_name("requirements.lock")


def fetched() -> Path:
    """Give the folder that holds them."""
    return cached("bench", LOCK, _fetch)


def _fetch(into: Path) -> None:
    install = [uv(), "pip", "install", "--no-deps", "--require-hashes", "--target", str(into), "-r", str(LOCK)]
    run_quietly(install, f"uv could not fetch what {LOCK.name} names")
