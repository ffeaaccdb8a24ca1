"""What goes down to the devices, and when? Orders and lists, in answer to what a device says of itself.

A status names the device's boot, its clock and the lists it holds: that is the moment at which an order can get a
deadline, and the only proof that somebody listens. Nothing is ever left at the broker for a device that is not there.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Final

from gateway.downlink import orders
from gateway.downlink.list_sending import ListSending
from gateway.errors import GatewayError
from gateway.identity.register import Register
from gateway.intake.worker import Heard, Message
from gateway.store.connection import Connection, StoreFault
from messages.command import verify_answer
from messages.errors import Refused
from messages.keys import ControlKey
from messages.topics import Channel, Topic

LOOK_EVERY_S: Final = 0.2

log = logging.getLogger("gateway.downlink")


class Downlink:
    """``take`` what was heard; what it returns is to be published. It has a connection and a thread of its own; it asks
    for the key each time: it may have been followed by another."""

    def __init__(
        self,
        connection: Connection,
        key: Callable[[], ControlKey],
        now: Callable[[], datetime],
        clock_s: Callable[[], float],
    ) -> None:
        self._connection, self._register = connection, Register(connection)
        self._key, self._now, self._clock_s = key, now, clock_s
        self._lists = ListSending(connection, clock_s)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="downlink")
        self._waiting: dict[str, list[orders.Asked]] = {}
        self._looked_s = -LOOK_EVERY_S

    async def take(self, heard: Sequence[Heard], answers: Sequence[Message]) -> list[Message]:
        """Never raises for a store that refuses: an order then waits, and expires."""
        if not heard and not answers:
            return []
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._take, heard, answers)

    def close(self) -> None:
        self._thread.shutdown(wait=True)

    def _take(self, heard: Sequence[Heard], answers: Sequence[Message]) -> list[Message]:
        sent: list[Message] = []
        for work in (
            *(partial(self._hear_answer, one) for one in answers),
            *(partial(self._for, one) for one in heard),
        ):
            try:
                sent += work()
            except (StoreFault, GatewayError) as error:
                log.error("orders and lists wait: %s", error)
            except Exception as error:  # whatever a device may have said: intake goes on, and so do the others
                log.error("nothing goes down to one device: %s", type(error).__name__)
        return sent

    def _for(self, heard: Heard) -> list[Message]:
        self._look()
        return self._orders_for(heard) + self._lists.for_device(heard.topic, heard.status)

    def _look(self) -> None:
        """One question for all devices, and not for each batch."""
        if self._clock_s() - self._looked_s < LOOK_EVERY_S:
            return
        self._looked_s = self._clock_s()
        self._waiting = {}
        for asked in orders.waiting(self._connection, self._now_ms()):
            self._waiting.setdefault(asked.device, []).append(asked)

    def _orders_for(self, heard: Heard) -> list[Message]:
        found = []
        for asked in self._waiting.pop(heard.topic.device, []):
            if asked.left_ms(self._now_ms()) > 0:
                signed = orders.send(self._connection, asked, heard.topic, heard.status, self._key(), self._now_ms())
                if signed is not None:
                    found.append(Message(str(heard.topic.to(Channel.CMD)), signed))
        return found

    def _hear_answer(self, message: Message) -> list[Message]:
        try:
            answer = verify_answer(message.payload, Topic.parse(message.topic), self._register)
        except Refused as refused:
            log.warning("an answer was refused: %s", refused.reason)
            return []
        if not orders.take_answer(self._connection, answer):
            log.warning("an answer that nobody asked for, of %s", answer.device)
        return []

    def _now_ms(self) -> int:
        return int(self._now().timestamp() * 1000)
