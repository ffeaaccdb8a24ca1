"""How does the post stand? Told on ``tel`` every few seconds, signed, without a person in it (docs/contract.md, 3).

By it the region knows what is still to come, and from which boots (``gateway gaps``).
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic

import aiomqtt

from edge.outbox.outbox import Outbox
from edge.uplink.limits import ANSWER_LIMIT_S, STATUS_BOOTS_MAX, STATUS_LEAST_S
from edge.uplink.line import say
from messages.status import sign_status
from messages.topics import Channel


class Telling:
    """``tell`` and ``rest`` in turn, for as long as somebody hears it; ``status`` is what the lane tells of itself."""

    def __init__(self, outbox: Outbox, status: Callable[[], Mapping[str, object]]) -> None:
        self._outbox, self._status = outbox, status
        self._topic = outbox.sealer.topic
        self._pressing = asyncio.Event()

    def at_once(self) -> None:
        """In the event loop: do not rest, there is news."""
        self._pressing.set()

    async def tell(self, client: aiomqtt.Client) -> None:
        starts, produced, wear = await asyncio.to_thread(self._counted)
        own = {
            "boot": self._outbox.boot,
            "mono_ms": int(monotonic() * 1000),  # An older status, played again, is not heard.
            "waiting": self._outbox.waiting_count,
            "produced": produced,
            "boots": [{"boot": boot, "last_seq": seq, "number": number} for number, boot, seq in starts],
            "amplification": wear["amplification"],
        }
        status = sign_status({**self._status(), **own}, self._topic, self._outbox.sealer.device_key)
        await say(client, self._topic.to(Channel.TEL), status, qos=0, limit_s=ANSWER_LIMIT_S)

    async def rest(self, every_s: float) -> None:
        await asyncio.sleep(min(STATUS_LEAST_S, every_s))
        with suppress(TimeoutError):
            async with asyncio.timeout(every_s):
                await self._pressing.wait()
        self._pressing.clear()  # what comes now stands in the next one

    def _counted(self) -> tuple[list[tuple[int, str, int]], int, Mapping[str, object]]:
        return self._outbox.starts(STATUS_BOOTS_MAX), self._outbox.produced(), self._outbox.wear()
