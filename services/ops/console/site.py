"""The pages as one application: each as HTML and as JSON, live, in the reader's language; errors with a clear word."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from libs.chassis.health import Health, Quiet
from libs.chassis.metrics import Metrics
from libs.chassis.pages import pages as own_pages
from libs.eventlog.errors import Halted, NotAdmitted, Unavailable
from services.ops.cli.output import Refused, json_of
from services.ops.console.assets import Assets
from services.ops.console.fragments import Fragments
from services.ops.console.guard import FIELD, TOKEN, BadForm, Guard, check, new_token
from services.ops.console.live import Live
from services.ops.console.openapi import document
from services.ops.console.pages.page import AnyAction, AnyPage, Elsewhere, NotThere, View
from services.ops.console.render import THEMES, Reader, Renderer
from services.ops.console.sources import Sources
from services.ops.console.words import LANGUAGES, N_, language_for

YEAR = 365 * 86_400  # seconds
CSV = "text/csv"
LARGEST_FORM = 2 << 20  # bytes
COOKIES = ("language", "theme", "who")
"""What a reader can choose; kept in cookies `olcare_…`."""
STATUS: Mapping[type[Exception], tuple[int, str]] = {
    NotThere: (404, N_("There is no such thing")),
    ValidationError: (400, N_("That can not be asked so")),
    BadForm: (403, N_("That was not sent from here")),
    Refused: (503, N_("That can not be shown now")),
    Unavailable: (503, N_("That can not be shown now")),
    NotAdmitted: (503, N_("That can not be shown now")),
    Halted: (503, N_("That can not be shown now")),
}
Own = tuple[Health, Quiet, Metrics]


def site(
    sources: Sources, assets: Assets, own: Own, pages: Sequence[AnyPage], actions: Sequence[AnyAction], host: str
) -> ASGIApp:
    """Put it together; `host` is where browsers find it."""
    made = Site(sources, assets, pages, actions)
    handlers: dict[Any, Any] = dict.fromkeys(STATUS, made.failed) | {
        Elsewhere: _elsewhere,
        404: made.nowhere,
        405: made.nowhere,
        500: made.fault,
    }
    routes = [Route(path, handler) for path, handler in own_pages(*own)]
    return Guard(Starlette(routes=[*routes, *made.routes()], exception_handlers=handlers), host)


class Site:
    """Answers requests."""

    def __init__(
        self, sources: Sources, assets: Assets, pages: Sequence[AnyPage], actions: Sequence[AnyAction]
    ) -> None:
        self._sources, self._assets = sources, assets
        self._pages, self._actions = tuple(pages), tuple(actions)
        self._renderer = Renderer(assets, self._pages)
        self._live = Live(sources.clock)

    def routes(self) -> list[BaseRoute]:
        """Every path; those of live pages stand first, since a page may have a parameter at that place."""
        return [
            Route("/assets/{name}", self._asset),
            Route("/openapi.json", self._openapi),
            Route("/stuck", _nothing_left_aside),
            Route("/choices", self._choose, methods=["POST"]),
            *(Route(_live_path(page.path), self._watching(page)) for page in self._pages if page.live),
            *(Route(action.path, self._acting(action), methods=["POST"]) for action in self._actions),
            *(Route(page.path, self._showing(page)) for page in self._pages),
        ]

    def _showing(self, page: AnyPage) -> Callable[[Request], Awaitable[Response]]:
        async def show(request: Request) -> Response:
            query = asked(page.query, request)
            if page.csv and (query.format or wants(request, CSV)):
                return _csv(page.csv(await page.look(self._sources, query.model_copy(update={"format": "csv"}))))
            view: View = await page.look(self._sources, query)
            if wants_json(request):
                return _json(view)
            shown = replace(page, live=False) if query.stands_still else page
            return self._html(request, page.template, page=shown, view=view)

        return show

    def _watching(self, page: AnyPage) -> Callable[[Request], Awaitable[Response]]:
        async def watch(request: Request) -> Response:
            query, reader = asked(page.query, request), _without_secrets(reader_of(request))
            path = _with_query(request.url.path.removesuffix("/live") or "/", request)

            async def look() -> Fragments:
                return await self._fragments(page, query, reader, path)

            what = (page.path, query.model_dump_json(), reader.language, str(reader.time_zone))
            return StreamingResponse(
                self._live.watch(what, look), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
            )

        return watch

    async def _fragments(self, page: AnyPage, query: Any, reader: Reader, path: str) -> Fragments:
        """The parts of a page as it is now; where it can not be shown, the one that says so alone."""
        try:
            view = await page.look(self._sources, query)
        except tuple(STATUS) as error:
            return self._renderer.page("trouble.html", reader, path, trouble=str(error)).fragments
        return self._renderer.page(page.template, reader, path, page=page, view=view, trouble=None).fragments

    def _acting(self, action: AnyAction) -> Callable[[Request], Awaitable[Response]]:
        async def act(request: Request) -> Response:
            given = await fields(request)
            check(request, given.pop(FIELD, None))
            form = action.form.model_validate({**given, **request.path_params})
            who = reader_of(request).who
            if not who:
                raise BadForm("say first who you are, in the head of the page: what is done is recorded with it")
            return RedirectResponse(await action.act(self._sources, form, who), 303)

        return act

    async def _choose(self, request: Request) -> Response:
        """Keep what a reader chooses, and go back to where that was."""
        given = await fields(request)
        check(request, given.get(FIELD))
        answer = RedirectResponse(_local(given.get("back", "/")), 303)
        for name, value in given.items():
            if name in COOKIES and _may_be_chosen(name, value):
                answer.set_cookie(f"olcare_{name}", value, max_age=YEAR, httponly=True, samesite="lax")
        return answer

    async def _asset(self, request: Request) -> Response:
        found = self._assets.files.get(request.path_params["name"])
        if found is None:
            raise NotThere(f"there is no file {request.path_params['name']}")
        headers = {"Cache-Control": f"public, max-age={YEAR}, immutable", "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(found.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=found.type)
        return Response(found.content, headers=headers, media_type=found.type)

    async def _openapi(self, _request: Request) -> Response:
        return JSONResponse(document(self._pages))

    async def failed(self, request: Request, error: Exception) -> Response:
        """Say what could not be shown or done, and what to do."""
        status, title = next(said for kind, said in STATUS.items() if isinstance(error, kind))
        sentences = _faults(error) if isinstance(error, ValidationError) else [str(error)]
        return self._said(request, status, title, sentences)

    async def nowhere(self, request: Request, _error: Exception) -> Response:
        """Say that there is no such page."""
        return self._said(request, 404, N_("There is no such page"), [f"{request.method} {request.url.path}"])

    async def fault(self, request: Request, _error: Exception) -> Response:
        """Say that a fault of ours is in the way; the log has it."""
        return self._said(request, 500, N_("A fault of ours"), [N_("the log of the console says more")])

    def _said(self, request: Request, status: int, title: str, sentences: Sequence[str]) -> Response:
        if wants_json(request):
            return Response(json_of({"error": title, "why": sentences}), status, media_type="application/json")
        return self._html(request, "error.html", status, page=None, title=title, sentences=sentences)

    def _html(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        reader = reader_of(request)
        html = self._renderer.page(template, reader, _own_path(request), trouble=None, **values).html
        headers = {"Content-Language": reader.language, "Vary": "Accept, Accept-Language, Cookie"}
        answer = Response(html, status, {**headers, "Cache-Control": "no-store"}, "text/html; charset=utf-8")
        if request.cookies.get(TOKEN) != reader.token:
            answer.set_cookie(TOKEN, reader.token, httponly=True, samesite="strict")
        return answer


def asked(query: type[BaseModel], request: Request) -> Any:
    """What a page is asked with; raises ValidationError."""
    given: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if value:
            given.setdefault(name, []).append(value)
    single = {n: v[-1] if not _is_many(query, n) else v for n, v in given.items()}
    return query.model_validate({**single, **request.path_params})


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


def reader_of(request: Request) -> Reader:
    """Whom the answer is for."""
    kept = request.cookies
    theme = kept.get("olcare_theme", "auto")
    return Reader(
        language=language_for(kept.get("olcare_language"), request.headers.get("accept-language")),
        theme=theme if theme in THEMES else "auto",
        zone=kept.get("olcare_zone"),
        who=kept.get("olcare_who"),
        token=kept.get(TOKEN) or _token_of(request),
    )


def _token_of(request: Request) -> str:
    """The token that this answer gives to a browser that has none."""
    if not hasattr(request.state, "token"):
        request.state.token = new_token()
    return str(request.state.token)


def _without_secrets(reader: Reader) -> Reader:
    """What may be shown to everybody who watches the same page."""
    return Reader(language=reader.language, zone=reader.zone)


def wants_json(request: Request) -> bool:
    """Whether an answer is wanted as JSON rather than as a page."""
    return wants(request, "application/json")


def wants(request: Request, media_type: str) -> bool:
    """Whether an answer is wanted as something else than a page."""
    accepted = request.headers.get("accept", "")
    return media_type in accepted and "text/html" not in accepted


def _csv(lines: str) -> Response:
    return Response(lines, media_type=f"{CSV}; charset=utf-8", headers={"Vary": "Accept", "Cache-Control": "no-store"})


def _json(view: View) -> Response:
    return Response(view.model_dump_json(), media_type="application/json", headers={"Vary": "Accept"})


def _own_path(request: Request) -> str:
    return _with_query(request.url.path, request)


def _with_query(path: str, request: Request) -> str:
    query = request.url.query
    return f"{path}?{query}" if query else path


def _live_path(path: str) -> str:
    return "/live" if path == "/" else f"{path}/live"


def _local(back: str) -> str:
    """A path of this site; `/` where it is none."""
    parts = urlsplit(back)
    return back if back.startswith("/") and not back.startswith(("//", "/\\")) and not parts.netloc else "/"


def _may_be_chosen(name: str, value: str) -> bool:
    match name:
        case "language":
            return value in LANGUAGES
        case "theme":
            return value in THEMES
        case _:
            return value.replace("-", "").replace(".", "").replace("_", "").replace("~", "").isalnum()


def _faults(error: ValidationError) -> list[str]:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return [f"{'.'.join(map(str, one['loc'])) or 'form'}: {one['msg'].removeprefix('Value error, ')}" for one in faults]


async def _elsewhere(_request: Request, error: Exception) -> Response:
    return RedirectResponse(str(error), 303)


async def _nothing_left_aside(_request: Request) -> Response:
    return JSONResponse([])
