"""What can a program ask the gateway? Counts, events, gaps and health as JSON, and never a person in them."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import ParamSpec, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gateway.queries import Queries

P = ParamSpec("P")
T = TypeVar("T")
AFTER_MAX = 2**62
LIMIT_DEFAULT = 100
COUNTS_TOLD = (
    "events",
    "crossings",
    "granted",
    "referred",
    "abandoned",
    "left",
    "duplicates_offered",
    "quarantined",
    "lost",
)
NOT_KEPT = {"Cache-Control": "no-store"}


class Ask(Protocol):
    """Puts a question to the store elsewhere, and waits for the answer. ``gateway.board.Board.ask`` is one."""

    def __call__(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]: ...


def routes(
    queries: Queries, ask: Ask, healthy: Callable[[], dict[str, object]], metrics: Callable[[], dict[str, object]]
) -> list[Route]:
    """``healthy`` tells broker and store; the gateway is well when the value of ``ok`` is true."""

    async def counts(request: Request) -> JSONResponse:
        told = asdict(await ask(queries.counts))
        return JSONResponse({name: told[name] for name in COUNTS_TOLD}, headers=NOT_KEPT)

    async def events(request: Request) -> JSONResponse:
        after, limit = _number(request, "after", 0, AFTER_MAX), _number(request, "limit", LIMIT_DEFAULT, AFTER_MAX)
        if after is None or limit is None:
            return JSONResponse({"error": "after and limit are whole numbers"}, status_code=400)
        found = await ask(queries.events, after, limit)
        return JSONResponse({"events": found, "next": found[-1]["row"] if found else after}, headers=NOT_KEPT)

    async def gaps(request: Request) -> JSONResponse:
        told = [{"device": gap.device, "boot": gap.boot, "missing": gap.missing} for gap in await ask(queries.gaps)]
        return JSONResponse({"gaps": told}, headers=NOT_KEPT)

    async def alarms(request: Request) -> JSONResponse:
        return JSONResponse({"alarms": await ask(queries.alarms)}, headers=NOT_KEPT)

    async def measured(request: Request) -> JSONResponse:
        return JSONResponse(metrics(), headers=NOT_KEPT)

    async def healthz(request: Request) -> JSONResponse:
        health = healthy()
        return JSONResponse(health, status_code=200 if health["ok"] else 503, headers=NOT_KEPT)

    return [
        Route("/api/v1/counts", counts),
        Route("/api/v1/events", events),
        Route("/api/v1/gaps", gaps),
        Route("/api/v1/alarms", alarms),
        Route("/api/v1/metrics", measured),
        Route("/healthz", healthz),
    ]


async def store_away(_request: Request, _fault: Exception) -> JSONResponse:
    """For whatever page or question met a store that does not answer."""
    told = {"error": {"code": "store", "message": "The store does not answer.", "cure": "Ask again in a moment."}}
    return JSONResponse(told, status_code=503, headers=NOT_KEPT)


def _number(request: Request, name: str, default: int, largest: int) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return default
    digits = text.isascii() and text.isdigit() and len(text) <= len(str(largest))
    return min(int(text), largest) if digits else None
