"""How does a gate's camera behave that isn't there? It answers each asking byte with the next frame of its scene.

The scene is what stands before it now; whoever walks people through the lane changes it with ``show``.
"""

import asyncio
import time

from hardware.wires.frames import ASK, encode_frame
from simulators.camera.scenes import Kind, Scene, frames_of

FRAMES_PER_S = 12
CONNECTIONS_LIMIT = 4


class CameraSim:
    """One camera on a loopback port (0: any free one). ``start`` it in an event loop and ``close`` it."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._scene = Scene()
        self._counter = 0
        self._last: tuple[int, int, bytes] | None = None  # what a frozen camera goes on showing
        self._due_s = 0.0
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "CameraSim":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def url(self) -> str:
        """What the edge's config holds for this camera."""
        return f"frames://127.0.0.1:{self._port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Hang up and free the port."""
        if self._server is None:
            return
        self._server.close()
        self._hang_up()
        await self._server.wait_closed()
        self._server = None

    def show(self, citizen_id: str = "", kind: Kind = Kind.LIVE, beside_id: str = "") -> None:
        """From now on this person is seen (``beside_id`` for two); ``show(kind=Kind.NOBODY)`` empties the gate."""
        self._scene = Scene(kind, citizen_id, beside_id)
        if kind is Kind.DEAD:
            self._hang_up()

    def _hang_up(self) -> None:
        for line in self._lines:
            line.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._scene.kind is Kind.DEAD or len(self._lines) >= CONNECTIONS_LIMIT:
            writer.transport.abort()
            return
        self._lines.add(writer)
        try:
            while await reader.read(1) == ASK:
                writer.write(await self._next_frame())
                await writer.drain()
        except ConnectionError:  # The post went away, or the camera is dead: both are stories told here.
            return
        finally:
            self._lines.discard(writer)
            writer.close()

    async def _next_frame(self) -> bytes:
        await self._pace()
        # Drawing a scene takes a while: a thread does it, and what was shown meanwhile is drawn again.
        scene = self._scene
        frames = await asyncio.to_thread(frames_of, scene)
        while scene is not self._scene:
            scene = self._scene
            frames = await asyncio.to_thread(frames_of, scene)
        if scene.kind is not Kind.FROZEN or self._last is None:
            self._counter += 1
            self._last = (self._counter, time.monotonic_ns(), frames[self._counter % len(frames)])
        return encode_frame(*self._last)

    async def _pace(self) -> None:
        """A sensor exposes at its own rate, however often it is asked."""
        now_s = asyncio.get_running_loop().time()
        self._due_s = max(now_s, self._due_s + 1 / FRAMES_PER_S)
        await asyncio.sleep(self._due_s - now_s)
