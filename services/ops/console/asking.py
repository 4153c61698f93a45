"""What a request asks for: the parameters of a page, the fields of a form, HTML or data, and for which reader."""

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel
from starlette.requests import Request

from services.ops.console.access.paths import local
from services.ops.console.access.sign_in import BEGIN, FINISH
from services.ops.console.access.visitors import Visitor
from services.ops.console.grants import BROWSER
from services.ops.console.guard import BadForm
from services.ops.console.render import THEMES, PageReader
from services.ops.console.words import LANGUAGE, language_for

LARGEST_FORM = 2 << 20  # bytes
M = TypeVar("M", bound=BaseModel)


def asked(query: type[BaseModel], request: Request, browser: str = "") -> Any:
    """What a page is asked with, in the reader's language where it has sentences; raises ValidationError."""
    given: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if value:
            given.setdefault(name, []).append(value)
    single = {n: v[-1] if not _is_many(query, n) else v for n, v in given.items()}
    language = {LANGUAGE: language_of(request)} if LANGUAGE in query.model_fields else {}
    return told(query, {**single, **request.path_params, **language}, browser)


def told(model: type[M], said: Mapping[str, Any], browser: str) -> M:
    """What is said, and in which browser where that is of use; raises ValidationError."""
    known = {BROWSER: browser} if BROWSER in model.model_fields else {}
    return model.model_validate({**said, **known})


def _is_many(query: type[BaseModel], name: str) -> bool:
    field = query.model_fields.get(name)
    return field is not None and getattr(field.annotation, "__origin__", None) in (tuple, list)


async def fields(request: Request) -> dict[str, str]:
    """The fields of a form that was sent; raises BadForm."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_FORM:
            raise BadForm(f"what was sent is larger than {LARGEST_FORM >> 20} MB")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body)))
    except ValueError as error:
        raise BadForm("what was sent is no form: application/x-www-form-urlencoded") from error


def language_of(request: Request) -> str:
    """The language that was chosen, or that is accepted."""
    return language_for(request.cookies.get("olcare_language"), request.headers.get("accept-language"))


def reader_of(request: Request, visitor: Visitor) -> PageReader:
    """Whom the answer is for."""
    kept = request.cookies
    theme = kept.get("olcare_theme", "auto")
    return PageReader(
        language=language_of(request),
        theme=theme if theme in THEMES else "auto",
        zone=kept.get("olcare_zone"),
        who=visitor.who,
        access=visitor.access,
        signed_in=visitor.session is not None,
        token=visitor.token,
    )


def wants_json(request: Request) -> bool:
    """Whether an answer is wanted as JSON rather than as a page."""
    return wants(request, "application/json")


def wants(request: Request, media_type: str) -> bool:
    """Whether an answer is wanted as something else than a page."""
    accepted = request.headers.get("accept", "")
    return media_type in accepted and "text/html" not in accepted


def is_visit(request: Request) -> bool:
    """Whether a browser goes to a page, rather than a script of one asking for something."""
    goes = request.headers.get("sec-fetch-mode", "navigate") == "navigate"
    return request.method == "GET" and goes and "hx-request" not in request.headers and not wants_json(request)


def path_of(request: Request, path: str | None = None) -> str:
    """The path that was asked for, or another one, with its query."""
    query = request.url.query
    return f"{path or request.url.path}?{query}" if query else path or request.url.path


def again(request: Request) -> str:
    """The page that was asked for, or from which a form was sent."""
    if request.url.path == FINISH:
        return BEGIN
    if request.method != "POST":
        return path_of(request)
    parts = urlsplit(request.headers.get("referer", ""))
    return local(f"{parts.path}?{parts.query}") if parts.netloc == request.headers.get("host") else "/"


def without_secrets(reader: PageReader) -> PageReader:
    """What may be shown to everybody of the same roles who watches the same page."""
    return PageReader(language=reader.language, zone=reader.zone, access=reader.access, signed_in=reader.signed_in)
