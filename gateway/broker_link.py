"""The one place that speaks MQTT for the gateway: it brings batches to ``take`` and publishes what that answers.

aiomqtt confirms a message to the broker before anybody has stored it, so a broker's word means nothing here: the
signed acknowledgement from the committed store is what strikes a row off an outbox.
"""

import asyncio
import logging
import random
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.worker import Message

BATCH_FRAMES = 64
QUEUE_MESSAGES = 256  # beyond it messages are dropped here, and sent again by their outboxes
SESSION_S = 86_400
KEEPALIVE_S = 15
CONNECT_LIMIT_S = 10.0
PUBLISH_LIMIT_S = 10.0
RETRY_FIRST_S = 0.2
RETRY_MOST_S = 10.0

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
        self._topics = [(f"bp/1/{region}/+/+/{kind}", 1) for kind in ("evt", "tel", "res")]
        self._tls = tls
        self._take = take
        self._chance = chance
        self.connected = False

    async def run(self) -> None:
        """Serve for ever; ends by cancellation only."""
        failures = 0
        while True:
            try:
                async with self._client() as client:
                    await client.subscribe(self._topics, timeout=CONNECT_LIMIT_S)
                    log.info("connected to the broker at %s:%d", self._address.host, self._address.port)
                    self.connected, failures = True, 0
                    await self._serve(client)
            except aiomqtt.MqttError as error:
                if self.connected or failures == 0:
                    log.warning("no broker at %s:%d (%s)", self._address.host, self._address.port, error)
            self.connected = False
            failures += 1
            await asyncio.sleep(self._delay_s(failures))

    async def _serve(self, client: aiomqtt.Client) -> None:
        while True:
            batch = [await anext(client.messages)]
            while len(client.messages) and len(batch) < BATCH_FRAMES:
                batch.append(await anext(client.messages))
            replies = await self._take([_message(message) for message in batch])
            sent = (client.publish(r.topic, r.payload, qos=1, timeout=PUBLISH_LIMIT_S) for r in replies)
            await asyncio.gather(*sent)

    def _client(self) -> aiomqtt.Client:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho gives it no types
        properties.SessionExpiryInterval = SESSION_S
        return aiomqtt.Client(
            self._address.host,
            self._address.port,
            identifier=self._worker,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=False,
            properties=properties,
            tls_context=self._tls,
            keepalive=KEEPALIVE_S,
            timeout=CONNECT_LIMIT_S,
            max_queued_incoming_messages=QUEUE_MESSAGES,
            logger=log.getChild("mqtt"),
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],  # Nagle held each answer back for 40 ms
        )

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


def _message(message: aiomqtt.Message) -> Message:
    payload = message.payload if isinstance(message.payload, bytes) else b""
    return Message(str(message.topic), payload)
