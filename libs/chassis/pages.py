"""The pages that every process serves about itself."""

from collections.abc import Sequence
from html import escape
from logging import getLogger

from faststream.asgi import AsgiFastStream, AsgiResponse, get
from faststream.asgi.response import JSONResponse
from faststream.asgi.types import ASGIApp, Scope
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from libs.chassis.asyncapi import ServiceDocument
from libs.chassis.asyncapi_page import STYLE, page_of
from libs.chassis.browser import HEADERS
from libs.chassis.build import build
from libs.chassis.health import Health, Quiet
from libs.chassis.metrics import Metrics

Route = tuple[str, ASGIApp]
"""An exact path and what answers it: an ASGI application, or a function under FastStream's `get` and `post`."""


def pages(health: Health, quiet: Quiet, metrics: Metrics) -> list[Route]:
    """`/livez`, `/readyz`, `/quiet` and `/metrics`."""

    async def livez(_scope: Scope) -> AsgiResponse:
        return AsgiResponse(b"alive", 200)  # a blocked event loop does not answer

    async def readyz(_scope: Scope) -> AsgiResponse:
        report = health.ready()
        return JSONResponse(report, 200 if report["ready"] else 503)

    async def quietness(_scope: Scope) -> AsgiResponse:
        return JSONResponse(await quiet.ask())

    async def counted(_scope: Scope) -> AsgiResponse:
        return AsgiResponse(metrics.text(), 200, {"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    return [("/livez", get(livez)), ("/readyz", get(readyz)), ("/quiet", get(quietness)), ("/metrics", get(counted))]


def message_pages(document: ServiceDocument) -> list[Route]:
    """`/asyncapi`, its style, and the document at `/asyncapi.json`: read when first asked for, not at every start."""

    async def page(_scope: Scope) -> AsgiResponse:
        return html(page_of(document.to_specification().to_jsonable()))

    async def as_json(_scope: Scope) -> AsgiResponse:
        body = document.to_specification().to_json().encode()
        return AsgiResponse(body, 200, {"Content-Type": "application/json"})

    async def style(_scope: Scope) -> AsgiResponse:
        return AsgiResponse(STYLE.read_bytes(), 200, {"Content-Type": "text/css; charset=utf-8"})

    return [("/asyncapi", get(page)), ("/asyncapi.json", get(as_json)), ("/asyncapi.css", get(style))]


def html(body: str) -> AsgiResponse:
    """A page, which a browser may load nothing for from elsewhere."""
    return AsgiResponse(body.encode(), 200, {"Content-Type": "text/html; charset=utf-8", **HEADERS})


def readable(routes: Sequence[Route]) -> list[str]:
    """The paths of pages that can be read: those of routes that take a GET."""
    found = [path for path, handler in routes if "GET" in getattr(handler, "methods", ("GET",))]
    return [path for path in found if not path.endswith(".css")]


def first_page(name: str, routes: Sequence[Route]) -> Route:
    """`/`, with a link to each page."""
    links = "".join(f'<li><a href="{escape(path)}">{escape(path)}</a></li>' for path in readable(routes))
    title = escape(f"{name}, OL Care {build()}")
    body = f'<!doctype html><html lang="en"><title>{title}</title><h1>{title}</h1><ul>{links}</ul></html>'

    async def first(_scope: Scope) -> AsgiResponse:
        return html(body)

    return "/", get(first)


def site(routes: Sequence[Route], document: ServiceDocument) -> AsgiFastStream:
    """The routes as one ASGI application.

    It is given no broker: doors start one of their own, and end it where their loop ends (ADR 0005).
    """
    return AsgiFastStream(asgi_routes=routes, specification=document, logger=getLogger("olcare.http"))
