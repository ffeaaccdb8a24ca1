"""An uplink goes on with a new certificate, a new key and new gateways; and behind a flood nothing of it is lost."""

import asyncio
import shutil
import ssl
from dataclasses import replace
from pathlib import Path

import aiomqtt

from edge.outbox.outbox import Outbox
from edge.outbox.sealer import Sealer
from messages.frame import verify
from messages.keys import DeviceKey, GatewayKey, RegionKey
from simulators.network.broker import Broker
from simulators.network.broker_files import QUEUED_LIMIT_BYTES
from tests.edge.uplink_world import (
    ALARM,
    DEVICE_KEY,
    GATEWAY_KEY,
    NOW,
    TOPIC,
    Pki,
    expect_all_stored_once,
    post_at,
    region_at,
    settings_for,
    until,
)

ROWS = 40
FLOOD = bytes(250_000)


def test_it_connects_anew_with_the_new_certificate_and_loses_nothing(
    broker: Broker, pki: Pki, outbox: Outbox, tmp_path: Path
) -> None:
    names = ("device.crt", "device.key", "device.2.crt", "device.2.key")
    old_crt, old_key, new_crt, new_key = (tmp_path / name for name in names)
    for source, copies in zip(pki.device, ((old_crt, new_crt), (old_key, new_key)), strict=True):
        for copy in copies:
            shutil.copy(source, copy)
    old = replace(settings_for(broker.port, pki), cert=old_crt, key=old_key)

    async def story() -> None:
        async with region_at(broker.port, pki) as region, post_at(outbox, old) as post:
            post.commit(3)
            await post.drained()
            before = len(post.states)
            post.commit(3)
            old_crt.unlink()  # from here on the old certificate cannot be shown
            post.uplink.renew(replace(old, cert=new_crt, key=new_key))
            await until(lambda: len(post.states) > before and post.uplink.state.connected)
            post.commit(3)
            await post.drained()
            expect_all_stored_once(region, post, 9)
            assert False in [state.connected for state in post.states[before:]]

    asyncio.run(story())


def test_acknowledgements_count_from_the_gateways_it_was_told_of_last(broker: Broker, pki: Pki, outbox: Outbox) -> None:
    second = GatewayKey.generate("gateway-2")
    old = settings_for(broker.port, pki)
    new = replace(old, gateways={"gateway-2": second.record()})

    async def story() -> None:
        async with region_at(broker.port, pki) as region, post_at(outbox, old) as post:
            await post.connected()
            region.answers = False
            post.commit()
            await until(lambda: region.offered > 0)
            before = len(post.states)
            post.uplink.renew(new)
            await until(lambda: len(post.states) > before and post.uplink.state.connected)
            await region.acknowledge(outbox.boot, 1, 1, GATEWAY_KEY)
            await until(lambda: post.uplink.state.refused_acks > 0)
            assert outbox.waiting_count == 1
            await region.acknowledge(outbox.boot, 1, 1, second)
            await post.drained()

    asyncio.run(story())


def test_rows_are_signed_by_the_new_key_from_the_swap_on_and_those_that_lie_there_stay_as_they_are(
    outbox: Outbox,
) -> None:
    follower, region = DeviceKey.generate("lane-1.2"), RegionKey.generate("region-2")
    outbox.commit(*ALARM, NOW)
    outbox.seal_with(Sealer(TOPIC, follower, region.public))
    outbox.commit(*ALARM, NOW)
    keys = {key.kid: key.record(TOPIC.region, TOPIC.post) for key in (DEVICE_KEY, follower)}
    for row, kid in zip(outbox.waiting(2, 0), ("lane-1", "lane-1.2"), strict=True):
        assert verify(row.frame, TOPIC, {kid: keys[kid]}).first == row.first


def test_e09_a_neighbours_flood_fills_the_brokers_queue_and_no_border_event_is_lost(
    broker: Broker, pki: Pki, outbox: Outbox
) -> None:
    """The gateway is away, its queue at the broker is full of another's messages, and the broker drops ours: it has
    confirmed them to us, and the rows wait for the gateway all the same."""
    settings = settings_for(broker.port, pki)

    def tls() -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=pki.servers_ca)
        context.load_cert_chain(*pki.gateway)
        return context

    async def flood() -> None:
        worker = aiomqtt.Client(
            "127.0.0.1", broker.port, identifier="gateway-1", tls_context=tls(), clean_session=False
        )
        async with worker:
            await worker.subscribe("bp/1/utopia-north/+/+/evt", qos=1)
        async with asyncio.timeout(30), _thief(broker, pki) as neighbour, asyncio.TaskGroup() as tasks:
            for _ in range(QUEUED_LIMIT_BYTES // len(FLOOD) + 50):
                tasks.create_task(neighbour.publish("bp/1/utopia-north/harbour/lane-2/evt", FLOOD, qos=1))

    async def story() -> None:
        await flood()
        assert b"being dropped for client gateway-1" in broker.log.read_bytes()
        async with post_at(outbox, settings) as post:
            post.commit(ROWS)
            await post.connected()
            await asyncio.sleep(0.3)
            assert outbox.waiting_count == ROWS
            async with region_at(broker.port, pki) as region:
                await post.drained()
                expect_all_stored_once(region, post, ROWS)

    asyncio.run(story())


def _thief(broker: Broker, pki: Pki) -> aiomqtt.Client:
    context = ssl.create_default_context(cafile=pki.servers_ca)
    context.load_cert_chain(*pki.clients.issue("lane-2", pki.CLIENT))
    client = aiomqtt.Client("127.0.0.1", broker.port, identifier="lane-2", tls_context=context, timeout=30)
    client.pending_calls_threshold = 10_000
    return client
