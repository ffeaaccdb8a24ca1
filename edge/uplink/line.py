"""How is the line to the broker made, how soon is it made again, and how is a word said over it?"""

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import SystemRandom
from typing import Final, TypedDict

import aiomqtt

from edge.identity import tls
from edge.outbox.clock import Stamp
from edge.uplink.limits import ANSWER_LIMIT_S, INCOMING_MAX, OUTGOING_MAX
from messages.keys import GatewayRecord
from messages.topics import Topic

CHANCE: Final = SystemRandom()
PROTOCOLS: Final = {"5": aiomqtt.ProtocolVersion.V5, "3.1.1": aiomqtt.ProtocolVersion.V311}


class Memory(TypedDict, total=False):
    """What each version calls the wish that the broker remember nothing."""

    clean_start: bool
    clean_session: bool


@dataclass(frozen=True, slots=True)
class UplinkSettings:
    """Where the broker is, and the files of this device's certificate."""

    host: str
    port: int
    ca: Path
    cert: Path
    key: Path
    gateways: Mapping[str, GatewayRecord]
    ack_timeout_s: float = 5.0
    backoff_first_s: float = 0.2
    backoff_ceiling_s: float = 60.0
    spread_s: float = 0.0  # a fleet whose broker went comes back over so long a time: 2 ms of its only core for each
    status_every_s: float = 2.0
    keepalive_s: int = 10
    protocol: str = "5"  # or "3.1.1": a NATS cluster speaks no other
    more: Sequence[tuple[str, int]] = ()  # other nodes of that cluster; each attempt takes one of them all


def line(settings: UplinkSettings, device: str, now: Callable[[], Stamp]) -> aiomqtt.Client:
    host, port = CHANCE.choice([(settings.host, settings.port), *settings.more])
    # What was missed is sent again: nothing depends on the broker's memory.
    memory: Memory = {"clean_start": True} if settings.protocol == "5" else {"clean_session": True}
    made = aiomqtt.Client(
        host,
        port,
        identifier=device,
        protocol=PROTOCOLS[settings.protocol],
        **memory,
        timeout=ANSWER_LIMIT_S,
        keepalive=settings.keepalive_s,
        max_queued_incoming_messages=INCOMING_MAX,
        max_inflight_messages=OUTGOING_MAX,  # else paho lets a live row wait for the backlog's PUBACKs
        socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],  # else each answer waits 40 ms for its turn
        tls_context=tls.context(settings.ca, settings.cert, settings.key, now),
    )
    made.pending_calls_threshold = OUTGOING_MAX  # a full window is no reason to warn
    # When it breaks while nobody listens, asyncio would complain of that in the log, with a traceback.
    made._disconnected.add_done_callback(_look_at)
    return made


def _look_at(broken: "asyncio.Future[None]") -> None:
    if not broken.cancelled():
        broken.exception()


def back_off_s(settings: UplinkSettings, failures: int, chance: Callable[[float, float], float]) -> float:
    """Doubling, with a ceiling; half of it chance, so that a thousand gates do not come back in one second. Behind a
    good connection, which others have lost in the same moment, anywhere within the spread."""
    longest_s = min(settings.backoff_ceiling_s, settings.backoff_first_s * 2.0 ** min(failures, 16))
    return longest_s * chance(0.5, 1.0) + (0.0 if failures else chance(0.0, settings.spread_s))


async def say(client: aiomqtt.Client, topic: Topic, payload: bytes, *, qos: int, limit_s: float) -> None:
    """For a loop in a task group, which tells its tasks only once to end: aiomqtt waits with asyncio.wait_for, which in
    Python 3.11 loses a cancellation that comes together with its result."""
    await client.publish(str(topic), payload, qos=qos, timeout=limit_s)
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
