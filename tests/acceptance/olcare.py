"""The command line in a test: typed words in, exit code and text out; and an installation of its own."""

import io
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest

from services.ops.__main__ import main


class Said(NamedTuple):
    code: int
    out: str
    err: str

    def json(self) -> Any:
        assert self.code in {0, 1}, self.err
        return json.loads(self.out)


def olcare(*words: str) -> Said:
    out, err, code = io.StringIO(), io.StringIO(), 0
    with mock.patch.object(sys, "argv", ["olcare", *words]), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Said(code, out.getvalue(), err.getvalue())


def done(*words: str) -> Any:
    """What a command says as JSON that must not fail."""
    said = olcare(*words, "--json")
    assert said.code == 0, said
    return said.json()


@contextmanager
def installation(folder: Path, *words: str, **given: str) -> Iterator[dict[str, Any]]:
    """What `olcare up` says of servers and services of its own, whatever is given: topics have their names."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("KAFKA", "POSTGRES", "SMTP", "CLOCK", "SERVICES"):
            patch.delenv(f"OLCARE_{name}", raising=False)
        for name, value in {"OLCARE_RUN": str(folder), **given}.items():
            patch.setenv(name, value)
        yield done("up", *words)
        assert done("down") == {"ended": True}


@contextmanager
def stopped(up: Mapping[str, Any], service: str) -> Iterator[None]:
    """Let a service stand still."""
    pid = next(one["pid"] for one in up["services"] if one["service"] == service)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
