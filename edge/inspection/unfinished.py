"""What if the document is lifted while it is read? What was read waits for it, for so long and no longer.

It is a person, so it is kept in memory only, by one post for one document, and forgotten by a timer: also when nobody
ever comes back. (Kept files are believed only after the chip has shown the same DG1 and EF.SOD again: icao/chip/kept.)
"""

import threading
from collections.abc import Sequence
from typing import Final

from icao.chip.kept import Kept
from icao.chip.passwords import Password

PUT_BACK_S: Final = 15.0  # as long as the gate asks for it (docs/gate.md, PutBack)


class Unfinished:
    """The last reading that was broken off, by what opened its chip."""

    def __init__(self, keep_s: float = PUT_BACK_S) -> None:
        self._keep_s = keep_s
        self._lock = threading.Lock()
        self._passwords: tuple[Password, ...] = ()
        self._kept: Kept | None = None
        self._timer: threading.Timer | None = None

    def take(self, passwords: Sequence[Password]) -> Kept:
        """What was read of this document. Of any other nothing, and what was kept of the last one is gone."""
        with self._lock:
            kept = self._kept if self._passwords == tuple(passwords) else None
            self._forget()
        return Kept() if kept is None else kept

    def keep(self, passwords: Sequence[Password], kept: Kept) -> None:
        with self._lock:
            self._forget()
            if not kept.files and not kept.begun:
                return
            self._passwords, self._kept = tuple(passwords), kept
            self._timer = threading.Timer(self._keep_s, self.forget)
            self._timer.daemon = True
            self._timer.start()

    def forget(self) -> None:
        with self._lock:
            self._forget()

    @property
    def empty(self) -> bool:
        with self._lock:
            return self._kept is None

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._passwords, self._kept, self._timer = (), None, None
