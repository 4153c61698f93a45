"""The pages that every process serves about itself."""

from collections.abc import Sequence
from html import escape
from logging import getLogger

from faststream.asgi import AsgiFastStream, AsgiResponse, get
from faststream.asgi.response import JSONResponse
from faststream.asgi.types import ASGIApp, Scope
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from libs.chassis.asyncapi import PAGE, ServiceDocument
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


def readable(routes: Sequence[Route]) -> list[str]:
    """The paths that can be read: those of routes that take a GET, and the page of messages."""
    pages_of_routes = [path for path, handler in routes if "GET" in getattr(handler, "methods", ("GET",))]
    return [*pages_of_routes, PAGE.path, f"{PAGE.path}.json"]


def first_page(name: str, routes: Sequence[Route]) -> Route:
    """`/`, with a link to each page."""
    links = "".join(f'<li><a href="{escape(path)}">{escape(path)}</a></li>' for path in readable(routes))
    title = escape(f"{name}, OL Care {build()}")
    body = f'<!doctype html><html lang="en"><title>{title}</title><h1>{title}</h1><ul>{links}</ul></html>'

    async def first(_scope: Scope) -> AsgiResponse:
        return AsgiResponse(body.encode(), 200, {"Content-Type": "text/html; charset=utf-8"})

    return "/", get(first)


def site(routes: Sequence[Route], document: ServiceDocument) -> AsgiFastStream:
    """The routes and the AsyncAPI page as one ASGI application.

    It is given no broker: doors start one of their own, and end it where their loop ends (ADR 0005).
    """
    return AsgiFastStream(
        asgi_routes=routes, specification=document, asyncapi_path=PAGE, logger=getLogger("olcare.http")
    )
