"""The pages as one application: each as HTML and as JSON, live, in the reader's language; errors with a clear word."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal
from urllib.parse import quote

from pydantic import ValidationError
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
from services.ops.console.access.paths import local
from services.ops.console.access.sign_in import BEGIN, END, NotLetIn, SignIn
from services.ops.console.access.visitors import NotForVisitor, NotSignedIn, Visitor
from services.ops.console.asking import (
    again,
    fields,
    is_visit,
    path_of,
    reader_of,
    told,
    wants,
    wants_json,
    without_secrets,
)
from services.ops.console.assets import Assets
from services.ops.console.fragments import Fragments
from services.ops.console.gate import ConsoleGate
from services.ops.console.guard import FIELD, TOKEN, BadForm, Guard, check
from services.ops.console.looks import SharedLooks
from services.ops.console.openapi import document
from services.ops.console.pages.page import AnyAction, AnyPage, Elsewhere, NotThere, PageView
from services.ops.console.render import THEMES, PageReader, Renderer
from services.ops.console.sources import Sources
from services.ops.console.words import LANGUAGES, N_

STRANGE = 401
YEAR = 365 * 86_400  # seconds
CSV = "text/csv"
STREAM = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Of a stream of events: a proxy passes on what comes, and keeps nothing."""
COOKIES = ("language", "theme", "who")
"""What a reader can choose; kept in cookies `olcare_…`."""
STATUS: Mapping[type[Exception], tuple[int, str]] = {
    NotThere: (404, N_("There is no such thing")),
    ValidationError: (400, N_("That can not be asked so")),
    NotSignedIn: (STRANGE, N_("Nobody is signed in")),
    NotForVisitor: (403, N_("That is not for you")),
    NotLetIn: (403, N_("Nobody has signed in")),
    BadForm: (403, N_("That was not sent from here")),
    Refused: (503, N_("That can not be shown now")),
    Unavailable: (503, N_("That can not be shown now")),
    NotAdmitted: (503, N_("That can not be shown now")),
    Halted: (503, N_("That can not be shown now")),
}
Own = tuple[Health, Quiet, Metrics]


def site(
    sources: Sources,
    assets: Assets,
    own: Own,
    pages: Sequence[AnyPage],
    actions: Sequence[AnyAction],
    host: str,
    sign_in: SignIn | None = None,
) -> ASGIApp:
    """Put it together; `host` is where browsers find it. Without a sign-in everybody may do everything."""
    made = Site(sources, assets, pages, actions, sign_in)
    handlers: dict[Any, Any] = dict.fromkeys(STATUS, made.failed) | {
        NotSignedIn: made.strange,
        Elsewhere: _elsewhere,
        404: made.nowhere,
        405: made.nowhere,
        500: made.fault,
    }
    routes = [Route(path, handler) for path, handler in own_pages(*own)]
    secure = sign_in is not None and sign_in.secure
    return Guard(Starlette(routes=[*routes, *made.routes()], exception_handlers=handlers), host, secure=secure)


