"""Which addresses does a lane answer? Its two pages, their streams, and three for programs."""

import time
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.pages import officer as officer_pages
from edge.pages import traveller as traveller_pages
from edge.pages.guard import Clock, OfficerKey, Sessions
from edge.pages.protocols import Display, LaneApi, OfficerDesk, PageSettings
from web.assets import Assets, templates
from web.headers import StrictHeaders
from web.stream import Streams

HERE = Path(__file__).parent


def build(
    display: Display,
    officer: OfficerDesk,
    settings: PageSettings,
    lane_api: LaneApi,
    metrics_api: LaneApi | None = None,
    clock: Clock = time.monotonic,
) -> Starlette:
    """The lane's web application. ``app.state.streams.end()`` closes its streams; ``web.serve`` does it."""
    streams, pages = Streams(), templates(HERE / "templates")
    desk = officer_pages.Desk(officer, settings, pages, OfficerKey(settings.officer_key), Sessions(clock))

    async def health(_: Request) -> Response:
        return JSONResponse({"ok": True})

    async def lane(_: Request) -> Response:
        return JSONResponse(dict(await lane_api()))

    async def metrics(_: Request) -> Response:
        return JSONResponse(dict(await metrics_api()) if metrics_api else {})

    app = Starlette(
        routes=[
            *traveller_pages.routes(display, settings, pages, streams),
            *desk.routes(streams),
            Route("/healthz", health),
            Route("/api/v1/lane", lane),
            Route("/api/v1/metrics", metrics),
            Route("/static/{name}", Assets(HERE / "static").answer),
        ],
        middleware=[
            Middleware(StrictHeaders),
            # F10: a foreign name that points at this host (DNS rebinding) is answered 400.
            Middleware(TrustedHostMiddleware, allowed_hosts=list(settings.allowed_hosts), www_redirect=False),
        ],
    )
    app.state.streams = streams
    return app
