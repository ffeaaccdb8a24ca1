"""Which addresses does the region's page answer? The page, its stream, and a few small files."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.pages import rows
from gateway.views import Overview
from web.assets import Assets, templates
from web.headers import StrictHeaders
from web.hosts import LOCAL_HOSTS
from web.stream import EventStream, Streams, Topic

HERE = Path(__file__).parent
PACE_S = 0.25  # a busy region is told four times a second, not two hundred

# Which texts a card or row shows, in their order: the first view and the script fill the same elements.
FIELDS = {
    "lanes": ("icon", "device", "post", "word", "people", "waiting", "age"),
    "alarms": ("icon", "alarm", "device", "times", "age"),
    "referrals": ("wait", "state", "device", "post", "where", "reasons"),
    "movements": ("time", "icon", "outcome", "direction", "device", "post", "document", "reasons"),
}


class Changing(Protocol):
    """What the page waits on. ``gateway.changes.Changes`` is one."""

    @property
    def closed(self) -> bool:
        """The gateway is ending: streams end too."""

    async def wait(self, last: int) -> int:
        """Return the change counter (>= 0) as soon as it differs from ``last``, or at once when closed."""


def routes(overview: Callable[[], Overview], changes: Changing) -> list[BaseRoute]:
    """The page's routes. They need ``middleware()`` around them."""
    streams, pages = Streams(), templates(HERE / "templates")

    async def wait(last: int) -> int:
        number = await changes.wait(last)
        if changes.closed:
            streams.end()
        return number

    async def show(_: Request) -> Response:
        now = overview()
        page = pages.get_template("overview.html").render(
            region=now.region, lists=rows.lists(now), texts=rows.texts(now), fields=FIELDS, empty=EMPTY
        )
        return HTMLResponse(page)

    topic = Topic("overview", wait, lambda _: rows.wire(overview()), repeat=True, pace_s=PACE_S)
    return [
        Route("/", show),
        Route("/events", EventStream(streams, topic)),
        Route("/static/{name}", Assets(HERE / "static").answer),
    ]


# A row without a word in it: the script copies it for what comes new.
EMPTY = {name: rows.Row("", "", dict.fromkeys(fields, "")) for name, fields in FIELDS.items()}


def middleware(allowed_hosts: tuple[str, ...] = LOCAL_HOSTS) -> list[Middleware]:
    """Strict headers on every answer; a foreign host name that points here (F10, DNS rebinding) is answered 400."""
    return [
        Middleware(StrictHeaders),
        Middleware(TrustedHostMiddleware, allowed_hosts=list(allowed_hosts), www_redirect=False),
    ]
