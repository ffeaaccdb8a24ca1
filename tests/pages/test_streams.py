import asyncio
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.types import Message

from tests.pages.asking import ask
from tests.pages.pretend import Counter, PretendLane, PretendRegion, RegionServer, Serving, lane_server, until
from web import stream
from web.serve import PageServer
from web.stream import EventStream, Streams, Topic, event

ROOT = Path(__file__).parents[2]
HTTP = {"type": "http", "method": "GET", "path": "/", "headers": []}


@pytest.mark.parametrize("planted", ["x\n\nevent: screen\ndata: {}", "x\r\rdata: forged", "x\u2028data: forged"])
def test_f06_a_newline_in_a_value_forges_no_event(planted: str) -> None:
    wire = event("screen", {"lane": planted}, 1)
    assert wire.count(b"\n\n") == 1
    assert wire.endswith(b"\n\n")
    assert b"\r" not in wire
    lines = wire.decode("ascii").splitlines()
    assert [line.split(":")[0] for line in lines if line] == ["id", "event", "data"]
    assert json.loads(lines[2].removeprefix("data: ")) == {"lane": planted}


def topic(counter: Counter) -> Topic:
    return Topic("x", counter.wait, lambda seq: {"seq": seq})


async def silence() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


def test_f08_a_reader_who_takes_nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SEND_LIMIT_S", 0.05)
    streams = Streams()

    async def stuck(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async def read() -> None:
        async with asyncio.timeout(5):
            with pytest.raises(TimeoutError):
                await EventStream(streams, topic(Counter()))(HTTP, silence, stuck)
        assert streams.readers == 0

    asyncio.run(read())


def test_more_readers_than_the_limit_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "READERS_LIMIT", 0)
    with Serving(lane_server(PretendLane())) as serving:
        assert ask(f"{serving.url}/events").status == 503


def test_a_change_between_two_reads_is_not_lost() -> None:
    """The reader is told number 1 while number 2 comes: it must be told number 2 as well."""
    counter, streams, told = Counter(), Streams(), []

    async def send(message: Message) -> None:
        body = message.get("body", b"")
        if b"event: x" not in body:
            return
        told.append(json.loads(body.split(b"data: ")[1]))
        if len(told) == 1:
            counter.rise()
        else:
            streams.end()

    async def read() -> None:
        async with asyncio.timeout(5):
            await EventStream(streams, topic(counter))(HTTP, silence, send)

    asyncio.run(read())
    assert told == [{"seq": 0}, {"seq": 1}]


def a_lane() -> PageServer:
    return lane_server(PretendLane())


def a_region() -> PageServer:
    return RegionServer(PretendRegion())


@pytest.mark.parametrize(("room", "server"), [("edge", a_lane), ("gateway", a_region)])
def test_a_page_with_all_its_files_stays_under_100_kb(room: str, server: Callable[[], PageServer]) -> None:
    files = sum(path.stat().st_size for path in (ROOT / room / "pages/static").iterdir())
    with Serving(server()) as serving:
        assert len(ask(serving.url).body) + files < 100_000


@pytest.mark.parametrize("server", [a_lane, a_region])
def test_a_server_that_is_told_to_stop_ends_its_streams_at_once(server: Callable[[], PageServer]) -> None:
    with Serving(server()) as serving, socket.create_connection(("127.0.0.1", serving.port)) as reader:
        reader.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"text/event-stream" in reader.recv(4096)
        serving.server.should_exit = True
        began = time.monotonic()
        until(lambda: not serving.alive(), "the server ends", 5.0)
        assert time.monotonic() - began < 1.5  # less than the two seconds after which it would be cut
