"""The lane's hand: what was begun for one traveller never writes into the next one's crossing."""

import asyncio
import threading
from datetime import UTC, date, datetime
from pathlib import Path

from edge.board import Board, Buttons
from edge.decision.verdict import Verdict
from edge.face.client import FaceProcess, FaceSettings
from edge.gate.effects import Decide, RaiseAlarm
from edge.gate.events import Decided, Event
from edge.inspection.document import Document
from edge.inspection.inspect import Inspection
from edge.lane import Lane, Page
from edge.outbox.clock import Stamp
from edge.outbox.outbox import Outbox
from edge.outbox.sealer import Sealer
from edge.records import Records
from hardware.drivers.barrier import BarrierClient
from icao.mrz.zone import parse
from messages.events import Clock
from messages.keys import DeviceKey, RegionKey
from messages.topics import Channel, Topic

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LINES = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
LIMIT_S = 10.0


def document() -> Document:
    return Document(parse(LINES, NOW.date()), b"", ())


def lane(outbox: Outbox, decide: "Rules") -> Lane:
    def inspect(printed: object, stop: object) -> Inspection:
        return Inspection(None, (), {})

    return Lane(
        inspect=inspect,
        decide=decide,
        face=FaceProcess(FaceSettings("frames://127.0.0.1:1", 0.5)),
        barrier=BarrierClient("/dev/null", bytes(32), lambda event: None),
        records=Records(outbox, "entry", 1, lambda: Stamp(NOW, 1, Clock.SYNCED), lambda: date(2026, 11, 24)),
        board=Board("gate-1", Buttons(lambda: None, lambda: None), asyncio.get_running_loop().time),
        now=lambda: NOW,
    )


class Rules:
    """The first one asked thinks until it is let go; each answers with a version of its own."""

    def __init__(self) -> None:
        self.asked, self.go = 0, threading.Event()

    def __call__(self, asked: Document) -> Verdict:
        self.asked += 1
        mine = self.asked
        if mine == 1:
            assert self.go.wait(LIMIT_S)
        return Verdict((), f"rules-{mine}", ())


def test_a_late_verdict_stays_with_the_traveller_for_whom_it_was_asked(tmp_path: Path) -> None:
    key, region = DeviceKey.generate("gate-1"), RegionKey.generate("region-1")
    topic = Topic("utopia", "north-bridge", "gate-1", Channel.EVT)
    outbox = Outbox.open(tmp_path / "outbox.db", Sealer(topic, key, region.public))

    async def story() -> None:
        rules, told = Rules(), asyncio.Queue[tuple[Event, int | None]]()
        hand = lane(outbox, rules)
        hand.report = lambda event, visit: told.put_nowait((event, visit))
        hand.begin(Decide(document()), 1)
        while not rules.asked:  # noqa: ASYNC110  # a thread, not the loop, will ask
            await asyncio.sleep(0.01)
        hand.begin(Decide(document()), 2)
        assert await told.get() == (Decided(admit=True, reasons=()), 2)
        rules.go.set()
        assert await told.get() == (Decided(admit=True, reasons=()), 1)
        assert hand.crossing.verdict is not None
        assert (hand.crossing.visit, hand.crossing.verdict.rules_version) == (2, "rules-2")
        await hand.drain()

    asyncio.run(asyncio.wait_for(story(), LIMIT_S))
    outbox.close()


def test_a_flood_of_forged_words_to_the_barrier_does_not_fill_the_outbox(tmp_path: Path) -> None:
    key, region = DeviceKey.generate("gate-1"), RegionKey.generate("region-1")
    topic = Topic("utopia", "north-bridge", "gate-1", Channel.EVT)
    outbox = Outbox.open(tmp_path / "outbox.db", Sealer(topic, key, region.public))

    async def story() -> None:
        hand = lane(outbox, Rules())
        for code in ("link-forged", "tailgating", "link-forged", "link-forged", "tailgating"):
            hand.begin(RaiseAlarm(code), 1)
        await hand.drain()

    asyncio.run(asyncio.wait_for(story(), LIMIT_S))
    assert outbox.produced() == 3
    outbox.close()


def test_a_page_shows_nobody() -> None:
    async def story() -> None:
        page = Page(lines=asyncio.get_running_loop().create_future())
        assert page.lines is not None
        page.lines.set_result(LINES)
        assert "ERIKSSON" not in repr(page)

    asyncio.run(story())
