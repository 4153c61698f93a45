"""Values at and beyond the bounds of every field of a message, by its schema, and nasty ones by their type."""

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from datetime import date
from random import Random
from typing import Any, NamedTuple

from libs.messages.catalogue import UPSTREAM
from libs.plan import tz_database
from services.contract.plan import read_plan
from tests.contracts.cards import CONTRACTS

Schema = Mapping[str, Any]
Path = tuple[str | int, ...]
DOOR, SCHEMAS = CONTRACTS / "examples" / "door", CONTRACTS / "schemas"
ABSENT = object()
WHOLE = ("TicketSubmitted", "TicketsMerged", "CustomerSubmitted", "ContractSubmitted", "targets", "ResendOrdered")
"""Messages in whose attributes everything is tried; in those of the others some."""
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"

NUMBERS: tuple[object, ...] = (
    *(0, 1, -1, 2, 99, 100, 366, 20261126, 202611261200, 10**12, 9 * 10**13, 10**30, -(10**12)),
    *(2**31 - 1, 2**31, 2**53 - 1, 2**53, 2**63 - 1, 2**63, 2**64, -(2**31), -(2**63)),
    *(0.0, 1.0, 1.5, -0.5, 7200.0, 1e19, 1e300, True, False, "1", "7200", "1e3"),
)
TEXTS = (
    *("", " ", "  \t ", "\n", "a\nb", "\x00", "a\x00b", "\x1f"),
    *("\x7f", "\x80", "\x85", "a\x85b", "\x9f", "\xa0", "\xad"),
    *("\u200b", "\u2028", "a\u2029b", "a\u202eb", "\u2066", "\ufeff"),
    *("\ufffe", "\uffff", "\ud800", "a\udfff", "\ud83d\ude00"),
    *("\U0001f600", "\U0010ffff", "é", "e\u0301", "日本", "'", '"'),
    *("\\", "%", "%00", "%FF", "{{ x }}", "{0}", "$1", "; drop"),
    *("a@b", "@", "a@b.c", "<a@b.c>", "=?utf-8?q?a?=", "a@ß.example"),
    *("a@..", f"a@{'b' * 64}.example", "-", ".", "..", "/", "//"),
    *("a", "A", "0", "00", "9" * 40, "a-b", "a.b", "a~b", "+12345678"),
    *("+123456789012345", "+0123456", "+1 (23) 45-67.89/0"),
    *("null", "nan", "Infinity", "2026", "2026f", "9999z", "2027a"),
    *("1999a", "0000a", "fr", "fr-CA", "xx", "FR", "ZZ", "EUR"),
)  # fmt: skip
IDS = tuple(
    f"{kind}/{rest}"
    for kind in ("ticket", "customer", "contract", "licence", "person", "notice", "calendar", "")
    for rest in (
        *("a", "a/b", "a/b/c", "/", "a/", "a/%61", "%61/b", "%FF/b"),
        *("a/%FF", "a/%C3%A9", "a/%2F", "a/%40", "a/%20", "a/%00"),
        *("é/b", "a/é", "a b/c", "a@b/c", "a/%", "a/%2f", "a/%25"),
    )
)  # fmt: skip
CLOCKS = ("00:00", "24:00", "24:00:01", "23:59", "23:59:59", "00:00:00", "00:00:01", "09:00", "9:00", "25:00", "12:60")
DAYS = (
    *("0001-01-01", "1000-01-01", "1969-12-31", "1970-01-01", "1999-12-31", "2000-01-01", "2000-02-29", "2026-02-29"),
    *("2026-11-29", "2028-02-29", "2099-12-31", "2100-01-01", "2199-12-31", "2200-01-01", "9999-12-31", "10000-01-01"),
    *("2026-11-31", "-2026-11-29", "2026-11-29T00:00:00Z", "2026-W48-7", "20261129"),
)
OFFSETS = ("Z", "+00:00", "-00:00", "+14:00", "-12:00", "+23:59", "-23:59", "+24:00", "z", "")
INSTANTS = tuple(
    f"{day}T{clock}{offset}"
    for day in ("0001-01-01", "1970-01-01", "2000-01-01", "2026-11-27", "2099-12-31", "9999-12-31")
    for clock in ("00:00:00", "23:59:59.999999", "12:00:00.123456789", "23:59:60")
    for offset in OFFSETS
)
ZONES = (
    *("America", "localtime", "posixrules", "Etc/GMT+12", "Etc/GMT-14", "Pacific/Kiritimati", "Pacific/Apia", "UTC"),
    *("Europe/Dublin", "Africa/Casablanca", "Asia/Gaza", "America/Nuuk", "Europe/Paris", "Factory", "Africa/Monrovia"),
    *("Antarctica/Troll", "Australia/Lord_Howe", "Europe", "zone.tab", "../Europe/Paris", "europe/paris", "EST5EDT"),
)
ODD: tuple[object, ...] = (None, [], {}, [None], [[]], {"a": 1}, [0] * 1000, "a" * 300, "a" * 100_001)


