"""What does the traveller see? One picture, one sentence, and never a word of why somebody is referred."""

import json
from collections.abc import Mapping

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from edge.pages.body import TooLong, read_body
from edge.pages.catalogue import Catalogue, read_all
from edge.pages.guard import own_page
from edge.pages.protocols import Display, PageSettings, Screen, Sign
from web.stream import EventStream, Streams, Topic

BODY_LIMIT_BYTES = 256
SEQ_LIMIT = 2**53  # what a browser can count to

# Where on the way a picture belongs; the others (referral, closed, evacuation) show no progress.
STEPS: Mapping[Sign, int] = {
    Sign.READY: 1,
    Sign.READING: 1,
    Sign.PUT_BACK: 1,
    Sign.CHECKING: 1,
    Sign.TAKE_DOCUMENT: 2,
    Sign.ENTER: 2,
    Sign.LOOK: 3,
    Sign.GO: 4,
}
# The one hint of a referral tells where the document lies, and nothing of why somebody waits.
REFERRAL_HINTS = frozenset({"", "take-document"})
STEP_NAMES = ("document", "enter", "face", "go")


def wire(screen: Screen, seq: int) -> Mapping[str, object]:
    """What leaves for the browser. All referrals are one picture: other hints and time limits would tell them apart.

    >>> wire(Screen(Sign.OFFICER, hint="several", countdown_s=9.0), 3)["hint"]
    ''
    """
    alike = screen.screen is Sign.OFFICER
    return {
        "seq": seq,
        "screen": screen.screen.value,
        "lane": screen.lane,
        "visit": screen.visit,
        "hint": "" if alike and screen.hint not in REFERRAL_HINTS else screen.hint,
        "since_ms": screen.since_ms,
        "countdown_s": None if alike else screen.countdown_s,
    }


def routes(display: Display, settings: PageSettings, pages: Environment, streams: Streams) -> list[BaseRoute]:
    page = _page(settings, pages)
    topic = Topic("screen", display.wait, lambda seq: wire(display.current(), seq))

    async def show(_: Request) -> Response:
        return HTMLResponse(page)

    async def drawn(request: Request) -> Response:
        # F01: another site's page must not vouch for what stands on the glass.
        if "origin" in request.headers and not own_page(request):
            return Response(status_code=403)
        seq = await _seq(request)
        if seq is None:
            return Response(status_code=400)
        display.drawn(seq)
        return Response(status_code=204)

    return [
        Route("/", show),
        Route("/events", EventStream(streams, topic)),
        Route("/drawn", drawn, methods=["POST"]),
    ]


async def _seq(request: Request) -> int | None:
    try:
        body = json.loads(await read_body(request, BODY_LIMIT_BYTES))
    except (TooLong, ValueError):  # a garbled acknowledgement acknowledges nothing: the caller answers 400
        return None
    match body:
        case {"seq": int(seq)} if 0 <= seq < SEQ_LIMIT:
            return seq
        case _:
            return None


def _page(settings: PageSettings, pages: Environment) -> str:
    """The page is the same for everybody, so it is made once. It begins as `stale` until the lane has spoken to it."""
    catalogues = read_all(settings.languages)
    return pages.get_template("traveller.html").render(
        settings=settings,
        home=catalogues[0],
        catalogues=catalogues,
        signs=[sign.value for sign in Sign],
        steps=STEP_NAMES,
        data=_script_data(catalogues),
    )


def _script_data(catalogues: tuple[Catalogue, ...]) -> str:
    """All the words for the page's own script, as JSON that cannot end its element (``</script>``)."""
    words = {each.code: {"direction": each.direction, "messages": dict(each.messages)} for each in catalogues}
    data = {"words": words, "steps": {sign.value: step for sign, step in STEPS.items()}}
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