class Site:
    """Answers requests."""

    def __init__(
        self,
        sources: Sources,
        assets: Assets,
        pages: Sequence[AnyPage],
        actions: Sequence[AnyAction],
        sign_in: SignIn | None,
    ) -> None:
        self._sources, self._assets, self._gate = sources, assets, ConsoleGate(sign_in)
        self._pages, self._actions = tuple(pages), tuple(actions)
        self._renderer = Renderer(assets, self._pages)
        self._live, self._looks = sources.live, SharedLooks(sources.clock)

    def routes(self) -> list[BaseRoute]:
        """Every path; those of live pages stand first, since a page may have a parameter at that place."""
        return [
            Route("/assets/{name}", self._asset),
            Route("/openapi.json", self._openapi),
            Route("/stuck", _nothing_left_aside),
            Route("/choices", self._choose, methods=["POST"]),
            *self._signing_in(),
            *(Route(_live_path(page.path), self._watching(page)) for page in self._pages if page.live),
            *(Route(action.path, self._acting(action), methods=["POST"]) for action in self._actions),
            *(Route(page.path, self._showing(page)) for page in self._pages),
        ]

    def _signing_in(self) -> list[BaseRoute]:
        sign_in = self._gate.sign_in
        if sign_in is None:
            return []

        async def sign_out(request: Request) -> Response:
            visitor = self._gate.known(request)
            check(request, (await fields(request)).get(FIELD), visitor.token)
            there = await sign_in.farewell(visitor.session) if visitor.session else None
            answer = self._html(request, "signed_out.html", page=None, there=there, begin=BEGIN)
            if there:
                answer.headers["Refresh"] = f"0; url={there}"
            sign_in.forget(answer)
            return answer

        return [*sign_in.routes(), Route(END, sign_out, methods=["POST"])]

    def _showing(self, page: AnyPage) -> Callable[[Request], Awaitable[Response]]:
        async def show(request: Request) -> Response:
            query, visitor = self._gate.asks(page, request)
            if page.csv and (query.format or wants(request, CSV)):
                lines = query.model_copy(update={"format": "csv"})
                return _csv(page.csv(await self._gate.look(page, self._sources, lines, visitor)))
            view = await self._gate.look(page, self._sources, query, visitor)
            if wants_json(request):
                return _json(view)
            shown = replace(page, live=False) if query.stands_still else page
            return self._html(request, page.template, page=shown, view=view)

        return show

    def _watching(self, page: AnyPage) -> Callable[[Request], Awaitable[Response]]:
        async def watch(request: Request) -> Response:
            query, visitor = self._gate.asks(page, request)
            reader = without_secrets(reader_of(request, visitor))
            path = path_of(request, request.url.path.removesuffix("/live") or "/")

            async def look() -> Fragments:
                return await self._fragments(page, query, visitor, reader, path)

            who = visitor.access.words if visitor.session else ""
            what = (page.path, query.model_dump_json(), reader.language, str(reader.time_zone), who)
            events = self._live.watch(what, look)
            if self._gate.sign_in and visitor.session:
                events = self._gate.sign_in.sessions.while_it_lasts(visitor.session, events)
            return StreamingResponse(events, media_type="text/event-stream", headers=STREAM)

        return watch

    async def _fragments(self, page: AnyPage, query: Any, visitor: Visitor, reader: PageReader, path: str) -> Fragments:
        """The parts of a page as it is now; where it can not be shown, the one that says so alone."""
        shared = replace(page, look=partial(self._looks.look, page))
        try:
            view = await self._gate.look(shared, self._sources, query, visitor)
        except tuple(STATUS) as error:
            return self._renderer.page("trouble.html", reader, path, trouble=str(error)).fragments
        return self._renderer.page(page.template, reader, path, page=page, view=view, trouble=None).fragments

    def _acting(self, action: AnyAction) -> Callable[[Request], Awaitable[Response]]:
        async def act(request: Request) -> Response:
            visitor = self._gate.may_do(action, request)
            given = await fields(request)
            check(request, given.pop(FIELD, None), visitor.token)
            form = told(action.form, {**given, **request.path_params}, visitor.browser)
            if not visitor.who:
                raise BadForm("say first who you are, at the foot of the page: what is done is recorded with it")
            await self._gate.may_do_to(action, self._sources, form, visitor)
            return RedirectResponse(await action.act(self._sources, form, visitor.who), 303)

        return act

    async def _choose(self, request: Request) -> Response:
        """Keep what a reader chooses, and go back to where that was."""
        given = await fields(request)
        check(request, given.get(FIELD), self._gate.visitor(request).token)
        answer = RedirectResponse(local(given.get("back", "/")), 303)
        for name, value in given.items():
            if name in COOKIES and _may_be_chosen(name, value):
                self._give(answer, f"olcare_{name}", value, YEAR)
        return answer

    async def _asset(self, request: Request) -> Response:
        found = self._assets.files.get(request.path_params["name"])
        if found is None:
            raise NotThere(f"there is no file {request.path_params['name']}")
        headers = {"Cache-Control": f"public, max-age={YEAR}, immutable", "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(found.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=found.type)
        return Response(found.content, headers=headers, media_type=found.type)

    async def _openapi(self, request: Request) -> Response:
        self._gate.known(request)
        return JSONResponse(document(self._pages))

    async def failed(self, request: Request, error: Exception) -> Response:
        """Say what could not be shown or done, and what to do."""
        status, title = next(said for kind, said in STATUS.items() if isinstance(error, kind))
        sentences = _faults(error) if isinstance(error, ValidationError) else [str(error)]
        return self._said(request, status, title, sentences)

    async def strange(self, request: Request, error: Exception) -> Response:
        """Have a browser sign in, and come back; say to anything else that it must."""
        if is_visit(request):
            begin = f"{BEGIN}?next={quote(path_of(request), safe='')}"
            if self._gate.sign_in and self._gate.sign_in.was_left(request):
                return self._html(request, "signed_out.html", STRANGE, page=None, there=None, begin=begin)
            return RedirectResponse(begin, 303)
        answer = await self.failed(request, error)
        answer.headers["HX-Refresh"] = "true"
        return answer

    async def nowhere(self, request: Request, _error: Exception) -> Response:
        """Say that there is no such page."""
        return self._said(request, 404, N_("There is no such page"), [f"{request.method} {request.url.path}"])

    async def fault(self, request: Request, _error: Exception) -> Response:
        """Say that a fault of ours is in the way; the log has it."""
        return self._said(request, 500, N_("A fault of ours"), ["the log of the console says more"])

    def _said(self, request: Request, status: int, title: str, sentences: Sequence[str]) -> Response:
        if wants_json(request):
            return Response(json_of({"error": title, "why": sentences}), status, media_type="application/json")
        sign_in = f"{BEGIN}?next={quote(again(request), safe='')}" if status == STRANGE else None
        return self._html(request, "error.html", status, page=None, title=title, sentences=sentences, sign_in=sign_in)

    def _html(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        visitor = self._gate.visitor(request)
        reader = reader_of(request, visitor)
        html = self._renderer.page(template, reader, again(request), trouble=None, **values).html
        headers = {"Content-Language": reader.language, "Vary": "Accept, Accept-Language, Cookie"}
        answer = Response(html, status, {**headers, "Cache-Control": "no-store"}, "text/html; charset=utf-8")
        if visitor.session is None and request.cookies.get(TOKEN) != reader.token:
            self._give(answer, TOKEN, reader.token, None, "strict")
        return answer

    def _give(
        self,
        answer: Response,
        name: str,
        value: str,
        seconds: int | None,
        to: Literal["lax", "strict"] = "lax",
    ) -> None:
        """Have a browser keep something."""
        secure = self._gate.sign_in is not None and self._gate.sign_in.secure
        answer.set_cookie(name, value, max_age=seconds, httponly=True, samesite=to, secure=secure)


def _csv(lines: str) -> Response:
    return Response(lines, media_type=f"{CSV}; charset=utf-8", headers={"Vary": "Accept", "Cache-Control": "no-store"})


def _json(view: PageView) -> Response:
    headers = {"Vary": "Accept, Accept-Language, Cookie", "Cache-Control": "no-store"}
    return Response(view.model_dump_json(), media_type="application/json", headers=headers)


def _live_path(path: str) -> str:
    return "/live" if path == "/" else f"{path}/live"


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
