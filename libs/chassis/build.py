"""Which build this is."""

import os
from collections.abc import Mapping

VERSION = "0.1.0"
"""The version of the code, the same as in pyproject.toml."""


def build(environment: Mapping[str, str] = os.environ) -> str:
    """The version, with the revision behind it that the image was built from, where its builder said so."""
    revision = environment.get("OLCARE_REVISION")
    return f"{VERSION}+{revision}" if revision else VERSION
