"""How long does an inspection go on? Until its limits, or until somebody says stop."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hardware.drivers.chip import ChipReader
from icao.chip.apdu import Silent, Transceive
from icao.tlv import Garbled

SLICE_S: Final = 0.25  # how long a wait may go on after somebody said stop
LOOK_S: Final = 0.05
SUDDEN_S: Final = 0.3  # a chip that was taken away is missed at once; a dead one only at the limit of its answer


@dataclass(frozen=True, slots=True)
class InspectionLimits:
    """How long an inspection may take. All of it fits into the gate's limit for reading."""

    present_s: float = 3.0  # from the printed zone to a chip in the field
    read_s: float = 8.0  # a chip that answers each command just in time must not hold the lane for an hour
    notice_s: float = 1.0  # a reader may show a chip that has just gone
    return_s: float = 2.0  # a document that slipped off the reader may come back while nobody else has noticed


class Patience:
    """Of one inspection. ``stop`` may be set from any thread."""

    def __init__(self, stop: threading.Event, limits: InspectionLimits) -> None:
        self.stop, self.limits = stop, limits
        self._deadline_s: float | None = None

    def wait_present(self, chip: ChipReader, limit_s: float) -> bool:
        return any(chip.wait_present(slice_s) for slice_s in self._slices(limit_s))

    def gone(self, chip: ChipReader) -> bool:
        """The chip fell silent: does the reader notice that it has been taken away?"""
        for slice_s in self._slices(self.limits.notice_s):
            if not chip.present():
                return True
            self.stop.wait(min(slice_s, LOOK_S))
        return False

    def talk(self) -> "Talk":
        """The account of time is one, however often the document is put back."""
        if self._deadline_s is None:
            self._deadline_s = time.monotonic() + self.limits.read_s
        return Talk(self.stop, self._deadline_s)

    def _slices(self, limit_s: float) -> Iterator[float]:
        end_s = time.monotonic() + limit_s
        while not self.stop.is_set() and (left_s := end_s - time.monotonic()) > 0:
            yield min(SLICE_S, left_s)


class Talk:
    """Carries APDUs as long as there is time and nobody said stop; ``quickest_s`` is the shortest answer's time."""

    def __init__(self, stop: threading.Event, deadline_s: float) -> None:
        self._stop, self._deadline_s = stop, deadline_s
        self.quickest_s = float("inf")
        self.sudden = True  # the last answer did not come, and that was known at once

    def through(self, transceive: Transceive) -> Transceive:
        def limited(command: bytes) -> bytes:
            if self._stop.is_set():
                raise Silent("The reading was stopped.")
            began_s = time.monotonic()
            if began_s > self._deadline_s:
                raise Garbled("the chip takes longer than any chip may")
            try:
                answer = transceive(command)
            finally:
                took_s = time.monotonic() - began_s
                self.sudden = took_s < SUDDEN_S
            self.quickest_s = min(self.quickest_s, took_s)
            return answer

        return limited
