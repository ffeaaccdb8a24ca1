"""Where do devices knock? At a small HTTPS server of our own: four addresses, one request a connection, strict limits.

Anybody who reaches the port may knock, so nothing is read before TLS 1.3 stands, a whole exchange has ten seconds, and
what comes is bounded before it is looked at. Whoever is wrong waits longer each time.
"""

import asyncio
import json
import logging
import re
import secrets
import ssl
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final

from gateway.errors import GatewayError
from gateway.identity.authority import Authority
from gateway.identity.joining import Joining
from gateway.identity.nonces import Nonces
from gateway.identity.patience import Patience
from gateway.state import StateFolder
from gateway.store.connection import StoreFault
from messages.enrolment import (
    BODY_MAX_BYTES,
    CA_PATH,
    ENROL_PATH,
    NONCE_PATH,
    RENEW_PATH,
    BadRequest,
    read_enrol,
    read_renew,
    write,
)

log = logging.getLogger(__name__)

HEAD_MAX_BYTES: Final = 8_192
EXCHANGE_LIMIT_S: Final = 10.0
HANDSHAKE_LIMIT_S: Final = 5.0
CLOSE_LIMIT_S: Final = 1.0
AGAIN_S: Final = 5.0  # a port that somebody else holds
CONNECTIONS_MAX: Final = 64
FIRST_LINE: Final = re.compile(rb"(GET|POST) (/[a-z0-9/]{0,40}) HTTP/1\.[01]")
LENGTH: Final = re.compile(rb"content-length:[ \t]*([0-9]{1,6})[ \t]*", re.IGNORECASE)
WRONG_CODES: Final = {"claim-unknown", "claim-used", "claim-ended", "claim-elsewhere", "bad-signature"}


@dataclass(frozen=True, slots=True)
class Answer:
    status: HTTPStatus
    body: bytes
    wait_s: float = 0.0


class EnrolmentServer:
    """``serve`` until cancelled. ``now`` is the wall clock, ``clock_s`` one that never jumps."""

    def __init__(self, joining: Joining, servers_ca: Path, now: Callable[[], datetime], clock_s: Callable[[], float]):
        self._joining, self._servers_ca, self._now, self._clock_s = joining, servers_ca, now, clock_s
        self._nonces, self._patience = Nonces(secrets.token_bytes(32)), Patience()
        self._meetings: set[asyncio.Task[None]] = set()

    async def serve(self, host: str, port: int, tls: ssl.SSLContext, ready: Callable[[int], None]) -> None:
        """Raises OSError when the port cannot be had. ``ready`` is told the port."""
        server = await asyncio.start_server(
            self._meet, host, port, ssl=tls, ssl_handshake_timeout=HANDSHAKE_LIMIT_S, limit=HEAD_MAX_BYTES
        )
        try:
            ready(server.sockets[0].getsockname()[1])
            await asyncio.get_running_loop().create_future()
        finally:
            await self._close(server)

    async def _close(self, server: asyncio.Server) -> None:
        """The port first, then whoever is inside: later versions of Python wait for him."""
        server.close()
        for meeting in self._meetings:
            meeting.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await asyncio.gather(*self._meetings, return_exceptions=True)
                await server.wait_closed()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        meeting = asyncio.current_task()
        assert meeting is not None  # noqa: S101 (a server runs each in a task of its own)
        self._meetings.add(meeting)
        try:
            async with asyncio.timeout(EXCHANGE_LIMIT_S):
                if len(self._meetings) <= CONNECTIONS_MAX:
                    writer.write(_http(await self._answer(reader, str(writer.get_extra_info("peername")[0]))))
                    await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # Whoever is too slow, too long or gone gets no answer.
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(CLOSE_LIMIT_S):
                    await writer.wait_closed()
            self._meetings.discard(meeting)

    async def _answer(self, reader: asyncio.StreamReader, address: str) -> Answer:
        head = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        first, lengths = FIRST_LINE.fullmatch(head[0]), [LENGTH.fullmatch(line) for line in head[1:]]
        stated = [int(found[1]) for found in lengths if found]
        # Two lengths, or a body in chunks, mean one thing to us and another to whoever stands before us.
        if first is None or len(stated) > 1 or any(line.lower().startswith(b"transfer-") for line in head):
            return _refusal(HTTPStatus.BAD_REQUEST, "bad-request", "This is no request that is answered here.")
        size = stated[0] if stated else 0
        if size > BODY_MAX_BYTES:
            return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", "The request is too large.")
        wait_s = self._patience.wait_s(address, self._clock_s())
        if wait_s > 0:
            cure = f"Try again in {int(wait_s) + 1} s."
            return _refusal(HTTPStatus.TOO_MANY_REQUESTS, "too-many", "Too many wrong requests.", wait_s, cure)
        body = await reader.readexactly(size)
        answer = await asyncio.to_thread(self._judged, first[1].decode(), first[2].decode(), body, address)
        return answer

    def _judged(self, method: str, path: str, body: bytes, address: str) -> Answer:
        """In a thread: the store commits here."""
        try:
            content = self._content(method, path, body)
        except BadRequest as error:
            return _refusal(HTTPStatus.BAD_REQUEST, "bad-request", str(error))
        except GatewayError as error:
            if error.code in WRONG_CODES:
                self._patience.wrong(address, self._clock_s())
            log.warning("enrolment: refused (%s)", error.code)  # the code alone: names come from strangers
            return _refusal(HTTPStatus.FORBIDDEN, error.code, error.message, cure=error.cure)
        except StoreFault as fault:
            log.warning("enrolment: the store refuses (%s)", fault.code)
            return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, "bad-store", "The store cannot be written. Try again.")
        if content is None:
            return _refusal(HTTPStatus.NOT_FOUND, "bad-request", "There is nothing at this address.")
        return Answer(HTTPStatus.OK, content)

    def _content(self, method: str, path: str, body: bytes) -> bytes | None:
        now_ms = int(self._clock_s() * 1000)
        match method, path:
            case "GET", _ if path == CA_PATH:
                return self._servers_ca.read_bytes()
            case "GET", _ if path == NONCE_PATH:
                return json.dumps({"nonce": self._nonces.make(now_ms).hex()}).encode()
            case "POST", _ if path == ENROL_PATH:
                enrolled = self._joining.enrol(read_enrol(body), self._now())
                log.info("enrolment: %s of post %s is enrolled", enrolled.kid, enrolled.post)
                return write(enrolled)
            case "POST", _ if path == RENEW_PATH:
                request = read_renew(body)
                if not self._nonces.good(request.nonce, now_ms):
                    raise GatewayError("old-nonce", "The request was not made just now.", "Try again.")
                enrolled = self._joining.renew(request, self._now())
                log.info("enrolment: %s of post %s is renewed", enrolled.kid, enrolled.post)
                return write(enrolled)
            case _:
                return None


