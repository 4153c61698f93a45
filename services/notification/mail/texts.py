"""The words of a notice: a template in its language, filled with facts, the plan's own clauses and a person's name.

A template's first line is the subject, the rest the body. Whatever is put into it becomes one line, so that no name
and no subject can begin a header or a paragraph of its own.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache, partial
from typing import Any, NamedTuple

from babel import Locale
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

from libs.messages.clauses import Clause
from libs.messages.notices import NoticeFacts
from libs.messages.private import PrivateRecord
from libs.messages.streams import parse_stream
from libs.workcal.zones import zone
from services.notification.mail.bidi import isolated
from services.notification.mail.languages import (
    FOLDER,
    choose_language,
    locale_of,
    say_day,
    say_days,
    say_hours,
    say_list,
    say_money,
    say_offset,
    say_rate,
    say_time,
)
from services.notification.mail.message import NotWritable
from services.notification.projections import CentreSheet

WEB_PAGE = "uplandsoftware.com/objectiflune-fr/resources/ebook/olcare/"
_NARROW = {0x2009: " ", 0x202F: " "}
"""Blanks that CLDR has in times and amounts: in a subject plain ones, so that one in English stands as it is."""
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class LetterContext(NamedTuple):
    """How matters stand when a notice is written: its text says so where they have changed since its event."""

    now: datetime
    due_at: datetime | None = None
    """The deadline as it is by now."""
    answered_at: datetime | None = None
    withdrawn_at: datetime | None = None
    told: bool = False
    """Whether the recipient has had the mail before this one: of an acknowledgement with a deadline, the one without;
    of a reversed lapse, the lapse."""


class Text(NamedTuple):
    """What is written in a mail, without line breaks in the subject."""

    subject: str
    body: str


def render(
    template: str,
    language: str,
    facts: NoticeFacts,
    standing: LetterContext,
    centre: CentreSheet | None,
    person: PrivateRecord | None,
    *,
    team: CentreSheet | None = None,
    territory: str | None = None,
) -> Text:
    """Write a notice; raises NotWritable where something needed is absent.

    `centre` is the one that the facts name, `team` the one whose team helps where it is another; dates and numbers have
    the forms of the territory, without one those of the facts' zone.
    """
    spoken = choose_language(language)
    locale = locale_of(spoken, territory, facts.zone)
    try:
        rendered = (
            _environment()
            .get_template(f"{spoken}/{template}.txt")
            .render(
                facts=facts,
                standing=standing,
                centre=centre,
                team=team or centre,
                person=_shown(person or PrivateRecord()),
                plan=Clause,
                web_page=WEB_PAGE,
                number_of=lambda stream: isolated(parse_stream(stream).number),
                reference_of=lambda stream: stream.partition("/")[2],
                **_of_time(spoken, locale, facts.zone or "UTC", standing.now),
                **_of_numbers(locale),
            )
        )
    except TemplateError as error:
        raise NotWritable(f"{spoken}/{template}: {type(error).__name__}") from error
    subject, _, body = rendered.partition("\n")
    return Text(subject.translate(_NARROW).strip(), body.strip() + "\n")


def _of_time(spoken: str, locale: Locale, zone_name: str, now: datetime) -> Mapping[str, Callable[..., Any]]:
    """What texts say of instants, days and hours."""

    def days_left(last: date) -> int:
        return (last - now.astimezone(zone(zone_name)).date()).days

    return {
        "is_past": lambda at: at <= now,
        "local": lambda at: say_instant(at, zone_name, spoken, locale),
        "day": partial(say_day, locale=locale),
        "hours": partial(say_hours, locale=locale),
        "days_left": days_left,
        "days": partial(say_days, locale=locale),
    }


def say_instant(at: datetime, zone_name: str, language: str, locale: Locale) -> str:
    """An instant in the civil time of a zone, rounded down to the minute, with the name of the zone."""
    there = at.astimezone(zone(zone_name))
    said = {"day": say_day(there.date(), locale), "time": say_time(there.time(), locale)}
    where = {"zone": zone_name, "offset": say_offset(at, zone_name)}
    return _environment().get_template(f"{language}/_instant.txt").render(**said, **where).strip()


def _of_numbers(locale: Locale) -> Mapping[str, Callable[..., str]]:
    """What texts say of money, shares and lists."""
    return {
        "amount": lambda price: say_money(price.amount, price.currency, locale),
        "value": lambda price: say_money(price.licence_value, price.currency, locale),
        "rate": partial(say_rate, locale=locale),
        "any_of": lambda several: say_list(several, locale, style="or"),
        "all_of": partial(say_list, locale=locale),
    }


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
