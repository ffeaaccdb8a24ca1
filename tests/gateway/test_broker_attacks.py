"""Group E against a real mosquitto: what an enrolled but hostile device, or a stranger, can get out of it: nothing.

mosquitto answers "granted" to what it then never delivers, so every test looks at the receiver.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.identity import certificates, keyfiles
from gateway.identity.authority import load_issuer
from gateway.links.broker_link import client_tls
from simulators.network.broker import Broker, Certificates
from tests.gateway.hearing import heard_until


@pytest.fixture
def broker(region: Any) -> Iterator[Broker]:
    with Broker(region.folder / "broker", Certificates.of_region(region.state), region="north") as running:
        yield running


@asynccontextmanager
async def device(broker: Broker, lane: Any, **options: Any) -> AsyncIterator[aiomqtt.Client]:
    tls = client_tls(lane.folder / "ca.crt", lane.folder / "device.crt", lane.folder / "device.key")
    async with _client(broker, tls, {"identifier": lane.name, "clean_start": True, **options}) as client:
        yield client


@asynccontextmanager
async def gateway(broker: Broker, region: Any) -> AsyncIterator[aiomqtt.Client]:
    state = region.state
    tls = client_tls(state / "servers-ca.crt", state / "gateway-1.crt", state / "secrets" / "gateway-1.key")
    async with _client(broker, tls, {"identifier": "gateway-1", "clean_start": True}) as client:
        yield client


def _client(broker: Broker, tls: ssl.SSLContext, options: dict[str, Any]) -> aiomqtt.Client:
    return aiomqtt.Client(
        "127.0.0.1", broker.port, protocol=aiomqtt.ProtocolVersion.V5, tls_context=tls, timeout=5, **options
    )


def topic(lane: Any, kind: str) -> str:
    return f"{lane.topic.source}/{kind}"


async def publish(client: aiomqtt.Client, where: str, payload: bytes, **options: Any) -> None:
    with contextlib.suppress(aiomqtt.MqttError):  # a refusal may be told to the sender; the receiver is what counts
        await client.publish(where, payload, qos=1, **options)


class Overheard(Broker):
    """Here gateway-1 may say and hear everything: what goes astray, where nobody else listens, is seen, too."""

    def _write_files(self) -> Path:
        config = super()._write_files()
        with (self.folder / "acl").open("a") as access:
            access.write("\nuser gateway-1\ntopic readwrite #\n")
        return config


def test_e01_a_publication_on_anothers_topic_is_dropped(region: Any) -> None:
    lane, thief = region.lane("lane-1"), region.lane("lane-2")
    astray = [topic(lane, "evt"), topic(thief, "ack"), f"bp/1/south/harbour/{thief.name}/evt", f"bp/1/{thief.name}/evt"]

    async def attack(broker: Broker) -> list[bytes]:
        async with gateway(broker, region) as inbox, device(broker, thief) as client:
            await inbox.subscribe("#", qos=1)
            for where in astray:
                await inbox.publish(where, b"can be heard", qos=1)
                await publish(client, where, b"forged")
            await publish(client, topic(thief, "evt"), b"own")
            return await heard_until(inbox, b"own")

    with Overheard(region.folder / "broker", Certificates.of_region(region.state), region="north") as broker:
        assert asyncio.run(attack(broker)) == [*[b"can be heard"] * len(astray), b"own"]


@pytest.mark.parametrize(
    "filter_",
    [
        pytest.param("#", id="E04"),
        pytest.param("bp/1/north/+/+/ack", id="E04-wildcards"),
        pytest.param("bp/1/north/harbour/lane-1/cmd", id="E04-anothers"),
        pytest.param("$SYS/#", id="E05"),
        pytest.param("$share/x/#", id="E06"),
        pytest.param("$share/x/bp/1/north/+/+/ack", id="E06-wildcards"),
    ],
)
def test_e04_e05_e06_a_subscription_to_what_belongs_to_others_brings_nothing(
    region: Any, broker: Broker, filter_: str
) -> None:
    lane, thief = region.lane("lane-1"), region.lane("lane-2")

    async def attack() -> list[bytes]:
        async with device(broker, thief) as spy, gateway(broker, region) as outbox, device(broker, lane) as victim:
            with contextlib.suppress(aiomqtt.MqttError):  # told or not: nothing may arrive
                await spy.subscribe(filter_, qos=1)
            with contextlib.suppress(aiomqtt.MqttError):
                await spy.unsubscribe("bp/1/north/harbour/lane-2/ack")
            await victim.publish(topic(lane, "evt"), b"secret", qos=1)
            await outbox.publish(topic(lane, "ack"), b"secret", qos=1)
            await outbox.publish(topic(lane, "cmd"), b"secret", qos=1)
            await spy.subscribe(topic(thief, "list"), qos=1)
            await outbox.publish(topic(thief, "list"), b"own", qos=1)
            return await heard_until(spy, b"own")

    assert set(asyncio.run(attack())) == {b"own"}


def test_e07_a_stolen_client_id_takes_over_nothing(region: Any, broker: Broker) -> None:
    lane, thief = region.lane("lane-1"), region.lane("lane-2")

    async def attack() -> list[bytes]:
        async with device(broker, lane) as client:
            await client.subscribe(topic(lane, "ack"), qos=1)
            async with device(broker, thief, identifier="lane-1"), gateway(broker, region) as outbox:
                await outbox.publish(topic(lane, "ack"), b"still here", qos=1)
                return await heard_until(client, b"still here")

    assert asyncio.run(attack()) == [b"still here"]


def test_e08_a_stolen_client_id_does_not_erase_what_waits_for_its_owner(region: Any, broker: Broker) -> None:
    lane, thief = region.lane("lane-1"), region.lane("lane-2")
    keeps = Properties(PacketTypes.CONNECT)
    keeps.SessionExpiryInterval = 600

    async def attack() -> list[bytes]:
        async with device(broker, lane, clean_start=False, properties=keeps) as client:
            await client.subscribe(topic(lane, "cmd"), qos=1)
        async with gateway(broker, region) as outbox:
            await outbox.publish(topic(lane, "cmd"), b"waiting", qos=1)
        async with device(broker, thief, identifier="lane-1", clean_start=True):
            pass
        async with device(broker, lane, clean_start=False, properties=keeps) as client:
            return await heard_until(client, b"waiting")

    assert asyncio.run(attack()) == [b"waiting"]


def admitted(port: int, context: ssl.SSLContext) -> bool:
    """Does the broker answer a CONNECT? With TLS 1.3 a refused certificate shows only after the handshake."""
    connect = b"\x10\x11\x00\x04MQTT\x05\x02\x00\x0a\x00\x00\x04name"
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as raw,
            context.wrap_socket(raw, server_hostname="127.0.0.1") as wire,
        ):
            wire.sendall(connect)
            return wire.recv(1)[:1] == b"\x20"  # CONNACK
    except (ssl.SSLError, ConnectionError):
        return False


def stranger(region: Any, certificate: bytes | None = None, key: Any = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(region.state / "servers-ca.crt"))
    if certificate is not None:
        keyfiles.write(region.folder / "shown.crt", certificate, secret=False)
        keyfiles.write(region.folder / "shown.key", certificates.key_pem(key), secret=True)
        context.load_cert_chain(region.folder / "shown.crt", region.folder / "shown.key")
    return context


def test_an_enrolled_device_is_admitted(region: Any, broker: Broker) -> None:
    lane = region.lane()
    tls = client_tls(lane.folder / "ca.crt", lane.folder / "device.crt", lane.folder / "device.key")
    assert admitted(broker.port, tls)


def test_e12_tls_1_2_is_refused_even_with_a_good_certificate(region: Any, broker: Broker) -> None:
    lane = region.lane()
    context = stranger(region)
    context.load_cert_chain(lane.folder / "device.crt", lane.folder / "device.key")
    assert admitted(broker.port, context)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert not admitted(broker.port, context)


def test_e13_nobody_is_admitted_without_a_certificate(region: Any, broker: Broker) -> None:
    assert not admitted(broker.port, stranger(region))


def test_e14_a_certificate_of_another_region_is_refused(
    region: Any, broker: Broker, new_region: Callable[[str], Any]
) -> None:
    foreign = new_region("south").lane("lane-1")
    context = stranger(region)
    context.load_cert_chain(foreign.folder / "device.crt", foreign.folder / "device.key")
    assert not admitted(broker.port, context)


@pytest.mark.parametrize(("age_days", "welcome"), [(0, True), (500, False)])
def test_e15_an_expired_certificate_is_refused(region: Any, broker: Broker, age_days: int, welcome: bool) -> None:
    key, issuer = certificates.new_key(), load_issuer(region.state, "clients-ca")
    then = region.now - timedelta(days=age_days)
    certificate = certificates.client_certificate(issuer, "lane-1", key.public_key(), then)
    shown = stranger(region, certificates.certificate_pem(certificate), key)
    assert admitted(broker.port, shown) is welcome


@pytest.mark.parametrize("issuer", ["servers-ca", "clients-ca"])
def test_e16_a_servers_certificate_does_not_open_the_door_of_clients(region: Any, broker: Broker, issuer: str) -> None:
    key = certificates.new_key()
    certificate = certificates.server_certificate(
        load_issuer(region.state, issuer), "lane-1", key.public_key(), region.now
    )
    assert not admitted(broker.port, stranger(region, certificates.certificate_pem(certificate), key))


def test_a_device_does_not_take_a_clients_certificate_for_the_broker(region: Any, tmp_path: Path) -> None:
    """The other way round: a stolen lane cannot play the broker, for its certificate is no server's."""
    lane, state = region.lane(), region.state
    tls = Certificates(lane.folder / "device.crt", lane.folder / "device.key", state / "clients-ca.crt")
    with Broker(tmp_path / "rogue", tls, region="north") as rogue:
        own = client_tls(lane.folder / "ca.crt", lane.folder / "device.crt", lane.folder / "device.key")
        assert not admitted(rogue.port, own)