async def receive_devices(
    folder: StateFolder,
    now: Callable[[], datetime],
    rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    opened: Callable[[int], None] | None = None,
) -> None:
    """The door as ``gateway run`` opens it. A door that cannot be opened is said, once for each reason, tried again
    until it can, and stops nothing else: what devices have to tell must reach the store, whoever holds a port."""
    config, said = folder.config, ""
    if not config.enrolment:
        return
    server = EnrolmentServer(Joining(Authority(folder.state, config)), folder.servers_ca(), now, time.monotonic)
    while True:
        try:
            tls = server_tls(folder.state / "enrolment.crt", folder.secret("enrolment.key"))
            await server.serve(config.enrolment_host, config.enrolment_port, tls, opened or _say_open)
        except FileNotFoundError:
            why = "it has no certificate; run borderpost gateway init again"
        except OSError as error:
            why = f"{config.enrolment} cannot be had ({error.strerror}); it is tried again every few seconds"
        if why != said:
            log.warning("enrolment: closed, for %s", why)
        said = why
        await rest(AGAIN_S)


def _say_open(port: int) -> None:
    log.info("enrolment: devices enrol and renew at port %d", port)


def server_tls(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.3 alone. The other end proves itself by its claim or its signature, not by a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    return context


def _refusal(status: HTTPStatus, code: str, message: str, wait_s: float = 0.0, cure: str = "") -> Answer:
    error = {"code": code, "message": message, "cure": cure}
    return Answer(status, json.dumps({"error": error}).encode(), wait_s)


def _http(answer: Answer) -> bytes:
    lines = [
        f"HTTP/1.1 {answer.status.value} {answer.status.phrase}",
        f"Content-Length: {len(answer.body)}",
        "Cache-Control: no-store",
        "Connection: close",
        *([f"Retry-After: {int(answer.wait_s) + 1}"] if answer.wait_s else []),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii") + answer.body
