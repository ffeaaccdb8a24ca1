"""The line to the broker: cut, slow, forged, or not there at all, it is a state and no error."""

import asyncio
import gc
import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import cast

import aiomqtt
import pytest

from edge.outbox.outbox import Outbox
from edge.uplink.line import back_off_s, line, say
from simulators.network.broker import Broker, Certificates, free_port
from simulators.network.proxy import Proxy
from tests.edge.uplink_world import (
    LIMIT_S,
    NOW,
    TOPIC,
    Authority,
    Pki,
    expect_all_stored_once,
    post_at,
    region_at,
    settings_for,
    until,
)


def test_a_cut_wire_and_a_silent_one_are_states_and_heal(broker: Broker, pki: Pki, outbox: Outbox) -> None:
    async def story() -> None:
        proxy = Proxy(broker.port)
        port = await proxy.start()
        try:
            async with region_at(broker.port, pki) as region, post_at(outbox, settings_for(port, pki)) as post:
                post.commit()
                await post.drained()
                await proxy.cut()
                await until(lambda: not post.uplink.state.connected)
                post.commit(5)
                assert (post.uplink.state.waiting, post.states[-1].connected) == (5, False)
                await proxy.heal()
                await post.drained()
                proxy.faults.down_hole = True  # acknowledgements vanish, and come later
                post.commit(5)
                await until(lambda: len(region.stored) == 11)
                assert outbox.waiting_count == 5
                await proxy.heal()
                await post.drained()
                expect_all_stored_once(region, post, 11)
        finally:
            await proxy.stop()

    asyncio.run(story())


def test_a_slow_and_torn_wire_delivers_all_the_same(broker: Broker, pki: Pki, outbox: Outbox) -> None:
    async def story() -> None:
        proxy = Proxy(broker.port)
        port = await proxy.start()
        proxy.faults.latency_s, proxy.faults.slice_bytes = 0.05, 700
        try:
            async with region_at(broker.port, pki) as region, post_at(outbox, settings_for(port, pki)) as post:
                post.commit(25)
                await post.drained()
                expect_all_stored_once(region, post, 25)
        finally:
            await proxy.stop()

    asyncio.run(story())


def test_e14_a_broker_of_another_authority_gets_nothing(
    pki: Pki, outbox: Outbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "foreign").mkdir()
    foreign = Pki(tmp_path / "foreign")
    certificates = Certificates(*foreign.broker, foreign.clients_ca)

    async def story(port: int) -> None:
        async with post_at(outbox, settings_for(port, pki)) as post:
            post.commit()
            await until(lambda: "CERTIFICATE_VERIFY_FAILED" in caplog.text)
            assert not post.uplink.state.connected
            assert outbox.waiting_count == 1

    with Broker(tmp_path / "broker", certificates, region=TOPIC.region) as broker:
        asyncio.run(story(broker.port))


def test_e14_a_device_that_the_broker_does_not_know_stays_offline_and_keeps_its_rows(
    broker: Broker, pki: Pki, outbox: Outbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = Authority(tmp_path, "stranger").issue("lane-1", Pki.CLIENT)

    async def story() -> None:
        settings = replace(settings_for(broker.port, pki), cert=stranger[0], key=stranger[1])
        async with post_at(outbox, settings) as post:
            post.commit()
            await until(lambda: "offline" in caplog.text)
            assert outbox.waiting_count == 1

    asyncio.run(story())


def test_no_broker_at_all_is_said_once_and_ends_at_once_when_told(
    pki: Pki, outbox: Outbox, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits_s = iter([0.0, 0.0, 0.0])  # and then one that nobody would sit out
    tried: list[float] = []

    def wait_s(*_: object) -> float:
        tried.append(next(waits_s, 10 * LIMIT_S))
        return tried[-1]

    monkeypatch.setattr("edge.uplink.uplink.back_off_s", wait_s)

    async def story() -> None:
        async with asyncio.timeout(2 * LIMIT_S), post_at(outbox, settings_for(free_port(), pki)) as post:
            post.commit()
            await until(lambda: len(tried) == 4)
            assert caplog.text.count("offline") == 1
        assert outbox.waiting_count == 1

    asyncio.run(story())


def test_a_fleet_that_lost_its_broker_does_not_come_back_in_one_second(pki: Pki) -> None:
    settings = replace(settings_for(1, pki), backoff_first_s=0.2, backoff_ceiling_s=60.0, spread_s=30.0)
    chance = random.Random(20261124)
    first = sorted(back_off_s(settings, 0, chance.uniform) for _ in range(1_000))
    assert first[0] < 1.0
    assert first[-1] <= 0.2 + 30.0
    per_second = [sum(second <= wait_s < second + 1 for wait_s in first) for second in range(30)]
    assert max(per_second) < 70  # a thousand, evenly over half a minute
    later = [back_off_s(settings, failures, chance.uniform) for failures in range(1, 200)]
    assert max(later) <= 60.0
    assert min(later[20:]) >= 30.0  # at the ceiling, and half of it chance


def test_a_broker_that_goes_while_nobody_listens_leaves_no_complaint_in_the_log(
    broker: Broker, pki: Pki, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with line(settings_for(broker.port, pki), TOPIC.device, lambda: NOW) as client:
            await asyncio.to_thread(broker.kill)
            await until(client._disconnected.done)

    gc.collect()  # what an earlier test's region left behind complains before
    caplog.clear()
    asyncio.run(story())
    gc.collect()
    assert "never retrieved" not in caplog.text


def test_a_word_whose_cancellation_was_lost_in_the_client_is_the_last_one() -> None:
    """As asyncio.wait_for of Python 3.11 does: the result has come, and the cancellation with it is forgotten."""

    class Client:
        words = 0

        async def publish(self, *_: object, **__: object) -> None:
            self.words += 1
            assert self.words == 1
            with suppress(asyncio.CancelledError):
                await asyncio.get_running_loop().create_future()

    async def say_for_ever() -> None:
        client = cast(aiomqtt.Client, Client())
        while True:
            await say(client, TOPIC, b"done", qos=1, limit_s=1.0)

    async def story() -> None:
        saying = asyncio.create_task(say_for_ever())
        await asyncio.sleep(0)  # until it waits for the broker
        saying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await saying

    asyncio.run(story())


def test_it_ends_whenever_it_is_told_to(broker: Broker, pki: Pki, outbox: Outbox) -> None:
    async def story() -> None:
        settings = replace(settings_for(broker.port, pki), status_every_s=0.0)  # so that something is always awaited
        for round_ in range(30):
            async with asyncio.timeout(10), post_at(outbox, settings) as post:
                if round_ % 3:
                    await post.connected()
                await asyncio.sleep(0.003 * round_)

    asyncio.run(story())
