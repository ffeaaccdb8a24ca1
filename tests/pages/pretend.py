"""A lane and a region that only stand behind the pages' Protocols, and real servers on free ports to show them."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from starlette.applications import Starlette

from edge.gate.events import Reason
from edge.pages.app import build
from edge.pages.protocols import DeskView, PageSettings, Screen, Sign
from gateway.pages.routes import middleware, routes
from gateway.views import AlarmView, CountsView, LaneView, MovementView, Overview, ReferralView
from web.serve import PageServer, listen

KEY = "correct-horse-battery-staple"
SETTINGS = PageSettings(officer_key=KEY, post="hill-road", lane="lane-1")


class Counter:
    """A change counter that any thread may raise."""

    def __init__(self) -> None:
        self.number = 0
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def rise(self) -> None:
        self.number += 1
        waiting, self._waiting = self._waiting, []
        for loop, event in waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    async def wait(self, last: int) -> int:
        while self.number == last:
            event = asyncio.Event()
            self._waiting.append((asyncio.get_running_loop(), event))
            if self.number == last:
                await event.wait()
        return self.number


class PretendLane:
    """Both Protocols of the edge's pages."""

    def __init__(self) -> None:
        self.counter = Counter()
        self.screen = Screen(Sign.READY, lane="lane-1", visit=1)
        self.desk = DeskView("idle", link="online")
        self.drawn_seqs: list[int] = []
        self.orders: list[str] = []

    def show(self, screen: Screen) -> int:
        self.screen = screen
        self.counter.rise()
        return self.counter.number

    def sign(self, sign: Sign, **facts: object) -> int:
        return self.show(Screen(sign, lane="lane-1", visit=1, **facts))

    def call(self, *reasons: Reason) -> None:
        self.desk = replace(self.desk, state="referred", called=True, reasons=reasons)
        self.counter.rise()

    def drawn(self, seq: int) -> None:
        self.drawn_seqs.append(seq)

    async def wait(self, last: int) -> int:
        return await self.counter.wait(last)

    def current(self) -> Screen:
        return self.screen


class PretendDesk:
    def __init__(self, lane: PretendLane) -> None:
        self.lane = lane

    def current(self) -> DeskView:
        return self.lane.desk

    async def wait(self, last: int) -> int:
        return await self.lane.counter.wait(last)

    def hold(self) -> None:
        self._order("hold", replace(self.lane.desk, state="held"))

    def reopen(self) -> None:
        self._order("reopen", replace(self.lane.desk, state="idle", called=False, reasons=()))

    def seen(self) -> None:
        self._order("seen", replace(self.lane.desk, called=False))

    def _order(self, name: str, desk: DeskView) -> None:
        self.lane.orders.append(name)
        self.lane.desk = desk
        self.lane.counter.rise()


def lane_app(lane: PretendLane, settings: PageSettings = SETTINGS) -> Starlette:
    async def told() -> Mapping[str, object]:
        return {"state": lane.desk.state, "screen": lane.screen.screen}

    async def worn() -> Mapping[str, object]:
        return {"payload_bytes": 329, "written_bytes": 4_011, "amplification": {"single": 12.2, "group": None}}

    return build(lane, PretendDesk(lane), settings, told, worn)


def lane_server(lane: PretendLane, settings: PageSettings = SETTINGS) -> PageServer:
    app = lane_app(lane, settings)
    return PageServer(app, app.state.streams.end)


class Serving:
    """One server on a free port, in a thread with its own loop. Leaving ends streams and thread."""

    def __init__(self, server: PageServer) -> None:
        self._socket = listen("127.0.0.1", 0)
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.server = server
        self._thread = threading.Thread(target=lambda: asyncio.run(self.server.serve([self._socket])), daemon=True)

    def __enter__(self) -> "Serving":
        self._thread.start()
        until(lambda: self.server.started, "the server starts")
        return self

    def alive(self) -> bool:
        return self._thread.is_alive()

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self._thread.join(5)
        self._socket.close()
        assert not self._thread.is_alive(), "the server did not end"


class PretendRegion:
    """The region's Overview and its changes."""

    def __init__(self) -> None:
        self.counter = Counter()
        self.closed = False
        self.overview = overview()

    def show(self, **facts: object) -> None:
        self.overview = replace(self.overview, **facts)
        self.counter.rise()

    def close(self) -> None:
        self.closed = True
        self.counter.rise()

    async def wait(self, last: int) -> int:
        return await self.counter.wait(last)


def overview() -> Overview:
    """A region with a lane in each condition."""
    lanes = (
        LaneView("hill-road", "lane-1", "idle", "ready", 0, 0.1, 0, 1.2),
        LaneView("hill-road", "lane-2", "comparing", "look", 1, 0.1, 0, 0.4),
        LaneView("hill-road", "lane-3", "referred", "officer", 2, 0.2, 3, 0.9),
        LaneView("river-bridge", "bridge-1", "closed", "closed", 0, 0.1, 0, 1.7),
        LaneView("river-bridge", "bridge-2", "fault", "closed", 0, 40.0, 12, 1.1),
        LaneView("river-bridge", "bridge-3", "leaving", "go", 1, 0.1, 0, 24.0),
        LaneView("salt-lake", "lake-1", "idle", "ready", 0, 0.1, 5, 8000.0),
        LaneView("salt-lake", "lake-2", "unknown", "", 0, None, 0, None),
        LaneView("salt-lake", "lake-3", "evacuating", "evacuate", 0, 0.1, 0, 1.0),
    )
    referrals = (
        ReferralView("c-2", "hill-road", "lane-3", "inside", ("not-alone",), 14.0, False),
        ReferralView("c-1", "hill-road", "lane-1", "outside", ("chip-altered", "signature-invalid"), 95.0, False),
        ReferralView("c-0", "river-bridge", "bridge-1", "outside", ("document-expired",), 640.0, True),
    )
    movements = tuple(
        MovementView(
            f"2031-03-05T10:2{9 - n // 2}:1{n % 10}Z",
            "hill-road",
            f"lane-{n % 3 + 1}",
            "entry",
            outcome,
            "P",
            ("UTO", "UTO", "ARC")[n % 3],
            reasons,
        )
        for n, (outcome, reasons) in enumerate(
            [
                ("granted", ()),
                ("left", ()),
                ("referred", ("not-alone",)),
                ("left", ()),
                ("abandoned", ()),
                ("left", ()),
                ("referred", ("chip-altered", "signature-invalid")),
                ("left", ()),
            ]
        )
    )
    counts = CountsView(20412, 10233, 10190, 31, 12, 10177, 4, 0, 0, 0)
    alarms = (AlarmView("lane-2", "device-cloned", 1, 12.0), AlarmView("", "wrong-topic", 7, 4000.0))
    return Overview("north", lanes, referrals, movements, counts, alarms)


def region_app(region: PretendRegion) -> Starlette:
    return Starlette(routes=routes(lambda: region.overview, region), middleware=middleware())


class RegionServer(PageServer):
    """The gateway ends its own streams by closing its changes; so does this one."""

    def __init__(self, region: PretendRegion) -> None:
        super().__init__(region_app(region), region.close)


def until(true: Callable[[], bool], what: str, limit_s: float = 10.0) -> None:
    end = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(0.01)


def main() -> None:
    """A lane in a process of its own, to be stopped and killed: its screen is a green arrow."""
    lane = PretendLane()
    lane.sign(Sign.GO)
    asyncio.run(lane_server(lane).serve([listen("127.0.0.1", int(sys.argv[1]))]))


if __name__ == "__main__":
    main()
