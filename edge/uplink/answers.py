"""What did a command come to? Said on ``res`` as soon as somebody can hear it, once, in the order of the commands."""

import asyncio
from collections import deque

import aiomqtt

from edge.uplink.limits import ANSWERS_MAX, PUBLISH_LIMIT_S
from edge.uplink.line import say
from messages.topics import Channel, Topic


class Answers:
    """In the event loop; of too many the oldest goes: what a command came to is an event in the outbox too."""

    def __init__(self, topic: Topic) -> None:
        self._topic = topic.to(Channel.RES)
        self._waiting: deque[bytes] = deque(maxlen=ANSWERS_MAX)
        self._came = asyncio.Event()

    def add(self, answer: bytes) -> None:
        self._waiting.append(answer)
        self._came.set()

    async def send(self, client: aiomqtt.Client) -> None:
        """Until the connection ends; what is not said by then waits for the next."""
        while True:
            while self._waiting:
                answer = self._waiting[0]
                await say(client, self._topic, answer, qos=1, limit_s=PUBLISH_LIMIT_S)
                if self._waiting and self._waiting[0] is answer:  # said; and not crowded out meanwhile
                    self._waiting.popleft()
            self._came.clear()
            await self._came.wait()