def deep(levels: int) -> object:
    """A list in a list in a list."""
    value: object = []
    for _ in range(levels):
        value = [value]
    return value


class Mutation(NamedTuple):
    """Another value at one place of a message; ABSENT leaves it out."""

    path: Path
    value: object

    def applied(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The message with it; unchanged where another mutation took the place away."""
        mutated: dict[str, Any] = _with(document, self.path, self.value)
        return mutated

    def __str__(self) -> str:
        shown = "left out" if self.value is ABSENT else repr(self.value)
        return f"{'.'.join(map(str, self.path))} = {shown[:120]}"


def _with(holder: Any, path: Path, value: object) -> Any:
    """A copy of what lies on the path, with another value at its end."""
    step, *rest = path
    in_list = isinstance(holder, list) and isinstance(step, int) and step < len(holder)
    is_there = step in holder if isinstance(holder, Mapping) else in_list
    if not is_there and (rest or value is ABSENT or not isinstance(holder, Mapping)):
        return holder
    changed = copy(holder)
    if value is ABSENT and not rest:
        del changed[step]
    else:
        changed[step] = _with(holder[step], tuple(rest), value) if rest else value
    return changed


class Edged(NamedTuple):
    """A message of a door that is taken, and everything that is tried in one place of it."""

    name: str
    door: str
    document: Mapping[str, Any]
    mutations: Sequence[Mutation]


def written(document: Mapping[str, Any]) -> bytes:
    """A message on the wire: lone surrogates become JSON escapes."""
    return json.dumps(document).encode()


def edged() -> list[Edged]:
    """Each upstream message of each door, and one for each kind of plan part."""
    found = []
    for door, types in UPSTREAM.items():
        for kind in types:
            name = kind.split(".")[2]
            example = json.loads((DOOR / f"{name}.json").read_text())
            parts = plan_parts(example) if name == "PlanPartSubmitted" else {name: example}
            found += [Edged(n, door, document, _mutations(n, document, kind)) for n, document in parts.items()]
    return found


def plan_parts(example: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """A submission of each kind of plan part, from the shipped plan; its calendar is one year long."""
    plan = read_plan()
    france = next(centre for centre in plan.centres if centre.centre == "france")
    first, last = date(2026, 7, 1), date(2027, 6, 30)
    published = [closure for closure in france.closures if first <= closure.day <= last]
    short = france.model_copy(
        update={"version": 2, "first_day": first, "last_day": last, "closures": tuple(published[:6])}
    )
    tz = tz_database([short])
    assert tz is not None
    parts = {
        "calendar": short,
        "targets": plan.targets.model_copy(update={"version": 2}),
        "prices": plan.prices[0],
        "versions": plan.products[0],
        "reminders": plan.notices,
        "tz": tz,
    }
    return {part: _submission(example, part, content.model_dump(mode="json")) for part, content in parts.items()}


def _submission(example: Mapping[str, Any], part: str, content: object) -> dict[str, Any]:
    return {**example, "id": f"{part}-2", "data": {"publication": {"part": part, "content": content}}}


def _mutations(name: str, document: Mapping[str, Any], kind: str) -> Sequence[Mutation]:
    envelope = json.loads((SCHEMAS / "upstream-cloudevent.json").read_text())
    data = json.loads((SCHEMAS / f"{kind}.json").read_text())
    attributes = {"properties": {n: s for n, s in envelope["properties"].items() if n not in {"data", "specversion"}}}
    around = list(_inside((), document, attributes, envelope))
    every = [*around[:: 1 if name in WHOLE else 10], *_at(("data",), document["data"], data, data)]
    return list({str(one.path) + repr(one.value): one for one in every}.values())


def _at(path: Path, value: object, schema: Schema, root: Schema) -> Iterator[Mutation]:
    """What is tried at a place, and within it."""
    yield Mutation(path, ABSENT)
    for tried in _values(value, schema, root):
        yield Mutation(path, tried)
    yield from _inside(path, value, schema, root)


def _inside(path: Path, value: object, schema: Schema, root: Schema) -> Iterator[Mutation]:
    for kind in _kinds(schema, root, value):
        for name, of in kind.get("properties", {}).items():
            yield from _at((*path, name), value.get(name) if isinstance(value, dict) else None, of, root)
        if kind.get("type") == "array" and isinstance(value, list) and value:
            yield from _at((*path, 0), value[0], kind.get("items", {}), root)


def _kinds(schema: Schema, root: Schema, value: object = None) -> Iterator[Schema]:
    """The plain schemas that a schema stands for; of parts of the plan, the one that the value is."""
    if "$ref" in schema:
        yield from _kinds(root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root, value)
    elif mapping := schema.get("discriminator", {}).get("mapping"):
        part = value.get("part") if isinstance(value, dict) else None
        yield from _kinds({"$ref": mapping[part]}, root, value) if part else ()
    elif several := schema.get("anyOf", schema.get("oneOf")):
        for one in several:
            yield from _kinds(one, root, value)
    else:
        yield schema


def _values(value: object, schema: Schema, root: Schema) -> Iterator[object]:
    for kind in _kinds(schema, root, value):
        yield from kind.get("enum", ())
        yield from _by_bounds(kind)
        match kind.get("type"):
            case "string":
                yield from (*_lengths(value, kind), *_texts(kind))
            case "array" if isinstance(value, list):
                yield from _lists(value, kind)
            case _:
                pass
    yield from (*NUMBERS, *ODD, deep(50), deep(300))


def _by_bounds(kind: Schema) -> Iterator[object]:
    for name in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        if name in kind:
            yield from (kind[name] + step for step in (-1, 0, 1))


def _lengths(value: object, kind: Schema) -> Iterator[str]:
    """Texts of the greatest length and one more, of one letter, of any, of the longest encoded and of astral ones."""
    begin = value if isinstance(value, str) and value else "a"
    lengths = [length for n in ("maxLength", "minLength") for length in (kind.get(n, 254), kind.get(n, 254) + 1)]
    some = Random(7)
    for length in lengths:
        room = max(0, length - len(begin))
        yield begin + "".join(some.choices(LETTERS, k=room))  # first, since nothing can be stored as less
        yield (begin + "a" * room)[:length]
        yield begin + "%E4%B8%AD" * (room // 9)
        yield begin + "%FF" * (room // 3)
        yield begin + "\U0001f600" * room
        yield begin + "".join(map(chr, some.choices(range(0x4E00, 0x9FA0), k=room)))


def _lists(value: Sequence[object], kind: Schema) -> Iterator[object]:
    yield value[:1]
    yield value[::-1]
    yield [*value, *value]
    most = kind.get("maxItems", 300)
    yield from ([value[0]] * length for length in (most, most + 1, 2000) if value)


def _texts(kind: Schema) -> Iterator[str]:
    """Texts for any field, and for what looks like days, instants, times of day, ids and zones all of their kind."""
    yield from TEXTS
    pattern, form = kind.get("pattern", ""), kind.get("format")
    every = {
        INSTANTS: form == "date-time",
        DAYS: form in {"date", "date-time"},
        CLOCKS: "24:00" in pattern,
        IDS: "/" in pattern or not pattern or "@" in pattern,
        ZONES: "_+-" in pattern,
    }
    for several, is_of_kind in every.items():
        yield from several if is_of_kind else several[:1]
