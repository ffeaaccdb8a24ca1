"""What if the region loses what it has acknowledged? Frames that were struck off are kept a while, to be sent again.

A region that goes on from yesterday's backup begins a new *epoch*, and its acknowledgements say so: then what is kept
here goes back into the outbox. The frames lie sealed, as they were sent, in files of some hundred, written without
sync (a few seconds of them may be missing after a power cut at this very post) and dropped whole: when they are too
old, when they take too much, and before anything else of the outbox finds no room.
"""

import errno
import json
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.outbox.rows import Whole
from edge.whole import replace
from messages.ack import Epoch

HEAD: Final = struct.Struct(">QQQ?II")  # place, last number, time, telemetry, bytes and CRC-32 of the frame
SEGMENT_BYTES: Final = 262_144
FREE_LEAST_BYTES: Final = 4_194_304  # on the disk: the rest is for what happens now
EPOCHS_REMEMBERED: Final = 16
KEPT, AGAIN, EPOCHS = "*.kept", "*.again", "epochs.json"


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long, by the clock in the frames themselves, and how much at most; 0 bytes: nothing."""

    most_ms: int = 172_800_000
    most_bytes: int = 67_108_864


TWO_DAYS: Final = Keeping()


class Kept:
    """A folder of its own. No method raises for a disk that is full or lost: the outbox itself comes first."""

    def __init__(self, folder: Path, keeping: Keeping) -> None:
        self._folder, self._keeping = folder, keeping
        self._known, self._to_go = self._epochs(), self._segments(AGAIN)
        self._segment: Path | None = None  # the one that is being written, and how large it is
        self._segment_bytes = 0
        self._newest_ms = 0
        self._turning: list[Path] = []  # segments of before the newest epoch, which do not bear their new name yet
        self._is_written = True  # are all epochs on the disk that we know?
        self.written_bytes = 0

    # --- keep ---
    def keep(self, rows: Sequence[Whole]) -> None:
        """Behind what is kept already; call it before the rows are deleted."""
        if not rows or not self._keeping.most_bytes or _free_bytes(self._folder.parent) < FREE_LEAST_BYTES:
            return
        self._newest_ms = max(self._newest_ms, *(row.time_ms for row in rows))
        try:
            if self._segment is None or self._segment_bytes >= SEGMENT_BYTES:
                self._begin_segment()
            self._append(b"".join(_written(row) for row in rows))
        except OSError:  # Full: better no copy than no room.
            self._segment = None  # What is torn ends its segment: a reader stops there.
            self.give_up()

    def _begin_segment(self) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._prune()
        number = 1 + max((int(path.stem) for path in (*self._segments(KEPT), *self._segments(AGAIN))), default=0)
        self._segment, self._segment_bytes = self._folder / f"{number:016d}.kept", 0

    def _append(self, content: bytes) -> None:
        assert self._segment is not None  # noqa: S101 (keep began one)
        descriptor = os.open(self._segment, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            if os.write(descriptor, content) != len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(descriptor)
        self._segment_bytes += len(content)
        self.written_bytes += len(content)

    def _prune(self) -> None:
        """Drop what is too old (a segment is as old as its last row) or too much, the oldest first. What is to be sent
        again counts too, and stays: the region has lost it for certain."""
        segments = self._segments(KEPT)
        size_bytes = sum(_size(path) for path in (*segments, *self._segments(AGAIN)))
        for path in segments:
            rows = _read(path) if size_bytes + SEGMENT_BYTES <= self._keeping.most_bytes else []
            if rows and rows[-1].time_ms >= self._newest_ms - self._keeping.most_ms:
                return
            size_bytes -= _size(path)
            path.unlink(missing_ok=True)

    def give_up(self) -> bool:
        """Drop the oldest segment to make room. False when there is none."""
        for path in (*self._segments(KEPT), *self._segments(AGAIN)):
            with suppress(OSError):
                path.unlink()
                self._segment = None if path == self._segment else self._segment
                return True
        return False

    # --- send again ---
    def heed(self, epoch: Epoch) -> bool:
        """The region's store is of this epoch. When that is news, all that was kept until now is to be sent again.

        Attack: an old acknowledgement, played again, bears an epoch that has passed. It is no news; and False, for what
        it names may be what the region has lost since.
        """
        if self._is_news(epoch):
            self._turning = self._segments(KEPT) if self._known else []
            self._segment = None  # What is kept from now on is of the new epoch.
            self._known, self._is_written = [*self._known, epoch][-EPOCHS_REMEMBERED:], False
        if not self._is_written:
            with suppress(OSError):  # Full: tried again with the next acknowledgement.
                self._turn()
        return not epoch.name or epoch.name == self._known[-1].name

    def _is_news(self, epoch: Epoch) -> bool:
        """Not only unheard: one of a lower number passed before it was heard here (late, or played again after more
        epochs than are remembered). Taken for the newest, it would put the true one among those that have passed."""
        if not epoch.name or epoch.name in {known.name for known in self._known}:
            return False
        return not epoch.number or epoch.number >= max((known.number for known in self._known), default=0)

    def _turn(self) -> None:
        """The names first: a cut in between has heard nothing of the epoch, and does it all again."""
        while self._turning:
            with suppress(FileNotFoundError):  # given up for its room
                self._to_go.append(self._turning[0].rename(self._turning[0].with_suffix(".again")))
            del self._turning[0]
        self._remember(self._known)
        self._is_written = True

    def again(self) -> list[Whole]:
        """The oldest rows that are to be sent again; say ``put_back`` when they stand in the outbox."""
        while self._to_go:
            if rows := _read(self._to_go[0]):
                return rows
            self.put_back()  # given up for its room, or torn by a power cut from its first row on
        return []

    def put_back(self) -> None:
        with suppress(OSError):  # Sent once more after the next start: the region knows it then.
            self._to_go.pop(0).unlink(missing_ok=True)

    def _epochs(self) -> list[Epoch]:
        try:
            return [_epoch(told) for told in json.loads((self._folder / EPOCHS).read_bytes())]
        except (OSError, ValueError, TypeError):
            return []

    def _remember(self, epochs: list[Epoch]) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        replace(self._folder / EPOCHS, json.dumps([[epoch.name, epoch.number] for epoch in epochs]).encode())

    def _segments(self, pattern: str) -> list[Path]:
        try:
            return sorted(self._folder.glob(pattern))
        except OSError:  # What cannot be listed is not sent again; the outbox itself works on.
            return []


def _epoch(told: object) -> Epoch:
    match told:
        case [str() as name, int() as number]:
            return Epoch(name, number)
        case _:  # written by a release that knew no numbers
            return Epoch(str(told))


def _written(row: Whole) -> bytes:
    crc = zlib.crc32(row.frame)
    return HEAD.pack(row.place, row.last, row.time_ms, row.telemetry, len(row.frame), crc) + row.frame


def _read(path: Path) -> list[Whole]:
    try:
        return list(_rows(path.read_bytes()))
    except OSError:
        return []


def _rows(content: bytes) -> Iterator[Whole]:
    """Up to the first row that is not whole: what a power cut left behind it cannot be told from noise."""
    at = 0
    while at + HEAD.size <= len(content):
        place, last, time_ms, telemetry, size_bytes, crc = HEAD.unpack_from(content, at)
        at += HEAD.size
        frame = content[at : at + size_bytes]
        if len(frame) != size_bytes or zlib.crc32(frame) != crc:
            return
        yield Whole(place, last, time_ms, telemetry, frame)
        at += size_bytes


def _free_bytes(folder: Path) -> int:
    try:
        disk = os.statvfs(folder)
    except OSError:
        return 0
    return disk.f_bavail * disk.f_frsize


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
