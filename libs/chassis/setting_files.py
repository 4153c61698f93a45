"""Values of settings from files, as containers are given their secrets, and the error of every setting that is wrong.

It imports nothing that takes long, for the command line reads its options before it knows what it is to do.
"""

import os
from collections.abc import Mapping
from pathlib import Path


class BadSettings(Exception):  # noqa: N818 - it says what they are
    """Settings that can not be used; the text has a line for each: which, what is wrong with it, and what to do."""


def from_file(variable: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """What the file holds that `<variable>_FILE` names, without the blanks and line ends around it; None without one.

    Raises ValueError where the file can not be read, and where the variable itself is set as well.
    """
    path = environment.get(f"{variable}_FILE")
    if not path:
        return None
    if environment.get(variable):
        raise ValueError(f"{variable} and {variable}_FILE are both set: only one of them can be meant")
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{variable}_FILE: {path} can not be read ({type(error).__name__}); it must be there, and readable for"
            " whom the process runs as"
        ) from error
