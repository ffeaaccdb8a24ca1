"""A reader, a hand that lays documents on it, and passports to lay."""

import threading
import time
from dataclasses import dataclass
from datetime import date

from edge.inspection.inspect import Inspection, InspectionLimits, inspect
from edge.inspection.trust import TrustStore
from hardware.drivers.chip import ChipReader
from icao.mrz.zone import parse
from simulators.chip.control import Control
from simulators.issuing.__main__ import holder_of
from simulators.issuing.office import Office
from simulators.issuing.passports import Passport

TODAY = date(2026, 11, 24)
PATIENCE_S = 10.0
LIMITS = InspectionLimits(present_s=2.0, read_s=4.0)


@dataclass(slots=True)
class Desk:
    """A reader with a hand that lays documents on it."""

    reader: ChipReader
    hand: Control
    trust: TrustStore

    def lay(self, passport: Passport, fault: str | None = None) -> None:
        self.clear()
        self.hand.lay(passport.files, passport.mrz_lines, fault or passport.chip_fault, passport.secrets)

    def clear(self) -> None:
        self.hand.lift()
        deadline = time.monotonic() + PATIENCE_S
        while self.reader.present():
            assert time.monotonic() < deadline, "the reader still sees a chip that was lifted"
            time.sleep(0.01)

    def inspect(self, passport: Passport, limits: InspectionLimits = LIMITS) -> Inspection:
        printed = parse(passport.mrz_lines, TODAY)
        return inspect(printed, self.reader, self.trust, TODAY, lambda share: None, threading.Event(), limits)


def passport(office: Office, kind: str = "honest", code: str = "UTO") -> Passport:
    return office.issue(kind, holder_of("u01"), holder_of("u02"), code)
