"""Files that nobody can read without a key, in the format of age (age-encryption.org), which streams and seals chunks.

Who saves needs the public half alone.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedIOBase, RawIOBase
from pathlib import Path
from threading import Thread
from typing import Any, BinaryIO

from pyrage import DecryptError, IdentityError, RecipientError, decrypt_io, encrypt_io, x25519

from services.ops.cli.output import Refused

Recipients = Sequence[x25519.Recipient]
Identities = Sequence[x25519.Identity]
SEALED = ".age"
_SECRET = "AGE-SECRET-KEY-"  # noqa: S105 - how a line with one begins


def recipient(text: str) -> x25519.Recipient:
    """Read the public half of a key; raises Refused."""
    try:
        return x25519.Recipient.from_str(text)
    except RecipientError as error:
        raise Refused(f"{text!r} is no recipient like age1…, as `age-keygen` makes them") from error


def identities(path: Path) -> Identities:
    """Read the keys in a file that `age-keygen` made; raises Refused."""
    try:
        lines = [line.strip() for line in path.read_text().splitlines() if line.strip().startswith(_SECRET)]
        found = [x25519.Identity.from_str(line) for line in lines]
    except (OSError, UnicodeDecodeError, IdentityError) as error:
        raise Refused(f"{path} is no file of keys that can be read ({type(error).__name__})") from error
    if not found:
        raise Refused(f"{path} holds no key: a line of it is to begin with {_SECRET}")
    return found


class Sealing(RawIOBase):
    """What is written to it comes out sealed in another file, which stays open."""

    def __init__(self, into: Any, recipients: Recipients) -> None:
        read, write = os.pipe()
        self._in, self._error = os.fdopen(write, "wb"), list[BaseException]()
        self._work = Thread(target=self._seal, args=(os.fdopen(read, "rb"), into, recipients), daemon=True)
        self._work.start()

    def writable(self) -> bool:
        """Whether it can be written to: nothing else."""
        return True

    def write(self, data: Any) -> int:
        """Seal some more."""
        return self._in.write(data)

    def flush(self) -> None:
        """Hand it to who seals it."""
        if not self._in.closed:
            self._in.flush()

    def close(self) -> None:
        """Seal the end; raises what went wrong."""
        self._in.close()
        self._work.join()
        if self._error:
            raise self._error.pop()

    def _seal(self, plain: BufferedIOBase, into: Any, recipients: Recipients) -> None:
        with plain:
            try:
                encrypt_io(plain, into, recipients)
            except BaseException as error:  # noqa: BLE001 - whatever it is, `close` raises it
                self._error.append(error)


@contextmanager
def unsealed(path: Path, keys: Identities) -> Iterator[BinaryIO]:
    """Read a file that may be sealed; raises Refused where none of the keys opens it."""
    if not path.name.endswith(SEALED):
        with path.open("rb") as file:
            yield file
        return
    if not keys:
        raise Refused(f"{path} is sealed: name the file with the key by --identity")
    read, write = os.pipe()
    errors = list[BaseException]()
    work = Thread(target=_unseal, args=(path, os.fdopen(write, "wb"), keys, errors), daemon=True)
    work.start()
    try:
        with os.fdopen(read, "rb") as plain:
            yield plain
    finally:
        work.join()
        if errors and not isinstance(errors[0], BrokenPipeError):  # that is what it says of a reader who stops early
            raise Refused(f"{path} can not be opened with this key: {errors[0]}") from errors[0]


def _unseal(path: Path, into: BufferedIOBase, keys: Identities, errors: list[BaseException]) -> None:
    try:
        with into, path.open("rb") as file:
            decrypt_io(file, into, keys)
    except (DecryptError, OSError) as error:
        errors.append(error)
