"""How does a page reader behave that isn't there? It holds the far end of a pty; ``folder/tty`` is its cable.

Everything it can do wrong on purpose is a method: noise, half an MRZ, a pulled plug.
"""

import asyncio
import os
import tty
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from hardware.wires.page_reader import Laid, Lifted, Lines, Profile, encode

READING_S = 0.3  # from the document touching the glass to its lines: what makers' readers take
BACKLOG_LIMIT_BYTES = 4 * 1024 * 1024  # Beyond this a real line has long lost the bytes.


class ReaderSim:
    """One reader. Use it within a running event loop and ``close`` it, or as a context manager.

    >>> async def lay_one(folder):
    ...     with ReaderSim(folder) as reader:
    ...         reader.lay(("P<UTO...", "..."))
    """

    def __init__(self, folder: Path, profile: Profile = "framed", reading_s: float = READING_S) -> None:
        self.cable = folder / "tty"
        self.reading_s = reading_s
        self._profile: Profile = profile
        self._loop = asyncio.get_running_loop()
        self._backlog = bytearray()
        self._master: int | None = None
        self._slave: int | None = None  # Held open, so that the line keeps its manners while no reader has it.
        self._reading: asyncio.TimerHandle | None = None
        self.plug()

    def __enter__(self) -> "ReaderSim":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """What the edge's config holds for this reader."""
        return str(self.cable)

    # --- what people do to it ---
    def lay(self, lines: Sequence[str]) -> None:
        """Lay a document down: presence at once, its lines after ``reading_s``."""
        self._stop_reading()
        self._say(encode(Laid(), self._profile))
        whole = encode(Lines(tuple(lines)), self._profile)
        self._reading = self._loop.call_later(self.reading_s, self._say, whole)

    def lift(self) -> None:
        """Take the document away. Lines that were still to come do not come."""
        self._stop_reading()
        self._say(encode(Lifted(), self._profile))

    # --- what goes wrong with it ---
    def half_line(self, lines: Sequence[str]) -> None:
        """Lay a document down whose reading breaks off in the middle of its first line."""
        self._stop_reading()
        self._say(encode(Laid(), self._profile) + encode(Lines(tuple(lines)), self._profile)[: len(lines[0]) // 2])

    def noise(self, noise: bytes) -> None:
        self._say(noise)

    def unplug(self) -> None:
        """Pull the cable: the device's file vanishes, and whoever has it open gets an error."""
        self._stop_reading()
        with suppress(FileNotFoundError):  # Unplugged twice is unplugged.
            self.cable.unlink()
        if self._master is not None and self._slave is not None:
            self._loop.remove_writer(self._master)
            os.close(self._master)
            os.close(self._slave)
        self._master = self._slave = None
        self._backlog.clear()

    def plug(self) -> None:
        """Put the cable in (again): a new line at the same place."""
        self.unplug()
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        aside = self.cable.with_name(f".{self.cable.name}.new")
        aside.unlink(missing_ok=True)
        aside.symlink_to(os.ttyname(self._slave))
        aside.replace(self.cable)

    def close(self) -> None:
        self.unplug()

    # --- the line ---
    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _say(self, said: bytes) -> None:
        if self._master is None:  # An unplugged reader talks to nobody.
            return
        room = BACKLOG_LIMIT_BYTES - len(self._backlog)
        self._backlog += said[:room]
        self._drain(self._master)

    def _drain(self, master: int) -> None:
        """Write what the line takes now; come back when it takes more."""
        try:
            while self._backlog:
                del self._backlog[: os.write(master, self._backlog[:4096])]
            self._loop.remove_writer(master)
        except BlockingIOError:
            self._loop.add_writer(master, self._drain, master)
