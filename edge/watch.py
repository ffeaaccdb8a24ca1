"""Which devices went, and which came back? Those that say nothing by themselves are looked at from time to time."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from edge.face.client import FaceProcess
from edge.gate.events import DeviceBack, DeviceLost, Event
from edge.outbox.errors import Obstacle
from edge.outbox.outbox import Outbox
from edge.records import Records
from hardware.drivers.chip import ChipReader, ReaderLost

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0
CHIP_EVERY_S: Final = 2.0
FEEL_EVERY_S: Final = 0.2
FACE_STARTS_S: Final = 10.0  # models are loading: no alarm yet; a comparison waits for them within its own limit
BEHIND_MAX_EVENTS: Final = 200
BEHIND: Final = Obstacle(
    "outbox-full", "More happens here than the disk can write: look at the devices and the storage."
)
STORES: Final = {"disk-full": "disk", "outbox-full": "outbox", "outbox-broken": "store"}


@dataclass(slots=True)
class Watch:
    """One device, told to the gate when it goes or comes."""

    device: str
    tell: Callable[[Event], None]
    lost: bool = False

    def see(self, *, lost: bool) -> None:
        if lost != self.lost:
            self.lost = lost
            self.tell(DeviceLost(self.device) if lost else DeviceBack(self.device))


@dataclass(slots=True)
class Watches:
    """``run`` looks for ever; ``camera`` is told by the face process itself."""

    tell: Callable[[Event], None]
    outbox: Outbox
    records: Records
    chip: ChipReader
    face: FaceProcess | None = None
    began_s: float = field(default_factory=time.monotonic)
    camera: Watch = field(init=False)
    matcher: Watch = field(init=False)
    chip_reader: Watch = field(init=False)
    stores: dict[str, Watch] = field(init=False)

    def __post_init__(self) -> None:
        self.camera, self.matcher = Watch("camera", self.tell), Watch("face", self.tell)
        self.chip_reader = Watch("chip-reader", self.tell)
        self.stores = {code: Watch(device, self.tell) for code, device in STORES.items()}

    async def run(self) -> None:
        chip_due_s = 0.0
        while True:
            self._see_store(await asyncio.to_thread(self.outbox.obstacle) or self._behind())
            now_s = time.monotonic()
            starting = now_s < self.began_s + FACE_STARTS_S
            self.matcher.see(lost=(self.face is None or self.face.ready is None) and not starting)
            if now_s >= chip_due_s:
                chip_due_s = now_s + CHIP_EVERY_S
                self.chip_reader.see(lost=await asyncio.to_thread(self._chip_is_lost))
            await asyncio.sleep(LOOK_EVERY_S)

    async def feel(self, lies: Callable[[], bool], lifted: Callable[[], None]) -> None:
        """A page reader without presence does not say when a document is lifted: its chip's absence does."""
        seen = False
        while True:
            there = lies() and await asyncio.to_thread(self._chip_is_there)
            if seen and not there:
                lifted()
            seen = there
            await asyncio.sleep(FEEL_EVERY_S)

    def _behind(self) -> Obstacle | None:
        """A reader that babbles makes visits faster than a disk can sync: nobody new until what happened is written."""
        return BEHIND if self.records.behind > BEHIND_MAX_EVENTS else None

    def _see_store(self, obstacle: Obstacle | None) -> None:
        for code, watch in self.stores.items():
            lost = obstacle is not None and obstacle.code == code
            if lost and not watch.lost and obstacle is not None:
                log.error("%s", obstacle.sentence)
            watch.see(lost=lost)

    def _chip_is_lost(self) -> bool:
        try:
            self.chip.present()
        except ReaderLost as error:
            if not self.chip_reader.lost:
                log.warning("%s", error)
            return True
        return False

    def _chip_is_there(self) -> bool:
        try:
            return self.chip.present()
        except ReaderLost:
            return False
