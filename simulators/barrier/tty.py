"""A serial cable between two programs: a pty with a stable name, that can be pulled out, put back and disturbed."""

import asyncio
import contextlib
import os
import random
import socket
import termios
import tty
from pathlib import Path

RECEIVE_bytes = 4096


class Cable:
    """Bytes from ``board`` (a socket) come out of ``path`` (a tty), and the other way round.

    Pulled out, the path is gone and whoever has it open gets a hang-up, as with a USB serial adapter.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.corrupt_rate = 0.0  # the share of bytes that are changed on the way, in both directions
        self._board: socket.socket | None = None
        self._ends: tuple[int, int] | None = None
        self._chance = random.Random(1)

    def plug(self) -> None:
        if self._ends is not None:
            return
        near, far = os.openpty()
        tty.setraw(far, termios.TCSANOW)
        os.set_blocking(near, False)
        fresh = self.path.with_name(self.path.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(far))
        fresh.replace(self.path)
        # We hold the far end as well: without anybody there, reading the near one would fail for ever.
        self._ends = near, far
        asyncio.get_running_loop().add_reader(near, self._from_edge, near)

    def unplug(self) -> None:
        if self._ends is None:
            return
        near, far = self._ends
        asyncio.get_running_loop().remove_reader(near)
        self.path.unlink(missing_ok=True)
        os.close(far)
        os.close(near)
        self._ends = None

    def connect(self, board: socket.socket) -> None:
        board.setblocking(False)
        self._board = board
        asyncio.get_running_loop().add_reader(board, self._from_board, board)

    def disconnect(self) -> None:
        if self._board is not None:
            asyncio.get_running_loop().remove_reader(self._board)
            self._board.close()
            self._board = None

    def _from_edge(self, near: int) -> None:
        with contextlib.suppress(BlockingIOError):
            received = os.read(near, RECEIVE_bytes)
            if self._board is not None:
                # What a board does not take, or is not there to take, is gone.
                with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
                    self._board.send(self._disturbed(received))

    def _from_board(self, board: socket.socket) -> None:
        try:
            received = board.recv(RECEIVE_bytes)
        except (BlockingIOError, ConnectionResetError):
            received = b""
        if not received:
            asyncio.get_running_loop().remove_reader(board)
            return
        if self._ends is not None:
            with contextlib.suppress(BlockingIOError):
                os.write(self._ends[0], self._disturbed(received))

    def _disturbed(self, sent: bytes) -> bytes:
        if not self.corrupt_rate:
            return sent
        return bytes(
            byte ^ self._chance.randrange(1, 256) if self._chance.random() < self.corrupt_rate else byte
            for byte in sent
        )
