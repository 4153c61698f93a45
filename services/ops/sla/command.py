"""`olcare sla`: deadlines reckoned for others, certificates checked by themselves alone, and what has no promise."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from libs.messages.base import YEARS
from libs.messages.certificates import Certificate
from libs.messages.tickets import Channel
from libs.plan import BadCertificate, BadPlan, NoTarget, promise, verify
from libs.workcal import CalendarEnds, TooFarAhead, in_utc
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import run, tell
from services.ops.sla.grounds import Grounds, grounds_in_files, grounds_in_log
from services.ops.sla.json_lines import (
    BadLine,
    Fields,
    Identity,
    InputLine,
    Reply,
    answer_lines,
    answer_many,
    fields_of,
    identity_in,
    shown,
    text_in,
)
from services.ops.sla.many_due import Question, deadlines_of
from services.ops.sla.not_promised import not_promised

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.(?P<fraction>\d+))?)?(?P<offset>[Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
AT_ONCE = 4096  # lines
MICROSECONDS = 6  # digits of a second
CHANNELS = tuple(map(str, Channel))

app = typer.Typer(
    no_args_is_help=True, help="Deadlines and certificates, explanations and reports, and tickets without a promise."
)
app.command()(not_promised)


@app.command()
def due(
    ctx: typer.Context,
    path: Annotated[
        Path | None,
        typer.Option("--plan", exists=True, help="A folder of plan files, or an exported plan; else the log is asked."),
    ] = None,
    *,
    many: Annotated[
        bool, typer.Option("--many", help="Reckon thousands of lines together, and leave the certificates out.")
    ] = False,
) -> None:
    """When tickets are due. Standard input: {"id", "centre", "channel", "opened_at"}, one JSON object a line.

    One line is said for each, in order: {"id", "due_at", "certificate"}, or {"id", "line", "error": {"code", "field",
    "message"}}. Exit code 1 where a line was bad, 2 where the plan is.
    """
    grounds = _grounds(environment(ctx), path)
    if many:
        answer_many(partial(many_due_of, grounds), AT_ONCE)
    else:
        answer_lines(partial(due_of, grounds))


@app.command()
def verify_certificate() -> None:
    """Recompute certificates, each from itself alone. Standard input: one a line, or what `olcare sla due` says.

    One line is said for each, in order: {"id", "valid", "reason"}. Exit code 1 where one is not valid.
    """
    answer_lines(verdict_of)


def due_of(grounds: Grounds, line: InputLine, *, certified: bool = True) -> Reply:
    """Answer a line of `olcare sla due`, with the certificate if wanted."""
    identity: Identity | None = None
    try:
        fields = fields_of(line.raw)
        identity = identity_in(fields)
        certificate = _promised(_question(grounds, fields))
    except BadLine as bad:
        error = {"code": bad.code, "field": bad.field, "message": bad.message}
        return Reply({"id": identity, "line": line.number, "error": error}, is_good=False)
    said = {"id": identity, "due_at": certificate.due_at}
    return Reply({**said, "certificate": certificate.model_dump()} if certified else said, is_good=True)


def many_due_of(grounds: Grounds, lines: Sequence[InputLine]) -> Iterable[Reply]:
    """Answer lines together; where one of them has no deadline, each by itself."""
    asked = [_asked(grounds, line) for line in lines]
    found = deadlines_of([question for one in asked if one for _, question in [one]])
    if found is None:
        return [due_of(grounds, line, certified=False) for line in lines]
    due = iter(found)
    return [
        Reply({"id": one[0], "due_at": next(due)}, is_good=True) if one else due_of(grounds, line)
        for line, one in zip(lines, asked, strict=True)
    ]


def _asked(grounds: Grounds, line: InputLine) -> tuple[Identity, Question] | None:
    try:
        fields = fields_of(line.raw)
        return identity_in(fields), _question(grounds, fields)
    except BadLine:
        return None


def verdict_of(line: InputLine) -> Reply:
    """Answer a line of `olcare sla verify-certificate`."""
    identity: Identity | None = None
    try:
        fields = fields_of(line.raw)
        identity = _identity_if_any(fields)
        _verify(fields)
    except (BadLine, BadCertificate) as bad:
        return Reply({"id": identity, "valid": False, "reason": str(bad)}, is_good=False)
    return Reply({"id": identity, "valid": True, "reason": None}, is_good=True)


def instant_in(fields: Fields, name: str) -> datetime:
    """A field that must be an RFC 3339 instant with an offset, to the microsecond; raises BadLine."""
    text = text_in(fields, name)
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise BadLine("bad_instant", name, f"{shown(text)} is no instant like 2026-11-24T08:00:00Z")
    if match["offset"] is None:
        raise BadLine("naive_instant", name, f"{shown(text)} has no offset from UTC, so it may be several instants")
    if len(match["fraction"] or "") > MICROSECONDS:
        raise BadLine("bad_instant", name, f"{shown(text)} is finer than a microsecond")
    try:
        instant = in_utc(datetime.fromisoformat(text.upper()))
    except (ValueError, OverflowError) as error:
        raise BadLine("bad_instant", name, f"{shown(text)} is no instant: there is no such date or time") from error
    if instant.year not in YEARS:
        raise BadLine("bad_instant", name, f"an instant lies in the years {YEARS.start} to {YEARS.stop - 1}")
    return instant


def _grounds(here: Environment, path: Path | None) -> Grounds:
    if path is None:
        return run(grounds_in_log(here))
    try:
        return grounds_in_files(path)
    except BadPlan as error:
        tell(f"olcare: {error}")
        raise typer.Exit(2) from None


def _question(grounds: Grounds, fields: Fields) -> Question:
    centre, channel = text_in(fields, "centre"), text_in(fields, "channel")
    if centre not in grounds.calendars:
        raise BadLine("unknown_centre", "centre", f"{shown(centre)} is none of {', '.join(sorted(grounds.calendars))}")
    if channel not in CHANNELS:
        raise BadLine("unknown_channel", "channel", f"{shown(channel)} is none of {', '.join(CHANNELS)}")
    opened_at = instant_in(fields, "opened_at")
    return Question(*grounds.at(centre, opened_at), Channel(channel), opened_at)


def _promised(question: Question) -> Certificate:
    try:
        return promise(*question)
    except NoTarget as error:
        raise BadLine("no_target_for_channel", "channel", str(error)) from error
    except CalendarEnds as error:
        raise BadLine("calendar_ends", "opened_at", str(error)) from error
    except TooFarAhead as error:
        raise BadLine("too_far_ahead", "opened_at", str(error)) from error


def _identity_if_any(fields: Fields) -> Identity | None:
    try:
        return identity_in(fields)
    except BadLine:
        return None


def _verify(fields: Fields) -> None:
    certificate = _certificate(_content(fields))
    verify(certificate)
    if "certificate" in fields and "due_at" in fields and instant_in(fields, "due_at") != certificate.due_at:
        raise BadCertificate("the due_at beside the certificate is not its own")


def _content(fields: Fields) -> Mapping[str, Any]:
    """The content of a certificate, which is given alone or in an answer of `olcare sla due`."""
    if "error" in fields and "certificate" not in fields:
        raise BadCertificate("it holds an error, and no certificate")
    content = fields.get("certificate", {name: value for name, value in fields.items() if name != "id"})
    if not isinstance(content, dict):
        raise BadCertificate("what it holds as a certificate is no object")
    return content


def _certificate(content: Mapping[str, Any]) -> Certificate:
    """Read a certificate; an unknown field is an error, since it could not be recomputed."""
    try:
        return Certificate.model_validate(content, extra="forbid")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise BadCertificate(f"{place or 'it'}: {first['msg']}") from error
