"""A document as the lane knows it: parsed once, trusted inside, silent in a log."""

from dataclasses import dataclass

from icao.checks import Check, Result, overall
from icao.mrz.zone import Mrz


@dataclass(frozen=True, slots=True, repr=False)
class Document:
    """What inspection found. ``mrz`` is the chip's DG1; ``portrait`` the image bytes of DG2 (JPEG or JPEG 2000)."""

    mrz: Mrz
    portrait: bytes
    checks: tuple[Check, ...]

    @property
    def result(self) -> Result:
        return overall(self.checks)

    def __repr__(self) -> str:  # No name, number or portrait in a log.
        return f"Document({self.result.value})"
