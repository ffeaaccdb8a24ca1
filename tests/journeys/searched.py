"""Where could a traveller stand? Everything that a post publishes, shows and keeps, in bytes by place."""

import asyncio
import contextlib
import os
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime

import aiomqtt

from gateway.links.broker_link import client_tls
from icao.mrz.zone import parse
from simulators.lane.cast import Part
from simulators.lane.folders import REGION
from simulators.lane.post import Post

Places = dict[str, bytes]
GATEWAY_PATHS = ("/", "/healthz", "/api/v1/counts", "/api/v1/events?after=0&limit=1000", "/api/v1/gaps")
EDGE_PATHS = ("/", "/healthz", "/api/v1/lane", "/api/v1/metrics", "/officer")
ANSWER_LIMIT_S = 5.0


def secrets_of(part: Part) -> set[bytes]:
    """What must be found nowhere: name, number, birth date, the printed zone, and a piece of the portrait."""
    mrz = parse(part.passport.mrz_lines, datetime.now(UTC).date())
    born = part.passport.mrz_lines[1][13:20]  # with its check digit: six digits alone stand in any long number
    texts = (mrz.surname, mrz.given_names, part.passport.number, mrz.birth_date, born)
    portrait = part.passport.files["DG2"]
    return {text.encode() for text in texts} | {portrait[len(portrait) // 2 :][:24]}


def found(places: Places, secrets: set[bytes]) -> list[str]:
    """The places where one of these stands, in capitals or not."""
    return sorted(place for place, text in places.items() if any(one in text or one in text.upper() for one in secrets))


async def published(post: Post, story: Callable[[], Awaitable[None]]) -> Places:
    """Topics, properties and payloads, as the broker hands them on: heard in the place of the gateway."""
    await post.gateway.stop()
    folder = post.settings.state / "gateway"
    tls = client_tls(folder / "servers-ca.crt", folder / "gateway-1.crt", folder / "secrets" / "gateway-1.key")
    heard: Places = {}

    async def hear(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            beside = str(message.properties).encode()
            heard[f"{message.topic} {len(heard)}"] = str(message.topic).encode() + beside + message.payload

    async with aiomqtt.Client("127.0.0.1", post.broker.port, identifier="gateway-1", tls_context=tls) as client:
        await client.subscribe([(f"bp/1/{REGION}/+/+/{kind}", 1) for kind in ("evt", "tel", "res")])
        hearing = asyncio.ensure_future(hear(client))
        try:
            await story()
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
    await post.gateway.start()
    return heard


@contextlib.asynccontextmanager
async def streamed(post: Post) -> AsyncIterator[Places]:
    """What the streams of all pages say meanwhile."""
    said: Places = {}
    key = {"Authorization": f"Bearer {post.officer_key()}"}
    streams = (
        (post.gateway_port, "/events", {}),
        (post.display_port, "/events", {}),
        (post.display_port, "/officer/events", key),
    )
    tasks = [asyncio.ensure_future(_follow(said, port, path, headers)) for port, path, headers in streams]
    try:
        yield said
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _follow(said: Places, port: int, path: str, headers: Mapping[str, str]) -> None:
    reader, writer = await _asked(port, path, headers)
    try:
        while portion := await reader.read(65536):
            said[f"{port}{path}"] = said.get(f"{port}{path}", b"") + portion
    finally:
        writer.close()


async def shown(post: Post) -> Places:
    """Every page and every answer of both programs."""
    key = {"Authorization": f"Bearer {post.officer_key()}", "Connection": "close"}
    pages = [(post.gateway_port, path) for path in GATEWAY_PATHS] + [(post.display_port, path) for path in EDGE_PATHS]
    places: Places = {}
    for port, path in pages:
        reader, writer = await _asked(port, path, key)
        async with asyncio.timeout(ANSWER_LIMIT_S):
            places[f"{port}{path}"] = await reader.read()
        writer.close()
        assert b" 200 " in places[f"{port}{path}"].split(b"\r\n")[0], path
    return places


async def _asked(port: int, path: str, headers: Mapping[str, str]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *(f"{k}: {v}" for k, v in headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    return reader, writer


def kept(post: Post) -> Places:
    """Every file of the state folder: logs, outbox and its WAL, the broker's memory, the region's store."""
    places: Places = {}
    for folder, _, names in os.walk(post.settings.state):
        for name in names:
            path = os.path.join(folder, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                with open(path, "rb") as file:
                    places[os.path.relpath(path, post.settings.state)] = file.read()
    return places
