"""The plan's files as they would be with other closures: texts to be compared with the present ones."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import unified_diff
from io import StringIO
from itertools import chain

import yaml

from libs.messages.plan import CentreCalendar, Closure
from libs.plan.files import CENTRES, HOLIDAYS
from services.ops.cli.output import Refused
from services.ops.plan.closure_overrides import OverrideOutcome


@dataclass(frozen=True)
class Proposal:
    """Other closures for some years of one centre."""

    calendar: CentreCalendar
    years: Sequence[int]
    closures: tuple[Closure, ...]
    decisions: tuple[OverrideOutcome, ...]

    @property
    def standing(self) -> tuple[Closure, ...]:
        """The closures that the plan has now for these years."""
        return tuple(closure for closure in self.calendar.closures if closure.day.year in self.years)

    @property
    def last_day(self) -> date:
        """Until when the calendar would be published."""
        return max(self.calendar.last_day, date(self.years[-1], 12, 31))

    @property
    def changes(self) -> bool:
        """Whether anything would be published."""
        return set(self.closures) != set(self.standing) or self.last_day != self.calendar.last_day


@dataclass(frozen=True)
class _Line:
    centre: str
    day: str
    text: str


def proposed(texts: Mapping[str, str], proposals: Iterable[Proposal]) -> dict[str, str]:
    """The two files as they would be; raises Refused."""
    changing = [proposal for proposal in proposals if proposal.changes]
    return {HOLIDAYS: _holidays(texts[HOLIDAYS], changing), CENTRES: _centres(texts[CENTRES], changing)}


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """How files differ, as `patch -p1` takes it."""
    changes = (
        unified_diff(_ended(before[name]), _ended(text), f"a/{name}", f"b/{name}") for name, text in after.items()
    )
    return "".join(chain.from_iterable(changes))


def _ended(text: str) -> list[str]:
    """The lines, each with its line end: without one, two would run together."""
    lines = list(StringIO(text, newline=""))
    return [*lines[:-1], *(line.rstrip("\r\n") + _end(lines[0]) for line in lines[-1:])]


def _end(line: str) -> str:
    return "\r\n" if line.endswith("\r\n") else "\n"


def _holidays(text: str, proposals: Iterable[Proposal]) -> str:
    """Replace only the lines that change, so that a person has no others to read in the difference."""
    header, *lines = _lines(text)
    columns = next(csv.reader([header.text]))
    for proposal in proposals:
        new, old = set(proposal.closures), set(proposal.standing)
        centre = proposal.calendar.centre
        gone = {(centre, str(closure.day)) for closure in old - new}
        lines = [line for line in lines if (line.centre, line.day) not in gone]
        days = {day for _, day in gone}
        for closure in (each for each in proposal.closures if each in new - old or str(each.day) in days):
            written = _text(centre, closure, columns) + _end(header.text)
            line = _Line(centre, str(closure.day), written)
            lines.insert(_place(lines, line), line)
    return "".join(line.text for line in (header, *lines))


def _lines(text: str) -> Iterator[_Line]:
    """The header and each row as they are written."""
    raw = _ended(text)
    rows = csv.DictReader(raw)
    yield _Line("", "", raw[0])
    done = 1
    for row in rows:
        yield _Line(row["centre"], row["date"], "".join(raw[done : rows.line_num]))
        done = rows.line_num


def _text(centre: str, closure: Closure, columns: Sequence[str]) -> str:
    fields = {
        "centre": centre,
        "date": str(closure.day),
        "name": closure.name,
        "status": closure.status,
        "note": closure.note or "",
        "from": closure.closed_from or "",
        "to": closure.closed_to or "",
    }
    if lost := sorted(name for name, value in fields.items() if value and name not in columns):
        raise Refused(f"{HOLIDAYS} has no column {', '.join(lost)}: add it, then propose again")
    written = StringIO()
    csv.writer(written, lineterminator="").writerow([fields[column] for column in columns])
    return written.getvalue()


def _place(lines: Sequence[_Line], new: _Line) -> int:
    """Where a line goes: after the centre's last one that is not later, else before its first, else at the end."""
    own = [n for n, line in enumerate(lines) if line.centre == new.centre]
    before = [n for n in own if lines[n].day <= new.day]
    return before[-1] + 1 if before else own[0] if own else len(lines)


def _centres(text: str, proposals: Iterable[Proposal]) -> str:
    """Set the next version and the last day of each calendar, in place in the text."""
    news = {p.calendar.centre: {"version": p.calendar.version + 1, "last_day": p.last_day} for p in proposals}
    root = yaml.compose(text)
    spots = [spot for node in root.value for spot in _spots(node, news)] if root else []
    for start, end, said in sorted(spots, reverse=True):
        text = text[:start] + said + text[end:]
    return text


def _spots(node: yaml.MappingNode, news: Mapping[str, Mapping[str, object]]) -> Iterator[tuple[int, int, str]]:
    values = {key.value: value for key, value in node.value}
    centre = values["centre"].value
    for name, said in news.get(centre, {}).items():
        if name not in values:
            raise Refused(f"{CENTRES}: write {name} of {centre} in its own entry, then propose again")
        yield values[name].start_mark.index, values[name].end_mark.index, str(said)
