"""The words of a notice: a template in its language, filled with facts, the plan's own clauses and a person's name.

A template's first line is the subject, the rest the body. Whatever is put into it becomes one line, so that no name
and no subject can begin a header or a paragraph of its own.
"""

import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

from libs.messages.clauses import Clause
from libs.messages.notices import NoticeFacts
from libs.messages.private import PrivateRecord
from libs.messages.streams import parse_stream
from services.notification.mail.bidi import isolated
from services.notification.mail.languages import choose_language, say_day, say_hours, say_instant
from services.notification.mail.message import NotWritable
from services.notification.projections import CentreSheet

FOLDER = Path(__file__).with_name("texts")
WEB_PAGE = "uplandsoftware.com/objectiflune-fr/resources/ebook/olcare/"
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class Standing(NamedTuple):
    """How that stands which a notice tells of, when it is written."""

    now: datetime
    due_at: datetime | None = None
    """The deadline as it is by now."""
    answered_at: datetime | None = None
    withdrawn_at: datetime | None = None
    acknowledged: bool = False
    """Whether the requester was told before that the request came, without a deadline."""


class Text(NamedTuple):
    """What is written in a mail, without line breaks in the subject."""

    subject: str
    body: str


def render(
    template: str,
    language: str,
    facts: NoticeFacts,
    standing: Standing,
    centre: CentreSheet | None,
    person: PrivateRecord | None,
) -> Text:
    """Write a notice; `centre` is the one that the facts name. Raises NotWritable where something needed is absent."""
    spoken = choose_language(language)
    try:
        rendered = (
            _environment()
            .get_template(f"{spoken}/{template}.txt")
            .render(
                facts=facts,
                standing=standing,
                centre=centre,
                centre_name=centre.centre.replace("-", " ").title() if centre else None,
                person=_shown(person or PrivateRecord()),
                plan=Clause,
                web_page=WEB_PAGE,
                number_of=lambda stream: isolated(parse_stream(stream).number),
                reference_of=lambda stream: stream.partition("/")[2],
                is_past=lambda at: at <= standing.now,
                local=lambda at: say_instant(at, facts.zone or "UTC", spoken),
                day=lambda day: say_day(day, spoken),
                hours=lambda weekly: say_hours(weekly, spoken),
            )
        )
    except TemplateError as error:
        raise NotWritable(f"{spoken}/{template}: {type(error).__name__}") from error
    subject, _, body = rendered.partition("\n")
    return Text(subject.strip(), body.strip() + "\n")


def _shown(person: PrivateRecord) -> PrivateRecord:
    said = {"name": person.name, "subject": person.subject}
    return person.model_copy(update={field: isolated(text) for field, text in said.items() if text})


@cache
def _environment() -> Environment:
    """Plain text needs no escaping; what is put in is made one line instead."""
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=False,  # noqa: S701 - the texts are no HTML
        undefined=StrictUndefined,
        finalize=_one_line,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _one_line(value: object) -> str:
    if value is None:
        raise NotWritable("a fact that the text needs is absent")
    return _BREAKS.sub(" ", str(value))
