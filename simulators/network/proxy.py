"""A TCP wire with faults: slow, narrow, deaf, torn or lying, changed while it runs. Works under TLS, needs no root."""

import asyncio
import contextlib
import random
import socket
import struct
from dataclasses import dataclass

CHUNK_BYTES = 65_536
HOLE_POLL_S = 0.02
CONNECT_LIMIT_S = 5.0


@dataclass(slots=True)
class Faults:
    """What is wrong with the wire at this moment; set the fields while it runs."""

    latency_s: float = 0.0  # each way, per chunk
    rate_bytes_s: float = 0.0  # 0: as fast as it goes
    slice_bytes: int = 0  # 0: whole chunks
    hole: bool = False  # both ways fall silent, connections stay up
    up_hole: bool = False  # only what the client sends falls silent
    down_hole: bool = False  # only what the server sends falls silent
    refuse: bool = False  # new connections are reset at once
    flip: float = 0.0  # chance that one bit of a chunk is turned


class Proxy:
    """Listens on loopback and pumps to ``upstream``. All methods belong to the event loop it was started in."""

    def __init__(self, upstream_port: int, upstream_host: str = "127.0.0.1", seed: int = 0) -> None:
        self.faults = Faults()
        self.port = 0
        self.connections = 0  # ever accepted
        self._upstream = (upstream_host, upstream_port)
        self._chance = random.Random(seed)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, port: int = 0) -> int:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    def point_at(self, port: int) -> None:
        """Where new connections lead from now on."""
        self._upstream = (self._upstream[0], port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._tear()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    async def cut(self) -> None:
        """Tear every connection (with a reset, as a dying radio does) and refuse new ones until ``heal``."""
        self.faults.refuse = True
        self._tear()
        await asyncio.sleep(0)

    async def heal(self) -> None:
        """The wire is as good as new. Torn connections stay torn: their owners connect again."""
        self.faults = Faults()
        await asyncio.sleep(0)

    def _tear(self) -> None:
        for writer in list(self._writers):
            _reset(writer)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (a stream callback always runs in a task)
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            if self.faults.refuse:
                _reset(writer)
            else:
                self.connections += 1
                await self._carry(reader, writer)
        except asyncio.CancelledError:
            _reset(writer)  # ``stop``: the task ends here, and asyncio 3.11 would report a cancelled one as an error
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                far_reader, far_writer = await asyncio.open_connection(*self._upstream)
        except (OSError, TimeoutError):
            _reset(writer)
            return
        self._writers.add(far_writer)
        up = asyncio.create_task(self._pump(reader, far_writer, up=True))
        down = asyncio.create_task(self._pump(far_reader, writer, up=False))
        try:
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for task in (up, down):
                task.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
            self._writers.discard(far_writer)
            _reset(far_writer)
            _reset(writer)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            while self._silent(up):  # noqa: ASYNC110 (the faults are plain fields that anybody may set)
                await asyncio.sleep(HOLE_POLL_S)
            if self.faults.latency_s:
                await asyncio.sleep(self.faults.latency_s)
            if self._chance.random() < self.faults.flip:
                chunk = self._turn_one_bit(chunk)
            await self._pass_on(chunk, writer)
        with contextlib.suppress(OSError):  # The other side may have gone already; then there is nothing to half-close.
            writer.write_eof()

    async def _pass_on(self, chunk: bytes, writer: asyncio.StreamWriter) -> None:
        size = self.faults.slice_bytes or len(chunk)
        for start in range(0, len(chunk), size):
            piece = chunk[start : start + size]
            writer.write(piece)
            await writer.drain()
            if self.faults.rate_bytes_s:
                await asyncio.sleep(len(piece) / self.faults.rate_bytes_s)

    def _silent(self, up: bool) -> bool:
        return self.faults.hole or (self.faults.up_hole if up else self.faults.down_hole)

    def _turn_one_bit(self, chunk: bytes) -> bytes:
        turned = bytearray(chunk)
        turned[self._chance.randrange(len(turned))] ^= 1 << self._chance.randrange(8)
        return bytes(turned)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN: the far end learns at once, and nothing lingers in the kernel."""
    wire: socket.socket | None = writer.get_extra_info("socket")
    if wire is not None and not writer.transport.is_closing():
        with contextlib.suppress(OSError):  # The kernel may have closed it already; then it is torn as wished.
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
