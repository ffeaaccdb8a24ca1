"""The faulty wire does what it says, and nothing when it is told nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from simulators.network.proxy import Proxy

LIMIT_S = 10.0
SILENCE_S = 0.15
Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def echo_behind_proxy() -> AsyncIterator[Proxy]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(65_536):
                writer.write(chunk)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    proxy = Proxy(server.sockets[0].getsockname()[1], seed=1)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def connected(proxy: Proxy) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def run(story: Callable[[Proxy], Awaitable[None]]) -> None:
    async def inside() -> None:
        async with asyncio.timeout(LIMIT_S), echo_behind_proxy() as proxy:
            await story(proxy)

    asyncio.run(inside())


async def ask(wire: Wire, words: bytes) -> bytes:
    reader, writer = wire
    writer.write(words)
    return await reader.readexactly(len(words))


async def silent(wire: Wire, words: bytes) -> bool:
    try:
        async with asyncio.timeout(SILENCE_S):
            await ask(wire, words)
    except TimeoutError:
        return True
    return False


async def torn(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True


def test_a_whole_wire_carries_everything_both_ways() -> None:
    async def story(proxy: Proxy) -> None:
        async with connected(proxy) as wire:
            words = bytes(range(256)) * 4_000
            assert await ask(wire, words) == words
        assert proxy.connections == 1

    run(story)


def test_an_end_of_stream_is_carried_too() -> None:
    async def story(proxy: Proxy) -> None:
        async with connected(proxy) as (reader, writer):
            writer.write(b"last words")
            writer.write_eof()
            assert await reader.read() == b"last words"

    run(story)


def test_latency_delays_each_way() -> None:
    async def story(proxy: Proxy) -> None:
        proxy.faults.latency_s = 0.1
        clock = asyncio.get_running_loop().time
        async with connected(proxy) as wire:
            began = clock()
            await ask(wire, b"hello")
            assert clock() - began >= 0.2

    run(story)


def test_a_narrow_wire_takes_its_time_and_slices_arrive_whole() -> None:
    async def story(proxy: Proxy) -> None:
        proxy.faults.rate_bytes_s, proxy.faults.slice_bytes = 10_000, 100
        clock = asyncio.get_running_loop().time
        async with connected(proxy) as wire:
            began = clock()
            assert await ask(wire, b"x" * 2_000) == b"x" * 2_000
            assert clock() - began >= 0.15

    run(story)


def test_a_hole_swallows_nothing_but_says_nothing_until_it_heals() -> None:
    async def story(proxy: Proxy) -> None:
        async with connected(proxy) as wire:
            proxy.faults.hole = True
            assert await silent(wire, b"one ")
            await proxy.heal()
            assert await wire[0].readexactly(4) == b"one "
            assert await ask(wire, b"two") == b"two"

    run(story)


def test_a_one_way_hole_is_deaf_on_one_side() -> None:
    async def story(proxy: Proxy) -> None:
        for name in ("up_hole", "down_hole"):
            async with connected(proxy) as wire:
                setattr(proxy.faults, name, True)
                assert await silent(wire, b"one ")
                await proxy.heal()
                assert await wire[0].readexactly(4) == b"one "

    run(story)


def test_a_cut_tears_what_is_open_and_refuses_what_comes_until_it_heals() -> None:
    async def story(proxy: Proxy) -> None:
        async with connected(proxy) as wire:
            assert await ask(wire, b"hello") == b"hello"
            await proxy.cut()
            assert await torn(wire[0])
        async with connected(proxy) as wire:
            assert await torn(wire[0])
        await proxy.heal()
        async with connected(proxy) as wire:
            assert await ask(wire, b"hello") == b"hello"

    run(story)


def test_a_lying_wire_turns_one_bit() -> None:
    async def story(proxy: Proxy) -> None:
        proxy.faults.flip = 1.0
        async with connected(proxy) as wire:
            heard = await ask(wire, b"\0" * 64)  # one bit each way, unless the second hits the first
            assert sum(byte.bit_count() for byte in heard) in (0, 2)
            assert heard != b"\0" * 64

    run(story)


def test_a_server_that_is_away_is_a_torn_wire() -> None:
    async def story(_: Proxy) -> None:
        lonely = Proxy(1)
        await lonely.start()
        async with connected(lonely) as wire:
            assert await torn(wire[0])
        await lonely.stop()

    run(story)


def test_a_stopped_proxy_leaves_no_connection_and_no_task() -> None:
    async def story(proxy: Proxy) -> None:
        async with connected(proxy) as wire:
            await ask(wire, b"hello")
            await proxy.stop()
            assert await torn(wire[0])
        assert [task for task in asyncio.all_tasks() if "_pump" in str(task.get_coro())] == []

    run(story)
