"""The one place that speaks MQTT for the gateway: it brings batches to ``take`` and publishes what that answers.

A message is confirmed to the broker when the store has committed it, so a worker that dies leaves it with the broker.
The broker's own word means nothing here: the signed acknowledgement from the committed store is what strikes a row off
an outbox.
"""

import asyncio
import logging
import random
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.intake.worker import Message
from gateway.links.mqtt.client import Client, Lost, open_client
from gateway.links.mqtt.packets import Came

BATCH_FRAMES: Final = 128
BATCHES_IN_HAND: Final = 2
BATCH_BYTES: Final = 1_000_000  # about 25 full frames: a live event waits for two such batches at most
CONNECT_LIMIT_S: Final = 10.0
RETRY_FIRST_S: Final = 0.2
RETRY_MOST_S: Final = 10.0

Take = Callable[[Sequence[Message]], Awaitable[list[Message]]]

log = logging.getLogger("gateway.broker")


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int


class BrokerLink:
    """Connected or about to be: losing the broker is a state, not an error."""

    def __init__(
        self, address: Address, worker: str, region: str, tls: ssl.SSLContext, take: Take, chance: random.Random
    ) -> None:
        self._address = address
        self._worker = worker
        self._topics = [f"bp/1/{region}/+/+/{kind}" for kind in ("evt", "tel", "res")]
        self._tls = tls
        self._take = take
        self._chance = chance
        self.connected = False

    async def run(self) -> None:
        """Serve for ever; ends by cancellation only."""
        failures = 0
        while True:
            try:
                client = await open_client(self._address.host, self._address.port, self._tls, CONNECT_LIMIT_S)
                await self._use(client)
            except Lost as lost:
                if self.connected or failures == 0:
                    log.warning("no broker at %s:%d (%s)", self._address.host, self._address.port, lost)
                failures = 1 if self.connected else failures + 1
                self.connected = False
            await asyncio.sleep(self._delay_s(failures))

    async def _use(self, client: Client) -> None:
        """Until it is lost, or we are told to end."""
        try:
            await client.begin(self._worker, self._topics)
            log.info("connected to the broker at %s:%d", self._address.host, self._address.port)
            self.connected = True
            tasks = {asyncio.create_task(self._serve(client)), asyncio.create_task(client.keep_alive())}
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                ended = await asyncio.gather(*tasks, return_exceptions=True)
            for result in ended:  # Lost; whatever else there is, is a fault of ours and ends the gateway
                if isinstance(result, Exception):
                    raise result
        finally:
            client.close()

    async def _serve(self, client: Client) -> None:
        """One batch is judged while the one before it is stored. A fault in one ends them all."""
        in_hand = asyncio.Semaphore(BATCHES_IN_HAND)

        async def deal_with(came: Sequence[Came]) -> None:
            try:
                replies = await self._take([Message(message.topic, message.payload) for message in came])
                client.confirm(came)
                for reply in replies:
                    client.publish(reply.topic, reply.payload)
            finally:
                in_hand.release()

        try:
            async with asyncio.TaskGroup() as batches:
                while True:
                    await in_hand.acquire()
                    batches.create_task(deal_with(await client.batch(BATCH_FRAMES, BATCH_BYTES)))
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    def _delay_s(self, failures: int) -> float:
        """Full jitter: a region that lost its broker does not come back all at once."""
        return self._chance.uniform(0.0, min(RETRY_MOST_S, RETRY_FIRST_S * 2.0 ** min(failures, 16)))


def client_tls(servers_ca: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.3 with our own certificate, trusting the region's servers and nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(servers_ca)
    context.load_cert_chain(certificate, key)
    return context
