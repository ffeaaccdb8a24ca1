"""How many messages a second does the broker carry, whatever they say? Debian's clients, QoS 1, on a fleet's broker.

The same mosquitto, settings, certificates and rights as the fleet has: four devices publish on their ``evt`` topics, a
gateway's worker reads. Counted is what the reader gets while all of them publish.
"""

import asyncio
import contextlib
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulators.fleet.region import POST, REGION, Region

PUBLISHERS: Final = 4
WARM_S, SECONDS = 1.0, 4.0
READ_BYTES: Final = 1 << 16
LINES: Final = 64  # in one write to a publisher


@dataclass(frozen=True, slots=True)
class Raw:
    messages_per_s: float
    broker_cpu_us: float  # for each: the broker's own work, whatever else the machine does


async def raw_rate(payload_bytes: int) -> Raw:
    """A line is a message for mosquitto_pub, so the payload is text of that length."""
    with tempfile.TemporaryDirectory(prefix="borderpost-bench-") as name:
        region = Region(Path(name), PUBLISHERS)
        await region.start()
        try:
            await region.gateway.stop()  # the reader takes its place
            return await _measured(region, payload_bytes)
        finally:
            await region.stop()


async def _measured(region: Region, payload_bytes: int) -> Raw:
    async with contextlib.AsyncExitStack() as close:
        reader = await _started(_reader_words(region), close)
        publishers = [await _started(_publisher_words(region, name), close) for name in region.names]
        lines = (b"x" * payload_bytes + b"\n") * LINES
        feeding = [asyncio.ensure_future(_feed(publisher, lines)) for publisher in publishers]
        try:
            await _count(reader, WARM_S)
            region.measure()
            before_s = region.broker_usage.cpu_s
            messages = await _count(reader, SECONDS)
            region.measure()
            return Raw(messages / SECONDS, 1e6 * (region.broker_usage.cpu_s - before_s) / max(messages, 1))
        finally:
            for task in feeding:
                task.cancel()
            await asyncio.gather(*feeding, return_exceptions=True)


async def _count(reader: Process, seconds: float) -> int:
    """The reader prints one character and a line end for each message."""
    assert reader.stdout is not None
    printed = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while data := await reader.stdout.read(READ_BYTES):
                printed += len(data)
    return printed // 2


async def _feed(publisher: Process, lines: bytes) -> None:
    assert publisher.stdin is not None
    while True:
        publisher.stdin.write(lines)
        await publisher.stdin.drain()


async def _started(words: list[str], close: contextlib.AsyncExitStack) -> Process:
    process = await asyncio.create_subprocess_exec(*words, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=READ_BYTES)
    close.push_async_callback(_end, process)
    return process


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.communicate()


def _reader_words(region: Region) -> list[str]:
    folder = region.state / "gateway"
    papers = _papers(folder / "servers-ca.crt", folder / "gateway-1.crt", folder / "secrets/gateway-1.key")
    return ["mosquitto_sub", *_to(region, "gateway-1"), *papers, "-t", f"bp/1/{REGION}/+/+/evt", "-F", "x"]


def _publisher_words(region: Region, name: str) -> list[str]:
    folder = region.edges / name / "identity"
    papers = _papers(folder / "ca.crt", folder / "device.crt", folder / "device.key")
    return ["mosquitto_pub", *_to(region, name), *papers, "-t", f"bp/1/{REGION}/{POST}/{name}/evt", "-l"]


def _to(region: Region, client: str) -> list[str]:
    return ["-h", "127.0.0.1", "-p", str(region.broker.port), "-i", client, "-q", "1"]


def _papers(ca: Path, certificate: Path, key: Path) -> list[str]:
    return ["--cafile", str(ca), "--cert", str(certificate), "--key", str(key)]
