"""The command line in a test: typed words in, exit code and text out."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, NamedTuple
from unittest import mock

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
