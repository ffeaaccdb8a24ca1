"""A reader without a wire, and passports that can prove themselves."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

from hardware.drivers.chip import ChipLine
from icao.chip.apdu import Silent, Transceive
from simulators.chip.card import Chip
from simulators.chip.emrtd import EmrtdChip
from simulators.issuing.__main__ import holder_of
from simulators.issuing.equipping import USUAL, Mechanisms
from simulators.issuing.passports import Passport, Term, issue
from simulators.issuing.profile import Profile
from simulators.issuing.state import State

TERM = Term(date(2025, 3, 1), date(2035, 2, 28))


def modern(state: State, mechanisms: Mechanisms = USUAL, number: str = "U12345678") -> Passport:
    return issue(state, holder_of("u01"), number, TERM, profile=Profile(chip=mechanisms))


def chip_of(passport: Passport, chip_class: type[EmrtdChip] = EmrtdChip, **files: bytes | None) -> EmrtdChip:
    """With other files than the passport's, or without them."""
    changed = {name: content for name, content in {**passport.files, **files}.items() if content is not None}
    return chip_class(changed, passport.mrz_lines, os.urandom, passport.secrets)


class Plate:
    """Where documents are laid by ``lay``, and lifted after so many commands."""

    def __init__(self, *chips: Chip, lift_after: int | None = None, back: bool = True) -> None:
        self._chips, self._lift_after, self._back = list(chips), lift_after, back
        self.commands = 0
        self.heard: list[bytes] = []
        self.on_lift: Callable[[], None] = lambda: None

    def wait_present(self, limit_s: float) -> bool:
        return self.present()

    def present(self) -> bool:
        return bool(self._chips)

    @contextmanager
    def connect(self) -> Iterator[ChipLine]:
        if not self._chips:
            raise Silent("No chip lies on the reader.")
        self._chips[0].reset()
        yield ChipLine(self._carry(self._chips[0]))

    def close(self) -> None: ...

    def _carry(self, chip: Chip) -> Transceive:
        def transceive(command: bytes) -> bytes:
            if self._lift_after is not None and self.commands == self._lift_after:
                self._lift_after = None
                self._chips = self._chips[1:] or (self._chips if self._back else [])
                self.on_lift()
                raise Silent("The chip was taken away.")
            self.commands += 1
            self.heard.append(command)
            return chip.answer(command)

        return transceive
