"""How the simulated people see the pages: a small HTTP client for loopback, and a reader of server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any  # JSON from the pages

LINE_LIMIT_BYTES = 1 << 20
ANSWER_LIMIT_S = 5.0


class Unreachable(Exception):
    """Nobody answers at this address (yet)."""


async def get(port: int, path: str, headers: Mapping[str, str] | None = None) -> Any:
    """The JSON at a loopback address. Raises Unreachable."""
    return await _ask("GET", port, path, headers or {})


async def post(port: int, path: str, headers: Mapping[str, str] | None = None) -> Any:
    return await _ask("POST", port, path, {"Content-Length": "0", **(headers or {})})


async def answers(port: int) -> bool:
    """Is somebody there, and well?"""
    try:
        await get(port, "/healthz")
    except Unreachable:
        return False
    return True


async def _ask(method: str, port: int, path: str, headers: Mapping[str, str]) -> Any:
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=LINE_LIMIT_BYTES)
            try:
                writer.write(_request(method, port, path, {**headers, "Connection": "close"}))
                head = await reader.readuntil(b"\r\n\r\n")
                status = int(head.split(b" ", 2)[1])
                body = await _body(reader, head)
            finally:
                writer.close()
    except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
        raise Unreachable(f"port {port}") from error
    if status >= 400:
        raise Unreachable(f"port {port} answers {status} to {path.split('?')[0]}")
    return json.loads(body) if body.startswith((b"{", b"[")) else body.decode()


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    if b"transfer-encoding: chunked" not in head.lower():
        return await reader.read()
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    return body


def _request(method: str, port: int, path: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *(f"{k}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def events(
    port: int, path: str, name: str, headers: Mapping[str, str] | None = None
) -> AsyncIterator[dict[str, Any]]:
    """The events of one name from a stream, for as long as it lasts. Raises Unreachable when it cannot be opened."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=LINE_LIMIT_BYTES)
    except OSError as error:
        raise Unreachable(f"port {port}") from error
    try:
        writer.write(_request("GET", port, path, {"Accept": "text/event-stream", **(headers or {})}))
        event = ""
        while line := await reader.readline():
            field, _, value = line.decode().rstrip("\r\n").partition(": ")
            if field == "event":
                event = value
            elif field == "data" and event == name:
                yield json.loads(value)
    except (OSError, asyncio.IncompleteReadError):
        return
    finally:
        writer.close()
