"""The fingerprint of what an upstream message says: its type and its data, whatever its `time` and its form in JSON.

It stands in the log for ever, so it is keyed: without the key nobody can try whether a name or a number that he guesses
is what somebody said. The key is the id of the private topic (docs/adr/0004): drawn by the broker, and shown to nobody
who may not read that topic, or write to it, anyway.
"""

import hmac
from hashlib import sha256
from typing import Any

from pydantic_core import from_json, to_json

_KEY, _REST = 8, 32  # characters in hexadecimal: which key it was, and the digest under it


def canonical(kind: str, data: bytes) -> bytes:
    """Write a type and data in JSON in the one form that all their spellings have; a null is as good as nothing."""
    return to_json([kind, _sorted(from_json(data))])


def fingerprint(key: bytes, said: bytes) -> str:
    """The fingerprint of what was said, as `canonical` gives it."""
    return f"{_named(key)}-{hmac.new(key, said, sha256).hexdigest()[:_REST]}"


def says_otherwise(one: str | None, other: str | None) -> bool:
    """Whether two fingerprints are of different words; those under different keys can not be compared, nor can none."""
    return one is not None and other is not None and one[:_KEY] == other[:_KEY] and one != other


def _named(key: bytes) -> str:
    return sha256(b"name of " + key).hexdigest()[:_KEY]


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value) if value[name] is not None}
    return [_sorted(one) for one in value] if isinstance(value, list) else value
