"""How much of a reading is done? A share of 1 by bytes that never goes back, not even when the document is put back."""

from collections.abc import Callable, Iterable
from typing import Final

from icao.chip.kept import Kept
from icao.lds.files import EF_COM, EF_DG1, EF_SOD, ElementaryFile, data_group

# What a file holds before it is known, so that the progress shown is roughly true.
EXPECTED_BYTES: Final = {"COM": 30, "DG1": 95, "SOD": 2_000, "DG2": 16_000, "DG3": 12_000, "DG14": 400, "DG15": 300}
EXPECTED_OTHER_BYTES: Final = 1_000


class Gauge:
    """``progress`` hears what ``kept`` remembers."""

    def __init__(self, kept: Kept, progress: Callable[[float], None]) -> None:
        self._kept, self._progress = kept, progress
        self._sizes: dict[str, int] = {}
        self._done: dict[str, int] = {}
        self.expect((EF_COM, EF_DG1, EF_SOD, data_group(2)))

    def expect(self, files: Iterable[ElementaryFile]) -> None:
        for file in files:
            expected = EXPECTED_BYTES.get(file.name, EXPECTED_OTHER_BYTES)
            self._sizes.setdefault(file.name, len(self._kept.files.get(file.name, b"")) or expected)
            self._done.setdefault(file.name, len(self._kept.files.get(file.name, b"")))

    def tell(self, file: ElementaryFile, done: int, size: int) -> None:
        self._done[file.name], self._sizes[file.name] = done, size
        self._show(min(1.0, sum(self._done.values()) / sum(self._sizes.values())))

    def done(self) -> None:
        self._show(1.0)

    def _show(self, share: float) -> None:
        self._kept.shown = max(self._kept.shown, share)
        self._progress(self._kept.shown)
