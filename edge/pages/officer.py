"""What does the lane's officer see and order? Who waits and why, the state of the link, and three buttons."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qs

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from edge.pages.body import TooLong, read_body
from edge.pages.guard import OfficerKey, Sessions, TooManyTries, own_page
from edge.pages.protocols import DeskView, OfficerDesk, PageSettings
from edge.pages.words import ALARMS, REASONS, SHUT, STATES, kebab, words_of
from web.stream import EventStream, Streams, Topic

LOGIN_LIMIT_BYTES = 2048
WRONG = "This key does not fit. Ask the post's technician for the lane's key."
TOO_MANY = "Too many keys were tried. Wait a minute and try again."
FOREIGN = "This order came from another page. Open the officer's page of this lane and try again."
NO_KEY = "An officer's key is needed. Sign in on the officer's page, or send the key as a bearer token."


def wire(view: DeskView) -> Mapping[str, object]:
    """What leaves for the officer's browser: codes for programs, words for people, nothing about the person."""
    return {
        "state": view.state,
        "tone": _tone(view),
        "state_words": words_of(view.state, STATES),
        "visit": view.visit,
        "reasons": [reason.value for reason in view.reasons],
        "reason_words": [{"what": REASONS[reason].what, "cure": REASONS[reason].cure} for reason in view.reasons],
        "called": view.called,
        "since_s": round(view.since_s, 1),
        "link": view.link,
        "outbox": view.outbox_waiting,
        "alarms": list(view.alarms),
        "alarm_words": [words_of(alarm, ALARMS) for alarm in view.alarms],
    }


class Desk:
    """The officer's routes of one lane."""

    def __init__(
        self, desk: OfficerDesk, settings: PageSettings, pages: Environment, key: OfficerKey, sessions: Sessions
    ) -> None:
        self._desk, self._settings, self._pages = desk, settings, pages
        self._key, self._sessions = key, sessions
        # A cookie belongs to a host, not to a port: two lanes on one host must not sign each other's officers out.
        self._cookie = f"officer-{hashlib.sha256(settings.lane.encode()).hexdigest()[:12]}"

    def routes(self, streams: Streams) -> list[BaseRoute]:
        topic = Topic("lane", self._desk.wait, lambda _: wire(self._desk.current()), repeat=True)
        return [
            Route("/officer", self._show),
            Route("/officer/events", _Guarded(self, EventStream(streams, topic))),
            Route("/officer/login", self._login, methods=["POST"]),
            Route("/officer/logout", self._logout, methods=["POST"]),
            Route("/officer/hold", self._order(self._desk.hold), methods=["POST"]),
            Route("/officer/reopen", self._order(self._desk.reopen), methods=["POST"]),
            Route("/officer/seen", self._order(self._desk.seen), methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        if not self._signed_in(request):
            return self._login_page("", 200)
        return self._render("officer.html", 200, view=wire(self._desk.current()))

    async def _login(self, request: Request) -> Response:
        if not own_page(request):
            return self._login_page(FOREIGN, 403)
        try:
            form = parse_qs((await read_body(request, LOGIN_LIMIT_BYTES)).decode("ascii", "replace"))
            fits = await self._key.fits(form.get("key", [""])[0])
        except TooLong:
            fits = False
        except TooManyTries:
            return self._login_page(TOO_MANY, 429)
        if not fits:
            return self._login_page(WRONG, 401)
        answer = RedirectResponse(request.scope.get("root_path", "") + "/officer", status_code=303)
        answer.set_cookie(self._cookie, self._sessions.open(), httponly=True, samesite="strict", path="/officer")
        return answer

    async def _logout(self, request: Request) -> Response:
        if not own_page(request):
            return self._login_page(FOREIGN, 403)
        self._sessions.close(request.cookies.get(self._cookie, ""))
        return RedirectResponse(request.scope.get("root_path", "") + "/officer", status_code=303)

    def _order(self, give: Callable[[], None]) -> Callable[[Request], Awaitable[Response]]:
        async def order(request: Request) -> Response:
            refusal = await self.refusal(request)
            if refusal is not None:
                return refusal
            give()
            if "text/html" in request.headers.get("accept", ""):  # a form without script
                return RedirectResponse(request.scope.get("root_path", "") + "/officer", status_code=303)
            return JSONResponse(wire(self._desk.current()))

        return order

    async def refusal(self, request: Request) -> Response | None:
        """None when the request may go on. A program shows the key; a browser its session and, to order, its origin."""
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            try:
                return None if await self._key.fits(key.strip()) else _refuse("wrong-key", WRONG, 401)
            except TooManyTries:
                return _refuse("too-many-tries", TOO_MANY, 429)
        if not self._signed_in(request):
            return _refuse("no-key", NO_KEY, 401)
        # F01: a form on another port of this host carries the cookie, but not our origin.
        if request.method == "POST" and not own_page(request):
            return _refuse("foreign-page", FOREIGN, 403)
        return None

    def _signed_in(self, request: Request) -> bool:
        return self._sessions.knows(request.cookies.get(self._cookie, ""))

    def _login_page(self, message: str, status: int) -> Response:
        return self._render("login.html", status, message=message)

    def _render(self, name: str, status: int, **facts: object) -> Response:
        page = self._pages.get_template(name).render(settings=self._settings, **facts)
        return HTMLResponse(page, status_code=status)


class _Guarded:
    """An ASGI app behind the officer's key."""

    def __init__(self, desk: Desk, stream: EventStream) -> None:
        self._desk, self._stream = desk, stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._desk.refusal(Request(scope, receive)) or self._stream
        await answer(scope, receive, send)


def _tone(view: DeskView) -> str:
    if view.called:
        return "call"
    return "shut" if kebab(view.state) in SHUT else "well"


def _refuse(code: str, message: str, status: int) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)
