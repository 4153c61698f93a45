"""From a view to HTML: the templates in each language, with what a reader has chosen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from libs.chassis.build import build
from libs.messages.base import rfc3339
from libs.workcal import UnknownZone, zone
from services.ops.console.access.roles import NOTHING, Access
from services.ops.console.assets import Assets
from services.ops.console.curves import curve
from services.ops.console.fragments import Fragments, Recorder
from services.ops.console.pages.page import AnyPage
from services.ops.console.pages.records import dump
from services.ops.console.pages.tail import compact, laid_out
from services.ops.console.pages.tickets import ticket_path
from services.ops.console.sentences import is_said_in, said_in
from services.ops.console.shown import Shown
from services.ops.console.sparks import spark
from services.ops.console.words import ENGLISH, LANGUAGES, translations

TEMPLATES = Path(__file__).with_name("templates")
THEMES = ("auto", "light", "dark")


@dataclass(frozen=True)
class PageReader:
    """Whom an answer is for."""

    language: str = "en"
    theme: str = "auto"
    zone: str | None = None
    who: str | None = None
    access: Access = NOTHING
    """What they may see and do."""
    signed_in: bool = False
    token: str = ""
    """What a form must send back."""

    @cached_property
    def time_zone(self) -> ZoneInfo | None:
        """The reader's time zone, None where none is known."""
        try:
            return zone(self.zone) if self.zone else None
        except UnknownZone:
            return None


@dataclass(frozen=True)
class Rendered:
    """A page, and its parts that may change."""

    html: str
    fragments: Fragments


class Renderer:
    """The templates of all languages."""

    def __init__(self, assets: Assets, pages: tuple[AnyPage, ...]) -> None:
        self._assets = assets
        self._nav = sorted((page for page in pages if page.nav is not None), key=lambda page: page.nav or 0)
        self._environments = {language: self._environment(language) for language in LANGUAGES}

    def page(self, template: str, reader: PageReader, path: str = "", **values: Any) -> Rendered:
        """Render a template; `path` is the page's own with its query, to which choices return."""
        recorder = Recorder()
        html = (
            self._environments[reader.language]
            .get_template(template)
            .render(
                **values,
                reader=reader,
                path=path,
                live=recorder,
                shown=Shown(reader.language, reader.time_zone),
            )
        )
        return Rendered(html, recorder.fragments())

    def _environment(self, language: str) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            auto_reload=False,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        )
        environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined] # the extension's
        environment.filters |= {
            "lines": lines,
            "text": in_text,
            "said": partial(said, language),
            "centre": partial(centre, language),
            "rfc3339": rfc3339,
            "short_type": short_type,
            "url": _url,
            "quoted": lambda text: quote(str(text), safe=""),
        }
        environment.globals |= {
            "assets": self._assets,
            "build": build(),
            "languages": LANGUAGES,
            "themes": THEMES,
            "nav": self._nav,
            "spark": spark,
            "curve": curve,
            "short_type": short_type,
            "compact": compact,
            "dump": dump,
            "ticket_path": ticket_path,
            "laid_out": laid_out,
        }
        return environment


def short_type(kind: str | None) -> str:
    """A CloudEvents type without what all of ours begin with."""
    return (kind or "").removeprefix("olcare.").removeprefix("upstream.").removesuffix(".v1")


def said(language: str, sentence: str | None) -> Markup:
    """A sentence that was said in English elsewhere; where it is not known in the language, it is marked as English."""
    if sentence and not is_said_in(language, sentence):
        return Markup('<span lang="en">{}</span>').format(sentence)
    return Markup("{}").format(said_in(language, sentence or ""))


def centre(language: str, code: str) -> str:
    """What a centre is called: by its code, and in another language as that calls it."""
    return said_in(language, code) if is_said_in(language, code) and language != ENGLISH else _titled(code)


def _titled(code: str) -> str:
    return code.replace("-", " ").title()


def in_text(value: str) -> Markup:
    """A text between two tags: there quotes are plain, and JSON is half as long without their names."""
    return Markup(escape(value, quote=False))  # noqa: S704 - escaped by the standard library


def lines(value: object) -> str:
    """JSON in lines."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def _url(path: str, values: Mapping[str, Any]) -> str:
    """A path with those values as its query that are not empty."""
    said = urlencode([(name, value) for name, value in values.items() if value not in (None, "")])
    return f"{path}?{said}" if said else path
