"""How does a page hear of changes? By server-sent events: the latest state only, and a ping every two seconds."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

PING_EVERY_S = 2.0  # a page that hears nothing for three of these calls itself stale
SEND_LIMIT_S = 10.0  # a reader that takes nothing for so long is dropped
READERS_LIMIT = 32  # open streams of one app
RETRY_MS = 1000  # a browser that lost the stream comes back after so long

Watchers = list[asyncio.Task[bool]]  # done when the reader has gone, or when all streams are to end

HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]


def event(name: str, data: Mapping[str, object] | int, seq: int) -> bytes:
    """One event on the wire. JSON leaves no raw newline, so no value can forge a second event behind its own.

    >>> event("screen", {"lane": "x\\n\\ndata: forged"}, 7)
    b'id: 7\\nevent: screen\\ndata: {"lane":"x\\\\n\\\\ndata: forged"}\\n\\n'
    """
    return f"id: {seq}\nevent: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode("ascii")


def ping(seq: int) -> bytes:
    """A comment for proxies, and an event for the page, which never sees a comment."""
    return b": ping\n\n" + event("ping", seq, seq)


@dataclass(slots=True)
class Streams:
    """The open streams of one app: how many there are, and the word that ends them all."""

    readers: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self) -> None:
        """Close every stream now. A server waits for its streams for ever otherwise."""
        self.ended.set()


@dataclass(frozen=True, slots=True)
class Topic:
    """What one stream tells: ``wait`` as in the Protocols, ``snapshot`` the state to send under change ``seq``."""

    name: str
    wait: Callable[[int], Coroutine[None, None, int]]
    snapshot: Callable[[int], Mapping[str, object]]
    # True: the snapshot goes out with every ping as well, for what changes by age alone.
    repeat: bool = False
    pace_s: float = 0.0  # at most one snapshot in so long; what happened between is in the next one


@dataclass(frozen=True, slots=True)
class EventStream:
    """An ASGI response that lives until its reader leaves, stops reading, or ``Streams.end`` is called."""

    streams: Streams
    topic: Topic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.streams.readers >= READERS_LIMIT or self.streams.ended.is_set():
            full = PlainTextResponse("Too many pages are open on this device; close some.\n", status_code=503)
            await full(scope, receive, send)
            return
        self.streams.readers += 1
        watchers: Watchers = [asyncio.create_task(_gone(receive)), asyncio.create_task(_over(self.streams.ended))]
        try:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await self._tell(send, watchers)
        finally:
            self.streams.readers -= 1
            await _cancel(watchers)

    async def _tell(self, send: Send, watchers: Watchers) -> None:
        seq = -1
        await _write(send, f"retry: {RETRY_MS}\n\n".encode())
        while not any(watcher.done() for watcher in watchers):
            following = await self._next(seq, watchers)
            if following is not None:
                seq = following
                await _write(send, event(self.topic.name, self.topic.snapshot(seq), seq))
                if self.topic.pace_s:
                    await asyncio.wait(watchers, timeout=self.topic.pace_s, return_when=asyncio.FIRST_COMPLETED)
            elif not any(watcher.done() for watcher in watchers):
                again = event(self.topic.name, self.topic.snapshot(seq), seq) if self.topic.repeat else b""
                await _write(send, again + ping(seq))
        await _write(send, b"", more=False)

    async def _next(self, seq: int, watchers: Watchers) -> int | None:
        """The next change, or None when the ping is due or the stream is over."""
        change = asyncio.create_task(self.topic.wait(seq))
        try:
            await asyncio.wait([change, *watchers], timeout=PING_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
            return change.result() if change.done() else None
        finally:
            await _cancel([change])


async def _write(send: Send, body: bytes, *, more: bool = True) -> None:
    # A slow reader would make the server keep its bytes: it is dropped, and comes back for the latest state.
    async with asyncio.timeout(SEND_LIMIT_S):
        await send({"type": "http.response.body", "body": body, "more_body": more})


async def _gone(receive: Receive) -> bool:
    while (await receive())["type"] != "http.disconnect":
        pass
    return True


async def _over(ended: asyncio.Event) -> bool:
    return await ended.wait()


async def _cancel(tasks: Sequence[asyncio.Task[int]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
