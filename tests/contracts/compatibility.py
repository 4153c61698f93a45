"""What in a changed schema an old message or an old reader could not live with.

Both ways for what others read: an old message must fit the new schema, and a new one the old schema. What comes in at
a door is read by us alone, so there only the first way counts and a list of codes may grow. Nothing is ever removed
or given another default, whoever reads.
"""

import re
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

Schema = dict[str, Any]

_AT_LEAST, _AT_MOST = ("minimum", "minLength", "minItems"), ("maximum", "maxLength", "maxItems")
_EQUAL = ("pattern", "format", "contentEncoding", "additionalProperties", "uniqueItems")


class Side(NamedTuple):
    """A place in a schema, with the definitions that it refers to."""

    at: Schema
    defs: Schema

    def to(self, at: Schema) -> "Side":
        """Go on to a part."""
        return Side(at, self.defs)

    def options(self) -> "list[Side]":
        """Resolve references and alternatives: each option is a plain schema."""
        at = self.at
        if "$ref" in at:
            return self.to(self.defs[at["$ref"].rpartition("/")[2]]).options()
        rest = {key: value for key, value in at.items() if key not in {"anyOf", "oneOf"}}
        parts = at.get("anyOf", []) + at.get("oneOf", [])
        return [o for p in parts for o in self.to({**rest, **p}).options()] if parts else [self]


def breaks(old: Schema, new: Schema, *, only_we_read: bool = False) -> list[str]:
    """Say what is incompatible, one sentence each; nothing where old and new live with each other."""
    before, after = Side(old, old.get("$defs", {})), Side(new, new.get("$defs", {}))
    found = [f"an old message does not fit: {why}" for why in _unread(before, after, "data")]
    if not only_we_read:
        found += [f"an old reader can not read a new message: {why}" for why in _unread(after, before, "data")]
    return list(dict.fromkeys([*found, *_lost(before, after, "data")]))


def _unread(writer: Side, reader: Side, path: str) -> Iterator[str]:
    """Give what the reader can not take of what the writer may write."""
    readers = reader.options()
    for option in writer.options():
        refusals = [list(_refusal(option, other, path)) for other in readers]
        if all(refusals):
            yield from min(refusals, key=len)


def _refusal(writer: Side, reader: Side, path: str) -> Iterator[str]:
    """Compare two plain schemas."""
    said, known = writer.at, reader.at
    if _kind(known) not in {None, _kind(said)} and (_kind(said), _kind(known)) != ("integer", "number"):
        yield f"{path} is {_kind(said)}, not {_kind(known)}"
        return
    codes = _codes(said)
    if codes is None:
        yield from _limits(said, known, path)
    else:
        yield from (f"{path} may be {code!r}" for code in codes if not _takes(known, code))
    yield from _fields(writer, reader, path)
    if "items" in said and "items" in known:
        yield from _unread(writer.to(said["items"]), reader.to(known["items"]), f"{path}[]")


def _kind(at: Schema) -> str | None:
    return at.get("type")


def _codes(at: Schema) -> list[Any] | None:
    return [at["const"]] if "const" in at else at.get("enum")


def _takes(known: Schema, code: Any) -> bool:
    codes = _codes(known)
    if codes is not None:
        return code in codes
    return "pattern" not in known or re.search(known["pattern"], str(code)) is not None


def _limits(said: Schema, known: Schema, path: str) -> Iterator[str]:
    if _codes(known) is not None:
        yield f"{path} is not one of {_codes(known)}"
    for key in _EQUAL:
        if key in known and said.get(key) != known[key]:
            yield f"{path} has another {key}"
    for key in _AT_LEAST:
        if key in known and said.get(key, float("-inf")) < known[key]:
            yield f"{path} has a lower {key}"
    for key in _AT_MOST:
        if key in known and said.get(key, float("inf")) > known[key]:
            yield f"{path} has a higher {key}"


def _fields(writer: Side, reader: Side, path: str) -> Iterator[str]:
    said, known = writer.at.get("properties", {}), reader.at.get("properties", {})
    always = writer.at.get("required", [])
    yield from (f"{path}.{name} may be absent" for name in reader.at.get("required", []) if name not in always)
    for name in said.keys() & known.keys():
        yield from _unread(writer.to(said[name]), reader.to(known[name]), f"{path}.{name}")


def _lost(before: Side, after: Side, path: str) -> Iterator[str]:
    """Give the fields that went and the defaults that changed."""
    for old, new in product(before.options(), after.options()):
        if _discriminator(old) != _discriminator(new):
            continue
        had, has = old.at.get("properties", {}), new.at.get("properties", {})
        for name, field in had.items():
            if _kind(new.at) == "object" and name not in has:
                yield f"{path}.{name} was removed or renamed"
            elif name in has:
                if "default" in field and field["default"] != has[name].get("default", field["default"]):
                    yield f"{path}.{name} has another default"
                yield from _lost(old.to(field), new.to(has[name]), f"{path}.{name}")
        if "items" in old.at and "items" in new.at:
            yield from _lost(old.to(old.at["items"]), new.to(new.at["items"]), f"{path}[]")


def _discriminator(side: Side) -> dict[str, Any]:
    """Give what tells one kind of object from another: its constants."""
    fields = side.at.get("properties", {})
    return {name: field["const"] for name, field in fields.items() if "const" in field}
